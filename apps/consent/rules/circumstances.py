"""What stands around an entry of the log: the document, the approval, the delegation, the witness. Pure.

What is wrong here can still have happened. It is refused with its code, unless the entry says why it is recorded as it
happened; then it stands in the log, and the rule that was broken becomes a finding. What is only not known (no document
named, no date) is never refused: it is a finding by itself.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.consent.rules import documents
from apps.consent.rules.entry import (
    ABOUT_A_SIGNATURE,
    DISSENT,
    OPTIONAL_ITEMS,
    OPTIONAL_PURPOSES,
    SIGNED_KINDS,
    SPOKEN,
    WITNESSED,
    Said,
)
from apps.consent.rules.events import (
    LAR_CONSENT,
    ORAL_ASSENT,
    OWN_CONSENT,
    PARTICIPATION,
    PROCEDURE,
    RE_CONSENT,
    WITHDRAWAL,
    WRITTEN_ASSENT,
    Event,
    Verdict,
)
from studyportal.words import said

SESSION_FORM = "session_harvest"
_OF_A_CONSENT = frozenset({SESSION_FORM, *OPTIONAL_PURPOSES})

# Kind of entry → the forms of the register under which it is signed.
FORMS_OF: Mapping[str, frozenset[str]] = {
    OWN_CONSENT: frozenset({PARTICIPATION, *_OF_A_CONSENT}),
    LAR_CONSENT: frozenset({LAR_CONSENT, *_OF_A_CONSENT}),
    ORAL_ASSENT: frozenset({ORAL_ASSENT}),
    WRITTEN_ASSENT: frozenset({WRITTEN_ASSENT}),
    RE_CONSENT: frozenset({PARTICIPATION, LAR_CONSENT, *_OF_A_CONSENT}),
    OPTIONAL_ITEMS: frozenset({PARTICIPATION, LAR_CONSENT, *OPTIONAL_PURPOSES}),
}
# Form → what must be among the purposes that are signed under it.
_PURPOSE_OF = {SESSION_FORM: PROCEDURE} | {one: one for one in OPTIONAL_PURPOSES}


Days = tuple[dt.date, dt.date] | None


@dataclass(frozen=True)
class Around:
    """What is known around an entry.

    days: the first and the last day on which it can have been signed, None when not known. document, language: what it
    names, as the register has it. unknown_version: the version that it states and the register does not hold (in_language:
    in the language that it states).
    approved_from: the first day on which an ethics approval of the site held. delegated: whether the person who
    obtained it was allowed to on each of the days; None when no account is named. staff: names of everybody who has an
    account. concerned: the signature that it is about.
    """

    days: Days = None
    document: documents.Document | None = None
    language: str = ""
    unknown_version: str = ""
    approved_from: dt.date | None = None
    delegated: Verdict | None = None
    staff: tuple[tuple[str, str], ...] = ()
    concerned: Event | None = None
    concerned_days: Days = None
    in_language: bool = False


def broken(event: Event, around: Around) -> Iterable[Said]:
    """(field, code, message) of each rule that the entry breaks. event: as it would stand, corrections applied."""
    yield from _document(event, around)
    yield from _approval(event, around)
    yield from _delegation(event, around)
    yield from _witness(event, around)
    yield from _signature_concerned(event, around)
    yield from _order(event)


def _document(event: Event, around: Around) -> Iterable[Said]:
    if around.unknown_version:
        yield (
            "document_version",
            "not_in_register",
            said(
                "The register of documents has no version “%(unknown_version)s” for this signature at the"
                " site%(language)s. Choose the document from the register.",
                unknown_version=around.unknown_version,
                language=said(" in this language") if around.in_language else "",
            ),
        )
    document = around.document
    if document is None:
        return
    if document.kind != documents.CONSENT_FORM:
        yield (
            "document",
            "information_sheet",
            said("This is an information sheet. Name the form that was signed."),
        )
    forms = FORMS_OF.get(event.kind)
    needed = _PURPOSE_OF.get(document.purpose)
    if forms is not None and document.purpose not in forms:
        yield (
            "document",
            "other_form",
            said(
                "This form is not for this kind of signature. Choose the form that was signed, or the"
                " other kind."
            ),
        )
    elif needed is not None and event.purposes is not None and needed not in event.purposes:
        yield (
            "document",
            "other_form",
            said("What is signed under this form (%(needed)s) is not among the purposes.", needed=needed),
        )
    if document.state == documents.DRAFT:
        yield "document", "document_not_approved", documents.why_not(document, dt.date.max)
    elif around.days is not None:
        judged = documents.judge_between(document, *around.days)
        if "current" not in judged:
            last = around.days[1]
            yield "document", f"document_{documents.judge(document, last)}", documents.why_not(document, last)


def _approval(event: Event, around: Around) -> Iterable[Said]:
    """Of an entry whose document is not known: that of the document says it by itself."""
    if event.kind not in SIGNED_KINDS or around.document is not None or around.days is None:
        return
    if around.approved_from is not None and around.days[1] < around.approved_from:
        yield (
            "signed_on",
            "before_approval",
            said(
                "The ethics committee approved the study at this site from %(approved_from)s, after this"
                " signature.",
                approved_from=around.approved_from,
            ),
        )


def _delegation(event: Event, around: Around) -> Iterable[Said]:
    # A person stops taking part before whomever he or she says it.
    if event.kind not in (WITHDRAWAL, DISSENT) and around.delegated == "no":
        yield (
            "obtainer",
            "not_delegated",
            said(
                "By the delegation log this person was not allowed to obtain consent at the site on that day."
            ),
        )


def _witness(event: Event, around: Around) -> Iterable[Said]:
    if event.witness_relation == "study_staff":
        yield (
            "witness_relation",
            "witness_is_staff",
            said("Study staff are no impartial witness. Name somebody outside of the study."),
        )
    if event.witness and (who := staff_named(event.witness, around.staff)):
        yield (
            "witness",
            "witness_is_staff",
            said("%(who)s has an account of this study, and study staff are no impartial witness.", who=who),
        )


def _signature_concerned(event: Event, around: Around) -> Iterable[Said]:
    if event.kind not in ABOUT_A_SIGNATURE or around.days is None or around.concerned_days is None:
        return
    (first, last), (signed_first, signed_last) = around.days, around.concerned_days
    if last < signed_first:
        yield "signed_on", "before_signature", said("This is before the signature that it is about.")
    elif event.kind == WITNESSED and first > signed_last:
        yield (
            "signed_on",
            "witness_later",
            said("A witness is there when it is signed, and signs on the same day."),
        )


def _order(event: Event) -> Iterable[Said]:
    if event.informed_at is not None and event.signed_at is not None and event.informed_at > event.signed_at:
        yield "informed_at", "informed_after", said("The information was given after the signature.")
    if event.kind in (OWN_CONSENT, WRITTEN_ASSENT) and event.capacity == "cannot_decide":
        yield (
            "capacity",
            "cannot_decide",
            said("Who cannot decide at present does not sign. A representative does."),
        )
    if (
        event.method == SPOKEN
        and event.kind in SIGNED_KINDS
        and event.kind not in (ORAL_ASSENT, OPTIONAL_ITEMS)
    ):
        yield (
            "method",
            "spoken",
            said("This is signed, on paper or on the screen; only assent may be spoken."),
        )


# Codes of everything above: what may be recorded as it happened. Pages ask them.
MAY_BE_RECORDED = frozenset(
    {
        "not_in_register", "information_sheet", "other_form", "document_not_approved", "document_not_yet",
        "document_superseded", "document_withdrawn", "document_approval_lapsed", "before_approval", "not_delegated",
        "witness_is_staff", "before_signature", "witness_later", "informed_after", "cannot_decide", "spoken",
    }
)  # fmt: skip


# --- Who a name is ---------------------------------------------------------------------------------------

_TITLES = frozenset({"dr", "mr", "mrs", "ms", "prof", "professor", "sr", "sister", "nurse", "shri", "smt"})


def staff_named(text: str, staff: Iterable[tuple[str, str]]) -> str:
    """The name of the person with an account whom the text names, "" for none.

    staff: user name and name as it is shown. A name of one word must be the whole text (“Asha” is a person, an “ASHA
    worker” another), one of several may stand in it.
    """
    words = _words(text)
    spoken = set(words)
    for username, shown in staff:
        account, name = _words(username), _words(shown)
        if words and words in (account, name):
            return shown or username
        if len(name) > 1 and set(name) <= spoken:
            return shown or username
    return ""


def _words(text: str) -> list[str]:
    """Words of any script in small letters, without titles."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    letters = "".join(sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in plain)
    return [word for word in re.split(r"\s+", letters) if word and word not in _TITLES]
