"""Questions 2 and 10: which words were signed, and whether each amendment was. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from apps.consent.rules import Event, document_purpose
from apps.consent.rules.documents import Document, judge, why_not
from apps.consent.rules.findings.case import Asking, ConsentFinding, day_of, days, name_of, youngest
from studyportal.words import said


def right_document(asking: Asking) -> Iterator[ConsentFinding]:
    """2."""
    for event in asking.case.signed:
        named = name_of(event)
        if event.document_version is None:
            yield asking.finding(
                2,
                "version_missing",
                "major",
                said("The version of the document signed (%(named)s) is not recorded.", named=named),
                about=event,
            )
        if event.document_language is None:
            yield asking.finding(
                2,
                "language_missing",
                "minor",
                said("The language of the document signed (%(named)s) is not recorded.", named=named),
                about=event,
            )
        if event.purposes is None:
            yield asking.finding(
                2,
                "purpose_missing",
                "major",
                said("What was consented to (%(named)s) is not recorded.", named=named),
                about=event,
                open_question=True,
            )
        if not asking.case.retrospective:
            yield from _by_register(asking, event)
            yield from _language(asking, event)


def purpose_of(event: Event) -> str:
    return document_purpose(event.kind, event.purposes, event.signer)


def signed_document(asking: Asking, event: Event) -> Document | None:
    """The document of the register that was signed: the one that the entry names, else the one whose purpose and version
    it states."""
    register = asking.site.register
    if event.document_id is not None:
        return register.of_text(event.document_id)
    if event.document_version is None:
        return None
    language = asking.study.language(event.document_language)
    purpose = purpose_of(event)
    found = register.find(purpose, event.document_version, language) or register.find(
        purpose, event.document_version
    )
    return found[0] if found else None


def _by_register(asking: Asking, event: Event) -> Iterator[ConsentFinding]:
    named, register = name_of(event), asking.site.register
    document = signed_document(asking, event)
    if document is None:
        if event.document_id is not None:
            yield asking.finding(
                2,
                "document_foreign",
                "major",
                said("The document of the %(named)s is not one of this site.", named=named),
                about=event,
            )
        elif event.document_version is not None:
            known = register.has_approved(purpose_of(event))
            yield asking.finding(
                2,
                "version_unknown" if known else "not_in_register",
                "major",
                said("Version %(document_version)s of the %(named)s is not in the site's register of"
" documents", document_version=event.document_version, named=named)
                + ("." if known else said(", which holds no approved form for it: whether it was approved"
" cannot be shown.")),
                about=event,
                open_question=not known,
            )  # fmt: skip
        return
    placed = day_of(event)
    if placed is not None:
        judged = asking.site.judged(document, *placed)
        if "current" not in judged:
            day = placed[0]
            yield asking.finding(
                2, f"version_{judge(document, day)}", "major", f"{named.capitalize()}: {why_not(document, day)}", about=event
            )  # fmt: skip
        elif len(judged) > 1:
            yield asking.finding(
                2,
                "currency_unclear",
                "major",
                said(
                    "The %(named)s is not dated to the day, so it cannot be shown that version"
                    " %(version_label)s was approved and in use.",
                    named=named,
                    version_label=document.version_label,
                ),
                about=event,
                open_question=True,
            )
    if event.document_id is None:
        return
    text = next((one for one in document.texts if one.id == event.document_id), None)
    if document.purpose != purpose_of(event):
        yield asking.finding(
            2,
            "wrong_form",
            "major",
            said(
                "The %(named)s was signed on another form: “%(title)s”.",
                named=named,
                title=document.title or document.purpose,
            ),
            about=event,
        )
    if text is None:
        return
    if event.document_sha256 and event.document_sha256 not in (text.file_sha256, text.text_sha256):
        yield asking.finding(
            2,
            "checksum_differs",
            "major",
            said(
                "The checksum that was signed (%(named)s) is not that of the document in the register.",
                named=named,
            ),
            about=event,
        )
    stated = asking.study.language(event.document_language)
    if stated is not None and stated != text.language:
        yield asking.finding(
            2,
            "language_differs",
            "major",
            said(
                "The %(named)s states the language %(document_language)s; the document is in %(language)s.",
                named=named,
                document_language=event.document_language,
                language=text.language,
            ),
            about=event,
        )


def _language(asking: Asking, event: Event) -> Iterator[ConsentFinding]:
    """Only of the participant: what a representative reads best is not recorded, and who cannot read is read to."""
    case, study = asking.case, asking.study
    signed, best = study.language(event.document_language), case.language
    if not signed or not best or signed == best or event.signer != "participant" or case.cannot_read:
        return
    offered = best in study.languages
    yield asking.finding(
        2,
        "language_not_best",
        "major" if offered else "minor",
        said("The %(event)s was signed in %(languages)s; the participant reads %(languages_2)s best", event=name_of(event), languages=study.languages.get(signed, signed), languages_2=study.languages.get(best, best))
        + ("." if offered else said(", in which the study has no documents: whether it was understood is"
" not recorded.")),
        about=event,
        open_question=not offered,
    )  # fmt: skip


# --- 10 --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What became of one amendment with one participant whom it concerns. lag: days from the day from which it is signed
    anew to the signature, or to today while it is open."""

    document: Document
    state: Literal["signed", "late", "due", "overdue", "unclear"]
    lag: int | None
    about: Event | None = None


def amendments(asking: Asking) -> Iterator[ConsentFinding]:
    """10."""
    window = asking.study.terms.reconsent_within_days
    for answer in amendment_answers(asking):
        version, lag = answer.document.version_label, answer.lag or 0
        if answer.state == "overdue":
            yield asking.finding(
                10,
                "reconsent_overdue",
                "major",
                said(
                    "Version %(version)s had to be signed anew within %(window)s; %(lag)s after it began"
                    " it is not.",
                    version=version,
                    window=days(window),
                    lag=days(lag),
                ),
                about=answer.about,
            )
        elif answer.state == "late":
            yield asking.finding(
                10,
                "reconsent_late",
                "minor",
                said(
                    "Version %(version)s was signed anew %(lag)s after it began; the protocol allows"
                    " %(window)s.",
                    version=version,
                    lag=days(lag),
                    window=days(window),
                ),
                about=answer.about,
            )
        elif answer.state == "unclear":
            yield asking.finding(
                10,
                "reconsent_undated",
                "major",
                said(
                    "Version %(version)s was signed anew, but not on a known day: whether in time cannot"
                    " be shown.",
                    version=version,
                ),
                about=answer.about,
                open_question=True,
            )


def amendment_answers(asking: Asking) -> Iterator[Answer]:
    """For each amendment that concerns the participant: whether and when it was signed."""
    case = asking.case
    if not asking.site.amendments or case.retrospective or not case.signed:
        return
    signed = [(event, purpose_of(event), signed_document(asking, event)) for event in case.signed]
    for document, began, newer in asking.site.amendments:
        own = [(event, one) for event, purpose, one in signed if purpose == document.purpose]
        if not own or began > asking.study.today or not _concerns(asking, document, began):
            continue
        earlier = [
            event for event, one in own
            if (one is None or one.id not in newer) and ((placed := day_of(event)) is None or placed[0] < began)
        ]  # fmt: skip
        if not earlier:
            continue
        anew = [event for event, one in own if one is not None and one.id in newer]
        yield _answer(asking, document, began, earlier, anew)


def _answer(
    asking: Asking, document: Document, began: dt.date, earlier: list[Event], anew: list[Event]
) -> Answer:
    window = asking.study.terms.reconsent_within_days
    if not anew:
        lag = (asking.study.today - began).days
        return Answer(document, "overdue" if lag > window else "due", lag, earlier[-1])
    placed = [(span[1], event) for event in anew if (span := day_of(event)) is not None]
    if not placed:
        return Answer(document, "unclear", None, anew[0])
    last, event = min(placed, key=lambda pair: pair[0])
    lag = max((last - began).days, 0)
    return Answer(document, "late" if lag > window else "signed", lag, event)


def _concerns(asking: Asking, document: Document, began: dt.date) -> bool:
    """Whether the participant is one of those who sign anew, and was followed when it began."""
    case = asking.case
    if not case.is_followed:
        since = case.status_since
        # Who had gone before it began signs nothing; who went later should have, while there was time.
        left = since.latest if since is not None else None
        window = dt.timedelta(days=asking.study.terms.reconsent_within_days)
        if left is None or left < began + window:
            return False
    match document.reconsent_whom:
        case "cases" | "controls":
            return case.group == document.reconsent_whom.removesuffix("s")
        case "minors" | "adults":
            age = youngest(case.age(began))
            if age is None:
                return True
            return (age < asking.study.terms.adult_from) == (document.reconsent_whom == "minors")
        case _:
            return True
