"""What is signed, as bytes that anybody can make again. Pure: no Django, no database, no language.

The canonical form `record/1` is JSON (RFC 8259) in UTF-8, without a byte order mark:

- objects with their keys in ascending order of code points, no white space between tokens;
- text as it is stored, escaped only where JSON asks for it (quotation mark, backslash, control characters);
- whole numbers as JSON numbers; every other number as text without exponent and without trailing zeros ("61.2"):
  there is no floating point in it;
- days as "YYYY-MM-DD", moments in UTC as "YYYY-MM-DDThh:mm:ss.ffffffZ", yes and no as true and false;
- a field that has neither a value nor a reason for its absence is left out, so that a field which the form gains
  later does not break what was signed before.

The signature carries the lower-case hexadecimal SHA-256 of these bytes. The API gives the text itself
(`/api/v1/forms/<form>/<record>/signatures/`, member `content`); without the portal's code:

    printf '%s' "$content" | sha256sum
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

FORMAT = "record/1"


def canonical(content: Mapping[str, Any]) -> str:
    """The text that is hashed. Raises TypeError for what the form has no words for, such as a float."""
    return json.dumps(
        _plain(content), sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def sha256_of(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(content).encode("utf-8")).hexdigest()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        # A member of an enumeration is its value.
        return str(value) if isinstance(value, str) else value
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise TypeError("a moment without its offset from UTC cannot be signed")
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_key(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def number(value: Decimal) -> str:
    """61.20 → "61.2", 750.00 → "750", -0 → "0"."""
    if not value.is_finite():
        raise TypeError(f"{value} is no number")
    text = format(value + 0, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key is text, not {type(key).__name__}")
    return str(key)
