"""Computed tables, frozen with everything that made them."""

from __future__ import annotations

from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.outcomes.canonical import canonical_json
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission


class OutcomeTableQuerySet(models.QuerySet["OutcomeTable"]):
    def visible_to(self, user: User, permission: Permission = Permission.VIEW_OUTCOMES) -> Self:
        """Tables of the whole study, and those of some sites for who holds the permission at each of them.

        A table of the whole study belongs to no site: it holds counts and summaries, no participant.
        """
        sites = user.sites_with(permission) if user.is_authenticated else frozenset()
        if isinstance(sites, AllSites):
            return self.all()
        if not sites:
            return self.none()
        return self.filter(models.Q(sites__isnull=True) | models.Q(sites__contained_by=sorted(sites)))


class OutcomeTable(models.Model):
    """One run of one table. Rows are added, never changed: the database refuses it.

    `content` is the table (see `statistics.tables.OutcomeTableData`) with its provenance; `sha256` is the
    checksum of its canonical JSON. The same data, protocol and code give the same bytes.
    """

    append_only = True

    key = models.CharField(_("table"), max_length=40)
    title = models.CharField(_("title"), max_length=200)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("made by")
    )
    made_at = models.DateTimeField(_("made at"), auto_now_add=True)
    job = models.OneToOneField(
        "jobs.Job", on_delete=models.PROTECT, null=True, related_name="outcome_table", verbose_name=_("job")
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

    objects = OutcomeTableQuerySet.as_manager()

    class Meta:
        verbose_name = _("outcome table")
        verbose_name_plural = _("outcome tables")
        ordering = ["-id"]
        indexes = [models.Index(fields=["key", "-id"], name="outcome_table_by_key")]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.title} {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("outcomes:table", args=[self.pk])

    @property
    def canonical(self) -> bytes:
        """The bytes of which `sha256` is the checksum."""
        return canonical_json(self.content)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A computed table is final. Run it again instead.")
        super().save(*args, **kwargs)


# Django looks for an app's models here.
from apps.outcomes.safety_models import Audience, SafetyMask, SafetyTables, Unmasking  # noqa: E402

__all__ = ["Audience", "OutcomeTable", "OutcomeTableQuerySet", "SafetyMask", "SafetyTables", "Unmasking"]
