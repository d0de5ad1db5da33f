"""What was signed, by whom, when and with what meaning: it is added to, and is never changed."""

from __future__ import annotations

from typing import Any, NoReturn

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import SiteScoped


class Meaning(models.TextChoices):
    """What a signature says. The code is kept; the sentence is what the signer reads and is kept as it was read."""

    AUTHORED = "authored", _("Authored")
    REVIEWED = "reviewed", _("Reviewed")
    APPROVED = "approved", _("Approved")
    RELEASED = "released", _("Released")

    @property
    def statement(self) -> str | Promise:
        return STATEMENTS[self]


STATEMENTS: dict[str, str | Promise] = {
    Meaning.AUTHORED: _(
        "I have entered this record, or had it entered under my responsibility, and confirm that it is true and"
        " complete."
    ),
    Meaning.REVIEWED: _(
        "I have reviewed this record and confirm that it agrees with the source data, as far as I have seen them."
    ),
    Meaning.APPROVED: _("I have reviewed this record and approve it for use in the study."),
    Meaning.RELEASED: _(
        "I have judged this product by the results recorded here, and answer for the decision on its release."
    ),
}


class Method(models.TextChoices):
    """How the signer proved to be the signer at the moment of signing."""

    PASSWORD = "password", _("Password")
    PASSWORD_AND_CODE = "password+code", _("Password and one-time code")


class Signature(SiteScoped):
    """One signature on one record as it stood.

    form: the key of the form, or of another kind of record; object_id: its row. content_sha256 is over the canonical
    content (see `content`); history_entry is the newest row of the record's history at that moment: a later one is
    a later change. The name and the roles are those of the moment, in words.
    """

    append_only = True

    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    form = models.CharField(_("form"), max_length=60)
    object_id = models.BigIntegerField(_("record"))
    record_version = models.PositiveIntegerField(_("version signed"))
    history_entry = models.BigIntegerField(_("newest entry of the history"))
    meaning = models.CharField(_("meaning"), max_length=20, choices=Meaning)
    statement = models.TextField(_("statement as read"))
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("signer")
    )
    signer_name = models.CharField(_("name of the signer"), max_length=150)
    signer_role = models.CharField(_("role of the signer"), max_length=200)
    signed_at = models.DateTimeField(_("signed at"))
    content_sha256 = models.CharField(_("SHA-256 of the content"), max_length=64)
    content_format = models.CharField(_("canonical form"), max_length=20)
    method = models.CharField(_("identity confirmed by"), max_length=20, choices=Method)

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["form", "object_id", "signer", "meaning", "content_sha256", "history_entry"],
                name="signature_once",
                violation_error_message=_("You have already signed this content with this meaning."),
            ),
            models.CheckConstraint(
                condition=models.Q(meaning__in=Meaning.values),
                name="signature_known_meaning",
                violation_error_message=_("Unknown meaning."),
            ),
            models.CheckConstraint(
                condition=models.Q(content_sha256__regex=r"^[0-9a-f]{64}$"),
                name="signature_has_hash",
                violation_error_message=_("A signature carries the SHA-256 of what was signed."),
            ),
        ]
        indexes = [models.Index(fields=["participant", "form", "object_id"])]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.get_meaning_display()}: {self.signer_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A signature stays as it was given.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A signature is never deleted.")
