"""Which approved amendments ask a participant to sign again. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from apps.consent.rules.documents import Document, Register
from apps.consent.rules.due import Due, Facts
from apps.consent.rules.events import (
    LAR_CONSENT,
    OPTIONAL_ITEMS,
    OWN_CONSENT,
    Event,
)
from apps.consent.rules.fold import GIVING, Fold
from apps.consent.rules.signed import bounds
from apps.consent.rules.signers import FORM_PARTICIPATION, document_purpose
from studyportal.words import said

SIGNATURE_OF = {
    FORM_PARTICIPATION: OWN_CONSENT,
    LAR_CONSENT: LAR_CONSENT,
    "oral_assent": "oral_assent",
    "written_assent": "written_assent",
}


def amendments(fold: Fold, ages: Sequence[int], facts: Facts) -> Iterator[Due]:
    """The approved versions that those who signed before sign again, once for each form."""
    if facts.register is None or fold.day is None or not ages:
        return
    found: dict[str, Due] = {}
    for document in facts.register.amendments():
        begins = document.reconsent_from or document.valid_from
        if begins is None or fold.day < begins or document.withdrawn_from is not None:
            continue
        signature = SIGNATURE_OF.get(document.purpose) or fold.consenting(ages)
        if not _asked(document, signature, fold, ages, facts):
            continue
        latest = _last_signed(fold, document.purpose)
        if latest is None or _has_signed(fold, document, facts.register):
            continue
        by_on = begins + dt.timedelta(days=fold.terms.reconsent_within_days)
        now = facts.register.current(document.purpose, fold.day) or document
        due = Due(
            kind="reconsent",
            signature=signature,
            from_on=begins,
            by_on=by_on,
            overdue=fold.day > by_on,
            why=said(
                "Version %(version_label)s of “%(title)s” asks those who signed before to sign again",
                version_label=document.version_label,
                title=document.title or document.purpose,
            ),
            concerns=latest.id,
            document=now.id,
        )
        kept = found.get(document.purpose)
        if kept is None or (kept.by_on or by_on) > by_on:
            found[document.purpose] = due
    yield from found.values()


def _asked(document: Document, signature: str, fold: Fold, ages: Sequence[int], facts: Facts) -> bool:
    if not any(signature in fold.needed(age) for age in ages):
        return False
    minor = LAR_CONSENT in fold.terms.signatures_at(ages[0])
    match document.reconsent_whom:
        case "cases":
            return facts.group == "case"
        case "controls":
            return facts.group == "control"
        case "minors":
            return minor
        case "adults":
            return not minor
    return True


def _under(event: Event, purpose: str) -> bool:
    """Whether the entry stands under a form of this purpose."""
    if event.kind not in GIVING or event.kind == OPTIONAL_ITEMS:
        return False
    return document_purpose(event.kind, event.purposes, event.signer) == purpose


def _last_signed(fold: Fold, purpose: str) -> Event | None:
    found = [e for e in fold.given if _under(e, purpose) and fold.when(e) != "no"]
    return max(found, key=lambda e: ((bounds(e) or (dt.date.min,))[0], e.id), default=None)


def _has_signed(fold: Fold, document: Document, register: Register) -> bool:
    """Whether this version was signed, or one that came after it."""
    for event in fold.given:
        if not _under(event, document.purpose) or fold.when(event) == "no":
            continue
        signed: Iterable[Document] = ()
        if event.document_id is not None:
            one = register.of_text(event.document_id)
            signed = () if one is None else (one,)
        elif event.document_version is not None:
            signed = register.find(document.purpose, event.document_version)
        if any(document.id == earlier.id for one in signed for earlier in register.line_of(one)):
            return True
    return False
