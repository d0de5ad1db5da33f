"""Body size and circulation."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.visits.models.visit import VisitRecord
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CountField,
    PartialDateField,
    QuantityField,
)
from studyportal.crf.models import CrfRecord


@tracked
class VitalSigns(VisitRecord):
    """Body size and circulation."""

    taken_on = PartialDateField(_("Taken on"), required=False, help_text=_("Empty: on the day of the visit."))
    weight = QuantityField(_("Weight"), unit="kg", decimals=1, minimum=1, maximum=300, loinc="29463-7")
    height = QuantityField(_("Height"), unit="cm", decimals=1, minimum=30, maximum=250, loinc="8302-2")
    bmi = QuantityField(_("Body mass index"), unit="kg/m2", decimals=1, loinc="39156-5", derived=True)
    systolic = CountField(_("Systolic pressure"), unit="mm[Hg]", minimum=40, maximum=300, loinc="8480-6")
    diastolic = CountField(_("Diastolic pressure"), unit="mm[Hg]", minimum=20, maximum=200, loinc="8462-4")
    pulse = CountField(_("Pulse"), unit="/min", minimum=20, maximum=250, loinc="8867-4")
    temperature = QuantityField(
        _("Temperature"),
        unit="Cel",
        units=("[degF]",),
        decimals=1,
        minimum=30,
        maximum=43,
        loinc="8310-5",
        required=False,
    )

    class Meta(VisitRecord.Meta):
        verbose_name = _("vital signs")
        verbose_name_plural = _("vital signs")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["visit"],
                name="vitalsigns_once_per_visit",
                violation_error_message=_("This visit already has vital signs; change those."),
            ),
        ]
