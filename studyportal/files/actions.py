"""Every write of files: keeping what was accepted, and saying of what it is the document."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction

from studyportal.access.models import Site, User
from studyportal.audit import acting
from studyportal.files import checks
from studyportal.files.models import DelegationDocument, StoredFile


def store(*, accepted: checks.Accepted, by: User) -> StoredFile:
    """Keep the file; the same file of the same person under the same name is kept once."""
    stored, _new = StoredFile.objects.get_or_create(
        sha256=accepted.sha256,
        name=accepted.name,
        uploaded_by=by,
        defaults={
            "content": accepted.content,
            "content_type": accepted.content_type,
            "size": len(accepted.content),
        },
    )
    return stored


def add_delegation_document(
    *,
    user: User,
    site: Site | None,
    kind: str,
    valid_from: dt.date,
    upload: checks.Upload,
    by: User,
    valid_until: dt.date | None = None,
    note: str = "",
) -> DelegationDocument:
    """Add a document of the delegation log. Raises FileRefused."""
    accepted = checks.accept(upload, limit=settings.UPLOAD_LIMIT)
    with transaction.atomic(), acting(user=by):
        return DelegationDocument.objects.create(
            user=user,
            site=site,
            kind=kind,
            valid_from=valid_from,
            valid_until=valid_until,
            note=note,
            file=store(accepted=accepted, by=by),
            recorded_by=by,
        )
