"""A stored file as an answer: as it came, to be saved and not to be shown."""

from __future__ import annotations

from typing import Protocol

from django.http import HttpResponse
from django.utils.http import content_disposition_header

# Should a browser show the file in spite of everything, then without script, forms, or the portal's origin.
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


class Kept(Protocol):
    """A file with its bytes: a StoredFile, or a sheet that was unsealed."""

    @property
    def name(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    @property
    def content(self) -> bytes | memoryview: ...


def as_attachment(stored: Kept) -> HttpResponse:
    return HttpResponse(
        bytes(stored.content),
        content_type=stored.content_type,
        headers={
            "Content-Disposition": content_disposition_header(True, stored.name) or "attachment",
            "Content-Security-Policy": SANDBOX,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def as_picture(content: bytes, content_type: str, name: str) -> HttpResponse:
    """A picture that the portal drew anew, to be shown within its own pages; never a file that came from elsewhere."""
    if content_type not in ("image/png", "image/jpeg"):
        raise ValueError(f"{content_type} is shown nowhere")
    return HttpResponse(
        content,
        content_type=content_type,
        headers={
            "Content-Disposition": content_disposition_header(False, name) or "inline",
            "Content-Security-Policy": SANDBOX,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
