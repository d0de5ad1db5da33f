"""What is taken away from the portal to verify the consent log: checkpoints, keys, the verifier."""

from __future__ import annotations

import io
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import segno

from apps.consent import chain_keys
from apps.consent.models import Checkpoint, CheckpointKey
from apps.consent.rules.canonical import moment

VERIFIER = Path(__file__).parent / "verifier" / "verify_consent_log.py"
VERIFIER_NAME = "verify_consent_log.py"


def checkpoint_document(one: Checkpoint, public_key: str) -> dict[str, Any]:
    return {
        "format": chain_keys.CHECKPOINT_FORMAT,
        "count": one.count,
        "head_sha256": one.head_sha256,
        "taken_at": moment(one.taken_at),
        "key_id": one.key_id,
        "public_key": public_key,
        "signature": one.signature,
    }


def checkpoint_json(one: Checkpoint) -> str:
    return json.dumps(checkpoint_document(one, public_key_of(one)), indent=2) + "\n"


def checkpoint_name(one: Checkpoint) -> str:
    return f"consent-log-checkpoint-{one.pk}.json"


def public_key_of(one: Checkpoint) -> str:
    found = CheckpointKey.objects.filter(key_id=one.key_id).first()
    return found.public_key if found else ""


def checkpoint_line(one: Checkpoint) -> str:
    """The checkpoint in one line, as the QR code holds it; the verifier takes it in place of the JSON."""
    return " ".join(
        (
            chain_keys.CHECKPOINT_FORMAT,
            str(one.count),
            one.head_sha256,
            moment(one.taken_at),
            one.key_id,
            one.signature,
        )
    )


def qr_svg(one: Checkpoint) -> str:
    """The line as a QR code, dark on light in every colour scheme, since a camera reads it."""
    out = io.BytesIO()
    segno.make(checkpoint_line(one), error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, scale=4, border=4, dark="#000", light="#fff", nl=False
    )
    return out.getvalue().decode()


def keys_document() -> dict[str, Any]:
    return {
        "format": chain_keys.KEY_FORMAT,
        "keys": [
            {
                "key_id": key.key_id,
                "public_key": key.public_key,
                "since": moment(key.since),
                "endorsed_by": key.endorsed_by,
                "endorsement": key.endorsement,
            }
            for key in CheckpointKey.objects.order_by("id")
        ],
    }


@lru_cache(maxsize=1)
def verifier() -> bytes:
    """The program, as it is handed out."""
    return VERIFIER.read_bytes()
