"""Readers of cells: text → value, or CellRefused with what is wrong and how to write it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from studyportal.imports.errors import CellRefused

_SPACES = re.compile(r"[\s_\-./]+")
YES = frozenset({"yes", "y", "true", "1"})
NO = frozenset({"no", "n", "false", "0"})
NOT_KNOWN = frozenset({"not known", "notknown", "unknown", "nk", "?"})


def text(longest: int, *, lines: bool = False) -> Callable[[str], str]:
    """A text of at most so many characters; lines: may have several lines."""

    def read(raw: str) -> str:
        if len(raw) > longest:
            raise CellRefused(
                "max_length",
                _("%(has)d characters; at most %(most)d.") % {"has": len(raw), "most": longest},
            )
        if not raw.isprintable() and any(
            unicodedata.category(sign)[0] == "C" and not (lines and sign in "\r\n\t") for sign in raw
        ):
            raise CellRefused(
                "control", _("Holds a sign that cannot be seen, or a line break. Type it anew.")
            )
        return raw

    return read


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    def read(raw: str) -> int:
        if not (raw.isascii() and raw.removeprefix("-").isdigit() and len(raw) < 12):
            raise CellRefused("number", _("“%s” is no whole number.") % shown(raw))
        value = int(raw)
        if not lowest <= value <= highest:
            raise CellRefused("range", _("Between %(low)d and %(high)d.") % {"low": lowest, "high": highest})
        return value

    return read


def code(choices: Callable[[], Iterable[tuple[str, str | Promise]]]) -> Callable[[str], str]:
    """One of a list, by its code or its label, in any case. choices: asked when the first cell is read."""
    known: dict[str, dict[str, str]] = {}

    def read(raw: str) -> str:
        names = known.get(translation.get_language() or "en")
        if names is None:
            names = known[translation.get_language() or "en"] = _names(choices())
        found = names.get(_plain(raw))
        if found is None:
            codes = ", ".join(dict.fromkeys(names.values()))
            raise CellRefused(
                "choice", _("“%(given)s” is none of: %(codes)s.") % {"given": shown(raw), "codes": codes}
            )
        return found

    return read


def _names(choices: Iterable[tuple[str, str | Promise]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for value, label in choices:
        names.setdefault(_plain(value), value)
        names.setdefault(_plain(str(label)), value)
        with translation.override("en"):
            names.setdefault(_plain(str(label)), value)
    return names


def _plain(raw: str) -> str:
    return _SPACES.sub(" ", raw.casefold()).strip()


def yes_no_not_known(raw: str) -> str:
    """yes, no or not_known."""
    given = _plain(raw)
    for answer, words in (("yes", YES), ("no", NO), ("not_known", NOT_KNOWN)):
        if given in words:
            return answer
    raise CellRefused("choice", _("“%s” is none of: yes, no, not known.") % shown(raw))


def shown(raw: str, longest: int = 30) -> str:
    """The beginning of a text, to be quoted in a message."""
    return raw if len(raw) <= longest else raw[: longest - 1] + "…"


Reader = Callable[[str], Any]
__all__ = ["CellRefused", "Reader", "code", "shown", "text", "whole_number", "yes_no_not_known"]
