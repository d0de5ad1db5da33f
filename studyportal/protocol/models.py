"""The versions of the protocol under which data were collected: each with its text and hash, never changed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProtocolVersion(models.Model):
    append_only = True  # the application's database role may add and read, nothing else

    key = models.CharField(_("study"), max_length=60)
    version = models.CharField(_("version"), max_length=40)
    sha256 = models.CharField(_("SHA-256"), max_length=64, unique=True)
    text = models.TextField(_("protocol file"))
    loaded_at = models.DateTimeField(_("loaded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("protocol version")
        verbose_name_plural = _("protocol versions")
        ordering = ["-loaded_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["key", "version"],
                name="protocol_version_number_once",
                violation_error_message=_("This version number is taken by another text; raise the version."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.version}"
