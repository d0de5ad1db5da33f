"""The course of a mixed-meal test: when what was taken. Results stay with the laboratory."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.visits.models.visit import VisitRecord
from studyportal.audit import tracked
from studyportal.crf.fields import (
    ClockField,
    CountField,
    NoteField,
    PartialDateField,
    QuantityField,
    RowsField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord
from studyportal.protocol import current

TEST = "mmtt"


def planned_minutes() -> tuple[int, ...]:
    """Minutes from the start of the meal at which the protocol asks for blood; empty where it has no such test."""
    test = current().dynamic_tests.get(TEST)
    return () if test is None else tuple(int(minute) for minute in test.minutes)


def planned_rows() -> Sequence[dict[str, str]]:
    return [{"planned": str(minute)} for minute in planned_minutes()]


@tracked
class MixedMealTest(VisitRecord):
    """One row for each planned time. The tubes lead to the results, which are entered once, as laboratory results."""

    done = YesNoField(_("Test done"))
    not_done_reason = TextField(_("Why not"), max_length=200)
    performed_on = PartialDateField(_("Day"), required=False, help_text=_("Empty: on the day of the visit."))
    fasting_hours = QuantityField(_("Fasting for"), unit="h", decimals=1, minimum=0, maximum=72)
    insulin_withheld = YesNoField(_("Rapid insulin left out since the evening"))
    meal = TextField(
        _("Meal"), max_length=120, help_text=_("Product or recipe, with its lot where there is one.")
    )
    meal_amount = QuantityField(_("Amount"), unit="mL", decimals=0, minimum=10, maximum=1000)
    meal_started_at = ClockField(_("First sip at"))
    meal_minutes = CountField(_("Drunk within"), unit="min", minimum=1, maximum=60)
    meal_finished = YesNoField(_("All of it taken"))
    vomited = YesNoField(_("Vomited"))
    samples = RowsField(
        _("Samples"),
        columns={
            "planned": CountField(_("Planned"), unit="min", minimum=-120, maximum=600),
            "sampled": YesNoField(_("Taken")),
            "at": ClockField(_("At"), required=False),
            "glucose_tube": TextField(_("Glucose tube"), max_length=30, required=False),
            "c_peptide_tube": TextField(_("C-peptide tube"), max_length=30, required=False),
        },
        maximum=40,
        fixed=planned_rows,
    )
    note = NoteField(_("Note"), required=False)

    class Meta(VisitRecord.Meta):
        verbose_name = _("mixed-meal test")
        verbose_name_plural = _("mixed-meal tests")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["visit"],
                name="mixed_meal_once_per_visit",
                violation_error_message=_("This visit already has a mixed-meal test; change that."),
            ),
        ]
