"""Sentences that pure code says, and that people read in their own language.

A rule knows no language. It says what it found as an English sentence that remembers how it was made:

    said("%(weight)s kg is %(percent)s %% away from the visit before.", weight=weight, percent=percent)

The result is a text like any other. Where a page, an API or a mail shows it, `translated` makes the sentence of the
reader's language from the same parts. Stored, it is `template` and `params`; `again` makes it from them. The
template is a literal: `makemessages` finds it by the name `said`. In a template of Django a sentence is drawn in the
reader's language by itself (`__html__`); joined to another text by `+` or an f-string it is English for good, so
sentences are put into sentences as params.

What may stand in a sentence: numbers, dates, moments (in the zone in which they are given), partial dates, texts,
other sentences, and lists of these.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOLE = re.compile(r"%\((\w+)\)[sd]")
_PARTIAL = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?")


@dataclass(frozen=True)
class _Partial:
    """A date as far as it is known, read back from what was stored."""

    text: str
    precision = "stored"

    def __str__(self) -> str:
        return self.text


class Said(str):
    """An English sentence with its template and what stands in it. params: see the head of this module."""

    template: str
    params: Mapping[str, Any]

    def __new__(cls, template: str, params: Mapping[str, Any]) -> Said:
        english = {name: _english(value) for name, value in params.items()}
        made = super().__new__(cls, _filled(template, english))
        made.template, made.params = template, dict(params)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (self.template, self.params)

    def __html__(self) -> str:
        """How a page draws it: in the reader's language, escaped."""
        from django.utils.html import escape

        return escape(translated(self))


def said(template: str, /, **params: Any) -> Said:
    """The sentence in English. template: as gettext takes it, `%(name)s` for each of params, `%%` for a per cent."""
    return Said(template, params)


def listed(items: Iterable[Any]) -> str:
    """“a”, “a and b”, “a, b and c”: a sentence when there are several, the one itself otherwise, "" for none."""
    *first, last = list(items) or [""]
    made: str = said("%(first)s and %(last)s", first=first, last=last) if first else last
    return made


def either(items: Iterable[Any]) -> str:
    """“a”, “a or b”, “a, b or c”."""
    *first, last = list(items) or [""]
    made: str = said("%(first)s or %(last)s", first=first, last=last) if first else last
    return made


def series(items: Iterable[Any]) -> str:
    """“a; b; c”: for parts that have commas of their own."""
    *first, last = list(items) or [""]
    made: str = said("%(first)s; %(last)s", first=series(first), last=last) if first else last
    return made


def joined(sentences: Iterable[Any]) -> str:
    """Whole sentences one after the other."""
    *first, last = list(sentences) or [""]
    made: str = said("%(first)s %(last)s", first=joined(first), last=last) if first else last
    return made


def rounded(value: Any, places: int = 0) -> Decimal:
    """A number with as many decimal places as are to be read."""
    return Decimal(f"{value:.{places}f}")


def translated(text: Any) -> str:
    """The sentence in the language of who reads it; a text that nobody marked stays as it is."""
    if not isinstance(text, Said):
        return str(text)
    from django.utils.translation import gettext

    return _filled(gettext(text.template), {name: _shown(value) for name, value in text.params.items()})


def stored(text: Any) -> tuple[str, dict[str, Any]]:
    """(template, params as JSON takes them) of a sentence; ("", {}) for a text that nobody marked."""
    if not isinstance(text, Said):
        return "", {}
    return text.template, {name: _plain(value) for name, value in text.params.items()}


def again(text: str, template: str, params: Mapping[str, Any]) -> str:
    """The sentence as it was stored, to be `translated`; without a template the text itself."""
    if not template:
        return text
    return Said(template, {name: _parsed(value) for name, value in params.items()})


def _filled(template: str, params: Mapping[str, Any]) -> str:
    return template % params if params else template.replace("%%", "%")


def _english(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(_english(one)) for one in value)
    return _dated(value, _day_in_english)


def _shown(value: Any) -> Any:
    """Numbers and dates as the reader's language writes them."""
    if isinstance(value, Said):
        return translated(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(_shown(one)) for one in value)
    if isinstance(value, (Decimal, float)):
        from django.utils.formats import localize

        return localize(value)
    return _dated(value, _day_shown)


def _dated(value: Any, day: Any) -> Any:
    """A date, a moment or a partial date in words. day: date, and "Y", "M Y" or "j M Y" → text."""
    if isinstance(value, dt.datetime):
        text = f"{day(value.date(), 'j M Y')}, {value:%H:%M}"
        if value.utcoffset() != value.replace(fold=1 - value.fold).utcoffset():
            # The clocks went back over this time: which of the two it is.
            return f"{text} (UTC{value.isoformat()[-6:]})"
        return f"{text} UTC" if value.tzname() == "UTC" else text
    if isinstance(value, dt.date):
        return day(value, "j M Y")
    if not hasattr(value, "precision"):
        return value
    found = _PARTIAL.fullmatch(str(value))
    if found is None:
        return day(None, str(value).removeprefix("age:"))
    known = dt.date(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1))
    return day(known, "j M Y" if found["day"] else "M Y" if found["month"] else "Y")


def _day_in_english(day: dt.date | None, form: str) -> str:
    if day is None:
        return f"age {form}"
    parts = {"j": str(day.day), "M": MONTHS[day.month - 1], "Y": f"{day.year:04d}"}
    return " ".join(parts[part] for part in form.split())


def _day_shown(day: dt.date | None, form: str) -> str:
    if day is None:
        from django.utils.translation import gettext

        return gettext("age %(age)s") % {"age": form}
    from django.utils.dateformat import format as date_format

    return date_format(day, form)


def _plain(value: Any) -> Any:
    if isinstance(value, Said):
        template, params = stored(value)
        return {"said": template, "params": params}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return {"number": str(value)}
    if isinstance(value, dt.datetime):
        zone = getattr(value.tzinfo, "key", None)
        return {"moment": value.isoformat(), **({"zone": zone} if zone else {})}
    if isinstance(value, dt.date):
        return {"date": value.isoformat()}
    if hasattr(value, "precision"):
        return {"partial": str(value)}
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def _parsed(value: Any) -> Any:
    if isinstance(value, list):
        return [_parsed(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if "said" in value:
        return again("", value["said"], value.get("params", {}))
    if "number" in value:
        return Decimal(value["number"])
    if "moment" in value:
        moment = dt.datetime.fromisoformat(value["moment"])
        return moment.astimezone(ZoneInfo(value["zone"])) if "zone" in value else moment
    if "partial" in value:
        return _Partial(value["partial"])
    return dt.date.fromisoformat(value["date"])


def looked_up(text: str) -> str:
    """An English sentence that was stored without its template, in the reader's language if its template is known.

    For reasons of absence: they are values of the record, and stand in English there. The templates are those of the
    reader's catalogue, so an English reader pays nothing.
    """
    from django.utils.translation import get_language, gettext

    if (whole := gettext(text)) != text:
        return whole
    for shape, template in _shapes(get_language() or "en"):
        if found := shape.fullmatch(text):
            return gettext(template) % {name: looked_up(part) for name, part in found.groupdict().items()}
    return text


@cache
def _shapes(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What each template of the catalogue with something in it looks like, the most words first."""
    from django.utils.translation import trans_real

    if language.startswith("en"):
        return ()
    catalogue = trans_real.translation(language)._catalog  # type: ignore[attr-defined]
    templates = {key for key, _value in catalogue.items() if isinstance(key, str) and _HOLE.search(key)}
    found = []
    for template in sorted(templates, key=lambda one: (-len(_HOLE.sub("", one)), one)):
        literal = [re.escape(part.replace("%%", "%")) for part in _HOLE.split(template)[::2]]
        names = _HOLE.findall(template)
        if len(set(names)) == len(names) and any(part.strip() for part in literal):
            holes = [*(f"(?P<{name}>.+?)" for name in names), ""]
            found.append(
                (re.compile("".join(a + b for a, b in zip(literal, holes, strict=True)), re.DOTALL), template)
            )
    return tuple(found)
