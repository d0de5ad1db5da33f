"""Photos and scans of paper beside a record: what is attached to what, and what was withdrawn. Both are only added to.

The picture itself shows who a participant is (a name on the form, a face), so it is sealed with the identity
(`identity.papers`) and opens only for who may see identities at the site. What stands here can be read by everybody who
may read the record: that there is one, what it shows in words, its size and its hash.
"""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import SiteScoped
from studyportal.identity.models import Paper

LONGEST_CAPTION = 200
LONGEST_REASON = 500


class Attachment(SiteScoped):
    """One picture or PDF beside one record of a form (`form`: its key), or beside a thing that is no form (`places`).

    sha256, size and content_type are of what is kept; original_sha256 is of the file as it was sent, which is not kept
    when it was a picture: pictures are drawn anew, without position, device and anything else that was within.
    """

    append_only = True

    participant = models.ForeignKey(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    form = models.CharField(_("form"), max_length=60)
    object_id = models.BigIntegerField(_("record"))
    number = models.PositiveSmallIntegerField(_("number"), help_text=_("Counts the attachments of a record."))
    caption = models.CharField(_("caption"), max_length=LONGEST_CAPTION, blank=True, default="")
    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="+")
    content_type = models.CharField(_("content type"), max_length=60)
    size = models.PositiveIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    original_sha256 = models.CharField(_("SHA-256 as sent"), max_length=64)
    width = models.PositiveIntegerField(_("width in pixels"), null=True)
    height = models.PositiveIntegerField(_("height in pixels"), null=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("added by")
    )
    added_at = models.DateTimeField(_("added at"), auto_now_add=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["form", "object_id", "number"],
                name="attachment_number_once",
                violation_error_message=_(
                    "Another file was attached at the same moment. Attach yours again."
                ),
            )
        ]
        indexes = [models.Index(fields=["participant", "form", "object_id"], name="attachment_of_record")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def name(self) -> str:
        """The name under which it is shown and given back; that of the file often is the participant's."""
        ending = {"application/pdf": "pdf", "image/png": "png"}.get(self.content_type, "jpg")
        return f"{self.form}-{self.object_id}-{self.number}.{ending}"

    def get_absolute_url(self) -> str:
        return reverse("attachments:file", args=[self.pk])


class AttachmentWithdrawal(SiteScoped):
    """That an attachment no longer counts, and why: it stays readable and is marked."""

    append_only = True

    attachment = models.OneToOneField(Attachment, on_delete=models.PROTECT, related_name="withdrawal")
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("withdrawn attachment")
        verbose_name_plural = _("withdrawn attachments")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="attachment_withdrawn_with_reason",
                violation_error_message=_("Say why it is withdrawn."),
            )
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.attachment_id}: {self.reason}"
