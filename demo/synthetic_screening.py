"""Screening of the synthetic study: the answers to the criteria, and those who were screened and went no further."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.enrolment import actions as enrolment
from apps.enrolment.models import Participant, ScreeningEntry
from studyportal import protocol
from studyportal.access.models import Site, User

EVIDENCE = "Synthetic: laboratory of the hospital, at screening"

# Who did not go on: weeks before the end, age, sex, outcome, why, in words, and the criteria that were not met.
NOT_ENROLLED: tuple[tuple[int, int, str, str, str, str, dict[str, str]], ...] = (
    (30, 6, "male", "not_eligible", "criteria", "", {"age": "no"}),
    (28, 22, "female", "declined", "procedure", "", {}),
    (25, 31, "female", "not_eligible", "criteria", "", {"pregnancy": "yes"}),
    (22, 17, "male", "declined", "family", "", {}),
    (19, 44, "male", "not_eligible", "criteria", "", {"age": "no"}),
    (16, 26, "female", "not_reached", "no_contact", "", {}),
    (14, 35, "male", "not_eligible", "criteria", "", {"renal": "yes", "coagulopathy": "yes"}),
    (11, 12, "female", "declined", "travel", "", {}),
    (9, 29, "male", "not_eligible", "criteria", "", {"hba1c": "no"}),
    (7, 19, "female", "other", "other", "Joined another study of the hospital", {}),
    (3, 24, "male", "open", "", "", {}),
    (1, 15, "female", "open", "", "", {}),
)


def answers(*, group: str, **other: str) -> dict[str, dict[str, Any]]:
    """Every criterion of the group, met unless `other` says otherwise."""
    return {
        key: {
            "answer": other.get(key, "yes" if criterion.kind == "inclusion" else "no"),
            "evidence": EVIDENCE if criterion.analyte else "",
        }
        for key, criterion in protocol.current().eligibility.items()
        if not criterion.groups or group in criterion.groups
    }


def judge(participant: Participant, *, group: str, consented: bool, by: User) -> None:
    """Answer the criteria as somebody does who finds them met; without consent that one stays open."""
    given = answers(group=group)
    if not consented:
        del given["consent"]
    enrolment.eligibility.answer(entry=participant.screening, by=by, answers=given)  # type: ignore[attr-defined]


def screen_others(*, site: Site, by: User, until: dt.date) -> list[ScreeningEntry]:
    """Those of a site who were screened and went no further: two by two, to each site a half."""
    made = []
    own = [one for n, one in enumerate(NOT_ENROLLED) if (n // 2 % 2 == 1) is (site.code == "PUN")]
    for weeks, age, sex, outcome, why, words, unmet in own:
        day = until - dt.timedelta(weeks=weeks)
        entry = enrolment.screening.open_entry(
            site=site, by=by, screened_on=day, age=age, sex=sex, referral="referred", considered_for="case",
            synthetic=True,
        )  # fmt: skip
        if unmet:
            said = {key: {"answer": one, "evidence": EVIDENCE} for key, one in unmet.items()}
            entry = enrolment.eligibility.answer(entry=entry, by=by, answers=said)
        if outcome != "open":
            entry = enrolment.screening.conclude(
                entry=entry, outcome=outcome, by=by, on=day + dt.timedelta(days=5), reason_code=why,
                reason_text=words,
            )  # fmt: skip
        made.append(entry)
    return made
