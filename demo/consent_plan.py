"""Which consent documents the demo's sites have, and from when. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEXTS = Path(__file__).with_name("consent_texts.yaml")
LANGUAGES = ("en", "hi", "mr")
FIRST, AMENDED = "2.0", "3.0"
# The first day of the first version: that of the approval by the site's ethics committee.
IN_USE_FROM: Mapping[str, dt.date] = {"MUM": dt.date(2023, 11, 1), "PUN": dt.date(2023, 11, 15)}
# How long before the day of the data the amendment began. At Mumbai the days for signing again are over.
AMENDED_BEFORE: Mapping[str, int] = {"MUM": 130, "PUN": 60}
HOSPITALS: Mapping[str, Mapping[str, str]] = {
    "MUM": {"en": "the demo hospital, Mumbai", "hi": "डेमो अस्पताल, मुंबई", "mr": "डेमो रुग्णालय, मुंबई"},
    "PUN": {"en": "the demo hospital, Pune", "hi": "डेमो अस्पताल, पुणे", "mr": "डेमो रुग्णालय, पुणे"},
}
WHAT_CHANGED = "Two more visits, 18 and 24 months after the first treatment or the day that stands for it."


@dataclass(frozen=True)
class Planned:
    """One version of one document. again: who signs again ("": nobody; None: there is no version before)."""

    kind: str
    purpose: str
    title: str
    version: str
    valid_from: dt.date
    words: Mapping[str, str]
    again: str | None = None


def amended_on(site: str, until: dt.date) -> dt.date:
    """The first day of the amendment at the site."""
    return until - dt.timedelta(days=AMENDED_BEFORE[site])


# Who signs the amendment again: what is only read is signed by nobody.
AGAIN: Mapping[tuple[str, str], str] = {
    ("information_sheet", "participation"): "",
    ("consent_form", "participation"): "everybody",
    ("consent_form", "lar_consent"): "everybody",
    ("consent_form", "written_assent"): "minors",
}


def version_of(purpose: str, site: str, day: dt.date, until: dt.date) -> str:
    """The version of the form that was in use at the site on the day."""
    amended = ("consent_form", purpose) in AGAIN and day >= amended_on(site, until)
    return AMENDED if amended else FIRST


@cache
def _texts() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    found: dict[str, Any] = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    return found


def words(kind: str, purpose: str, language: str, version: str, site: str) -> str:
    """The document in one language. A paragraph that only another version has is left out with its place."""
    text = _texts()[kind][purpose]
    more = text.get("only_in", {}).get(version, {}).get(language)
    paragraphs = [(more if paragraph == "{3.0}" else paragraph) for paragraph in text[language].split("\n\n")]
    whole = "\n\n".join(one.strip() for one in paragraphs if one)
    return whole.replace("{hospital}", HOSPITALS[site][language])


def planned(site: str, until: dt.date) -> Iterator[Planned]:
    """Every version, in the order in which they began."""
    for version, first in ((FIRST, IN_USE_FROM[site]), (AMENDED, amended_on(site, until))):
        for kind, purposes in _texts().items():
            for purpose, text in purposes.items():
                if version == AMENDED and (kind, purpose) not in AGAIN:
                    continue
                yield Planned(
                    kind=kind,
                    purpose=purpose,
                    title=text["title"],
                    version=version,
                    valid_from=first,
                    words={one: words(kind, purpose, one, version, site) for one in LANGUAGES},
                    again=AGAIN[kind, purpose] if version == AMENDED else None,
                )
