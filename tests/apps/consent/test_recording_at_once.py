"""Several people record at the same moment, on real connections: one entry, and the others are told whose."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from apps.consent import actions
from apps.consent.models import ConsentEvent, EntryTicket
from studyportal.access import walls
from studyportal.access.models import User
from studyportal.crf.errors import Refused
from studyportal.identity.models import Paper
from tests.apps.consent.factories import a_scan
from tests.apps.enrolment.factories import a_case
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run all at once; what each gave, or what it raised."""
    results: list[Any] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(number: int) -> None:
        try:
            start.wait(30)
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


def recording(participant: Any, who: User, **stated: Any) -> Callable[[], ConsentEvent]:
    plain = {"kind": "consent", "signed_on": "2024-02-01", "signer": "participant"}

    def record() -> ConsentEvent:
        by = User.objects.get(pk=who.pk)
        with walls.opened(by, writing=True):
            return actions.record_event(participant=participant, by=by, **(plain | stated))

    return record


def sorted_out(done: list[Any]) -> tuple[list[ConsentEvent], list[Refused]]:
    assert all(isinstance(one, ConsentEvent | Refused) for one in done), done
    made = [one for one in done if isinstance(one, ConsentEvent)]
    return made, [one for one in done if isinstance(one, Refused)]


@pytest.mark.parametrize("attempt", range(2))
def test_the_same_consent_by_two_people_is_one_entry(cast: Cast, attempt: int) -> None:
    participant = a_case(cast)
    done = at_once(
        *(
            recording(participant, who, sheet=a_scan(), ticket=f"page of {who}")
            for who in (cast.asha, cast.rao) * 2
        )
    )
    made, others = sorted_out(done)
    # Whoever was first may have sent it twice, with one ticket.
    assert len({event.pk for event in made}) == ConsentEvent.objects.count() == 1
    assert others
    first = ConsentEvent.objects.select_related("entered_by").get()
    for refused in others:
        (problem,) = refused.problems
        assert problem.code == "already_recorded"
        assert f"entry {first.pk}" in problem.message and str(first.entered_by) in problem.message
    assert Paper.objects.count() == EntryTicket.objects.count() == 1


def test_a_page_sent_many_times_adds_once(cast: Cast) -> None:
    participant = a_case(cast)
    done = at_once(*[recording(participant, cast.asha, ticket="page")] * 6)
    made, others = sorted_out(done)
    assert len(made) == 6 and not others
    assert len({event.pk for event in made}) == 1 == ConsentEvent.objects.count()


def test_one_ticket_for_two_participants_is_refused(cast: Cast) -> None:
    done = at_once(*(recording(a_case(cast), cast.asha, ticket="page") for _ in range(2)))
    made, others = sorted_out(done)
    assert (len(made), [refused.problems[0].code for refused in others]) == (1, ["ticket_used"])


def test_two_corrections_at_once_are_both_judged(cast: Cast) -> None:
    participant = a_case(cast)
    with walls.whole_study():
        signed = actions.record_event(
            participant=participant,
            kind="consent",
            by=cast.asha,
            signed_on="2024-02-01",
            signer="participant",
        )
    fix = {"kind": "correction", "corrects": signed, "note": "Misread", "signed_on": None, "signer": None}
    done = at_once(*(recording(participant, who, copy_given=True, **fix) for who in (cast.asha, cast.rao)))
    made, others = sorted_out(done)
    assert (len(made), [refused.problems[0].code for refused in others]) == (1, ["already_so"])
