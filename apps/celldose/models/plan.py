"""The dose that was planned, and why."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.celldose.models import codes
from apps.celldose.models.base import SessionRecord
from apps.celldose.models.product import CELLS
from apps.celldose.models.session import CellSession
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    DayField,
    MultiCodedField,
    NoteField,
    QuantityField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


@tracked
class DosePlan(SessionRecord):
    """The planned range of one component in one session, by severity, age, weight and comorbidity, with its rationale."""

    session = models.ForeignKey(CellSession, on_delete=models.PROTECT, related_name="dose_plans")
    component = CodedField(_("Component"), codes=codes.Component)
    planned_on = DayField(_("Planned on"))
    planned_by = TextField(_("Planned by"), max_length=80, help_text=_("By role, never by name."))
    severity = CodedField(_("Severity of the disease"), codes=codes.Severity)
    severity_basis = NoteField(_("Judged by"), required=False)
    age_years = CountField(_("Age"), unit="a", minimum=0, maximum=120)
    weight_kg = QuantityField(_("Body weight"), unit="kg", decimals=1, minimum=1, maximum=400, derived=True)
    weight_on = DayField(_("Weight measured on"), derived=True)
    comorbidities = MultiCodedField(_("Comorbid conditions"), codes=codes.Comorbidity)
    comorbidities_note = NoteField(_("Comorbid conditions in words"), required=False)
    planned_low = QuantityField(_("Planned dose, lowest"), unit=CELLS, decimals=3, minimum=0, maximum=10**9)
    planned_high = QuantityField(_("Planned dose, highest"), unit=CELLS, decimals=3, minimum=0, maximum=10**9)
    planned_low_per_kg = QuantityField(
        _("Planned dose per kg, lowest"), unit="10*6/kg", decimals=4, minimum=0, maximum=10**9, derived=True
    )
    planned_high_per_kg = QuantityField(
        _("Planned dose per kg, highest"), unit="10*6/kg", decimals=4, minimum=0, maximum=10**9, derived=True
    )
    within_protocol = YesNoField(_("Within the range of the protocol"), derived=True)
    rationale = NoteField(_("Rationale"))

    class Meta(CrfRecord.Meta):
        verbose_name = _("dose plan")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("session", "component"),
                name="doseplan_once_per_component",
                violation_error_message=_("The dose of this component is already planned; edit that plan."),
            ),
            models.CheckConstraint(
                condition=Q(planned_low__lte=F("planned_high")),
                name="doseplan_range_ordered",
                violation_error_message=_("The lowest planned dose is above the highest."),
            ),
        ]

    def __str__(self) -> str:
        if not self.component:
            return str(_("Dose plan"))
        short = "BM-MNC" if self.component == codes.Component.BM_MNC else "SVF"
        return str(_("Dose plan: %(component)s") % {"component": short})
