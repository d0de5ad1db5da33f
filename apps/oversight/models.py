"""The log of what was looked at: it grows, and is never changed."""

from __future__ import annotations

from typing import Any, NoReturn

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import ScopedQuerySet, Site


class LoggedPage(models.TextChoices):
    FINDINGS = "findings", _("Consent findings")
    FINDING = "finding", _("One consent finding")
    CONSENT_LOG = "consent_log", _("Consent log")
    CONSENT_LOG_FILE = "consent_log_file", _("Consent log, downloaded")
    CONSENT_STORY = "consent_story", _("Consent of one participant")
    AUDIT_TRAIL = "audit_trail", _("Audit trail")
    VIEWS = "views", _("Who looked at what")


class AccessLogEntry(models.Model):
    """One look at a page of oversight: who, when, what, and whose. A page about many participants has no site."""

    append_only = True

    at = models.DateTimeField(_("at"), auto_now_add=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    page = models.CharField(_("page"), max_length=20, choices=LoggedPage)
    participant_code = models.CharField(_("participant"), max_length=16, blank=True)
    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("site")
    )
    detail = models.CharField(_("narrowed to"), max_length=200, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("look at a page")
        verbose_name_plural = _("looks at pages")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(page__in=LoggedPage.values),
                name="accesslogentry_known_page",
                violation_error_message=_("Unknown page."),
            )
        ]
        indexes = [models.Index(fields=["user", "id"]), models.Index(fields=["participant_code", "id"])]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_page_display()} {self.participant_code}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A look that was logged stays as it was logged.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A look that was logged is never deleted.")
