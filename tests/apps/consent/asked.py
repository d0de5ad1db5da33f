"""Participants, a site and a study as the findings see them: nothing is wrong until a test makes it so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from apps.consent.rules import PURPOSES, Event
from apps.consent.rules.documents import Document, Register, Text
from apps.consent.rules.findings import (
    NUMBERS,
    Case,
    ConsentFinding,
    Held,
    Procedure,
    Site,
    Study,
    consent_findings,
)
from apps.enrolment.rules.approvals import Approval
from studyportal.crf.partial_date import PartialDate

TODAY = dt.date(2024, 12, 1)
RAO = 7


def on(text: str | None) -> Any:
    return None if text is None else PartialDate.parse(text)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def event(id: int, kind: str, signed: str | None = "2024-02-01", **more: Any) -> Event:
    plain: dict[str, Any] = {
        "purposes": PURPOSES,
        "document_version": "2.0",
        "document_language": "mr",
        "ethics_approval_number": "EC/7",
        "ethics_approval_validity": dt.date(2026, 12, 31),
        "obtained_by": "Dr Rao",
        "obtainer": RAO,
        "audio_visual": "recorded",
        "recording_sha256": "a" * 64,
        "copy_given": True,
        "entered_at": dt.datetime(2024, 2, 2, tzinfo=dt.UTC),
    } | more
    return Event(id=id, kind=kind, signed_on=on(signed), **plain)


ADULT = event(1, "consent", signer="participant", age_at_signature=25)
LAR = event(
    1, "lar_consent", signer="mother", lar_relationship_proof="birth certificate", age_at_signature=15
)
ASSENT = event(2, "written_assent", signer="participant", age_at_signature=15)
SCREENING = Procedure("Screening", "visit", on("2024-02-05"), uses=("visit",))
HARVEST = Procedure("Harvest, session 1", "harvest", on("2024-03-01"), session_number=1, uses=("treatment",))


def approved(first: str, last: str | None, **more: Any) -> Approval:
    return Approval(
        **{
            "id": 1,
            "kind": "ethics_committee",
            "first": day(first),
            "last": day(last) if last else None,
            "number": "EC/7",
        }
        | more
    )


def document(id: int, purpose: str, label: str, valid_from: str, **more: Any) -> Document:
    return Document(
        **{
            "id": id,
            "site_id": 1,
            "kind": "consent_form",
            "purpose": purpose,
            "version_label": label,
            "title": purpose.replace("_", " "),
            "state": "approved",
            "valid_from": day(valid_from),
            "approvals": (approved("2023-01-01", None),),
            "texts": (Text(id * 10, "mr", "f" * 64, "e" * 64), Text(id * 10 + 1, "en", "d" * 64, "c" * 64)),
        }
        | more
    )


FORMS = tuple(
    document(number, purpose, "2.0", "2024-01-01")
    for number, purpose in enumerate(("participation", "lar_consent", "oral_assent", "written_assent"), 1)
)
REGISTER = Register(FORMS)
DELEGATED = (Held(RAO, 1, day("2023-01-01")),)
TRAINED = (Held(RAO, None, day("2023-01-01")),)


def site(**more: Any) -> Site:
    return Site(
        **{
            "id": 1,
            "code": "MUM",
            "register": REGISTER,
            "delegations": DELEGATED,
            "trainings": TRAINED,
            "staff": frozenset({"rao", "dr s. rao"}),
        }
        | more
    )


STUDY = Study(today=TODAY, languages={"en": "English", "hi": "Hindi", "mr": "Marathi"})


def adult(*events: Event, **more: Any) -> Case:
    plain: dict[str, Any] = {
        "procedures": (SCREENING, HARVEST),
        "status": "in_follow_up",
        "enrolled_on": on("2024-02-05"),
        "known_age": 25,
        "known_on": on("2024-02-05"),
    } | more
    return Case(events=events or (ADULT,), **plain)


def child(*events: Event, **more: Any) -> Case:
    return adult(*(events or (LAR, ASSENT)), **({"known_age": 15} | more))


def found(
    case: Case, of: Site | None = None, study: Study = STUDY, numbers: Collection[int] = NUMBERS
) -> list[ConsentFinding]:
    return consent_findings(case, of or site(), study, numbers)


def codes(case: Case, of: Site | None = None, study: Study = STUDY) -> list[tuple[int, str, str]]:
    return [(one.number, one.code, one.severity) for one in found(case, of, study)]


def open_codes(case: Case, of: Site | None = None, study: Study = STUDY) -> list[tuple[int, str, str]]:
    """Those that are undecided."""
    return [
        (one.number, one.code, one.severity)
        for one in found(case, of, study)
        if one.verdict == "indeterminate"
    ]


def of_number(number: int, case: Case, of: Site | None = None, study: Study = STUDY) -> list[str]:
    return [one.code for one in found(case, of, study) if one.number == number]
