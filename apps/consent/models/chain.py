"""What proves the log from outside: the head of the chain, signed checkpoints, and each verification."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ChainHead(models.Model):
    """The last entry of the chain, one row. The database keeps it (`chain.py`); the application's role only reads."""

    not_a_record = "Kept by the database itself, from each entry of the consent log as it is added."
    kept_by_database = True

    count = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    updated_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("head of the consent log")

    def __str__(self) -> str:
        return f"{self.count} {self.sha256[:12]}"


class CheckpointKey(models.Model):
    """The public half of a key that signs checkpoints. A key that follows another is endorsed by it. Append-only."""

    append_only = True
    not_a_record = "Holds nothing of a participant, and nothing that is secret."

    key_id = models.CharField(_("key"), max_length=16, unique=True)
    public_key = models.CharField(_("public key (Ed25519, base64)"), max_length=64)
    since = models.DateTimeField(_("in use since"))
    endorsed_by = models.CharField(_("endorsed by the key"), max_length=16, blank=True)
    endorsement = models.CharField(_("endorsement"), max_length=128, blank=True)

    class Meta:
        verbose_name = _("key of checkpoints")
        verbose_name_plural = _("keys of checkpoints")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.key_id


class Checkpoint(models.Model):
    """The state of the chain at a moment, signed with the key of the installation (Ed25519). Append-only."""

    append_only = True
    not_a_record = "Holds nothing of a participant; each is signed, and none is ever changed."

    count = models.BigIntegerField(_("entries"))
    head_sha256 = models.CharField(_("SHA-256 of the last entry"), max_length=64)
    taken_at = models.DateTimeField(_("taken at"))
    key_id = models.CharField(_("key"), max_length=16)
    signature = models.CharField(_("signature"), max_length=128)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        verbose_name = _("checkpoint of the consent log")
        verbose_name_plural = _("checkpoints of the consent log")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.count} {self.head_sha256[:12]}"


class Verification(models.Model):
    """One verification of the whole chain, by the nightly job or by a person. Append-only."""

    append_only = True
    not_a_record = "Says what a verification found; none is ever changed."

    at = models.DateTimeField(_("verified at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    intact = models.BooleanField(_("intact"))
    count = models.BigIntegerField(_("entries"))
    head_sha256 = models.CharField(max_length=64, blank=True)
    # Faults as the verification words them, at most a hundred; each {sequence, code, message}.
    faults = models.JSONField(default=list)
    checkpoints = models.IntegerField(_("checkpoints compared"), default=0)
    seconds = models.FloatField(null=True)

    class Meta:
        verbose_name = _("verification of the consent log")
        verbose_name_plural = _("verifications of the consent log")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.intact}"
