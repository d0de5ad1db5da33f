"""Reading JSON bodies: one meaning only, of bounded size and depth."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.parsers import JSONParser

from studyportal.api.problems import ProblemError, too_large_problem

DEEPEST = 32


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it, in UTF-8; refused: a member twice, NaN, Infinity, a number beyond all numbers, halves
    of characters, and anything nested deeper than DEEPEST."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise too_large_problem(limit)
        return read(body)


def read(body: bytes) -> Any:
    """The value, or ProblemError 400 that says what cannot be read."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(_("The body is not UTF-8: byte %d cannot be read.") % error.start) from None
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        # The words of the parser name a place, never a value; those about digits name a limit.
        place = (
            f"{error.msg}, {error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        )
        raise _unreadable(_("The body is no JSON (%s).") % (place or _("a number is too long"))) from None
    if body.count(b"[") + body.count(b"{") > DEEPEST and _depth_exceeds(value, DEEPEST):
        raise _too_deep()
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _unreadable(
            _("“%s” is sent twice. Send each member once: a second one would silently replace the first.")
            % twice[:80].encode("utf-8", "replace").decode()
        )
    for name in members:
        if not name.isascii() and any("\ud800" <= sign <= "\udfff" for sign in name):
            raise _unreadable(_("A member's name contains half of a character (a lone surrogate)."))
    return members


def _no_constant(name: str) -> NoReturn:
    raise _unreadable(_("%s is no number of JSON. Send null, with a reason under “absent”.") % name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _unreadable(_("A number is beyond what a computer can hold."))
    return number


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _depth in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(one, (dict, list)) for one in level)


def _too_deep() -> ProblemError:
    return _unreadable(_("The body is nested deeper than %d levels; no record is.") % DEEPEST)


def _unreadable(detail: str) -> ProblemError:
    return ProblemError(400, "parse_error", detail)
