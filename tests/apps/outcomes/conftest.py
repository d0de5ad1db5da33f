from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from apps.enrolment.models import Group, GroupEvent, Participant, ScreeningEntry
from apps.labs.models import LabResult
from apps.visits.models import Visit
from tests.cast import Cast, api, cast, page

__all__ = ["api", "cast", "page"]

# How long an example takes says something about the machine, not about the statistics.
settings.register_profile("outcomes", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("outcomes")


@pytest.fixture
def cohort(cast: Cast) -> dict[str, Participant]:
    """Two cases and a control with HbA1c at baseline and month 3; one in Pune; one without a group."""

    def person(code: str, **values: Any) -> Participant:
        return screened(cast.mumbai if code.startswith("MUM") else cast.pune, code, **values)

    people = {
        "one": person("MUM-0001-X", group=Group.CASE),
        "two": person("MUM-0002-X", group=Group.CASE, synthetic=True),
        "control": person("PUN-0001-X", group=Group.CONTROL, index_date="2024-01-01", synthetic=True),
        "nobody": person("PUN-0002-X"),
    }
    for name in ("one", "two"):
        visit(people[name], "S1", happened_on="2024-01-01", anchor="session_1")
    hba1c(people["one"], "BL", "11.5")
    hba1c(people["one"], "M3", "7.0")
    hba1c(people["two"], "BL", "9.0")
    hba1c(people["two"], "M3", None, absent={"reported": "not_done"})
    hba1c(people["control"], "M3", "8.4")
    return people


def screened(site: Any, code: str, **values: Any) -> Participant:
    """A participant with an entry in the screening log; one with a group is enrolled, and the group is an event."""
    grouped = "group" in values
    person = Participant.objects.create(
        site=site, code=code, **({"enrolled_on": "2023-12-01"} if grouped else {}) | values
    )
    ScreeningEntry.objects.create(
        site=site,
        number=f"{site.code}-S{code[4:8]}",
        participant=person,
        screened_on="2023-11-01",
        outcome="enrolled" if grouped else "open",
        synthetic=person.synthetic,
    )
    if grouped:
        GroupEvent.objects.create(
            site=site,
            participant=person,
            kind="assigned",
            group=person.group,
            effective_on="2023-12-01",
            previous_group="unassigned",
        )
    return person


def visit(person: Participant, key: str, **values: Any) -> Visit:
    found, _made = Visit.objects.get_or_create(
        site=person.site, participant=person, key=key, defaults={"status": "done"} | values
    )
    return found


def hba1c(person: Participant, key: str, value: str | None, **values: Any) -> LabResult:
    return LabResult.objects.create(
        site=person.site,
        participant=person,
        visit=visit(person, key),
        analyte="hba1c",
        reported=value,
        unit="%" if value else None,
        number_canonical=value,
        status="complete",
        **values,
    )


@pytest.fixture
def many(cast: Cast) -> Any:
    """Adds participants with a visit and a result, half of them cases."""

    def add(number: int) -> None:
        for index in range(number):
            group = (
                {"group": Group.CASE} if index % 2 else {"group": Group.CONTROL, "index_date": "2024-01-01"}
            )
            person = screened(cast.pune, f"PUN-1{index:03d}-X", **group)
            visit(person, "S1", happened_on="2024-01-01", anchor="session_1" if index % 2 else "index")
            hba1c(person, "BL", "9.5")
            hba1c(person, "M12", "8.0")

    return add
