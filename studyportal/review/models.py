"""What happens to a record after it is entered: compared with its source, closed, opened again. Only added to."""

from __future__ import annotations

from typing import Any, NoReturn

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import Site, SiteScoped

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class Event(models.Model):
    """Abstract: who did it, when and why. The name is that of the moment."""

    append_only = True

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    by_name = models.CharField(_("name"), max_length=150)
    at = models.DateTimeField(_("at"))

    class Meta:
        abstract = True
        ordering = ["id"]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An event of the review stays as it was written.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("An event of the review is never deleted.")


class OfRecord(Event, SiteScoped):
    """Abstract: an event of one record as it stood: its version, and the newest entry of its history.

    form: the key of the form, or "visit"; object_id: its row.
    """

    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    form = models.CharField(_("form"), max_length=60)
    object_id = models.BigIntegerField(_("record"))
    record_version = models.PositiveIntegerField(_("version seen"))
    history_entry = models.BigIntegerField(_("newest entry of the history"))

    class Meta(Event.Meta):
        abstract = True


class Mark(models.TextChoices):
    VERIFIED = "verified", _("Agrees with its source")
    TAKEN_BACK = "taken_back", _("Verification taken back")


class Source(models.TextChoices):
    """What the record was compared with."""

    ON_SITE = "on_site", _("Source documents at the site")
    COPY = "copy", _("Copies of source documents")
    ELECTRONIC = "electronic", _("Electronic source")


class Verification(OfRecord):
    """A record, or one field of it, compared with its source.

    field: "" for the whole form. value and absent: what the field held, as the database writes it; later entries of the
    history are held against them. The last mark on a field counts.
    """

    act = models.CharField(_("mark"), max_length=12, choices=Mark, default=Mark.VERIFIED)
    field = models.CharField(_("field"), max_length=63, blank=True)
    value = models.TextField(_("value seen"), null=True)
    absent = models.TextField(_("reason of absence seen"), null=True)
    method = models.CharField(_("compared with"), max_length=12, choices=Source, default=Source.ON_SITE)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta(OfRecord.Meta):
        verbose_name = _("source verification")
        verbose_name_plural = _("source verifications")
        constraints = [
            models.CheckConstraint(
                condition=Q(act__in=Mark.values),
                name="verification_known_mark",
                violation_error_message=_("A mark says verified or taken back."),
            ),
            models.CheckConstraint(
                condition=Q(act="verified") | ~Q(note=""),
                name="verification_taken_back_has_reason",
                violation_error_message=_("Say why the verification is taken back."),
            ),
        ]
        indexes = [
            models.Index(fields=["form", "object_id", "field", "-id"], name="verification_by_record"),
            models.Index(fields=["participant"], name="verification_by_participant"),
        ]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.get_act_display()}: {self.form} {self.object_id} {self.field}".strip()


class Act(models.TextChoices):
    LOCKED = "locked", _("Locked")
    UNLOCKED = "unlocked", _("Unlocked")
    FROZEN = "frozen", _("Frozen")
    LIFTED = "lifted", _("Freeze lifted")


class Lock(OfRecord):
    """A record was closed for changes or opened again; form "visit": the visit itself, or (frozen) all that is in it."""

    act = models.CharField(_("act"), max_length=10, choices=Act)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta(OfRecord.Meta):
        verbose_name = _("lock")
        verbose_name_plural = _("locks")
        constraints = [
            models.CheckConstraint(
                condition=Q(act__in=["locked", "unlocked"]) | Q(act__in=["frozen", "lifted"], form="visit"),
                name="lock_known_act",
                violation_error_message=_("A record is locked or unlocked; a visit can be frozen too."),
            ),
            models.CheckConstraint(
                condition=Q(act="locked") | ~Q(reason=""),
                name="lock_has_reason",
                violation_error_message=_("Say why."),
            ),
        ]
        indexes = [
            models.Index(fields=["form", "object_id", "-id"], name="lock_by_record"),
            models.Index(fields=["participant"], name="lock_by_participant"),
        ]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.get_act_display()}: {self.form} {self.object_id}"


class Freeze(Event):
    """The data of a site, or (site empty) of the whole study, were closed or opened again. It tells of no participant."""

    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("site")
    )
    act = models.CharField(
        _("act"),
        max_length=10,
        choices=[(Act.FROZEN.value, Act.FROZEN.label), (Act.LIFTED.value, Act.LIFTED.label)],
    )
    reason = models.CharField(_("reason"), max_length=500)

    class Meta(Event.Meta):
        verbose_name = _("freeze")
        verbose_name_plural = _("freezes")
        constraints = [
            models.CheckConstraint(
                condition=Q(act__in=["frozen", "lifted"]),
                name="freeze_known_act",
                violation_error_message=_("A freeze is set or lifted."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="freeze_has_reason",
                violation_error_message=_("Say why."),
            ),
        ]
        indexes = [models.Index(fields=["site", "-id"], name="freeze_by_site")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        where = _("whole study") if self.site is None else self.site.code
        return f"{self.get_act_display()}: {where}"
