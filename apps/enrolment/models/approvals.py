"""What allows a site to enrol: approvals of committees, regulator and registry, and what the authority took back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from apps.enrolment.rules import approvals as rules
from studyportal import protocol
from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.files.models import StoredFile

STANDS = Q(in_error=False)
NO_ERROR = Q(in_error=False, error_reason="") | (Q(in_error=True) & ~Q(error_reason=""))


@tracked
class SiteApproval(SiteScoped):
    """One approval of a site, or the waiver of one. Never deleted: what was entered in error says so, and why.

    `kind` is a key of the protocol's approvals, so no list of the database knows it: the action does.
    """

    kind = models.CharField(_("kind"), max_length=60)
    waived = models.BooleanField(
        _("waiver"), default=False, help_text=_("The site was told that it does not need this approval.")
    )
    authority = models.CharField(
        _("given by"),
        max_length=160,
        help_text=_("The committee or office, by name; of a waiver who granted it."),
    )
    number = models.CharField(_("number"), max_length=80, blank=True, help_text=_("As the document has it."))
    waiver_reason = models.CharField(_("why it is not needed"), max_length=400, blank=True)
    approved_on = models.DateField(_("given on"))
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(
        _("valid until"), null=True, blank=True, help_text=_("The last day included.")
    )
    without_end = models.BooleanField(
        _("without end"), default=False, help_text=_("The document says that it has no last day.")
    )
    covers = models.TextField(
        _("what it covers"),
        max_length=1000,
        blank=True,
        help_text=_("Versions of protocol, information sheet and consent form, as the document lists them."),
    )
    note = models.TextField(_("note"), max_length=1000, blank=True)
    document = models.ForeignKey(
        StoredFile,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("document"),
    )
    supersedes = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="renewals",
        verbose_name=_("renewal of"),
    )
    in_error = models.BooleanField(_("entered in error"), default=False)
    error_reason = models.CharField(_("why it is an error"), max_length=1200, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("recorded by"),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("approval of a site")
        verbose_name_plural = _("approvals of sites")
        ordering = ["site", "kind", "valid_from", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(waived=False) & ~Q(number="") | Q(waived=True, number=""),
                name="siteapproval_number_unless_waived",
                violation_error_message=_("An approval has a number; a waiver has none."),
            ),
            models.CheckConstraint(
                condition=Q(waived=False, waiver_reason="") | Q(waived=True) & ~Q(waiver_reason=""),
                name="siteapproval_waiver_says_why",
                violation_error_message=_(
                    "A waiver says why the approval is not needed; an approval does not."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(authority=""),
                name="siteapproval_authority_given",
                violation_error_message=_("Say who gave it."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=False, without_end=False)
                | Q(valid_until__isnull=True, without_end=True),
                name="siteapproval_end_or_without",
                violation_error_message=_("Give the last day, or say that there is none."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="siteapproval_ends_after_start",
                violation_error_message=_("The last day is before the first."),
            ),
            models.CheckConstraint(
                condition=Q(valid_from__gte=F("approved_on")),
                name="siteapproval_not_before_given",
                violation_error_message=_("It cannot be valid before it was given."),
            ),
            models.CheckConstraint(
                condition=NO_ERROR,
                name="siteapproval_error_says_why",
                violation_error_message=_("What was entered in error says why; nothing else does."),
            ),
            models.CheckConstraint(
                condition=Q(supersedes__isnull=True) | ~Q(supersedes=F("id")),
                name="siteapproval_not_renewal_of_itself",
                violation_error_message=_("An approval is no renewal of itself."),
            ),
            models.UniqueConstraint(
                "site",
                Upper("number"),
                condition=STANDS & Q(waived=False),
                name="siteapproval_number_once",
                violation_error_message=_("The site has an approval with this number already."),
            ),
            models.UniqueConstraint(
                fields=["supersedes"],
                condition=STANDS & Q(supersedes__isnull=False),
                name="siteapproval_renewed_once",
                violation_error_message=_("This approval was renewed already. Renew its renewal."),
            ),
        ]
        indexes = [models.Index(fields=["site", "kind", "valid_from"])]

    def __str__(self) -> str:
        return self.number or str(_("Waiver"))

    def get_absolute_url(self) -> str:
        return reverse("enrolment:approval", args=[self.site.code, self.pk])

    @property
    def kind_label(self) -> str:
        """What the protocol calls it; its key when the protocol no longer asks for it."""
        known = protocol.current().ethics.approvals.get(self.kind)
        return self.kind if known is None else str(known.label)

    @cached_property
    def standing_suspensions(self) -> list[ApprovalSuspension]:
        """Those not entered in error, oldest first. Prefetched where many are shown."""
        return sorted(
            (one for one in self.suspensions.all() if not one.in_error), key=lambda one: (one.from_on, one.pk)
        )

    def as_rule(self) -> rules.Approval:
        """The approval as the pure rules see it."""
        return rules.Approval(
            id=self.pk,
            kind=self.kind,
            first=self.valid_from,
            last=self.valid_until,
            number=self.number,
            authority=self.authority,
            waived=self.waived,
            suspensions=tuple(one.as_rule() for one in self.standing_suspensions),
        )


class SuspensionKind(models.TextChoices):
    SUSPENDED = "suspended", _("Suspended")
    WITHDRAWN = "withdrawn", _("Withdrawn")


@tracked
class ApprovalSuspension(SiteScoped):
    """What the authority took back of an approval, from a day; a suspension is lifted on a day, a withdrawal never."""

    approval = models.ForeignKey(
        SiteApproval, on_delete=models.PROTECT, related_name="suspensions", verbose_name=_("approval")
    )
    kind = models.CharField(_("what the authority did"), max_length=10, choices=SuspensionKind)
    from_on = models.DateField(_("from"), help_text=_("The first day on which the approval no longer held."))
    reason = models.CharField(_("reason of the authority"), max_length=400)
    lifted_on = models.DateField(
        _("lifted on"), null=True, blank=True, help_text=_("The first day on which the approval holds again.")
    )
    lift_reason = models.CharField(_("why it was lifted"), max_length=400, blank=True)
    in_error = models.BooleanField(_("entered in error"), default=False)
    error_reason = models.CharField(_("why it is an error"), max_length=1200, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("recorded by"),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("suspension of an approval")
        verbose_name_plural = _("suspensions of approvals")
        ordering = ["approval", "from_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=SuspensionKind.values),
                name="approvalsuspension_known_kind",
                violation_error_message=_("An approval is suspended or withdrawn."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="approvalsuspension_says_why",
                violation_error_message=_("Say why the authority did it."),
            ),
            models.CheckConstraint(
                condition=Q(lifted_on__isnull=True, lift_reason="")
                | (Q(lifted_on__isnull=False) & ~Q(lift_reason="")),
                name="approvalsuspension_lifted_says_why",
                violation_error_message=_("Lifting has a day and a reason."),
            ),
            models.CheckConstraint(
                condition=Q(lifted_on__isnull=True) | Q(lifted_on__gt=F("from_on")),
                name="approvalsuspension_lifted_after",
                violation_error_message=_("It is lifted after the day on which it began."),
            ),
            models.CheckConstraint(
                condition=~Q(kind=SuspensionKind.WITHDRAWN) | Q(lifted_on__isnull=True),
                name="approvalsuspension_withdrawn_stays",
                violation_error_message=_("A withdrawn approval is not lifted: record the new approval."),
            ),
            models.CheckConstraint(
                condition=NO_ERROR,
                name="approvalsuspension_error_says_why",
                violation_error_message=_("What was entered in error says why; nothing else does."),
            ),
            models.UniqueConstraint(
                fields=["approval"],
                condition=STANDS & Q(lifted_on__isnull=True),
                name="approvalsuspension_one_open",
                violation_error_message=_("It is suspended already. Lift or correct that first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.from_on}"

    def as_rule(self) -> rules.Suspension:
        last = None if self.lifted_on is None else self.lifted_on - rules.ONE_DAY
        return rules.Suspension(self.from_on, last, self.kind == SuspensionKind.WITHDRAWN)
