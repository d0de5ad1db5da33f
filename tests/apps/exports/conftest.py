"""Two sites with people whose records hold everything that a CSV file can trip over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.enrolment.models import Demographics, Group, Hospitalisation, MedicalHistory, Participant
from tests.cast import Cast, api, cast, page

__all__ = ["api", "cast", "page"]

TRICKY = 'first line\nsecond "quoted", with comma; é नमस्ते 🙂'


@pytest.fixture
def participant(cast: Cast) -> Callable[..., Participant]:
    def make(code: str, **values: Any) -> Participant:
        site = cast.mumbai if code.startswith("MUM") else cast.pune
        return Participant.objects.create(site=site, code=code, **({"group": Group.CASE} | values))

    return make


@pytest.fixture
def people(participant: Callable[..., Participant]) -> dict[str, Participant]:
    """One real case and one synthetic control in Mumbai, one case in Pune, with histories."""
    found = {
        "real": participant("MUM-0001-X", label="=HYPERLINK(1)"),
        "synthetic": participant("MUM-0002-X", group=Group.CONTROL, synthetic=True),
        "pune": participant("PUN-0001-X"),
    }
    MedicalHistory.objects.create(
        site=found["real"].site,
        participant=found["real"],
        status="complete",
        diagnosed_on="age:12",
        insulin_since="2011-07",
        diabetes_type="type_1",
        autoimmune=True,
        symptoms_at_onset=["polyuria", "fainting"],
        symptoms_note=TRICKY,
        comorbidities_other="@SUM(A1:A9)",
        diet_exercise="-5 kg",
        absent={"family_history": "not_recorded", "severity": "unknown"},
    )
    MedicalHistory.objects.create(
        site=found["pune"].site, participant=found["pune"], status="incomplete", insulin_since="2016-11-03"
    )
    Demographics.objects.create(
        site=found["synthetic"].site,
        participant=found["synthetic"],
        status="complete",
        sex="female",
        age_at_enrolment=17,
    )
    Hospitalisation.objects.create(
        site=found["real"].site,
        participant=found["real"],
        status="complete",
        reason="dka",
        admitted_on="2014",
        note="\tstarts with a tab",
    )
    return found
