"""The screen for complications of diabetes and what goes with it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.visits.models.visit import VisitRecord
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    NoteField,
    PartialDateField,
    RowsField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


class Domain(models.TextChoices):
    RETINOPATHY = "retinopathy", _("Retinopathy")
    NEPHROPATHY = "nephropathy", _("Nephropathy")
    NEUROPATHY = "neuropathy", _("Neuropathy")
    FOOT = "foot", _("Foot")
    CARDIOVASCULAR = "cardiovascular", _("Heart and vessels")
    SKIN = "skin", _("Skin and injection sites")
    THYROID = "thyroid", _("Thyroid")
    COELIAC = "coeliac", _("Coeliac disease")


class ScreenResult(models.TextChoices):
    NONE = "none", _("None found")
    KNOWN = "known", _("Known, unchanged")
    WORSE = "worse", _("Known, worse")
    NEW = "new", _("New")
    UNCLEAR = "unclear", _("Cannot be judged")


class ScreenMethod(models.TextChoices):
    HISTORY = "history", _("Asked")
    EXAMINATION = "examination", _("Examined")
    FUNDUS_PHOTO = "fundus_photo", _("Photograph of the fundus")
    OPHTHALMOSCOPY = "ophthalmoscopy", _("Ophthalmoscopy")
    ALBUMINURIA = "albuminuria", _("Albumin in the urine, with creatinine")
    MONOFILAMENT = "monofilament", _("Monofilament or tuning fork")
    NERVE_CONDUCTION = "nerve_conduction", _("Nerve conduction")
    PULSES = "pulses", _("Pulses, or ankle-arm index")
    ECG = "ecg", _("Electrocardiogram")
    ECHO = "echo", _("Ultrasound of the heart")
    BLOOD = "blood", _("Blood test")
    BIOPSY = "biopsy", _("Biopsy")
    OTHER = "other", _("Another method")


def every_domain() -> Sequence[dict[str, str]]:
    return [{"domain": domain.value} for domain in Domain]


@tracked
class Complications(VisitRecord):
    """One row for each domain; numbers of the laboratory stay with the laboratory results."""

    screened_on = PartialDateField(
        _("Screened on"), required=False, help_text=_("Empty: on the day of the visit.")
    )
    screens = RowsField(
        _("Findings"),
        columns={
            "domain": CodedField(_("Domain"), codes=Domain),
            "result": CodedField(_("Result"), codes=ScreenResult),
            "method": CodedField(_("Method"), codes=ScreenMethod),
            "on": PartialDateField(_("Day, if another"), required=False),
            "detail": TextField(_("Stage or words"), max_length=120, required=False),
        },
        maximum=len(Domain),
        fixed=every_domain,
    )
    monofilament_points = CountField(
        _("Points felt with the monofilament, both feet"), minimum=0, maximum=20, required=False
    )
    lipohypertrophy = YesNoField(_("Lipohypertrophy where insulin is injected"))
    lipohypertrophy_where = TextField(_("Where"), max_length=120)
    note = NoteField(_("Note"), required=False)

    class Meta(VisitRecord.Meta):
        verbose_name = _("complications")
        verbose_name_plural = _("complications")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["visit"],
                name="complications_once_per_visit",
                violation_error_message=_("This visit already has a screen for complications; change that."),
            ),
        ]
