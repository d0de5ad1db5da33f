"""Two sites save the same person at the same moment, on real connections: one pair, whoever comes first."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from studyportal.access import walls
from studyportal.access.models import User
from studyportal.identity import actions, crossing
from studyportal.identity.models import PossibleDuplicate
from tests.apps.enrolment.factories import a_case
from tests.cast import Cast
from tests.studyportal.identity.conftest import PERSON

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(*acts: Any) -> list[Any]:
    """Run all at once; what each gave, or what it raised."""
    results: list[Any] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(number: int) -> None:
        try:
            start.wait(20)
            results[number] = acts[number]()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def saving(participant: Any, who: User, raw: dict[str, str], **more: Any) -> Any:
    def save() -> Any:
        with walls.opened(User.objects.get(pk=who.pk), writing=True):
            return actions.record(participant=participant, raw=raw, by=User.objects.get(pk=who.pk), **more)

    return save


@pytest.mark.parametrize("attempt", range(3))
def test_two_sites_at_the_same_moment_find_one_pair(cast: Cast, attempt: int) -> None:
    mumbai, pune = a_case(cast), a_case(cast, site=cast.pune, by=cast.vikram)
    done = in_threads(saving(mumbai, cast.asha, PERSON), saving(pune, cast.vikram, PERSON))
    assert not any(isinstance(one, Exception) for one in done), done
    rows = list(PossibleDuplicate.objects.all())
    assert {row.participant_id for row in rows} == {mumbai.pk, pune.pk}
    assert len(rows) == 2 and len({row.pair for row in rows}) == 1


def test_eight_at_once_find_every_pair_once(cast: Cast) -> None:
    people = [
        (a_case(cast), cast.asha)
        if number % 2
        else (a_case(cast, site=cast.pune, by=cast.vikram), cast.vikram)
        for number in range(8)
    ]
    done = in_threads(
        *(
            saving(participant, who, PERSON | {"hospital_number": f"H-{number}"})
            for number, (participant, who) in enumerate(people)
        )
    )
    assert not any(isinstance(one, Exception) for one in done), done
    assert PossibleDuplicate.objects.count() == 2 * (8 * 7 // 2)
    assert PossibleDuplicate.objects.values("pair").distinct().count() == 8 * 7 // 2


def test_who_saves_again_meets_who_saves_first_without_a_deadlock(cast: Cast) -> None:
    """Each finds the other's participant while that one is being saved."""
    mumbai, pune = a_case(cast), a_case(cast, site=cast.pune, by=cast.vikram)
    actions.record(participant=mumbai, raw=PERSON, by=cast.asha)
    for number in range(5):
        done = in_threads(
            saving(mumbai, cast.asha, PERSON | {"address": f"Road {number}"}, reason="Moved"),
            saving(pune, cast.vikram, PERSON | {"address": f"Hill {number}"}, reason="Moved"),
        )
        assert not any(isinstance(one, Exception) for one in done), done
    assert PossibleDuplicate.objects.count() == 2


def test_who_waits_in_line_sees_what_was_saved_meanwhile(cast: Cast) -> None:
    mumbai, pune = a_case(cast), a_case(cast, site=cast.pune, by=cast.vikram)
    done: list[Any] = []
    with transaction.atomic():
        crossing.stand_in_line()
        thread = threading.Thread(target=lambda: done.extend(in_threads(saving(pune, cast.vikram, PERSON))))
        thread.start()
        thread.join(0.5)
        assert not done, "waits"
        actions.record(participant=mumbai, raw=PERSON, by=cast.asha)
    thread.join(30)
    assert PossibleDuplicate.objects.count() == 2, done
