"""The log as a feed: nothing is missed, nothing comes twice, whoever reads it and whoever writes meanwhile."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from apps.consent import actions, selectors
from apps.consent.models import ConsentEvent
from studyportal.access import walls
from studyportal.access.models import User
from tests.apps.consent.factories import an_event
from tests.apps.enrolment.factories import a_case

FEED = "/api/v1/consent-log/feed/"


def entries(cast: Any, many: int) -> tuple[Any, Any]:
    """A participant at each site, and as many entries of both in turn."""
    mumbai, pune = a_case(cast), a_case(cast, site=cast.pune, by=cast.vikram)
    for number in range(many):
        for participant, by in ((mumbai, cast.asha), (pune, cast.vikram)):
            an_event(participant, "withdrawal", by, f"2024-01-{1 + number:02d}", withdrawal_scopes=["visits"])
    return mumbai, pune


def followed(client: Any, limit: int, after: int = 0) -> list[int]:
    """The numbers of everything, page by page."""
    found: list[int] = []
    url: str | None = f"{FEED}?after={after}&limit={limit}"
    while url is not None:
        page = client.get(url).json()
        assert len(page["results"]) <= limit
        found += [row["sequence"] for row in page["results"]]
        assert page["after"] == (found[-1] if found else after)
        assert (page["next"] is not None) is page["more"]
        url = page["next"]
    return found


@pytest.mark.django_db
def test_each_follows_what_is_of_own_sites(cast: Any, api: Any) -> None:
    mumbai, _pune = entries(cast, 4)
    every = list(ConsentEvent.objects.order_by("sequence").values_list("sequence", flat=True))
    own = list(
        ConsentEvent.objects.filter(participant=mumbai)
        .order_by("sequence")
        .values_list("sequence", flat=True)
    )
    assert every == list(range(every[0], every[0] + 8))
    for limit in (1, 3, 8, 100):
        assert followed(api(cast.farah), limit) == every == followed(api(cast.meera), limit)
        assert followed(api(cast.asha), limit) == own
    assert followed(api(cast.farah), 2, after=every[4]) == every[5:]
    assert followed(api(cast.farah), 2, after=10**9) == []


@pytest.mark.django_db
def test_a_page_costs_a_fixed_number_of_queries(
    cast: Any, api: Any, django_assert_max_num_queries: Any
) -> None:
    entries(cast, 6)
    with django_assert_max_num_queries(9):
        assert len(api(cast.farah).get(FEED).json()["results"]) == 12


@pytest.mark.django_db(transaction=True)
def test_nothing_slips_by_while_others_write(cast: Any) -> None:
    """Four write, some of them slowly, while one follows: what was seen is everything, once and in order."""
    people = [a_case(cast) for _ in range(4)]
    stop, wrong = threading.Event(), []

    def write(participant: Any, pause: float) -> None:
        try:
            by = User.objects.get(pk=cast.asha.pk)
            for day in range(1, 9):
                with walls.opened(by, writing=True), transaction.atomic():
                    actions.record_event(
                        participant=participant, kind="withdrawal", by=by, withdrawal_scopes=["visits"],
                        signed_on=f"2024-01-{day:02d}",
                    )  # fmt: skip
                    stop.wait(pause)
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(one, 0.03 * number)) for number, one in enumerate(people)]
    for writer in writers:
        writer.start()
    seen: list[int] = []

    def look() -> None:
        with walls.whole_study():
            page = list(selectors.feed(cast.farah, after=seen[-1] if seen else 0, limit=5))
        seen.extend(event.sequence or 0 for event in page)

    while any(writer.is_alive() for writer in writers):
        look()
    for writer in writers:
        writer.join()
    for _ in range(10):
        look()
    assert not wrong
    with walls.whole_study():
        assert seen == list(ConsentEvent.objects.order_by("sequence").values_list("sequence", flat=True))
    assert len(seen) == 32
