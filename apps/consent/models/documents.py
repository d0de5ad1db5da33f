"""The register of what is signed: information sheets and consent forms of a site, by purpose, version and language."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.consent.models.document_triggers import DOCUMENT_IS_FINAL, TEXT_IS_FINAL
from apps.enrolment.models import SiteApproval
from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.files.models import StoredFile


class DocumentKind(models.TextChoices):
    INFORMATION_SHEET = "information_sheet", _("Information sheet")
    CONSENT_FORM = "consent_form", _("Consent form")


class DocumentPurpose(models.TextChoices):
    """What the signature under the document is for."""

    PARTICIPATION = "participation", _("Taking part, signed by the participant")
    LAR_CONSENT = "lar_consent", _("Taking part, signed by a legally acceptable representative")
    ORAL_ASSENT = "oral_assent", _("Oral assent of a child")
    WRITTEN_ASSENT = "written_assent", _("Written assent of a child")
    SESSION_HARVEST = "session_harvest", _("Harvest and infusion of one session")
    SAMPLE_STORAGE = "sample_storage", _("Storage of samples")
    FUTURE_CONTACT = "future_contact", _("Contact in future")
    DATA_SHARING = "data_sharing", _("Sharing of coded data")
    IMAGES = "images", _("Images that may show the participant")


class DocumentState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    APPROVED = "approved", _("Approved")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ReconsentWhom(models.TextChoices):
    EVERYBODY = "everybody", _("Everybody in follow-up")
    CASES = "cases", _("Cases")
    CONTROLS = "controls", _("Controls")
    MINORS = "minors", _("Minors and their representatives")
    ADULTS = "adults", _("Adults")


@tracked
class ConsentDocument(SiteScoped):
    """One version of one document of a site, in all its languages. Once approved nothing of it changes; a new version
    supersedes it from its own first day, and says whether those who signed before sign again."""

    kind = models.CharField(_("kind"), max_length=20, choices=DocumentKind)
    purpose = models.CharField(_("purpose"), max_length=20, choices=DocumentPurpose)
    version_label = models.CharField(_("version"), max_length=40, help_text=_("As the document has it."))
    title = models.CharField(_("title"), max_length=200)
    state = models.CharField(_("state"), max_length=12, choices=DocumentState, default=DocumentState.DRAFT)
    approval = models.ForeignKey(
        SiteApproval,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="consent_documents",
        verbose_name=_("approval of the ethics committee"),
    )
    valid_from = models.DateField(
        _("in use from"), null=True, blank=True, help_text=_("The first day on which it may be signed.")
    )
    supersedes = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="successors",
        verbose_name=_("supersedes"),
    )
    # Empty only while a draft has not said it.
    reconsent_needed = models.BooleanField(_("those who signed before sign again"), null=True, blank=True)
    reconsent_from = models.DateField(_("sign again from"), null=True, blank=True)
    reconsent_whom = models.CharField(_("who signs again"), max_length=12, choices=ReconsentWhom, blank=True)
    what_changed = models.TextField(_("what changed"), max_length=1000, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    withdrawn_from = models.DateField(_("withdrawn from"), null=True, blank=True)
    withdrawn_because = models.CharField(_("why it was withdrawn"), max_length=400, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("consent document")
        verbose_name_plural = _("consent documents")
        ordering = ["site", "purpose", "kind", "valid_from", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=DocumentKind.values)
                & Q(purpose__in=DocumentPurpose.values)
                & Q(state__in=DocumentState.values),
                name="consentdocument_known_codes",
                violation_error_message=_("Unknown kind, purpose or state."),
            ),
            models.CheckConstraint(
                condition=Q(state=DocumentState.DRAFT)
                | Q(approval__isnull=False, valid_from__isnull=False, approved_at__isnull=False),
                name="consentdocument_approved_says_by_what",
                violation_error_message=_("An approved document names its approval and its first day."),
            ),
            models.UniqueConstraint(
                fields=["site", "purpose", "kind", "version_label"],
                name="consentdocument_version_once",
                violation_error_message=_("The site has this version of this document already."),
            ),
            models.CheckConstraint(
                condition=~Q(version_label="") & ~Q(title=""),
                name="consentdocument_is_named",
                violation_error_message=_("A document has a title and a version."),
            ),
            models.CheckConstraint(
                condition=Q(state=DocumentState.WITHDRAWN, withdrawn_from__isnull=False)
                & ~Q(withdrawn_because="")
                | ~Q(state=DocumentState.WITHDRAWN) & Q(withdrawn_from__isnull=True, withdrawn_because=""),
                name="consentdocument_withdrawn_says_why",
                violation_error_message=_("What was withdrawn says from when and why; nothing else does."),
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_from__isnull=True) | Q(withdrawn_from__gte=F("valid_from")),
                name="consentdocument_withdrawn_after_start",
                violation_error_message=_("It cannot be withdrawn before its first day."),
            ),
            models.CheckConstraint(
                condition=Q(state=DocumentState.DRAFT)
                | Q(
                    reconsent_needed=True,
                    supersedes__isnull=False,
                    reconsent_from__gte=F("valid_from"),
                    reconsent_whom__in=ReconsentWhom.values,
                )
                | Q(reconsent_needed=False, reconsent_from__isnull=True, reconsent_whom=""),
                name="consentdocument_says_who_signs_again",
                violation_error_message=_(
                    "A new version says whether those who signed before sign again, who, and from when."
                ),
            ),
            models.CheckConstraint(
                condition=Q(supersedes__isnull=True) | ~Q(supersedes=F("id")),
                name="consentdocument_not_its_own_successor",
                violation_error_message=_("A document does not supersede itself."),
            ),
            # One that was withdrawn before it began never took the place of the one before.
            models.UniqueConstraint(
                fields=["supersedes"],
                condition=Q(supersedes__isnull=False)
                & (
                    Q(state=DocumentState.APPROVED)
                    | Q(state=DocumentState.WITHDRAWN, withdrawn_from__gt=F("valid_from"))
                ),
                name="consentdocument_superseded_once",
                violation_error_message=_("That version is superseded already. Supersede its successor."),
            ),
        ]
        triggers = [pgtrigger.Trigger(**DOCUMENT_IS_FINAL)]

    def __str__(self) -> str:
        return f"{self.title} {self.version_label}"

    def get_absolute_url(self) -> str:
        return reverse("consent:document", args=[self.pk])

    @property
    def is_draft(self) -> bool:
        return self.state == DocumentState.DRAFT


@tracked
class ConsentDocumentText(SiteScoped):
    """The document in one language: the file as the committee approved it, and its words as the screen shows them."""

    document = models.ForeignKey(
        ConsentDocument, on_delete=models.PROTECT, related_name="texts", verbose_name=_("document")
    )
    # A key of the protocol's languages, so no list of the database knows it: the action does.
    language = models.CharField(_("language"), max_length=20)
    file = models.ForeignKey(
        StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("file")
    )
    file_sha256 = models.CharField(_("SHA-256 of the file"), max_length=64, blank=True, editable=False)
    text = models.TextField(_("words"), blank=True)
    text_sha256 = models.CharField(_("SHA-256 of the words"), max_length=64, blank=True, editable=False)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("consent document in a language")
        verbose_name_plural = _("consent documents in their languages")
        ordering = ["document", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "language"],
                name="consentdocumenttext_once_per_language",
                violation_error_message=_("The document is there in this language already."),
            ),
            models.CheckConstraint(
                condition=(Q(file__isnull=True, file_sha256="") | Q(file__isnull=False) & ~Q(file_sha256=""))
                & (Q(text="", text_sha256="") | ~Q(text="") & ~Q(text_sha256="")),
                name="consentdocumenttext_hashed",
                violation_error_message=_("The file and the words each have their hash."),
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True) | Q(file__isnull=False),
                name="consentdocumenttext_approved_has_file",
                violation_error_message=_("What is approved has its file."),
            ),
        ]
        triggers = [pgtrigger.Trigger(**TEXT_IS_FINAL)]

    def __str__(self) -> str:
        return f"{self.document} ({self.language})"
