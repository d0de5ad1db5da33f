"""Every write of attachments: attaching a picture or a PDF to a record, and withdrawing it."""

from __future__ import annotations

from typing import Any

from studyportal.access.models import User
from studyportal.attachments.models import Attachment, AttachmentWithdrawal
from studyportal.attachments.places import Place
from studyportal.files.checks import Upload


class AttachmentRefused(ValueError):
    """Nothing was kept; field: file, caption or reason; the message says why and what to do."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code = field, code


def attach(*, place: Place, record: Any, upload: Upload, caption: str = "", by: User) -> Attachment:
    """Keep a picture (drawn anew, without what cameras write into it) or a PDF beside the record.

    The same file again beside the same record is the attachment that stands. Raises AttachmentRefused, and
    PermissionDenied unless `by` may enter the form and record identities at the site.
    """
    raise NotImplementedError


def withdraw(*, attachment: Attachment, reason: str, by: User) -> AttachmentWithdrawal:
    """Say that it no longer counts. It stays readable. Raises AttachmentRefused."""
    raise NotImplementedError
