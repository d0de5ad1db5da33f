"""What each synthetic participant signs: the entries of the consent log as a coordinator records them. Pure.

Beside the fields of an entry a mapping holds what the loader looks up: `form` (purpose and version of the document),
`obtainer` (user name), `sheet` (whether a signed sheet is there), `concerns` and `corrects` (the `name` of another entry).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from demo.consent_plan import AMENDED, FIRST, amended_on, version_of
from demo.synthetic import Blemish, Drawn, Form
from demo.synthetic_history import ENDINGS, READS_NOT, WITHDRAWN_ON_DAY, Ending

OFFSET = "+05:30"
# Looked up by the loader; everything else of a mapping is a field of the entry.
LOOKED_UP = ("form", "obtainer", "sheet", "name", "concerns", "corrects")
OBTAINERS: Mapping[str, tuple[str, ...]] = {"MUM": ("rao", "asha"), "PUN": ("vikram", "iyer")}
ITEMS = ("sample_storage", "future_contact", "data_sharing", "images")
# Who does not sign the amendment, and who signs it after the days for it are over (both at Mumbai).
NOT_AGAIN = {(3, 2), (12, 2), (8, 1), (18, 2)}
LATE_AGAIN = {(11, 1)}
# A case of whom a correction says, after both sessions, that the sheet names the first one only.
FIRST_SESSION_ONLY = 14
# Cases who signed taking part first, and harvest and infusion for each session on its day.
BY_SESSION = {12, 21, 31}


def sha256(*words: Any) -> str:
    """Stands for the checksum of a recording that nobody made."""
    return hashlib.sha256(" ".join(str(one) for one in words).encode()).hexdigest()


def _key(drawn: Drawn) -> tuple[int, int | None]:
    return drawn.person.number, drawn.person.control


def items(drawn: Drawn) -> tuple[list[str], list[str]]:
    """Optional items that the person agrees to, and those declined: each is answered."""
    number, control = drawn.person.number, drawn.person.control or 0
    declined = [
        *(["sample_storage"] if (number + control) % 5 == 0 else []),
        *(["data_sharing"] if (number, control) in ((6, 1), (14, 0)) else []),
        *(["images"] if (number + control) % 3 != 0 else []),
    ]
    return [one for one in ITEMS if one not in declined], declined


def language_of(history: tuple[Form, ...]) -> str:
    """The language that the participant reads best."""
    return next(str(form.values["language"]) for form in history if form.key == "demographics")


def consents(drawn: Drawn, enrolled_on: dt.date, until: dt.date) -> Iterator[Mapping[str, Any]]:
    """The first signatures, and the withdrawal of who withdraws. The language is put in by who knows the history."""
    person = drawn.person
    late = Blemish.LATE_CONSENT in person.blemishes
    signed_on = enrolled_on + dt.timedelta(days=9 if late else -1)
    if not late and "BL" in drawn.days:
        # The glucose chart of the baseline visit, which the participant keeps for a week before, is a study procedure.
        signed_on = min(signed_on, drawn.on("BL") - dt.timedelta(days=8))
    drawn.rng.choice(("English", "Hindi", "Marathi"), p=(0.3, 0.3, 0.4))  # keeps the stream as it was
    at = f"{int(drawn.rng.integers(9, 17)):02d}:{int(drawn.rng.integers(0, 60)):02d}"
    shared = _signed(drawn, signed_on, at, "") | {
        "age_at_signature": person.age,
        "copy_given": Blemish.NO_COPY not in person.blemishes,
    }

    def form(purpose: str) -> tuple[str, str]:
        return purpose, version_of(purpose, person.site, signed_on, until)

    agreed, declined = items(drawn)
    treated = ["procedure"] if person.control is None and person.number not in BY_SESSION else []
    purposes = ["participation", *treated, *agreed]
    parent = ""
    if person.age >= 18:
        yield shared | _own() | {
            "kind": "consent", "name": "first", "form": form("participation"), "purposes": purposes, "declined": declined,
        }  # fmt: skip
    else:
        parent = str(drawn.rng.choice(("mother", "father")))
        yield shared | _of(parent) | {
            "kind": "lar_consent", "name": "first", "form": form("lar_consent"), "purposes": purposes, "declined": declined,
        }  # fmt: skip
        if Blemish.NO_ASSENT not in person.blemishes:
            yield shared | _own() | _assent(person.age, form) | {"name": "assent"}
    if person.number in BY_SESSION and person.control is None:
        yield from _sessions(drawn, shared, parent)
    if Blemish.WITHDRAWAL in person.blemishes:
        yield _withdrawal(drawn)


def _signed(drawn: Drawn, day: dt.date, at: str, language: str) -> dict[str, Any]:
    """What every signature of the participant has in common."""
    person = drawn.person
    who = OBTAINERS[person.site][(person.number + (person.control or 0)) % 2]
    vulnerable = person.age < 18 or _key(drawn) in READS_NOT
    shared: dict[str, Any] = {
        "signed_on": day.isoformat(),
        "signed_at": f"{day.isoformat()}T{at}:00{OFFSET}",
        "informed_at": f"{(day - dt.timedelta(days=1)).isoformat()}T10:30:00{OFFSET}",
        "document_language": language,
        "method": "paper",
        "sheet": True,
        "obtainer": who,
        "audio_visual": "recorded" if vulnerable else "not_required",
        "absent": {"witness": "not_applicable"},
    }
    if vulnerable:
        shared["recording_sha256"] = sha256(person.label, day)
    if (witness := READS_NOT.get(_key(drawn))) is not None:
        shared |= {
            "witness": witness, "witness_relation": "hospital_staff", "signer_can_read": False, "absent": {},
        }  # fmt: skip
    return shared


def _own() -> dict[str, Any]:
    return {"signer": "participant"}


def _of(parent: str) -> dict[str, Any]:
    return {"signer": parent, "lar_relationship_proof": "Birth certificate seen", "signer_can_read": True}


def _assent(age: int, form: Callable[[str], tuple[str, str]]) -> dict[str, Any]:
    kind = "written_assent" if age >= 13 else "oral_assent"
    return {
        "kind": kind,
        "form": form(kind),
        "purposes": ["participation", "procedure"],
        "method": "paper" if age >= 13 else "spoken",
        "sheet": age >= 13,
    }


def _sessions(drawn: Drawn, shared: Mapping[str, Any], parent: str) -> Iterator[dict[str, Any]]:
    """One signature for each session, on the day before."""
    for number, key in ((1, "S1"), (2, "S2")):
        if key not in drawn.days:
            return
        day = drawn.on(key) - dt.timedelta(days=1)
        who = _of(parent) if parent else _own()
        yield {**shared, **_signed(drawn, day, "11:15", str(shared["document_language"])), **who} | {
            "kind": "lar_consent" if parent else "consent",
            "name": f"session {number}",
            "form": ("session_harvest", FIRST),
            "purposes": ["procedure"],
            "session_number": number,
        }


def _withdrawal(drawn: Drawn) -> dict[str, Any]:
    person = drawn.person
    day = person.day0 + dt.timedelta(days=WITHDRAWN_ON_DAY)
    return {
        "kind": "withdrawal",
        "name": "withdrawal",
        "signer": "participant" if person.age >= 18 else "father",
        "withdrawal_scopes": ["visits", "new_data"],
        "data_retained": True,
        "signed_on": day.isoformat(),
        "method": "paper",
        "sheet": True,
        "obtainer": OBTAINERS[person.site][0],
        "note": "Moved to another city. Data collected so far may be used.",
    }


# --- The amendment ---------------------------------------------------------------------------------------


def again(
    drawn: Drawn, first: tuple[Mapping[str, Any], ...], language: str, until: dt.date
) -> Iterator[Mapping[str, Any]]:
    """The signatures under the amended documents, of whoever is followed and comes in time for it."""
    person, key = drawn.person, _key(drawn)
    if key == (FIRST_SESSION_ONLY, None):
        yield {
            "kind": "correction", "corrects": "first", "name": "session 1 only", "session_number": 1,
            "note": "The sheet was read again: it names session 1, and nobody asked about session 2",
        }  # fmt: skip
    began = amended_on(person.site, until)
    gone = {Blemish.WITHDRAWAL, Blemish.NO_ASSENT} & person.blemishes
    if gone or key in NOT_AGAIN or ENDINGS.get(key) in (Ending.LOST, Ending.ELSEWHERE):
        return
    wait = 110 if key in LATE_AGAIN else 2 + (7 * person.number + 3 * (person.control or 0)) % 50
    day = began + dt.timedelta(days=wait)
    day -= dt.timedelta(days=max(0, day.weekday() - 4))
    if not began <= day <= until:
        return
    shared = _signed(drawn, day, f"{9 + person.number % 8:02d}:20", language)
    parents = [one for one in first if one["kind"] == "lar_consent"]
    (before,) = [one for one in first if one["name"] == "first"]
    who = _of(str(parents[0]["signer"])) if parents else _own()
    yield {
        **shared,
        **who,
        "kind": "re_consent",
        "name": "again",
        "form": ("lar_consent" if parents else "participation", AMENDED),
        "purposes": before["purposes"],
        "declined": before["declined"],
        "copy_given": True,
    }
    if any(one["kind"] == "written_assent" for one in first):
        yield {
            **shared,
            **_own(),
            **_assent(person.age, lambda purpose: (purpose, AMENDED)),
            "name": "assent again",
        }
