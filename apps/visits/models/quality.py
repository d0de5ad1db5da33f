"""Quality of life, in words of this study: no instrument that somebody licenses."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.visits.models.visit import VisitRecord
from studyportal.audit import tracked
from studyportal.crf.fields import CodedField, CountField, NoteField, QuantityField
from studyportal.crf.models import CrfRecord


class Troubled(models.TextChoices):
    NOT = "not", _("Not at all")
    SLIGHTLY = "slightly", _("Slightly")
    MODERATELY = "moderately", _("Moderately")
    MUCH = "much", _("Much")
    VERY_MUCH = "very_much", _("Very much")


class AnsweredBy(models.TextChoices):
    PARTICIPANT = "participant", _("The participant alone")
    WITH_HELP = "with_help", _("The participant with help")
    INTERVIEW = "interview", _("The participant, asked by staff")
    RELATIVE = "relative", _("A parent or relative for the participant")


def _item(label: Any) -> CodedField:
    return CodedField(label, codes=Troubled)


@tracked
class QualityOfLife(VisitRecord):
    """One scale from 0 to 100, and five questions on the last two weeks."""

    answered_by = CodedField(_("Answered by"), codes=AnsweredBy)
    overall = CountField(
        _("Health today, by the participant"),
        minimum=0,
        maximum=100,
        help_text=_("0 the worst, 100 the best that the participant can think of."),
    )
    tired = _item(_("Tired or without strength"))
    sleep = _item(_("Bad sleep"))
    mood = _item(_("Low or anxious"))
    diabetes_worry = _item(_("Worried about the diabetes"))
    daily_life = _item(_("Held back in daily life, school or work"))
    trouble_score = QuantityField(
        _("Trouble in the last two weeks, 0 none to 100 most"), unit="{score}", decimals=0, derived=True
    )
    note = NoteField(_("In the words of the participant"), required=False)

    class Meta(VisitRecord.Meta):
        verbose_name = _("quality of life")
        verbose_name_plural = _("quality of life")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["visit"],
                name="quality_of_life_once_per_visit",
                violation_error_message=_("This visit already has quality of life; change that."),
            ),
        ]
