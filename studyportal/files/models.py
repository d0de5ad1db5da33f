"""Files as they came, and what they are documents of. Both are only added to."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission


class StoredFile(models.Model):
    """The bytes of a file that was accepted (see `checks`), with the type that its content has."""

    append_only = True

    name = models.CharField(_("name"), max_length=150)
    content_type = models.CharField(_("content type"), max_length=60)
    size = models.PositiveIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    content = models.BinaryField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    at = models.DateTimeField(_("uploaded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = [
            models.UniqueConstraint(
                fields=["sha256", "name", "uploaded_by"],
                name="file_once",
                violation_error_message=_("You have uploaded this file already."),
            )
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.name


class DocumentKind(models.TextChoices):
    DELEGATION = "signed_delegation", _("Signed delegation sheet")
    TRAINING = "training_certificate", _("Certificate of training for this study")
    GCP = "gcp_certificate", _("Certificate of good clinical practice")


class DelegationDocumentQuerySet(models.QuerySet["DelegationDocument"]):
    def visible_to(self, user: User, permission: Permission = Permission.VIEW_DELEGATIONS) -> Self:
        """Documents about the sites where the user holds the permission; those about no site are of the whole study."""
        sites = user.sites_with(permission) if user.is_authenticated else frozenset()
        if isinstance(sites, AllSites):
            return self.all()
        return self.filter(site_id__in=sites)


class DelegationDocument(models.Model):
    """What shows that a person may do what the delegation log says: signed, trained, certified."""

    append_only = True

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="delegation_documents",
        verbose_name=_("person"),
    )
    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("site"),
        help_text=_("Empty: the whole study."),
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=30, choices=DocumentKind)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+", verbose_name=_("file"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    objects = DelegationDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("delegation document")
        verbose_name_plural = _("delegation documents")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="delegation_document_ends_after_start",
                violation_error_message=_("The last day is before the first."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=DocumentKind.values),
                name="delegation_document_known_kind",
                violation_error_message=_("Unknown kind of document."),
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user}"

    def get_absolute_url(self) -> str:
        return reverse("files:document", args=[self.pk])
