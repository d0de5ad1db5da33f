"""Every write of attachments: attaching a picture or a PDF to a record, and withdrawing it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from studyportal.access.declare import refusal
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.attachments.models import (
    LONGEST_CAPTION,
    LONGEST_REASON,
    Attachment,
    AttachmentWithdrawal,
)
from studyportal.attachments.places import Place
from studyportal.audit import acting
from studyportal.crf.parsing import text_of
from studyportal.files import checks, pictures
from studyportal.files.checks import Upload
from studyportal.identity import papers
from studyportal.identity.errors import IdentityInvalid
from studyportal.identity.selectors import mentioned_in
from studyportal.imports.identity_trap import holds_contact

KINDS = ("application/pdf", *checks.PICTURES)
# Of one record; withdrawn ones count, because they stay.
MOST = 50


class AttachmentRefused(ValueError):
    """Nothing was kept; field: file, caption or reason; the message says why and what to do."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code = field, code


def may_attach(user: User, place: Place, site_id: int) -> bool:
    """Who enters the form and records who participants are: a picture of paper can show it."""
    return user.may(place.permission, site_id) and user.may(Permission.EDIT_IDENTITY, site_id)


def attach(*, place: Place, record: Any, upload: Upload, caption: str = "", by: User) -> Attachment:
    """Keep a picture (drawn anew, without what cameras write into it) or a PDF beside the record.

    The same file again beside the same record is the attachment that stands. Raises AttachmentRefused, and
    PermissionDenied unless `by` may enter the form and record identities at the site.
    """
    if not may_attach(by, place, record.site_id):
        raise PermissionDenied(refusal(place.permission, Permission.EDIT_IDENTITY))
    words = _words("caption", caption, LONGEST_CAPTION, record.participant, by)
    try:
        sent = checks.accept(upload, kinds=KINDS, limit=settings.UPLOAD_LIMIT, drawn_anew=True)
        standing = _standing(place, record, sent.sha256)
        if standing is not None:
            return standing
        picture = None if sent.content_type == "application/pdf" else pictures.drawn_anew(sent)
    except checks.FileRefused as error:
        raise AttachmentRefused("file", error.code, str(error)) from None
    kept = sent if picture is None else picture.accepted
    try:
        with transaction.atomic(), acting(user=by):
            return Attachment.objects.create(
                site_id=record.site_id,
                participant_id=record.participant_id,
                form=place.key,
                object_id=record.pk,
                number=_next_number(place, record),
                caption=words,
                paper=papers.keep(participant=record.participant, sheet=kept, by=by),
                content_type=kept.content_type,
                size=len(kept.content),
                sha256=kept.sha256,
                original_sha256=sent.sha256,
                width=None if picture is None else picture.width,
                height=None if picture is None else picture.height,
                added_by=by,
            )
    except IdentityInvalid as error:
        raise AttachmentRefused("file", error.problems[0].code, error.problems[0].message) from None
    except IntegrityError:
        # Two requests at once: of the same file the other one's stands, of another the number was taken.
        standing = _standing(place, record, sent.sha256)
        if standing is not None:
            return standing
        raise AttachmentRefused(
            "file",
            "at_once",
            _("Another file was attached at the same moment. Attach yours again."),
        ) from None


def withdraw(*, attachment: Attachment, reason: str, by: User) -> AttachmentWithdrawal:
    """Say that it no longer counts. It stays readable. Raises AttachmentRefused."""
    words = _words("reason", reason, LONGEST_REASON, attachment.participant, by)
    if not words:
        raise AttachmentRefused("reason", "required", _("Say why it is withdrawn."))
    try:
        with transaction.atomic(), acting(user=by):
            return AttachmentWithdrawal.objects.create(
                site_id=attachment.site_id, attachment=attachment, reason=words, by=by
            )
    except IntegrityError:
        raise AttachmentRefused("reason", "withdrawn", _("It is withdrawn already.")) from None


def _standing(place: Place, record: Any, sha256: str) -> Attachment | None:
    return (
        Attachment.objects.filter(
            form=place.key, object_id=record.pk, original_sha256=sha256, withdrawal__isnull=True
        )
        .order_by("id")
        .first()
    )


def _next_number(place: Place, record: Any) -> int:
    highest = Attachment.objects.filter(form=place.key, object_id=record.pk).aggregate(Max("number"))
    number = (highest["number__max"] or 0) + 1
    if number > MOST:
        raise AttachmentRefused(
            "file", "too_many", _("A record has at most %d attachments. Put the pages into one PDF.") % MOST
        )
    return number


def _words(field: str, typed: str, longest: int, participant: Any, by: User) -> str:
    """A text that is read beside the record, so it must not say who the participant is."""
    try:
        words = " ".join(text_of(typed, max_length=longest).split())
    except ValidationError as error:
        raise AttachmentRefused(field, str(error.code), error.messages[0]) from None
    if holds_contact(words) or mentioned_in(participant, words, by):
        raise AttachmentRefused(
            field,
            "identity",
            _("This says who the participant is. Everybody who reads the record reads it: write it without."),
        )
    return words
