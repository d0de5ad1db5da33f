"""Consent events for tests."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Any

from apps.consent import actions
from apps.consent.models import ConsentEvent
from studyportal.files.checks import Accepted
from tests.studyportal.files.samples import PDF

FULL = {
    "purposes": ["participation", "procedure"],
    "document_version": "2.0",
    "document_language": "mr",
    "ethics_approval_number": "EC/2024/7",
    "ethics_approval_validity": "2026-12-31",
    "obtained_by": "Investigator 3",
    "audio_visual": "recorded",
    "copy_given": True,
}
# Kinds that say nothing of purposes, documents and the like.
BARE = ("withdrawal", "copy_given", "correction", "witnessed", "recorded", "dissent", "optional_items")


def an_event(
    participant: Any, kind: str, by: Any, on: str | None = "2024-02-01", **more: Any
) -> ConsentEvent:
    stated = {} if kind in BARE else dict(FULL)
    return actions.record_event(
        participant=participant, kind=kind, by=by, **(stated | {"signed_on": on} | more)
    )


def a_minors_consent(participant: Any, by: Any, on: str = "2024-02-01", age: int = 15) -> list[ConsentEvent]:
    """A representative's consent and the child's written assent."""
    return [
        an_event(
            participant, "lar_consent", by, on, signer="mother", lar_relationship_proof="birth certificate",
            age_at_signature=age,
        ),
        an_event(participant, "written_assent", by, on, signer="participant", age_at_signature=age),
    ]  # fmt: skip


def an_adults_consent(participant: Any, by: Any, on: str = "2024-02-01", age: int = 25) -> ConsentEvent:
    return an_event(participant, "consent", by, on, signer="participant", age_at_signature=age)


# --- Sheets ----------------------------------------------------------------------------------------------


def _accepted(name: str, content: bytes, content_type: str) -> Accepted:
    return Accepted(name, content, content_type, hashlib.sha256(content).hexdigest())


def a_scan(more: str = "") -> Accepted:
    """A signed sheet of paper; `more` makes it another."""
    return _accepted(
        "signed sheet.pdf", PDF.replace(b"%%EOF", f"% {more}\n%%EOF".encode()), "application/pdf"
    )


def a_png(shade: int = 0) -> bytes:
    """A picture of one point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes([0, shade])))
        + chunk(b"IEND", b"")
    )


def a_drawing(shade: int = 0) -> Accepted:
    """A drawn signature."""
    return _accepted("signature.png", a_png(shade), "image/png")


def an_entry_with_a_sheet(participant: Any, by: Any) -> ConsentEvent:
    """One and the same of a participant, however often it is asked for."""
    return actions.record_event(
        participant=participant,
        kind="dissent",
        by=by,
        signed_on="2016-10-02",
        sheet=a_drawing(),
        ticket="sheet",
    )
