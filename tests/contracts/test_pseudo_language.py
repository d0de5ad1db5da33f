"""Every page in a language in which each translated string stands in brackets: what stands outside is data, or English.

Data are codes, names, numbers, what the protocol file says, and what a person typed; they are removed first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.utils import translation

from apps.exports.catalogue import _catalogue
from studyportal.access.declare import declared
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from tests.contracts.test_urls import ADDRESSES, Address, allowed, url_of
from tests.world import World

OPEN, CLOSE = "\u27e6", "\u27e7"
INNERMOST = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
# What is no sentence in any language, or is not read as one.
UNREAD = {"script", "style", "code", "kbd", "pre", "svg", "title", "bdi", "textarea"}
SHOWN = ("title", "aria-label", "placeholder", "alt")
WORD = re.compile(r"[A-Za-z]{3,}")
# Codes of participants and of the screening log, hashes, names of files, identifiers of code.
CODE = re.compile(
    r"\b\w+ = |\b[A-Z]{2,5}-S?[0-9]{4}(-[0-9A-Z])?\b|\b[0-9a-f]{32,}\b|\S+\.(pdf|jpg|png|csv)\b|\b[A-Za-z0-9]+([_.-][a-z0-9]+)+\b"
)
# Pages that show what a file, a table or a script holds, or that are for those who program.
OF_DATA = {
    "protocol": "the protocol file as it is, by its keys",
    "exports:dataset": "the dictionary and the first rows of a dataset: English in every language",
    "exports:index": "keys of datasets",
    "oversight:audit-trail": "values as they are stored",
    "oversight:views": "what was looked at, as it is stored",
    "outcomes:safety-table": "a frozen table stays as it was computed, in English",
    "outcomes:safety-tables": "a frozen table stays as it was computed, in English",
    "safety:report": "a report stays as it was sent",
    "ui-gallery": "for those who build pages",
    "api-docs": "for those who write scripts",
}
# Names and signs that are the same in every language.
SAME_EVERYWHERE = re.compile(
    r"\b(StudyPortal|English|Python|curl|SVG|PEM|JSON Lines|IST|UTC|SHA-256|CSV|PDF|JSON|API|QR|LOINC|UCUM|ATC|HbA1c|Alt\+\w|Ctrl\+\w+|Enter|STROBE|JPEG|PNG|WebP"
    r"|ISO|kcal|mmol|min|IU|EU|mmHg|mg|dL|nmol|pmol|kPa|cells|units|Cel|YYYY|HH|MM|DD)\b"
)


class Shown(HTMLParser):
    """The texts that a page shows, without those of elements that hold code or what a person typed."""

    VOID = {"br", "hr", "img", "input", "meta", "link", "wbr", "source", "path", "use", "col"}

    def __init__(self) -> None:
        super().__init__()
        self.skipped: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.texts += [given.get(name) or "" for name in SHOWN if not self.skipped]
        if tag in self.VOID:
            return
        if self.skipped or tag in UNREAD or (given.get("dir") == "auto" and tag not in ("td", "th")):
            self.skipped.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.skipped and tag in self.skipped:
            while self.skipped.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.texts.append(data)


def bracketed(text: str) -> str:
    return f"{OPEN}{text}{CLOSE}"


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    translation.gettext("ready")  # the functions are put in place when the first of them is asked for
    translation.ngettext("one", "many", 1)
    translation.pgettext("a", "b")
    functions = translation._trans  # type: ignore[attr-defined]
    monkeypatch.setattr(functions, "gettext", bracketed)
    monkeypatch.setattr(functions, "ngettext", lambda one, many, n: bracketed(one if n == 1 else many))
    monkeypatch.setattr(functions, "pgettext", lambda context, text: bracketed(text))
    monkeypatch.setattr(
        functions, "npgettext", lambda context, one, many, n: bracketed(one if n == 1 else many)
    )
    # Kept for each language, and this one says that it is English.
    _catalogue.cache_clear()
    yield
    _catalogue.cache_clear()


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from texts_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_of(one)
    elif isinstance(value, str):
        yield " ".join(value.split())


def data_of(world: World) -> list[str]:
    """What stands on pages and is no sentence of the portal, the longest first."""
    with open(settings.PROTOCOL_FILE, encoding="utf-8") as file:
        found = set(texts_of(yaml.safe_load(file)))
    for person in User.objects.all():
        found |= {person.username, person.display_name, str(person)}
    # What somebody typed in the world of the tests.
    found |= {
        "World of the tests",
        world.deviation.description,
        world.query.message,
        "Growth after the release",
    }
    found |= {"What you sign for, version 1.0, in en.", "You may stop at any time.", "made up"}
    for site in Site.objects.all():
        found |= {site.name, site.code, site.timezone}
    return sorted((one for one in found if WORD.search(one)), key=len, reverse=True)


def without(data: list[str], text: str) -> str:
    for one in data:
        if one.lower() in text.lower():
            text = re.sub(re.escape(one), " ", text, flags=re.IGNORECASE)
    return text


def left_english(html: str, data: list[str]) -> list[str]:
    """Texts of a page outside of brackets that hold a word which is no data."""
    while True:
        html, count = INNERMOST.subn("", html)
        if not count:
            break
    page = Shown()
    page.feed(html)
    found = []
    for text in page.texts:
        left = " ".join(unescape(text).split())
        left = without([one for one in data if " " in one], left)
        left = CODE.sub(" ", SAME_EVERYWHERE.sub(" ", left))
        left = without([one for one in data if " " not in one], left)
        if WORD.search(left):
            found.append(" ".join(text.split())[:90])
    return found


def pages_of(user: Any, world: World, page: Any) -> Iterator[tuple[Address, str]]:
    browser = page(user)
    for address in ADDRESSES:
        asked = (declared(address.callback) or {}).get("GET") or (declared(address.callback) or {}).get("*")
        if address.is_api or asked is None or not (Permission.PUBLIC in asked or allowed(user, asked)):
            continue
        answer = browser.get(url_of(address, world))
        if address.name in OF_DATA:
            continue
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            yield address, body.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["rao", "meera", "sanjay", "farah", "admin", "devi"])
def test_every_text_of_every_page_is_translated(who: str, world: World, page: Any, pseudo: None) -> None:
    data = data_of(world)
    left: dict[str, set[str]] = {}
    for address, html in pages_of(getattr(world.cast, who), world, page):
        for text in left_english(html, data):
            left.setdefault(text, set()).add(address.name)
    shown = [f"{text!r} on {', '.join(sorted(where)[:3])}" for text, where in sorted(left.items())]
    assert shown == [], "\n".join(
        ["Say these through gettext, or draw them as what they are (code, dir=auto):", *shown]
    )


def test_the_search_finds_english_and_lets_data_be() -> None:
    html = (
        f"<p>{OPEN}Visit{CLOSE} MUM-0001-X, Month 3</p><p>Plain English</p><p dir='auto'>typed by somebody</p>"
        f"<p>{OPEN}a {OPEN}b{CLOSE} c{CLOSE} left</p><code>some_code</code><input aria-label='Also read'>"
    )
    assert sorted(left_english(html, ["Month 3"])) == ["Also read", "Plain English", "left"]
