"""The release of a product: what was evaluated, and what was decided on it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.celldose.models import codes
from apps.celldose.models.base import SessionRecord
from apps.celldose.models.product import CellProduct
from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.crf.fields import CodedField, CountField, DayField, MomentField, MultiCodedField, NoteField
from studyportal.crf.models import CrfRecord


@tracked
class ReleaseEvaluation(SiteScoped):
    """The release criteria of a product as they stood at one moment: evidence, never edited.

    criteria: a list of {key, label, specification, result, outcome, why}; fingerprint: SHA-256 over the
    criteria, so that a decision can be refused when the results have changed since. expires_at: the expiry as it was
    determined then, null when it could not be. protocol_version: whose criteria they are.
    """

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="evaluations")
    participant = models.ForeignKey(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    evaluated_at = models.DateTimeField(_("evaluated at"))
    evaluated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    criteria = models.JSONField(_("criteria"))
    expires_at = models.DateTimeField(_("expiry"), null=True)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    protocol_version = models.CharField(_("protocol version"), max_length=40)

    class Meta:
        verbose_name = _("release evaluation")
        verbose_name_plural = _("release evaluations")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(_("Release evaluation"))


@tracked
class Release(SessionRecord):
    """The decision on a product. It stands on the newest evaluation, whose criteria it keeps as evidence."""

    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="releases")
    decision = CodedField(_("Decision"), codes=codes.Decision)
    released_at = MomentField(_("Decided at"))
    grounds = NoteField(
        _("Reason of the release, in words"),
        required=False,
        help_text=_("What it rests on beside the criteria, if anything."),
    )
    conditions = NoteField(_("Conditions"), help_text=_("What is awaited, and who is told when it arrives."))
    reason_rejected = NoteField(_("Why rejected"))
    exceptional_reason = NoteField(
        _("Why it is released out of specification"),
        help_text=_(
            "Name what is out of specification, why the benefit outweighs the risk, and that there is no other product."
        ),
    )
    exceptional_informed = MultiCodedField(_("Who was told"), codes=codes.Informed)
    use_by = MomentField(
        _("May be infused until"),
        required=False,
        help_text=_(
            "In place of the expiry. Needed when the product is past it, or it cannot be determined."
        ),
    )
    culture_due_on = DayField(_("Cultures are final on"), derived=True)
    criteria_passed = CountField(_("Criteria passed"), minimum=0, derived=True)
    criteria_failed = CountField(_("Criteria failed"), minimum=0, derived=True)
    criteria_pending = CountField(_("Criteria pending"), minimum=0, derived=True)
    criteria_not_evaluable = CountField(_("Criteria that could not be evaluated"), minimum=0, derived=True)
    evaluation = models.ForeignKey(
        ReleaseEvaluation, on_delete=models.PROTECT, null=True, editable=False, related_name="releases"
    )
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta(CrfRecord.Meta):
        verbose_name = _("release")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=("product",),
                name="release_once_per_product",
                violation_error_message=_(
                    "This product already has a release decision; edit it with a reason."
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(codes.Decision(self.decision).label) if self.decision else str(_("Release"))
