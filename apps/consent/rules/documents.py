"""The register of documents: which version may be signed on a day, and why another may not. Pure.

Days are the site's own. A document holds from its first day until its successor's first day or its own withdrawal, and
only while an approval of the ethics committee holds: the one that approved it, or a renewal of that one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from apps.enrolment.rules.approvals import Approval, covered, day_words
from studyportal.words import said

Judgement = Literal["current", "superseded", "not_yet", "not_approved", "withdrawn", "approval_lapsed"]

INFORMATION_SHEET, CONSENT_FORM = "information_sheet", "consent_form"
DRAFT = "draft"


@dataclass(frozen=True)
class Text:
    """The document in one language. id: of the ConsentDocumentText. words: whether the screen can show its words."""

    id: int
    language: str
    file_sha256: str = ""
    text_sha256: str = ""
    words: bool = False


@dataclass(frozen=True)
class Document:
    """One version of one document of a site.

    superseded_from: first day of its successor, once that one is approved. approvals: those of the ethics committee
    under which it may be used: the one that approved it and the renewals of that one; errors are not among them.
    """

    id: int
    site_id: int
    kind: str
    purpose: str
    version_label: str
    title: str = ""
    state: str = DRAFT
    valid_from: dt.date | None = None
    superseded_from: dt.date | None = None
    withdrawn_from: dt.date | None = None
    approvals: tuple[Approval, ...] = ()
    supersedes: int | None = None
    reconsent_needed: bool = False
    reconsent_from: dt.date | None = None
    reconsent_whom: str = ""
    texts: tuple[Text, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(text.language for text in self.texts)

    def text_in(self, language: str) -> Text | None:
        return next((text for text in self.texts if text.language == language), None)

    @property
    def approval(self) -> Approval | None:
        """The approval that approved it, if it was not entered in error."""
        return self.approvals[0] if self.approvals else None

    @property
    def ends_before(self) -> dt.date | None:
        """The first day on which it is no longer in use: superseded or withdrawn, whichever comes first."""
        return min((day for day in (self.superseded_from, self.withdrawn_from) if day), default=None)

    def approved_until(self, on: dt.date) -> dt.date | None:
        """The last day on which an approval holds without a break from `on`; None: without end, or none holds."""
        return next((span.last for span in covered(self.approvals) if span.holds(on)), None)


def judge(document: Document, on: dt.date) -> Judgement:
    """How the document stands on the day, whoever signs it."""
    if document.state == DRAFT or document.valid_from is None:
        return "not_approved"
    if on < document.valid_from:
        return "not_yet"
    if document.withdrawn_from is not None and document.withdrawn_from <= on:
        return "withdrawn"
    if document.superseded_from is not None and document.superseded_from <= on:
        return "superseded"
    if not any(approval.holds(on) for approval in document.approvals):
        return "approval_lapsed"
    return "current"


def judge_between(document: Document, earliest: dt.date, latest: dt.date) -> frozenset[Judgement]:
    """Every judgement that holds on some day between the two, both included: of a date that is known in part."""
    turns = {earliest, latest}
    for approval in document.approvals:
        turns.add(approval.first)
        turns |= {approval.last + dt.timedelta(days=1)} if approval.last else set()
        for held in approval.suspensions:
            turns |= {held.first} | ({held.last + dt.timedelta(days=1)} if held.last else set())
    turns |= {d for d in (document.valid_from, document.superseded_from, document.withdrawn_from) if d}
    return frozenset(judge(document, day) for day in turns if earliest <= day <= latest)


def why_not(document: Document, on: dt.date) -> str:
    """Why it may not be signed on the day, as a sentence; "" when it may."""
    named = said("Version %(version_label)s", version_label=document.version_label)
    match judge(document, on):
        case "current":
            return ""
        case "not_approved":
            return said("%(named)s is a draft: no ethics committee has approved it.", named=named)
        case "not_yet":
            return said(
                "%(named)s is in use from %(valid_from)s, after this day.",
                named=named,
                valid_from=document.valid_from,
            )
        case "withdrawn":
            return said(
                "%(named)s was withdrawn from %(withdrawn_from)s.",
                named=named,
                withdrawn_from=document.withdrawn_from,
            )
        case "superseded":
            return said(
                "%(named)s was superseded from %(superseded_from)s.",
                named=named,
                superseded_from=document.superseded_from,
            )
        case "approval_lapsed":
            number = document.approval.number if document.approval else ""
            return said(
                "The approval %(number)s under which %(named)s is used did not hold on this day.",
                number=number,
                named=named.lower(),
            ).replace("  ", " ")


def _words(day: dt.date | None) -> str:
    return "" if day is None else day_words(day)


def current(
    documents: Iterable[Document], on: dt.date, *, purpose: str | None = None, kind: str | None = CONSENT_FORM
) -> tuple[Document, ...]:
    """Those that may be signed on the day, in order of purpose and version; kind None: forms and information sheets."""
    found = [
        one
        for one in documents
        if (purpose is None or one.purpose == purpose)
        and (kind is None or one.kind == kind)
        and judge(one, on) == "current"
    ]
    return tuple(sorted(found, key=lambda one: (one.purpose, one.kind, one.id)))


@dataclass(frozen=True)
class Register:
    """The documents of one site, drafts included."""

    documents: tuple[Document, ...] = ()

    @cached_property
    def _by_text(self) -> Mapping[int, Document]:
        return {text.id: one for one in self.documents for text in one.texts}

    @cached_property
    def _by_id(self) -> Mapping[int, Document]:
        return {one.id: one for one in self.documents}

    def document(self, document_id: int | None) -> Document | None:
        return None if document_id is None else self._by_id.get(document_id)

    def of_text(self, text_id: int | None) -> Document | None:
        """The document to which a text (what an entry of the log names) belongs; None: of another site."""
        return None if text_id is None else self._by_text.get(text_id)

    def has_approved(self, purpose: str) -> bool:
        """Whether the site ever had an approved form for this purpose."""
        return any(
            one.purpose == purpose and one.kind == CONSENT_FORM and one.state != DRAFT
            for one in self.documents
        )

    def find(self, purpose: str, version: str, language: str | None = None) -> tuple[Document, ...]:
        """The forms with this version as an entry states it, and with the language if one is given."""
        wanted = _plain(version)
        return tuple(
            one
            for one in self.documents
            if one.purpose == purpose
            and one.kind == CONSENT_FORM
            and _plain(one.version_label) == wanted
            and (language is None or language in one.languages)
        )

    def current(self, purpose: str, on: dt.date, kind: str = CONSENT_FORM) -> Document | None:
        """The one that may be signed for this purpose on the day."""
        return next(iter(current(self.documents, on, purpose=purpose, kind=kind)), None)

    def line_of(self, document: Document) -> Iterator[Document]:
        """The document and those before it, newest first."""
        seen: set[int] = set()
        one: Document | None = document
        while one is not None and one.id not in seen:
            seen.add(one.id)
            yield one
            one = self.document(one.supersedes)

    def amendments(self, purpose: str | None = None) -> tuple[Document, ...]:
        """The approved forms for which those who signed before sign again, by first day; withdrawn ones are left out."""
        found = [
            one
            for one in self.documents
            if one.reconsent_needed
            and one.kind == CONSENT_FORM
            and one.state == "approved"
            and (purpose is None or one.purpose == purpose)
        ]
        return tuple(sorted(found, key=lambda one: (one.valid_from or dt.date.max, one.id)))


def _plain(version: str) -> str:
    """“Version 2.0”, “v2.0” and “2.0” are one label."""
    text = version.strip().casefold()
    for word in ("version", "ver.", "v."):
        text = text.removeprefix(word).strip()
    return text.removeprefix("v").strip() if text[:1] == "v" and text[1:2].isdigit() else text
