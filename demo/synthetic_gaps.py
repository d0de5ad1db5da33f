"""Participants of whom the consent is not as it should be: for each question of an auditor and each task somebody. Pure.

They were screened and signed, and most went no further, so that they are in no group and no table of outcomes. What the
portal refuses is entered as it happened, with the reason; see `apps.consent.rules`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from demo import synthetic_visits
from demo.consent_plan import AMENDED, FIRST, version_of
from demo.synthetic import Person, SyntheticParticipant
from demo.synthetic_consents import ITEMS, OFFSET, sha256

# Session 2 comes near, and is not signed yet.
IN_TREATMENT = 31
WHY = "Synthetic: so that the portal has something to find"


@dataclass(frozen=True)
class Gap:
    """One participant. tells: the questions (numbers) and tasks (words) for which this one is there.

    visits: key → day; entries, after_visits: of the log, before and after the visits. birth_date: typed at the end, as
    somebody does who finds the card later. unexplained: a correction as an older log had it, without its reason.
    """

    label: str
    site: str
    age: int
    sex: str
    screened_on: dt.date
    tells: tuple[int | str, ...]
    entries: tuple[Mapping[str, Any], ...]
    visits: Mapping[str, dt.date]
    after_visits: tuple[Mapping[str, Any], ...] = ()
    birth_date: dt.date | None = None
    can_read: bool = True
    unexplained: bool = False


def gaps(until: dt.date) -> Iterator[Gap]:
    """Of both sites, in the order of their labels. until: the day of the data."""

    def ago(days: int) -> dt.date:
        return until - dt.timedelta(days=days)

    def adult(label: str, signed: dt.date, *tells: int | str, site: str = "MUM", **more: Any) -> Gap:
        said = more.pop("said", {})
        entry = _adult(signed, site, version_of("participation", site, signed, until)) | said
        whole: dict[str, Any] = {
            "age": 27, "sex": "female", "screened_on": signed - dt.timedelta(days=3), "entries": (entry,), "visits": {},
        }  # fmt: skip
        return Gap(f"Synthetic consent {label}", site, tells=tells, **whole | more)

    def minor(label: str, signed: dt.date, *tells: int | str, **more: Any) -> Gap:
        said, age = more.pop("said", {}), more.get("age", 15)
        version = version_of("lar_consent", "MUM", signed, until)
        pair = (_parent(signed, version, age) | said, _child(signed, version, age) | more.pop("child", {}))
        whole: dict[str, Any] = {
            "age": 15, "sex": "male", "screened_on": signed - dt.timedelta(days=3), "entries": pair, "visits": {},
        }  # fmt: skip
        return Gap(f"Synthetic consent {label}", "MUM", tells=tells, **whole | more)

    yield adult(
        "01: old version", ago(20), 2,
        said={"form": ("participation", FIRST), "as_it_happened": "An old sheet was left in the drawer; signed on it"},
    )  # fmt: skip
    yield adult(
        "02: month only", ago(75), 3,
        said={"signed_on": f"{ago(75):%Y-%m}", "signed_at": None, "informed_at": None},
    )  # fmt: skip
    turned = ago(100)
    yield minor(
        "03: turned 18", ago(300), 5, "birthday", age=17, birth_date=_years_before(turned, 18),
        visits={"SCR": ago(299), "BL": ago(290), "UNS": ago(40)},
    )  # fmt: skip
    yield minor(
        "04: turns 18 soon", ago(25), "birthday", age=17,
        birth_date=_years_before(until + dt.timedelta(days=40), 18),
    )  # fmt: skip
    yield adult(
        "05: not delegated", ago(50), 6,
        said={"obtainer": "vikram", "as_it_happened": "A colleague from Pune stood in for a day; no role was given"},
    )  # fmt: skip
    yield adult(
        "06: witness is staff", ago(45), 7, 8, can_read=False,
        said={
            "signer_can_read": False, "witness": "Asha", "witness_relation": "study_staff",
            "audio_visual": "required_not_done", "absent": {},
            "as_it_happened": "Nobody else was there; the coordinator signed as witness",
        },
    )  # fmt: skip
    silent = {"audio_visual": None, "recording_sha256": None}
    yield minor(
        "07: copy and recording open", ago(12), 8, 9, "copy", "recording", said={**silent, "copy_given": None}, child=silent
    )  # fmt: skip
    withdrawal = {
        "kind": "withdrawal", "signer": "participant", "withdrawal_scopes": ["visits", "new_data"],
        "signed_on": ago(30).isoformat(), "method": "paper", "sheet": True, "obtainer": "rao", "data_retained": None,
        "note": "Letter of the participant; it reached the coordinator after the visit",
    }  # fmt: skip
    yield adult(
        "08: visit after withdrawal", ago(90), 11, visits={"SCR": ago(88), "UNS": ago(20)}, after_visits=(withdrawal,)
    )  # fmt: skip
    yield adult("09: optional items open", ago(35), 12, said={"purposes": ["participation"], "declined": []})
    yield adult(
        "10: before the approval", dt.date(2023, 10, 20), 2, 15,
        said={"as_it_happened": "The committee had said yes by telephone; its letter came later"},
    )  # fmt: skip
    yield adult(
        "11: corrections", ago(60), 16, unexplained=True,
        after_visits=(
            {
                "kind": "correction", "corrects": "consent", "name": "correction", "copy_given": True, "age_at_signature": 28,
                "note": "The age was taken from the card of a sister",
            },
        ),
    )  # fmt: skip
    yield minor(
        "12: relation not proven", ago(55), 4,
        said={"lar_relationship_proof": None, "absent": {"witness": "not_applicable", "lar_relationship_proof": "not_recorded"}},
    )  # fmt: skip
    guardian = _parent(ago(15), AMENDED, 15) | {
        "signer": "guardian", "name": "guardian", "lar_relationship_proof": "Order of the court seen",
        "purposes": ["participation"], "declined": [],
        "note": "The mother has died; the uncle is the guardian now",
    }  # fmt: skip
    yield minor("13: another representative", ago(160), "representative", after_visits=(guardian,))
    yield adult(
        "14: no witness", ago(10), 7, "witness", site="PUN", can_read=False,
        said={
            "signer_can_read": False, "audio_visual": "recorded", "recording_sha256": sha256("14"),
            "absent": {"witness": "not_recorded"}, "form": ("participation", AMENDED),
        },
    )  # fmt: skip
    yield adult(
        "15: not trained", dt.date(2024, 3, 12), 6, 10, "reconsent", site="PUN", said={"obtainer": "iyer"}
    )
    child = _child(ago(40), AMENDED, 14) | {"name": "assent"}
    dissent = {
        "kind": "dissent", "signer": "participant", "signed_on": ago(35).isoformat(), "method": "spoken", "obtainer": "rao",
        "document_language": "mr", "note": "Said at the second visit that the needles are too much",
    }  # fmt: skip
    yield replace(
        minor("16: the child said no", ago(40), 4, age=14, visits={"SCR": ago(38), "UNS": ago(28)}),
        entries=(_parent(ago(40), AMENDED, 14), child),
        after_visits=(dissent,),
    )


def _adult(day: dt.date, site: str, version: str) -> dict[str, Any]:
    return _signed(day) | {
        "kind": "consent",
        "form": ("participation", version),
        "signer": "participant",
        "obtainer": "rao" if site == "MUM" else "vikram",
        "purposes": ["participation", *ITEMS],
        "declined": [],
        "age_at_signature": 27,
        "audio_visual": "not_required",
        "copy_given": True,
    }


def _parent(day: dt.date, version: str, age: int) -> dict[str, Any]:
    return _signed(day) | {
        "kind": "lar_consent",
        "form": ("lar_consent", version),
        "signer": "mother",
        "signer_can_read": True,
        "lar_relationship_proof": "Birth certificate seen",
        "obtainer": "rao",
        "purposes": ["participation", *ITEMS],
        "declined": [],
        "age_at_signature": age,
        "audio_visual": "recorded",
        "recording_sha256": sha256("representative", day),
        "copy_given": True,
    }


def _child(day: dt.date, version: str, age: int) -> dict[str, Any]:
    return _signed(day) | {
        "kind": "written_assent",
        "form": ("written_assent", version),
        "signer": "participant",
        "obtainer": "rao",
        "purposes": ["participation"],
        "age_at_signature": age,
        "audio_visual": "recorded",
        "recording_sha256": sha256("assent", day),
        "copy_given": True,
    }


def _signed(day: dt.date) -> dict[str, Any]:
    return {
        "signed_on": day.isoformat(),
        "signed_at": f"{day.isoformat()}T11:40:00{OFFSET}",
        "informed_at": f"{day.isoformat()}T10:15:00{OFFSET}",
        "document_language": "mr",
        "method": "paper",
        "sheet": True,
        "absent": {"witness": "not_applicable"},
    }


def _years_before(day: dt.date, years: int) -> dt.date:
    return day.replace(year=day.year - years, day=min(day.day, 28))


# --- In treatment ----------------------------------------------------------------------------------------


def in_treatment(
    until: dt.date, *, number: int = IN_TREATMENT, site: str = "PUN", sex: str = "male", age: int = 24
) -> SyntheticParticipant:
    """A case between its two sessions: everything up to the day of the data, nothing after it."""
    person = Person(
        number=number, control=None, site=site, sex=sex, age=age, duration_years=4,
        day0=until - dt.timedelta(days=30), hba1c=9.4, blemishes=frozenset(),
    )  # fmt: skip
    whole = synthetic_visits.participant(np.random.default_rng([2016, number]), person, until=until)
    visits = tuple(one for one in whole.visits if one.happened_on is None or one.happened_on <= until)
    seen = {one.key for one in visits if one.happened_on is not None}
    last = max((one.day for one in visits if one.happened_on is not None), default=0)
    return replace(
        whole,
        visits=tuple(one for one in visits if one.happened_on is not None or one.day <= last),
        sessions=tuple(one for one in whole.sessions if f"S{one.number}" in seen),
        events=tuple(one for one in whole.events if one[0] in seen),
        consents=tuple(one for one in whole.consents if str(one["signed_on"]) <= until.isoformat()),
        later=(),
        endings=(),
    )
