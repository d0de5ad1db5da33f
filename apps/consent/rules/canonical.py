"""What is hashed of an entry of the consent log, and how an entry is bound to the one before. Pure.

The content of an entry, format `consent-event/1`, is one JSON object (RFC 8259) in UTF-8:

- members in ascending order of their names, no white space between tokens; text as it is stored, escaped only where
  JSON asks for it (quotation mark, backslash, control characters): what RFC 8785 (JCS) makes of the same object;
- numbers are whole numbers, days "YYYY-MM-DD", moments in UTC "YYYY-MM-DDThh:mm:ss.ffffffZ", yes and no true and false;
- a column that holds nothing (null, or an empty text where null cannot be) is left out, so that a column which the
  log gains later changes no content that was hashed before;
- `format` names this description; `salt`, 128 random bits, keeps the hash from telling anything of the entry.

    content_sha256 = SHA-256(content)
    sha256         = SHA-256("consent-log/1\\n{sequence}\\n{previous_sha256}\\n{content_sha256}\\n")

all in lower-case hexadecimal. `sequence` counts 1, 2, 3 … over the whole study, and `previous_sha256` is the `sha256` of
the entry before, 64 zeros for the first. So the chain is checked from sequence and hashes alone, whoever may not
read the content. The database makes the second hash itself (`apps.consent.chain`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

FORMAT = "consent-event/1"
LINK_FORMAT = "consent-log/1"
FIRST = "0" * 64
# Kept, since to make one costs as much as to use it.
_encode = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False
).encode


def content_of(values: Mapping[str, Any], salt: str) -> dict[str, Any]:
    """Name → plain JSON value. values: what the row holds, nothing left out yet. Raises TypeError for what has no form."""
    found = {name: _plain(value) for name, value in values.items() if value is not None}
    return found | {"format": FORMAT, "salt": salt}


def text_of(content: Mapping[str, Any]) -> str:
    """The text that is hashed."""
    return _encode(content)


def content_sha256(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(text_of(content).encode()).hexdigest()


def link(sequence: int, previous_sha256: str, content_sha256: str) -> str:
    """The hash that binds a content to its number and to the entry before."""
    said = f"{LINK_FORMAT}\n{sequence}\n{previous_sha256}\n{content_sha256}\n"
    return hashlib.sha256(said.encode()).hexdigest()


def moment(value: dt.datetime) -> str:
    """A moment as the log and its checkpoints write it."""
    if value.tzinfo is None:
        raise TypeError("a moment without its offset from UTC has no canonical form")
    return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return str(value)  # a member of an enumeration is its value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, dt.datetime):
        return moment(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")
