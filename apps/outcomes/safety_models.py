"""Safety tables, frozen; the key by which their groups are masked; and who looked behind the mask, and why."""

from __future__ import annotations

from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.outcomes.canonical import canonical_json
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission

PROTECTED = pgtrigger.Update | pgtrigger.Delete


class Audience(models.TextChoices):
    MASKED = "masked", _("Masked: groups carry letters")
    UNMASKED = "unmasked", _("By group")


class SafetyMask(models.Model):
    """The key that deals letters to groups and pseudonyms to participants. Kept for good: tables of before stay readable.

    The application alone reads it; no page, file or endpoint shows it.
    """

    append_only = True

    number = models.PositiveSmallIntegerField(_("number"), unique=True)
    key = models.CharField(_("key"), max_length=64)
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)

    class Meta:
        verbose_name = _("mask of the safety tables")
        verbose_name_plural = _("masks of the safety tables")
        ordering = ["number"]
        triggers = [pgtrigger.Protect(name="immutable", operation=PROTECTED)]

    def __str__(self) -> str:
        return str(self.number)


class SafetyTablesQuerySet(models.QuerySet["SafetyTables"]):
    def visible_to(self, user: User, permission: Permission = Permission.VIEW_SAFETY_TABLES) -> Self:
        """Tables of the whole study, and those of some sites for who holds the permission at each of them.

        Those by group are there only for who may also unmask at the same sites; for anybody else they do not exist.
        """
        if not user.is_authenticated:
            return self.none()
        masked = _reached(user.sites_with(permission))
        unmasked = _reached(user.sites_with(Permission.UNMASK_SAFETY_TABLES))
        return self.filter(masked & (Q(audience=Audience.MASKED) | unmasked))


def _reached(sites: Any) -> Q:
    if isinstance(sites, AllSites):
        return Q(pk__isnull=False)
    if not sites:
        return Q(pk__isnull=True)
    return Q(sites__isnull=True) | Q(sites__contained_by=sorted(sites))


class SafetyTables(models.Model):
    """One run of all safety tables, masked or by group. Rows are added, never changed: the database refuses it.

    content: the tables (`statistics.safety_set`) with their provenance; sha256: checksum of its canonical JSON. The same
    data, cut-off, protocol, code and mask give the same bytes.
    """

    append_only = True
    wall = "safety_tables"

    audience = models.CharField(_("version"), max_length=10, choices=Audience)
    mask = models.ForeignKey(
        SafetyMask, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("mask")
    )
    cut_off = models.DateField(_("cut-off"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)
    job = models.OneToOneField(
        "jobs.Job", on_delete=models.PROTECT, null=True, related_name="safety_tables", verbose_name=_("job")
    )
    sites = ArrayField(
        models.BigIntegerField(), null=True, verbose_name=_("sites"), help_text=_("Empty: the whole study.")
    )
    protocol_version = models.CharField(_("protocol version"), max_length=20)
    protocol_sha256 = models.CharField(_("protocol SHA-256"), max_length=64)
    code_version = models.CharField(_("code version"), max_length=80)
    data_as_of = models.DateTimeField(_("data as of"), null=True)
    data_sha256 = models.CharField(_("data SHA-256"), max_length=64)
    include_synthetic = models.BooleanField(_("synthetic participants included"))
    content = models.JSONField(_("content"))
    sha256 = models.CharField("SHA-256", max_length=64)

    objects = SafetyTablesQuerySet.as_manager()

    class Meta:
        verbose_name = _("safety tables")
        verbose_name_plural = _("safety tables")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(audience=Audience.MASKED, mask__isnull=False)
                | Q(audience=Audience.UNMASKED, mask__isnull=True),
                name="safetytables_masked_have_mask",
                violation_error_message=_("Masked tables name their mask; tables by group have none."),
            )
        ]
        triggers = [pgtrigger.Protect(name="immutable", operation=PROTECTED)]

    def __str__(self) -> str:
        return f"{self.get_audience_display()} {self.cut_off}"

    def get_absolute_url(self) -> str:
        return reverse("outcomes:safety-tables", args=[self.pk])

    @property
    def canonical(self) -> bytes:
        """The bytes of which `sha256` is the checksum."""
        return canonical_json(self.content)

    @property
    def is_masked(self) -> bool:
        return self.audience == Audience.MASKED

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Computed tables are final. Run them again instead.")
        super().save(*args, **kwargs)


class Unmasking(models.Model):
    """Somebody of the committee looked behind the mask: tables by group were made, or the letters were read. Append-only.

    It stands on the page of the tables for everybody who sees them: that it happened, when, by whom and why.
    """

    append_only = True

    tables = models.ForeignKey(SafetyTables, on_delete=models.PROTECT, related_name="unmaskings")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("when"), auto_now_add=True)
    reason = models.CharField(_("why"), max_length=500)

    class Meta:
        verbose_name = _("unmasking")
        verbose_name_plural = _("unmaskings")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="unmasking_has_reason",
                violation_error_message=_("Say why the groups are unmasked."),
            )
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=PROTECTED)]

    def __str__(self) -> str:
        return f"{self.by}: {self.reason}"
