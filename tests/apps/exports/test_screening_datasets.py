"""The screening log and the answers to the criteria as datasets: also of those who never had a code."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from apps.enrolment import actions
from apps.exports.catalogue import catalogue
from apps.exports.datasets import Filters
from apps.exports.profiles import deidentified
from tests.apps.enrolment.criteria import one
from tests.cast import Cast

pytestmark = pytest.mark.django_db
SECRET = "a note that a person typed"


def rows(
    key: str, filters: Filters | None = None, *, without_text: bool = False, site: Any = None
) -> list[Any]:
    dataset = catalogue()[key]
    if without_text:
        dataset = deidentified(dataset)
    with connection.cursor() as cursor:
        cursor.execute(dataset.select(filters or Filters(), None if site is None else [site.pk]))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def screened(cast: Cast) -> dict[str, Any]:
    def entry(site: Any, by: Any, **more: Any) -> Any:
        return actions.screening.open_entry(site=site, by=by, screened_on="2026-10-01", **more)

    found = {
        "declined": entry(cast.mumbai, cast.asha, note=SECRET),
        "registered": entry(cast.mumbai, cast.asha, synthetic=True),
        "pune": entry(cast.pune, cast.vikram),
    }
    actions.screening.conclude(
        entry=found["declined"], outcome="declined", by=cast.asha, on="2026-10-02", reason_code="travel"
    )
    actions.register_entry(entry=found["registered"], by=cast.asha)
    found["registered"].refresh_from_db()
    one(found["registered"], cast.asha, "t1dm", "yes", evidence=SECRET)
    one(found["pune"], cast.vikram, "malignancy", "yes")
    return found


def test_everyone_screened_is_in_it_with_or_without_a_code(cast: Cast, screened: dict[str, Any]) -> None:
    found = {row["screening_number"]: row for row in rows("screening-log")}
    assert set(found) == {entry.number for entry in screened.values()}
    declined = found[screened["declined"].number]
    assert (declined["participant"], declined["group"], declined["outcome"], declined["reason_code"]) == (
        None, None, "declined", "travel",
    )  # fmt: skip
    registered = screened["registered"]
    assert found[registered.number]["participant"] == registered.participant.code
    assert {row["site"] for row in rows("screening-log", site=cast.pune)} == {"PUN"}


def test_synthetic_is_told_of_the_entry_itself(screened: dict[str, Any]) -> None:
    for key in ("screening-log", "eligibility-answers"):
        only = rows(key, Filters(synthetic="only"))
        assert [row["screening_number"] for row in only] == [screened["registered"].number]
        assert screened["registered"].number not in {
            row["screening_number"] for row in rows(key, Filters(synthetic="exclude"))
        }


def test_answers_of_whoever_was_screened(screened: dict[str, Any]) -> None:
    found = {row["screening_number"]: row for row in rows("eligibility-answers")}
    assert found[screened["pune"].number]["participant"] is None
    registered = found[screened["registered"].number]
    assert (registered["criterion"], registered["answer"], registered["evidence"], registered["overridden"]) == (
        "t1dm", "yes", SECRET, "false",
    )  # fmt: skip


def test_without_texts_and_dates(screened: dict[str, Any]) -> None:
    for key in ("screening-log", "eligibility-answers"):
        found = rows(key, without_text=True)
        assert len(found) >= 2
        assert SECRET not in str(found) and "2026-" not in str(found)
