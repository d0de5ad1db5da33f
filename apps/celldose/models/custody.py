"""Whose a product is and where it has been: containers, aliquots, hand-overs, and who read which label."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.celldose.models import codes
from apps.celldose.models.base import SessionRecord
from apps.celldose.models.product import CellProduct
from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    MomentField,
    NoteField,
    QuantityField,
    TextField,
)
from studyportal.crf.models import CrfRecord


@tracked
class Container(SessionRecord):
    """A bag or syringe that holds the product or a part of it. Its identifier is that of the product and its number."""

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="containers")
    number = CountField(_("Container number"), minimum=1, maximum=99)
    kind = CodedField(_("Kind of container"), codes=codes.ContainerKind)
    volume_ml = QuantityField(_("Volume"), unit="mL", decimals=1, minimum=0, maximum=3000)
    lot = TextField(_("Lot of the container"), max_length=60, required=False)
    filled_at = MomentField(_("Filled at"))
    remarks = NoteField(_("Remarks"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("container")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("product", "number"),
                name="container_number_once",
                violation_error_message=_("This product already has a container with this number."),
            ),
            models.CheckConstraint(
                condition=Q(volume_ml__gt=0),
                name="container_volume_positive",
                violation_error_message=_("A container holds more than 0 mL."),
            ),
        ]

    @property
    def identifier(self) -> str:
        """The product's identifier and the number of the container, as on its label."""
        return f"{self.product.product_identifier or '–'}/{self.number or 0:02d}"

    def __str__(self) -> str:
        return self.identifier


@tracked
class Aliquot(SessionRecord):
    """A part taken out of a container for a test or for storage. Storage needs consent to keep samples."""

    container = models.ForeignKey(Container, on_delete=models.PROTECT, related_name="aliquots")
    number = CountField(_("Aliquot number"), minimum=1, maximum=99)
    purpose = CodedField(_("Purpose"), codes=codes.AliquotPurpose)
    volume_ml = QuantityField(_("Volume"), unit="mL", decimals=2, minimum=0, maximum=500)
    taken_at = MomentField(_("Taken at"))
    place = TextField(
        _("Kept at"), required=False, help_text=_("Freezer, rack and position, or the laboratory.")
    )
    temperature = QuantityField(
        _("Kept at a temperature of"), unit="Cel", decimals=0, minimum=-200, maximum=60, required=False
    )
    disposition = CodedField(_("What became of it"), codes=codes.Disposition)
    disposed_at = MomentField(_("Since"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("aliquot")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("container", "number"),
                name="aliquot_number_once",
                violation_error_message=_("This container already has an aliquot with this number."),
            ),
            models.CheckConstraint(
                condition=Q(volume_ml__gt=0),
                name="aliquot_volume_positive",
                violation_error_message=_("An aliquot holds more than 0 mL."),
            ),
        ]

    @property
    def product(self) -> CellProduct:
        return self.container.product

    @property
    def identifier(self) -> str:
        return f"{self.container.identifier}-{self.number or 0:02d}"

    def __str__(self) -> str:
        return self.identifier


@tracked
class HandOver(SessionRecord):
    """A product changes hands: from whom, to whom, where, when, how warm. The way to the laboratory is the first."""

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="hand_overs")
    leg = CodedField(_("Which hand-over"), codes=codes.Leg)
    container = TextField(_("Container"), help_text=_("What it travelled in; the box and its logger."))
    from_place = TextField(_("From"))
    given_by = TextField(_("Handed over by"))
    given_at = MomentField(_("Handed over at"))
    to_place = TextField(_("To"))
    received_by = TextField(_("Received by"))
    received_at = MomentField(_("Received at"))
    temperature_min = QuantityField(_("Lowest temperature"), unit="Cel", decimals=1, minimum=-80, maximum=60)
    temperature_max = QuantityField(_("Highest temperature"), unit="Cel", decimals=1, minimum=-80, maximum=60)
    condition = CodedField(_("Condition on receipt"), codes=codes.Condition)
    remarks = NoteField(_("Remarks"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("hand-over")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("product", "leg", "received_at"),
                name="handover_once_per_moment",
                violation_error_message=_("This hand-over is already recorded for this moment."),
            ),
            models.CheckConstraint(
                condition=Q(temperature_min__lte=F("temperature_max")),
                name="handover_temperatures_ordered",
                violation_error_message=_("The lowest temperature is above the highest."),
            ),
            models.CheckConstraint(
                condition=Q(received_at__gte=F("given_at")),
                name="handover_received_after_given",
                violation_error_message=_(
                    "It is received before it is handed over; correct one of the two times."
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(codes.Leg(self.leg).label) if self.leg else str(_("Hand-over"))


class IdentityReading(SiteScoped):
    """One signed-in person reads a label and a participant's code at one step. Two people make a verification.

    Append-only: a reading is what was read. What the readings of a step come to is folded (`rules.identity`), so that a
    mismatch is mended by reading again and never by editing. matches is judged when it is read.
    """

    append_only = True

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="readings")
    participant = models.ForeignKey(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    step = models.CharField(_("step"), max_length=12, choices=codes.IdentityStep)
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("read by")
    )
    reader_name = models.CharField(_("name of the reader"), max_length=150)
    reader_role = models.CharField(_("role of the reader"), max_length=200)
    witness_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="witnessed",
        verbose_name=_("second reading to"),
    )
    how = models.CharField(_("how it was read"), max_length=10, choices=codes.HowRead)
    identifier_read = models.CharField(_("product identifier, as read"), max_length=80)
    participant_code_read = models.CharField(_("participant code, as read"), max_length=80)
    matches = models.BooleanField(_("both match"))
    said = models.TextField(_("what does not match"), blank=True)
    read_at = models.DateTimeField(_("read at"))
    entered_at = models.DateTimeField(_("entered at"), auto_now_add=True)

    class Meta:
        verbose_name = _("identity reading")
        verbose_name_plural = _("identity readings")
        ordering = ["id"]
        indexes = [models.Index(fields=["product", "step", "id"], name="reading_by_product_step")]
        constraints = [
            models.UniqueConstraint(
                fields=["witness_of"],
                name="reading_has_one_witness",
                violation_error_message=_("A second person already read this; start the check again."),
            ),
            models.CheckConstraint(
                condition=Q(step__in=codes.IdentityStep.values),
                name="reading_known_step",
                violation_error_message=_("Identity is checked at collection, receipt, issue and bedside."),
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.step}: {self.reader_name}"


class NearMiss(SiteScoped):
    """Something that would have harmed and was stopped: a wrong participant or product, an expired one. Append-only.

    It is written although the step was refused, so it stands outside the transaction of what was refused.
    """

    append_only = True

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="near_misses")
    participant = models.ForeignKey(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    step = models.CharField(_("step"), max_length=20)
    code = models.CharField(_("what was stopped"), max_length=60)
    message = models.TextField(_("in words"))
    said = models.CharField(_("what was read or typed"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("near miss")
        verbose_name_plural = _("near misses")
        ordering = ["-id"]
        indexes = [models.Index(fields=["site", "-id"], name="near_miss_by_site")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.message


class DonationNumber(SiteScoped):
    """A donation number that the portal gave out, with its check character: no number is given twice. Append-only."""

    append_only = True
    not_a_record = (
        "A number that was given out; it holds nothing of a participant until a product carries it."
    )

    number = models.CharField(_("donation number"), max_length=20, unique=True)
    year = models.PositiveSmallIntegerField(_("year"))
    sequence = models.PositiveIntegerField(_("sequence"))
    given_to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField(_("given at"), auto_now_add=True)

    class Meta:
        verbose_name = _("donation number")
        verbose_name_plural = _("donation numbers")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "year", "sequence"],
                name="donation_number_once",
                violation_error_message=_("This donation number is given out already; ask for the next."),
            )
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.number


class LabelPrint(SiteScoped):
    """Labels that were printed: of the product, a container or an aliquot, how many, by whom. Append-only.

    Labels that lie about are put on the wrong bag: each print is numbered, and one after the first says why.
    """

    append_only = True

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="label_prints")
    participant = models.ForeignKey(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    identifier = models.CharField(_("identifier on the label"), max_length=80)
    size = models.CharField(_("size of the label"), max_length=60)
    print_number = models.PositiveSmallIntegerField(_("which print"))
    copies = models.PositiveSmallIntegerField(_("copies"))
    reason = models.CharField(_("why it was printed again"), max_length=200, blank=True)
    file_sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    printed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    printed_at = models.DateTimeField(_("printed at"), auto_now_add=True)

    class Meta:
        verbose_name = _("label print")
        verbose_name_plural = _("label prints")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "identifier", "print_number"],
                name="label_print_numbered_once",
                violation_error_message=_(
                    "Somebody printed this label at the same time; look, then print again."
                ),
            ),
            models.CheckConstraint(
                condition=Q(copies__gte=1, copies__lte=20),
                name="label_print_few_copies",
                violation_error_message=_("Print between 1 and 20 labels."),
            ),
            models.CheckConstraint(
                condition=Q(print_number=1) | ~Q(reason=""),
                name="label_reprint_says_why",
                violation_error_message=_("Say why the label is printed again."),
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.identifier} ({self.print_number})"
