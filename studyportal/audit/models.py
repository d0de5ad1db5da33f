"""The log of looks: who read what. It grows, and is never changed."""

from __future__ import annotations

from typing import Any, NoReturn

import pgtrigger
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import ScopedQuerySet, Site


class Look(models.Model):
    """One look at what is read with care (identity, logs, findings) or left the portal (exports).

    A look about many participants, or about none, has no site. `what` is a code that `audit.looks` knows.
    """

    append_only = True
    wall = "log"

    at = models.DateTimeField(_("at"), auto_now_add=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    what = models.CharField(_("what"), max_length=40, validators=[RegexValidator(r"^[a-z][a-z0-9_]*\Z")])
    participant_code = models.CharField(_("participant"), max_length=16, blank=True)
    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("site")
    )
    detail = models.CharField(_("narrowed to"), max_length=200, blank=True)
    road = models.CharField(_("road"), max_length=10, blank=True)
    request = models.CharField(_("request"), max_length=32, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("look")
        verbose_name_plural = _("looks")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(what__regex=r"^[a-z][a-z0-9_]*$"),
                name="look_what_is_a_code",
                violation_error_message=_("What was looked at is named by a code."),
            )
        ]
        indexes = [
            models.Index(fields=["user", "id"], name="look_by_user"),
            models.Index(fields=["what", "id"], name="look_by_what"),
            models.Index(fields=["at", "id"], name="look_by_time"),
            # Found by the beginning of a code.
            models.Index(
                fields=["participant_code"], name="look_by_participant", opclasses=["varchar_pattern_ops"]
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.what} {self.participant_code}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A look that was logged stays as it was logged.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A look that was logged is never deleted.")
