"""A stored file as an answer: as it came, to be saved and not to be shown."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from studyportal.files.models import StoredFile

# Should a browser show the file in spite of everything, then without script, forms, or the portal's origin.
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


def as_attachment(stored: StoredFile) -> HttpResponse:
    return HttpResponse(
        bytes(stored.content),
        content_type=stored.content_type,
        headers={
            "Content-Disposition": content_disposition_header(True, stored.name) or "attachment",
            "Content-Security-Policy": SANDBOX,
            "X-Content-Type-Options": "nosniff",
        },
    )
