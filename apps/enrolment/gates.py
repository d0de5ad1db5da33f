"""What must have happened before a form of enrolment is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from apps.enrolment import selectors
from apps.enrolment.models import LostToFollowUp
from studyportal.crf.outcomes import Problem


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
