"""The Ed25519 key that signs checkpoints of the consent log: the only module that uses it.

CHECKPOINT_KEYS (settings) holds texts of randomness, the first signs. Only the process that runs jobs needs them; what
checks a signature uses the public halves, which `CheckpointKey` keeps. A key that follows another is endorsed by it,
so that who holds the elder public key can believe the younger.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.consent.rules.canonical import moment

CHECKPOINT_FORMAT = "consent-log-checkpoint/1"
KEY_FORMAT = "consent-log-key/1"
KEY_SHAPE = re.compile(r"[A-Za-z0-9_=+/-]{43,}\Z", re.ASCII)
FEWEST_CHARACTERS = 10


def faults(keys: Sequence[str], *, other_secrets: Sequence[str] = ()) -> list[str]:
    """What is wrong with the keys as they are given, in words that do not repeat them."""
    found = [
        f"Key {position} of CHECKPOINT_KEY is no key: at least 43 random letters and digits, as deploy/make-secrets.sh"
        " makes them."
        for position, key in enumerate(keys, start=1)
        if not KEY_SHAPE.match(key) or len(set(key)) < FEWEST_CHARACTERS
    ]
    if len(set(keys)) < len(keys):
        found.append("CHECKPOINT_KEY names one key twice.")
    if set(keys) & set(other_secrets) - {""}:
        found.append("CHECKPOINT_KEY is also another secret of the portal; each key has one purpose.")
    return found


@lru_cache(maxsize=4)
def _ring_of(keys: tuple[str, ...]) -> tuple[Ed25519PrivateKey, ...]:
    if wrong := faults(keys):
        raise ImproperlyConfigured(" ".join(wrong))
    return tuple(
        Ed25519PrivateKey.from_private_bytes(
            HKDF(
                algorithm=hashes.SHA256(), length=32, salt=None, info=b"studyportal consent log: checkpoints"
            ).derive(key.encode())
        )
        for key in keys
    )


def _ring() -> tuple[Ed25519PrivateKey, ...]:
    return _ring_of(tuple(settings.CHECKPOINT_KEYS))


def can_sign() -> bool:
    """Whether this process holds a key."""
    return bool(settings.CHECKPOINT_KEYS)


def public_text(key: Ed25519PrivateKey) -> str:
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def key_id_of(public_key: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the 32 bytes of the public key."""
    return hashlib.sha256(base64.b64decode(public_key)).hexdigest()[:16]


def own_public_keys() -> tuple[str, ...]:
    """The public halves of the keys of this process, the one that signs first."""
    return tuple(public_text(key) for key in _ring())


def sign(statement: str, *, with_key: str | None = None) -> str:
    """Signature (base64) of the text, by the first key or by the one with that public half."""
    for key in _ring():
        if with_key in (None, public_text(key)):
            return base64.b64encode(key.sign(statement.encode())).decode()
    raise LookupError("this process does not hold that key")


def verifies(public_key: str, statement: str, signature: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), statement.encode())
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def checkpoint_statement(count: int, head_sha256: str, taken_at: dt.datetime, key_id: str) -> str:
    """The text that a checkpoint signs."""
    return f"{CHECKPOINT_FORMAT}\n{count}\n{head_sha256}\n{moment(taken_at)}\n{key_id}\n"


def endorsement_statement(key_id: str, public_key: str, since: dt.datetime, endorsed_by: str) -> str:
    """The text that an elder key signs for the one that follows it."""
    return f"{KEY_FORMAT}\n{key_id}\n{public_key}\n{moment(since)}\n{endorsed_by}\n"


def as_pem(public_key: str) -> str:
    """The public key as SubjectPublicKeyInfo, which every tool reads."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
