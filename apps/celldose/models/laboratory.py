"""What the laboratory measured in a product."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.celldose.models import codes
from apps.celldose.models.base import SessionRecord
from apps.celldose.models.product import CELLS, CellProduct
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    DayField,
    LaboratoryValueField,
    MomentField,
    QuantityField,
    TextField,
)
from studyportal.crf.models import CrfRecord

# The widest count that a person could mean: an absolute count typed where millions belong still saves,
# and the factor-of-a-million check asks. A narrower limit would refuse it without saying what is wrong.
WIDEST_COUNT = 10**12


def _percent(label: object, **more: object) -> QuantityField:
    return QuantityField(label, unit="%", decimals=2, minimum=0, maximum=100, **more)


def _cells(label: object, **more: object) -> QuantityField:
    return QuantityField(label, unit=CELLS, decimals=3, minimum=0, maximum=WIDEST_COUNT, **more)


def _once_per_product(name: str, message: object) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=("product",), name=name, violation_error_message=message)


@tracked
class CellCounts(SessionRecord):
    """Counts of the final product, in millions of cells."""

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="cell_counts")
    tnc = _cells(_("Total nucleated cells (TNC)"))
    mnc = _cells(_("Mononuclear cells (MNC)"))
    viable = _cells(_("Viable cells"))
    start_tnc = _cells(_("Nucleated cells before processing"), required=False)
    start_mnc = _cells(_("Mononuclear cells before processing"), required=False)
    counted_at = MomentField(_("Counted at"), required=False)
    counter = TextField(_("Counted with"), max_length=80, required=False)
    cells_per_ml = QuantityField(
        _("Yield: nucleated cells per mL harvested"),
        unit="10*6/mL",
        decimals=4,
        minimum=0,
        maximum=WIDEST_COUNT,
        derived=True,
    )
    cells_per_g = QuantityField(
        _("Yield: nucleated cells per g harvested"),
        unit="10*6/g",
        decimals=4,
        minimum=0,
        maximum=WIDEST_COUNT,
        derived=True,
    )
    tnc_per_ml_product = QuantityField(
        _("Nucleated cells per mL of product"),
        unit="10*6/mL",
        decimals=4,
        minimum=0,
        maximum=WIDEST_COUNT,
        derived=True,
    )
    tnc_recovery = QuantityField(
        _("Recovery of nucleated cells"), unit="%", decimals=2, minimum=0, maximum=WIDEST_COUNT, derived=True
    )
    mnc_recovery = QuantityField(
        _("Recovery of mononuclear cells"),
        unit="%",
        decimals=2,
        minimum=0,
        maximum=WIDEST_COUNT,
        derived=True,
    )

    class Meta(CrfRecord.Meta):
        verbose_name = _("cell counts")
        constraints = [
            *CrfRecord.Meta.constraints,
            _once_per_product(
                "cellcounts_once_per_product", _("The counts of this product are already recorded.")
            ),
            models.CheckConstraint(
                condition=Q(mnc__lte=F("tnc")),
                name="cellcounts_mnc_within_tnc",
                violation_error_message=_("There are more mononuclear than nucleated cells."),
            ),
            models.CheckConstraint(
                condition=Q(viable__lte=F("tnc")),
                name="cellcounts_viable_within_tnc",
                violation_error_message=_("There are more viable than nucleated cells."),
            ),
            models.CheckConstraint(
                condition=Q(start_mnc__lte=F("start_tnc")),
                name="cellcounts_start_mnc_within_tnc",
                violation_error_message=_(
                    "Before processing there are more mononuclear than nucleated cells."
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Cell counts"))


@tracked
class Phenotype(SessionRecord):
    """Flow cytometry and colony assay; the panel follows the component."""

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="phenotypes")
    panel = CodedField(_("Panel"), codes=codes.Component)
    measured_at = MomentField(_("Measured at"), required=False)
    gating = CodedField(_("Gating"), codes=codes.Gating, required=False)
    cd34_percent = _percent(_("CD34+ (ISHAGE)"))
    cd34_count = _cells(
        _("CD34+ cells (ISHAGE)"),
        help_text=_("In millions, as counted: for 18 000 000 cells type 18."),
    )
    cd34_total = _cells(_("CD34+ cells, by percentage and count"), derived=True)
    cd45_percent = _percent(_("CD45+"))
    cd45_total = _cells(_("CD45+ cells, by percentage and count"), derived=True)
    stromal_percent = _percent(_("CD45−/CD31−/CD34+"))
    cd90_percent = _percent(_("CD90+"))
    cd73_percent = _percent(_("CD73+"))
    cd105_percent = _percent(_("CD105+"))
    cfu_f = CountField(_("CFU-F per million cells"), unit="/10*6", minimum=0, maximum=1_000_000)
    stromal_count = _cells(_("CD45−/CD31−/CD34+ cells"), derived=True)
    cfu_f_total = CountField(_("CFU-F in the product"), minimum=0, maximum=10**12, derived=True)

    class Meta(CrfRecord.Meta):
        verbose_name = _("phenotype")
        constraints = [
            *CrfRecord.Meta.constraints,
            _once_per_product(
                "phenotype_once_per_product", _("The phenotype of this product is already recorded.")
            ),
        ]

    def __str__(self) -> str:
        return str(_("Phenotype"))


@tracked
class Viability(SessionRecord):
    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="viabilities")
    viability_percent = _percent(_("Viability"))
    method = CodedField(_("Method"), codes=codes.ViabilityMethod)
    measured_at = MomentField(_("Measured at"))

    class Meta(CrfRecord.Meta):
        verbose_name = _("viability")
        constraints = [
            *CrfRecord.Meta.constraints,
            _once_per_product(
                "viability_once_per_product", _("The viability of this product is already recorded.")
            ),
            models.CheckConstraint(
                condition=Q(viability_percent__range=(0, 100)),
                name="viability_is_a_percentage",
                violation_error_message=_("Viability is between 0 and 100 %."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Viability"))


@tracked
class Microbiology(SessionRecord):
    """Gram stain and endotoxin before release; cultures are read at day 14 and may be pending at release."""

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="microbiology")
    sampled_on = DayField(_("Sample taken on"))
    gram_stain = CodedField(_("Gram stain"), codes=codes.GramStain)
    aerobic = CodedField(_("Aerobic culture"), codes=codes.Culture)
    anaerobic = CodedField(_("Anaerobic culture"), codes=codes.Culture)
    fungal = CodedField(_("Fungal culture"), codes=codes.Culture)
    read_on = DayField(_("Cultures read on"), help_text=_("The final reading is at day 14."))
    organism = TextField(_("Organism"), required=False)
    endotoxin = LaboratoryValueField(
        _("Endotoxin"), unit="{EU}/mL", help_text=_("As reported, such as “<0.5”.")
    )
    endotoxin_per_kg = QuantityField(
        _("Endotoxin per kg body weight, at most"),
        unit="{EU}/kg",
        decimals=4,
        minimum=0,
        maximum=1_000_000,
        derived=True,
    )

    class Meta(CrfRecord.Meta):
        verbose_name = _("microbiology")
        constraints = [
            *CrfRecord.Meta.constraints,
            _once_per_product(
                "microbiology_once_per_product",
                _("The microbiology of this product is already recorded; edit it."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Microbiology"))
