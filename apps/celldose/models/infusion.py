"""The infusion and what was observed around it."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.celldose.models import codes
from apps.celldose.models.base import SessionRecord
from apps.celldose.models.laboratory import WIDEST_COUNT
from apps.celldose.models.product import CELLS, CellProduct
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    DayField,
    MomentField,
    MultiCodedField,
    NoteField,
    QuantityField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


@tracked
class Infusion(SessionRecord):
    """A product given. One product is infused once: the database holds that, not only the gate."""

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="infusions")
    route = CodedField(_("Route"), codes=codes.Route)
    line = CodedField(_("Line"), codes=codes.Line)
    filter_used = YesNoField(_("Filter used"))
    filter_microns = QuantityField(_("Filter pore"), unit="um", decimals=1, minimum=0, maximum=1000)
    volume_ml = QuantityField(_("Volume infused"), unit="mL", decimals=1, minimum=0, maximum=3000)
    started_at = MomentField(_("Started at"))
    stopped_at = MomentField(_("Stopped at"))
    rate_ml_h = QuantityField(
        _("Rate at the start"), unit="mL/h", decimals=1, minimum=0, maximum=5000, required=False
    )
    interruptions = CountField(_("Interruptions"), minimum=0, maximum=100)
    interruptions_note = NoteField(_("Interruptions in words"), required=False)
    premedication = TextField(_("Premedication"))
    residual_discarded_ml = QuantityField(
        _("Residual discarded"), unit="mL", decimals=1, minimum=0, maximum=3000
    )
    minutes_running = CountField(
        _("Time running, without interruptions"), unit="min", minimum=0, maximum=100_000, derived=True
    )
    mean_rate_ml_h = QuantityField(
        _("Mean rate while running"), unit="mL/h", decimals=1, minimum=0, maximum=100_000, derived=True
    )
    total_dose = QuantityField(
        _("Dose given"),
        unit=CELLS,
        decimals=3,
        minimum=0,
        maximum=WIDEST_COUNT,
        help_text=_(
            "Cells actually given, in millions: for 750 000 000 cells type 750. Never the planned range."
        ),
    )
    dose_as_stated = TextField(
        _("Dose as stated"),
        required=False,
        help_text=_("The words of the source when it gives only a range, such as “500–5000 ×10⁶”."),
    )
    viable_dose = QuantityField(
        _("Viable dose"), unit=CELLS, decimals=3, minimum=0, maximum=WIDEST_COUNT, derived=True
    )
    weight_kg = QuantityField(
        _("Body weight of the same day"), unit="kg", decimals=1, minimum=1, maximum=400, derived=True
    )
    weight_on = DayField(_("Weight measured on"), derived=True)
    dose_per_kg = QuantityField(
        _("Dose per kg"), unit="10*6/kg", decimals=4, minimum=0, maximum=WIDEST_COUNT, derived=True
    )
    viable_dose_per_kg = QuantityField(
        _("Viable dose per kg"), unit="10*6/kg", decimals=4, minimum=0, maximum=WIDEST_COUNT, derived=True
    )

    class Meta(CrfRecord.Meta):
        verbose_name = _("infusion")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("product",),
                name="infusion_product_used_once",
                violation_error_message=_("This product has already been infused; a product is used once."),
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__gte=F("started_at")),
                name="infusion_stops_after_start",
                violation_error_message=_(
                    "The infusion stops before it starts; correct one of the two times."
                ),
            ),
            models.CheckConstraint(
                condition=Q(viable_dose__lte=F("total_dose")),
                name="infusion_viable_within_total",
                violation_error_message=_("The viable dose is above the dose given."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Infusion"))


@tracked
class InfusionHappening(SessionRecord):
    """What happened while the product ran: premedication, rate, interruptions, reactions and their treatment."""

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="happenings")
    kind = CodedField(_("What"), codes=codes.HappeningKind)
    at = MomentField(_("When"))
    rate_ml_h = QuantityField(_("Rate"), unit="mL/h", decimals=1, minimum=0, maximum=5000)
    drug = TextField(_("Drug"), max_length=80)
    dose = TextField(_("Dose and route"), max_length=80)
    reactions = MultiCodedField(_("Reactions"), codes=codes.Reaction)
    reason = NoteField(_("Why, in words"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("event of the infusion")
        verbose_name_plural = _("events of the infusion")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("infusion", "kind", "at"),
                condition=~Q(kind="premedication"),
                name="happening_once_per_moment",
                violation_error_message=_(
                    "This is already recorded for this moment; look at what stands there."
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(codes.HappeningKind(self.kind).label) if self.kind else str(_("Event of the infusion"))


@tracked
class InfusionObservation(SessionRecord):
    """Vital signs and reactions at one nominal time around the infusion."""

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="observations")
    timepoint = CodedField(_("Time"), codes=codes.Timepoint)
    observed_at = MomentField(_("Observed at"), required=False)
    minutes_off = CountField(
        _("Minutes after the time that was due (negative: before)"),
        unit="min",
        minimum=-100_000_000,
        maximum=100_000_000,
        derived=True,
    )
    temperature = QuantityField(
        _("Temperature"), unit="Cel", decimals=1, minimum=25, maximum=45, loinc="8310-5"
    )
    pulse = CountField(_("Pulse"), unit="/min", minimum=0, maximum=300, loinc="8867-4")
    systolic = CountField(_("Systolic pressure"), unit="mm[Hg]", minimum=0, maximum=350, loinc="8480-6")
    diastolic = CountField(_("Diastolic pressure"), unit="mm[Hg]", minimum=0, maximum=250, loinc="8462-4")
    respiratory_rate = CountField(_("Respiratory rate"), unit="/min", minimum=0, maximum=120, loinc="9279-1")
    oxygen_saturation = QuantityField(
        _("Oxygen saturation"), unit="%", decimals=0, minimum=0, maximum=100, loinc="59408-5"
    )
    reactions = MultiCodedField(_("Reactions"), codes=codes.Reaction)
    reactions_note = NoteField(_("Reactions in words"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("infusion observation")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("infusion", "timepoint"),
                name="observation_timepoint_once",
                violation_error_message=_("This time is already recorded for this infusion; edit it."),
            ),
        ]

    def __str__(self) -> str:
        return str(codes.Timepoint(self.timepoint).label) if self.timepoint else str(_("Observation"))
