"""A treatment session: when it was, what was tested, what was harvested."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.celldose.models import codes
from apps.celldose.models.base import SessionRecord
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    DayField,
    MomentField,
    MultiCodedField,
    NoteField,
    PartialDateField,
    QuantityField,
    TextField,
)
from studyportal.crf.models import CrfRecord


@tracked
class CellSession(SessionRecord):
    """One of the participant's treatment sessions; a session may be planned before it happens."""

    number = CountField(_("Session"), minimum=1, maximum=20)
    planned_on = DayField(_("Planned for"), required=False, future=True)
    performed_on = PartialDateField(
        _("Performed on"), help_text=_("As recorded: a day, or only a month or a year when no more is known.")
    )
    days_since_previous = CountField(
        _("Days since the session before"), unit="d", minimum=0, maximum=40_000, derived=True
    )
    remarks = NoteField(_("Remarks"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("cell session")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("participant", "number"),
                name="cellsession_number_once",
                violation_error_message=_("This participant already has a session with this number."),
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1),
                name="cellsession_number_from_1",
                violation_error_message=_("Sessions are numbered from 1."),
            ),
        ]

    def __str__(self) -> str:
        if self.number is None:
            return str(_("Session without a number"))
        return str(_("Session %(number)s") % {"number": self.number})

    @property
    def page_url(self) -> str:
        """The page of the session; while it has no number, the form that asks for it."""
        if self.number is None:
            return self.get_absolute_url()
        return reverse("celldose:session", args=[self.participant.code, self.number])


@tracked
class DonorTests(SessionRecord):
    """Infectious markers of the (autologous) donor, each with the day of its sample."""

    session = models.ForeignKey(CellSession, on_delete=models.PROTECT, related_name="donor_tests")
    hiv = CodedField(_("HIV 1 and 2"), codes=codes.DonorTestResult)
    hiv_sampled_on = DayField(_("HIV: sample taken on"))
    hbv = CodedField(_("Hepatitis B (HBV)"), codes=codes.DonorTestResult)
    hbv_sampled_on = DayField(_("HBV: sample taken on"))
    hcv = CodedField(_("Hepatitis C (HCV)"), codes=codes.DonorTestResult)
    hcv_sampled_on = DayField(_("HCV: sample taken on"))
    syphilis = CodedField(_("Syphilis"), codes=codes.DonorTestResult)
    syphilis_sampled_on = DayField(_("Syphilis: sample taken on"))

    class Meta(CrfRecord.Meta):
        verbose_name = _("donor tests")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("session",),
                name="donortests_once_per_session",
                violation_error_message=_("The donor tests of this session are already recorded; edit them."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Donor tests"))


@tracked
class Harvest(SessionRecord):
    """Tissue taken from the participant: bone marrow or adipose tissue, once each in a session."""

    session = models.ForeignKey(CellSession, on_delete=models.PROTECT, related_name="harvests")
    tissue = CodedField(_("Tissue"), codes=codes.Tissue)
    anatomical_site = CodedField(_("Anatomical site"), codes=codes.AnatomicalSite)
    anatomical_site_other = TextField(_("Which other site"))
    laterality = CodedField(_("Side"), codes=codes.Laterality)
    volume_ml = QuantityField(_("Volume harvested"), unit="mL", decimals=1, minimum=0, maximum=3000)
    mass_g = QuantityField(_("Mass harvested"), unit="g", decimals=1, minimum=0, maximum=3000, required=False)
    volume_as_stated = TextField(
        _("Volume as stated"),
        required=False,
        help_text=_("The words of the source when it gives a range or an estimate, such as “50–60 mL”."),
    )
    anaesthesia = CodedField(_("Anaesthesia"), codes=codes.Anaesthesia)
    anticoagulant = CodedField(_("Anticoagulant"), codes=codes.Anticoagulant)
    started_at = MomentField(_("Started at"))
    ended_at = MomentField(_("Ended at"), help_text=_("The product expires counted from this moment."))
    operator = TextField(_("Operator"))
    complications = MultiCodedField(_("Complications"), codes=codes.HarvestComplication)
    complications_note = NoteField(_("Complications in words"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("harvest")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("session", "tissue"),
                name="harvest_tissue_once_per_session",
                violation_error_message=_(
                    "This tissue is already recorded for this session; edit that harvest."
                ),
            ),
            models.CheckConstraint(
                condition=Q(volume_ml__gt=0),
                name="harvest_volume_positive",
                violation_error_message=_(
                    "A harvested volume is above 0 mL; if nothing was obtained, leave it empty with a reason."
                ),
            ),
            models.CheckConstraint(
                condition=Q(ended_at__gte=F("started_at")),
                name="harvest_ends_after_start",
                violation_error_message=_("The harvest ends before it starts; correct one of the two times."),
            ),
        ]

    def __str__(self) -> str:
        return str(
            _("Harvest: %(tissue)s") % {"tissue": codes.Tissue(self.tissue).label if self.tissue else "–"}
        )
