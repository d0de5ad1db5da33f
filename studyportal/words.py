"""Sentences that pure code says, and that people read in their own language.

A rule knows no language. It says what it found as an English sentence that remembers how it was made:

    said("%(weight)s kg is %(percent)s %% away from the visit before.", weight=weight, percent=percent)

The result is a text like any other. Where a page, an API or a mail shows it, `translated` makes the sentence of the
reader's language from the same parts. Stored, it is `template` and `params`; `again` makes it from them. The
template is a literal: `makemessages` finds it by the name `said`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


class Said(str):
    """An English sentence with its template and what stands in it. params: numbers, dates, texts and other `Said`s."""

    template: str
    params: Mapping[str, Any]

    def __new__(cls, template: str, params: Mapping[str, Any]) -> Said:
        made = super().__new__(cls, template % params if params else template.replace("%%", "%"))
        made.template, made.params = template, dict(params)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (self.template, self.params)


def said(template: str, /, **params: Any) -> Said:
    """The sentence in English. template: as gettext takes it, `%(name)s` for each of params, `%%` for a per cent."""
    return Said(template, params)


def translated(text: Any) -> str:
    """The sentence in the language of who reads it; a text that nobody marked stays as it is."""
    if not isinstance(text, Said):
        return str(text)
    from django.utils.translation import gettext

    template = gettext(text.template)
    params = {name: _shown(value) for name, value in text.params.items()}
    return template % params if params else template.replace("%%", "%")


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


def _shown(value: Any) -> Any:
    """Numbers and dates as the reader's language writes them."""
    if isinstance(value, Said):
        return translated(value)
    if isinstance(value, (Decimal, float, dt.date)) and not isinstance(value, bool):
        from django.utils.formats import localize

        return localize(value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Said):
        template, params = stored(value)
        return {"said": template, "params": params}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, dt.date):
        return {"date": value.isoformat()}
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def _parsed(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if "said" in value:
        return again("", value["said"], value.get("params", {}))
    if "number" in value:
        return Decimal(value["number"])
    return dt.date.fromisoformat(value["date"])
