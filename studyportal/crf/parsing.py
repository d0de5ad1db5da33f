"""Reading what was typed or sent: text, numbers, codes and dates, refused with a code and a remedy."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from studyportal.crf.partial_date import PartialDate, PartialDateError
from studyportal.words import translated

# Signs that end, hide or turn text: control characters other than tab and line ends, and the overrides of direction,
# with which a text reads as what it is not. Joiners stay: Hindi and Marathi are written with them.
UNSEEN = dict.fromkeys(
    (*range(9), 11, 12, *range(14, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)


def text_of(raw: Any, *, max_length: int) -> str:
    """Text that PostgreSQL can hold: no NUL, no lone surrogate, within the length."""
    if not isinstance(raw, str):
        raise ValidationError(
            _("Give text in quotes, not %(type)s."), code="type", params={"type": json_type(raw)}
        )
    if "\x00" in raw:
        raise ValidationError(_("The text contains a NUL character; remove it."), code="nul_character")
    try:
        raw.encode("utf-8")
    except UnicodeEncodeError:
        raise ValidationError(
            _("The text contains half of a character (a lone surrogate); type it again."), code="surrogate"
        ) from None
    if raw.translate(UNSEEN) != raw:
        raise ValidationError(
            _("The text contains a control character that nobody sees; type it again without."),
            code="control_character",
        )
    if len(raw) > max_length:
        raise ValidationError(
            _("At most %(max)d characters; this is %(length)d. Shorten it or attach a document."),
            code="max_length",
            params={"max": max_length, "length": len(raw)},
        )
    return raw


def json_type(raw: Any) -> str:
    names = {bool: "true/false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(raw), type(raw).__name__)


def empty(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def plain(number: Decimal) -> str:
    """Decimal without exponent, trailing zeros kept."""
    return format(number, "f")


def typed_number(text: str, *, decimal_sign: str = ".") -> str:
    """What a person typed for a number → the text that `decimal_of` takes, where it can mean one number only.

    decimal_sign: of the reader's language. Digits of other scripts (६१.२), a true minus, spaces between groups and marks of
    direction are read; grouping signs where they are complete and nothing else (1,234.5; 1,00,000; 12,345,678). `61,2` and
    `1,234` stay as they are, to be refused: each can be meant in two ways.
    """
    if len(text) > 60:
        return text
    read = plain_signs(text)
    group = "," if decimal_sign == "." else "."
    if decimal_sign == "," and re.fullmatch(r"-?[0-9]+(,[0-9]+)?", read):
        return read.replace(",", ".")
    match = re.fullmatch(
        rf"(-?)([0-9]{{1,3}}(?:[{group} ][0-9]{{2,3}})*[{group} ][0-9]{{3}})({re.escape(decimal_sign)}[0-9]+)?",
        read,
    )
    if match is None:
        return read
    sign, grouped, rest = match.groups()
    if not rest and len(re.findall(rf"[{group} ]", grouped)) == 1 and " " not in grouped:
        # One group alone reads as a fraction too; written with a comma it is refused with both readings.
        return f"{sign}{grouped.replace('.', ',')}"
    return f"{sign}{re.sub(rf'[{group} ]', '', grouped)}{(rest or '').replace(',', '.')}"


def plain_signs(text: str) -> str:
    """Digits, minus and spaces of any script as ASCII has them, without marks of direction."""
    return "".join(_ascii_sign(sign) for sign in text.strip() if sign not in _MARKS)


_MARKS = frozenset("\u200e\u200f\u061c\u2066\u2067\u2068\u2069")
_SPACES = frozenset("\u00a0\u2009\u202f\u2007")


def _ascii_sign(sign: str) -> str:
    if sign in ("\u2212", "\u2013"):  # a true minus; the dash that a word processor makes of a hyphen
        return "-"
    if sign == "\u066b":  # the Arabic decimal sign
        return "."
    if sign in _SPACES:
        return " "
    digit = unicodedata.decimal(sign, None)
    return sign if digit is None else str(digit)


def decimal_of(raw: Any) -> Decimal:
    """A typed or JSON number → Decimal; commas and thousands signs are refused, not guessed."""
    if isinstance(raw, Decimal):
        return raw
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise ValidationError(_("Give a number, not %(type)s."), code="type", params={"type": json_type(raw)})
    if isinstance(raw, float) and not math.isfinite(raw):
        raise ValidationError(_("Give a number."), code="invalid_number")
    text = raw.strip() if isinstance(raw, str) else repr(raw)
    if "," in text:
        raise _ambiguous(text)
    try:
        if len(text) > 40 or not text.isascii() or "_" in text:
            raise InvalidOperation
        number = Decimal(text)
    except InvalidOperation:
        raise ValidationError(
            _("“%(text)s” is no number. Write digits with a point, such as 61.2."),
            code="invalid_number",
            params={"text": text[:40]},
        ) from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValidationError(_("Give a number of ordinary size."), code="invalid_number")
    return number


def _ambiguous(text: str) -> ValidationError:
    """A comma is the decimal sign of some and groups the digits of others; what both would read stands in the message."""
    shown = text[:40]
    parts = shown.split(",")
    if len(parts) == 2 and all(part.isascii() and part.lstrip("-").isdigit() for part in parts):
        point = ".".join(parts)
        if len(parts[1]) == 3 and parts[0].strip("-0"):
            return ValidationError(
                _("“%(text)s” can be read in two ways. Write %(whole)s or %(point)s."),
                code="ambiguous_number",
                params={"text": shown, "whole": "".join(parts), "point": point},
            )
        return ValidationError(
            _("Write the decimal sign as a point. Is %(point)s meant?"),
            code="ambiguous_number",
            params={"point": point},
        )
    return ValidationError(
        _("“%(text)s” can be read in two ways. Write the decimal sign as a point."),
        code="ambiguous_number",
        params={"text": shown},
    )


def within(number: Decimal, minimum: Any, maximum: Any, unit: str) -> None:
    if minimum is not None and number < minimum:
        raise ValidationError(
            _(
                "%(value)s is below %(limit)s %(unit)s, the least that can be true. Check the number and its unit."
            ),
            code="min_value",
            params={"value": plain(number), "limit": minimum, "unit": unit},
        )
    if maximum is not None and number > maximum:
        raise ValidationError(
            _(
                "%(value)s is above %(limit)s %(unit)s, the most that can be true. Check the number and its unit."
            ),
            code="max_value",
            params={"value": plain(number), "limit": maximum, "unit": unit},
        )


def value_in_unit(raw: dict[str, Any], unit: str) -> Any:
    """`{"value": …, "unit": …}` → the value; another unit is refused, never converted in silence."""
    if set(raw) - {"value", "unit"} or "value" not in raw:
        raise ValidationError(_("Give a number, or an object with value and unit."), code="type")
    if raw.get("unit") != unit:
        raise ValidationError(
            _("This field is in %(unit)s, not %(given)s. Convert the value and send it in %(unit)s."),
            code="unit",
            params={"unit": unit or _("no unit"), "given": str(raw.get("unit"))[:40]},
        )
    return raw["value"]


def known_code(raw: Any, codes: Sequence[tuple[str, Any]]) -> str:
    if not isinstance(raw, str):
        raise ValidationError(
            _("Give a code in quotes, not %(type)s."), code="type", params={"type": json_type(raw)}
        )
    code = raw.strip()
    if code not in {known for known, _label in codes}:
        raise ValidationError(
            _("“%(code)s” is none of the codes: %(codes)s."),
            code="unknown_code",
            params={"code": code[:60], "codes": ", ".join(known for known, _label in codes)},
        )
    return code


def partial_date_of(raw: Any) -> PartialDate:
    try:
        return PartialDate.parse(text_of(raw, max_length=60))
    except PartialDateError as error:
        raise ValidationError(translated(error.message), code=error.code) from None
