"""What the participant reports."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.visits.models.visit import VisitRecord
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    NoteField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


class GeneralHealth(models.TextChoices):
    EXCELLENT = "excellent", _("Excellent")
    VERY_GOOD = "very_good", _("Very good")
    GOOD = "good", _("Good")
    FAIR = "fair", _("Fair")
    POOR = "poor", _("Poor")


class Compared(models.TextChoices):
    MUCH_BETTER = "much_better", _("Much better")
    BETTER = "better", _("Better")
    SAME = "same", _("About the same")
    WORSE = "worse", _("Worse")
    MUCH_WORSE = "much_worse", _("Much worse")


def _severity(label: Any) -> CountField:
    return CountField(
        label, minimum=0, maximum=10, required=False, help_text=_("0 not at all, 10 the worst.")
    )


@tracked
class Symptoms(VisitRecord):
    """What the participant reports since the visit before."""

    polyuria = YesNoField(_("Increased micturition"))
    # 0 none to 10 the worst that can be thought of, as the participant says it.
    polyuria_severity = _severity(_("How much it troubles"))
    nocturia_per_night = CountField(
        _("Micturitions in a night"), unit="/d", minimum=0, maximum=20, required=False
    )
    polydipsia = YesNoField(_("Increased thirst"))
    polydipsia_severity = _severity(_("How much the thirst troubles"))
    fainting = YesNoField(_("Fainting"))
    fainting_episodes = CountField(_("How many times"), minimum=1, maximum=500, required=False)
    abdominal_pain = YesNoField(_("Abdominal pain"))
    abdominal_pain_severity = _severity(_("How strong the pain is"))
    abdominal_pain_days = CountField(
        _("Days with pain in the last 7"), unit="d", minimum=0, maximum=7, required=False
    )
    general_health = CodedField(
        _("General health, as the participant rates it"), codes=GeneralHealth, required=False
    )
    general_health_compared = CodedField(_("General health against the visit before"), codes=Compared)
    note = NoteField(_("In the words of the source"), required=False)

    class Meta(VisitRecord.Meta):
        verbose_name = _("symptoms")
        verbose_name_plural = _("symptoms")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["visit"],
                name="symptoms_once_per_visit",
                violation_error_message=_("This visit already has symptoms; change those."),
            ),
        ]
