"""What must be true of a participant before a form or a date is saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.crf.outcomes import Problem
from studyportal.crf.registry import spec_for
from studyportal.identity import births

BEFORE_BIRTH = "before_birth"


def not_before_birth(record: Any, by: User | None) -> Iterable[Problem]:
    """A gate of a form: no partial date of it lies before the participant's birth. Says nothing of the birth date."""
    dates = {
        name: value
        for name in spec_for(type(record)).fields
        if hasattr(value := getattr(record, name), "certainly_before")
    }
    return dates_before_birth(record.participant, dates, by)


def dates_before_birth(participant: Any, dates: Mapping[str, Any], by: User | None) -> list[Problem]:
    """As the gate, for dates that stand in no form. dates: name of the field → PartialDate or None."""
    found = births.those_before_birth(participant, dates, by) or frozenset()
    return [
        Problem(name, BEFORE_BIRTH, _("This lies before the participant's birth. Check it with the source."))
        for name in dates
        if name in found
    ]
