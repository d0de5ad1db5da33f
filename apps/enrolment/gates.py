"""What must be true of a participant, or have happened, before a form or a date of enrolment is saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.enrolment import selectors
from apps.enrolment.models import LostToFollowUp
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


def found_before_lost_again(record: LostToFollowUp, by: Any) -> Iterable[Problem]:
    """Who is lost is found before being lost again: the loss that stands is added to, not repeated."""
    standing = selectors.standing_loss(record.participant_id, besides=record.pk)
    if standing is not None and record.found_again is not True:
        yield Problem(
            None,
            "still_lost",
            _(
                "This participant is already recorded as lost (declared on %(day)s) and not as found again. "
                "Open that form, and say there when the participant was found."
            )
            % {"day": standing.declared_on},
        )
