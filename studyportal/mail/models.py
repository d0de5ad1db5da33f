"""Which mails a person leaves, and which went out."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class MailChoice(models.Model):
    """What a person said about a kind of mail. Without a row the person gets it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=60)
    wanted = models.BooleanField(_("wanted"))
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("choice of mails")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind"],
                name="mail_choice_once",
                violation_error_message=_("This person has already chosen for this kind of mail."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}: {self.wanted}"


class MailSent(models.Model):
    """A mail of a kind was handed over for a person on a day: it is not handed over again on that day."""

    append_only = True

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=60)
    day = models.DateField(_("day"))
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("mail sent")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "day"],
                name="mail_sent_once_a_day",
                violation_error_message=_("This mail was already sent on that day."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"
