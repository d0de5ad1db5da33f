"""What became of an adverse event: a follow-up each time, until it is resolved."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.safety.models.events import Action, AdverseEvent, Grade, Outcome, SeriousCriterion
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    DayField,
    MomentField,
    MultiCodedField,
    NoteField,
    PartialDateField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


@tracked
class FollowUp(CrfRecord):
    """One follow-up of an adverse event: a numbered version of what is known. The event takes over what it says."""

    event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="follow_ups")
    number = CountField(_("Follow-up"), minimum=1, maximum=999, derived=True)
    seen_on = DayField(_("As of"))
    aware_at = MomentField(_("The site learnt of it at"), required=False)
    grade = CodedField(_("Grade now"), codes=Grade)
    serious = YesNoField(_("Serious"))
    serious_criteria = MultiCodedField(_("Criteria of seriousness"), codes=SeriousCriterion)
    outcome = CodedField(_("Outcome"), codes=Outcome)
    ended_on = PartialDateField(_("Ended"), required=False)
    action_taken = MultiCodedField(_("Action taken"), codes=Action)
    course = NoteField(_("Course since the last report"))
    next_due_on = DayField(_("Next follow-up due on"), required=False, future=True)

    class Meta(CrfRecord.Meta):
        verbose_name = _("follow-up of an adverse event")
        verbose_name_plural = _("follow-ups of adverse events")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["event", "number"],
                name="followup_number_once",
                violation_error_message=_(
                    "Another follow-up was recorded meanwhile; save again to take the next number."
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Follow-up %(number)s") % {"number": self.number or "–"})
