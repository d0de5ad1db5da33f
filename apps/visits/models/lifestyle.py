"""Diet and exercise."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.visits.models.visit import VisitRecord
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    MultiCodedField,
    NoteField,
)
from studyportal.crf.models import CrfRecord


class Diet(models.TextChoices):
    UNRESTRICTED = "unrestricted", _("Unrestricted")
    CARBOHYDRATE_COUNTED = "carbohydrate_counted", _("Carbohydrates counted")
    LOW_FAT = "low_fat", _("Low in saturated fat")
    LOW_SUGAR = "low_sugar", _("Low in sugars")
    HIGH_FIBRE = "high_fibre", _("High in fibre")
    PROTEIN_PLANNED = "protein_planned", _("Planned protein")
    OTHER = "other", _("Other modification")


class ExerciseIntensity(models.TextChoices):
    NONE = "none", _("None")
    LIGHT = "light", _("Light")
    MODERATE = "moderate", _("Moderate")
    VIGOROUS = "vigorous", _("Vigorous")


class Adherence(models.TextChoices):
    FULL = "full", _("As advised")
    PARTLY = "partly", _("Partly")
    NOT = "not", _("Not")


@tracked
class Lifestyle(VisitRecord):
    """Diet and exercise, which act on the endpoints whatever the treatment."""

    diet = MultiCodedField(_("Diet"), codes=Diet)
    diet_note = NoteField(_("Diet in the words of the source"), required=False)
    exercise_intensity = CodedField(_("Exercise"), codes=ExerciseIntensity)
    exercise_minutes_per_week = CountField(_("Exercise per week"), unit="min/wk", minimum=0, maximum=5000)
    adherence = CodedField(_("Kept to diet and exercise"), codes=Adherence)
    diet_days = CountField(
        _("Days with the advised diet, of the last 7"), unit="d", minimum=0, maximum=7, required=False
    )
    exercise_days = CountField(
        _("Days with exercise, of the last 7"), unit="d", minimum=0, maximum=7, required=False
    )
    adherence_scale = CountField(
        _("How well it went, by the participant"),
        minimum=0,
        maximum=10,
        required=False,
        help_text=_("0 not at all, 10 every day as advised."),
    )
    hindrances = NoteField(_("What stood in the way"), required=False)

    class Meta(VisitRecord.Meta):
        verbose_name = _("diet and exercise")
        verbose_name_plural = _("diet and exercise")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["visit"],
                name="lifestyle_once_per_visit",
                violation_error_message=_("This visit already has diet and exercise; change those."),
            ),
        ]
