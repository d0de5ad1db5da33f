"""The only module that touches keys: sealing, opening, the blind index of hospital numbers, and blind match keys.

AES-256-GCM with the participant and the site as associated data: a ciphertext put under another participant
does not open (docs/decisions/0011-identity.md).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.linkage import MatchKey
from studyportal.identity.person import NAMES, Person
from studyportal.identity.rules import normalised_hospital_number

FORMAT = 1
NONCE_BYTES = 12
# The length of a ciphertext would tell the length of a name: plaintexts are filled up to a multiple of this.
BLOCK = 256
KEY_SHAPE = re.compile(r"[A-Za-z0-9_=+/-]{43,}\Z", re.ASCII)
FEWEST_CHARACTERS = 10


def faults(keys: Sequence[str], index_key: str, *, other_secrets: Sequence[str] = ()) -> list[str]:
    """What is wrong with the keys as they are given, in words that do not repeat them."""
    found = []
    if not keys:
        found.append("IDENTITY_KEYS holds no key.")
    for position, key in enumerate(keys, start=1):
        if not well_shaped(key):
            found.append(f"Key {position} of IDENTITY_KEYS is no key: {SHAPE_IN_WORDS}")
    if len(set(keys)) < len(keys):
        found.append("IDENTITY_KEYS names one key twice.")
    if not index_key:
        found.append("IDENTITY_INDEX_KEY holds no key.")
    elif not well_shaped(index_key):
        found.append(f"IDENTITY_INDEX_KEY is no key: {SHAPE_IN_WORDS}")
    if index_key and index_key in keys:
        found.append("IDENTITY_INDEX_KEY is also one of IDENTITY_KEYS; each key has one purpose.")
    if {*keys, index_key} & set(other_secrets) - {""}:
        found.append("SECRET_KEY is also a key of identities; each key has one purpose.")
    return found


SHAPE_IN_WORDS = (
    "at least 43 random letters and digits, as deploy/make-secrets.sh makes them or"
    " `python -c 'import secrets; print(secrets.token_hex(48))'`."
)


def well_shaped(key: str) -> bool:
    return bool(KEY_SHAPE.match(key)) and len(set(key)) >= FEWEST_CHARACTERS


@dataclass(frozen=True, repr=False)
class _Keyring:
    """Key id → cipher, in the order of the setting: the first seals, all open."""

    ciphers: dict[str, AESGCM]
    index_key: bytes
    person_key: bytes

    @property
    def first(self) -> str:
        return next(iter(self.ciphers))


@lru_cache(maxsize=4)
def _keyring_of(keys: tuple[str, ...], index_key: str) -> _Keyring:
    if wrong := faults(keys, index_key):
        raise ImproperlyConfigured(" ".join(wrong))
    return _Keyring(
        {key_id_of(key): AESGCM(_derived(key, b"studyportal identity: sealing")) for key in keys},
        _derived(index_key, b"studyportal identity: index"),
        _derived(index_key, b"studyportal identity: match keys"),
    )


def _keyring() -> _Keyring:
    return _keyring_of(tuple(settings.IDENTITY_KEYS), settings.IDENTITY_INDEX_KEY)


def _derived(key: str, purpose: bytes) -> bytes:
    """32 bytes for one purpose out of the text of a key."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(key.encode())


def key_id_of(key: str) -> str:
    """A name for a key that tells nothing about it."""
    return _derived(key, b"studyportal identity: name of the key").hex()[:12]


def first_key_id() -> str:
    return _keyring().first


def key_ids() -> tuple[str, ...]:
    """The keys that open, the one that seals first."""
    return tuple(_keyring().ciphers)


def seal(person: Person, *, participant_id: int, site_id: int) -> tuple[bytes, str]:
    """The ciphertext of a person for one participant, and the id of the key that sealed it."""
    ring = _keyring()
    document = {
        "format": FORMAT,
        "participant": participant_id,
        "person": {name: getattr(person, name) for name in NAMES if getattr(person, name)},
    }
    plain = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    plain += b" " * (-len(plain) % BLOCK)
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = ring.ciphers[ring.first].encrypt(nonce, plain, _bound_to(participant_id, site_id))
    return bytes([FORMAT]) + nonce + sealed, ring.first


def unseal(sealed: Any, key_id: str, *, participant_id: int, site_id: int) -> Person:
    """The person in a ciphertext. For selectors, actions and the rotation of this package only.

    Raises CannotBeOpened: unknown key, changed or cut ciphertext, or one that belongs to somebody else.
    """
    plain = _decrypted(sealed, key_id, _bound_to(participant_id, site_id))
    document = json.loads(plain)
    if document["format"] != FORMAT or document["participant"] != participant_id:
        raise CannotBeOpened("it is another participant's")
    return Person(**document["person"])


def _decrypted(sealed: Any, key_id: str, bound_to: bytes) -> bytes:
    if settings.IDENTITY_CLOSED:
        raise CannotBeOpened("this process is closed to identities (IDENTITY=closed)")
    cipher = _keyring().ciphers.get(key_id)
    if cipher is None:
        raise CannotBeOpened(f"sealed with the key {key_id}, which this installation does not have")
    box = bytes(sealed)
    if len(box) <= 1 + NONCE_BYTES or box[0] != FORMAT:
        raise CannotBeOpened("the sealed text is cut short or of an unknown format")
    nonce, ciphertext = box[1 : 1 + NONCE_BYTES], box[1 + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, ciphertext, bound_to)
    except InvalidTag:
        raise CannotBeOpened(
            f"the key {key_id} does not open it: it was changed, or it is another participant's"
        ) from None


def _bound_to(participant_id: int, site_id: int) -> bytes:
    return f"studyportal identity {FORMAT} participant {participant_id} site {site_id}".encode()


def index_of(hospital_number: str, site_id: int) -> str | None:
    """HMAC-SHA256 (hex) of the number and the site; None for no number. Raises rules.Impossible.

    Equal for every way of writing a number, different at another site, and worth nothing without the key.
    """
    if not hospital_number.strip():
        return None
    message = f"{site_id}\n{normalised_hospital_number(hospital_number)}".encode()
    return hmac.new(_keyring().index_key, message, hashlib.sha256).hexdigest()


def blind(key: MatchKey) -> str:
    """`kind.hmac` of a match key: equal for the same person at every site, and worth nothing without the key."""
    message = f"{key.kind}\n{key.value}".encode()
    return f"{key.kind}.{hmac.new(_keyring().person_key, message, hashlib.sha256).hexdigest()}"


def seal_paper(content: bytes, *, participant_id: int, site_id: int, sha256: str) -> tuple[bytes, str]:
    """The ciphertext of a sheet of one participant, and the id of the key that sealed it."""
    ring = _keyring()
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = ring.ciphers[ring.first].encrypt(nonce, content, _paper_of(participant_id, site_id, sha256))
    return bytes([FORMAT]) + nonce + sealed, ring.first


def unseal_paper(sealed: Any, key_id: str, *, participant_id: int, site_id: int, sha256: str) -> bytes:
    """The sheet in a ciphertext, its hash compared. For `papers` and the rotation of this package only.

    Raises CannotBeOpened, as `unseal`.
    """
    plain = _decrypted(sealed, key_id, _paper_of(participant_id, site_id, sha256))
    if hashlib.sha256(plain).hexdigest() != sha256:
        raise CannotBeOpened("it is not what was kept: its hash is another")
    return plain


def _paper_of(participant_id: int, site_id: int, sha256: str) -> bytes:
    return f"studyportal paper {FORMAT} participant {participant_id} site {site_id} sha256 {sha256}".encode()
