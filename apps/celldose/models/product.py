"""A cell product from its donation number to its discard."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.celldose.models import codes
from apps.celldose.models.base import SessionRecord
from apps.celldose.models.fields import IdentifierField
from apps.celldose.models.session import CellSession, Harvest
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    DayField,
    MomentField,
    NoteField,
    QuantityField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord

CELLS = "10*6"
"""UCUM unit of a cell count: millions of cells."""


@tracked
class CellProduct(SessionRecord):
    """One component of one session. Its state is never stored: it is folded from its records."""

    harvest = models.ForeignKey(Harvest, on_delete=models.PROTECT, related_name="products")
    component = CodedField(_("Component"), codes=codes.Component)
    product_identifier = IdentifierField(
        _("Product identifier"), max_length=40, help_text=_("The donation number on the label.")
    )
    autologous_only = YesNoField(_("For autologous use only"))
    planned_dose_low = QuantityField(
        _("Planned dose, lowest"), unit=CELLS, decimals=3, minimum=0, maximum=10**9, derived=True
    )
    planned_dose_high = QuantityField(
        _("Planned dose, highest"), unit=CELLS, decimals=3, minimum=0, maximum=10**9, derived=True
    )

    class Meta(CrfRecord.Meta):
        verbose_name = _("cell product")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("product_identifier",),
                name="cellproduct_identifier_unique",
                violation_error_message=_(
                    "Another product already carries this identifier; read the label again."
                ),
            ),
            models.UniqueConstraint(
                fields=("harvest", "component"),
                name="cellproduct_component_once_per_harvest",
                violation_error_message=_("This harvest already has a product of this component."),
            ),
            models.CheckConstraint(
                condition=~Q(product_identifier=""),
                name="cellproduct_identifier_not_blank",
                violation_error_message=_("A product identifier cannot be blank."),
            ),
            models.CheckConstraint(
                condition=Q(planned_dose_low__lte=F("planned_dose_high")),
                name="cellproduct_planned_range_ordered",
                violation_error_message=_("The lowest planned dose is above the highest."),
            ),
        ]

    def __str__(self) -> str:
        short = "BM-MNC" if self.component == codes.Component.BM_MNC else "SVF"
        return f"{short} {self.product_identifier}" if self.product_identifier else short

    @property
    def session(self) -> CellSession:
        return self.harvest.session


def _once_per_product(name: str, message: object) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=("product",), name=name, violation_error_message=message)


@tracked
class IdentityCheck(SessionRecord):
    """A check of two people as a source reports it, with their names as text: transcribed cases and old records only.

    In the study two people sign in and read (`custody.IdentityReading`).
    """

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="identity_checks")
    step = CodedField(_("Step"), codes=codes.IdentityStep)
    checked_at = MomentField(_("Checked at"))
    first_person = TextField(_("First person"))
    second_person = TextField(_("Second person"))
    identifier_read = TextField(
        _("Product identifier, as read from the label"),
        max_length=40,
        help_text=_("Read it; do not copy it."),
    )
    participant_code_read = TextField(
        _("Participant code, as read from the participant or the request"), max_length=40
    )
    matches = YesNoField(_("Both match"), derived=True)

    class Meta(CrfRecord.Meta):
        verbose_name = _("identity check")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("product", "step", "checked_at"),
                name="identitycheck_once_per_moment",
                violation_error_message=_("This step is already recorded for this moment."),
            ),
            models.CheckConstraint(
                condition=~Q(first_person__iexact=F("second_person")),
                name="identitycheck_two_people",
                violation_error_message=_("An identity check takes two different people."),
            ),
        ]

    def __str__(self) -> str:
        step = codes.IdentityStep(self.step).label if self.step else "–"
        return str(_("Identity check: %(step)s") % {"step": step})


@tracked
class Processing(SessionRecord):
    """What the laboratory did, and until when the product may be used."""

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="processings")
    sop = TextField(_("Procedure (SOP)"))
    sop_version = TextField(_("SOP version"), max_length=40)
    method = CodedField(_("Method"), codes=codes.ProcessingMethod)
    device = TextField(_("Device"))
    enzyme = TextField(_("Enzyme"))
    enzyme_lot = TextField(_("Enzyme lot"), max_length=60)
    enzyme_expires_on = DayField(
        _("Enzyme lot expires on"),
        required=False,
        future=True,
        help_text=_("An expired lot may not be used."),
    )
    enzyme_minutes = CountField(_("Digestion time"), unit="min", minimum=1, maximum=1440)
    enzyme_temperature = QuantityField(
        _("Digestion temperature"), unit="Cel", decimals=1, minimum=0, maximum=60
    )
    started_at = MomentField(_("Processing started at"))
    ended_at = MomentField(_("Processing ended at"))
    operators = TextField(_("Operators"))
    final_volume_ml = QuantityField(_("Final volume"), unit="mL", decimals=1, minimum=0, maximum=3000)
    storage = CodedField(_("Stored until issue at"), codes=codes.Storage)
    expires_at = MomentField(_("Expires at"), derived=True)

    class Meta(CrfRecord.Meta):
        verbose_name = _("processing")
        constraints = [
            *CrfRecord.Meta.constraints,
            _once_per_product(
                "processing_once_per_product", _("The processing of this product is already recorded.")
            ),
            models.CheckConstraint(
                condition=Q(final_volume_ml__gt=0),
                name="processing_volume_positive",
                violation_error_message=_("A final volume is above 0 mL."),
            ),
            models.CheckConstraint(
                condition=Q(ended_at__gte=F("started_at")),
                name="processing_ends_after_start",
                violation_error_message=_("Processing ends before it starts; correct one of the two times."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Processing"))


@tracked
class ReagentLot(SessionRecord):
    """One lot of one reagent used for the product."""

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="reagent_lots")
    reagent = TextField(_("Reagent"))
    supplier = TextField(_("Supplier"), required=False)
    lot = TextField(_("Lot"), max_length=60)
    expires_on = DayField(_("Lot expires on"), future=True)

    class Meta(CrfRecord.Meta):
        verbose_name = _("reagent lot")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("product", "reagent", "lot"),
                name="reagentlot_once_per_product",
                violation_error_message=_("This lot is already recorded for this product."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reagent or '–'} {self.lot or ''}".strip()


@tracked
class Discard(SessionRecord):
    """A product that will not be infused. What remains after an infusion belongs to the infusion."""

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="discards")
    discarded_at = MomentField(_("Discarded at"))
    reason_code = CodedField(_("Why"), codes=codes.DiscardReason)
    note = NoteField(_("In words"), required=False)
    discarded_by = TextField(_("Discarded by"))
    witnessed_by = TextField(_("Witnessed by"))
    volume_ml = QuantityField(
        _("Volume discarded"), unit="mL", decimals=1, minimum=0, maximum=3000, required=False
    )
    destruction = CodedField(_("How it was destroyed"), codes=codes.Destruction, required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("discard")
        constraints = [
            *CrfRecord.Meta.constraints,
            _once_per_product("discard_once_per_product", _("This product is already discarded.")),
        ]

    def __str__(self) -> str:
        return str(_("Discard"))
