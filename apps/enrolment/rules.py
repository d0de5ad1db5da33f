"""Hard rules and derived values of enrolment: participant codes, and what a history may not say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Problem

# ISO 7064, hybrid system MOD 37,36: finds every single wrong character and nearly every swap of neighbours.
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MODULUS = len(_ALPHABET)

CODE_PATTERN = re.compile(r"^(?P<site>[A-Z]{2,6})-(?P<sequence>[0-9]{4,6})-(?P<check>[0-9A-Z])\Z")


def check_character(body: str) -> str:
    """The ISO 7064 MOD 37,36 check character of an upper-case alphanumeric text; hyphens do not count.

    Raises ValueError for any other character.
    """
    product = _MODULUS
    for character in body.replace("-", ""):
        product = (product + _ALPHABET.index(character)) % _MODULUS or _MODULUS
        product = (product * 2) % (_MODULUS + 1)
    return _ALPHABET[(_MODULUS + 1 - product) % _MODULUS]


def participant_code(site_code: str, sequence: int) -> str:
    """`MUM-0001-K`: site, number within the site, check character."""
    if sequence < 1:
        raise ValueError("Participants are numbered from 1.")
    body = f"{site_code}-{sequence:04d}"
    return f"{body}-{check_character(body)}"


def is_participant_code(text: str) -> bool:
    """Whether the text has the shape of a code and its check character is right (a typing error is not)."""
    found = CODE_PATTERN.match(text)
    return found is not None and check_character(text.rpartition("-")[0]) == found["check"]


def definitely_after(first: Any, second: Any) -> bool:
    """Whether one partial date lies after another whatever their missing parts are; False when it cannot be told."""
    if first is None or second is None or first.earliest is None or second.latest is None:
        return False
    return bool(first.earliest > second.latest)


def comorbidity_none_stands_alone(values: Mapping[str, Any]) -> Iterable[Problem]:
    chosen = values.get("comorbidities") or []
    if "none" in chosen and len(chosen) > 1:
        yield Problem(
            "comorbidities",
            "contradiction",
            "“None” is chosen together with a comorbidity. Keep one or the other.",
        )


def symptoms_none_stands_alone(values: Mapping[str, Any]) -> Iterable[Problem]:
    chosen = values.get("symptoms_at_onset") or []
    if "none" in chosen and len(chosen) > 1:
        yield Problem(
            "symptoms_at_onset",
            "contradiction",
            "“None” is chosen together with a symptom. Keep one or the other.",
        )


def ketoacidosis_count_agrees(values: Mapping[str, Any]) -> Iterable[Problem]:
    """No ketoacidosis and a count of episodes above 0 cannot both be true, nor the reverse."""
    history, count = values.get("dka_history"), values.get("dka_episodes")
    if history is False and count:
        yield Problem(
            "dka_episodes",
            "contradiction",
            "Episodes are counted although there is no history of ketoacidosis. Correct one of the two.",
        )
    if history is True and count == 0:
        yield Problem(
            "dka_episodes",
            "contradiction",
            "There is a history of ketoacidosis, so at least one episode is expected. Correct one of the two.",
        )


def registration_problems(
    *, group: str, index_date: Any, matched_case_group: str | None, matched_case_is_self: bool = False
) -> Iterable[Problem]:
    """What a registration or a change of group may not say. matched_case_group None: no matched case given."""
    if index_date is not None and group != "control":
        yield Problem(
            "index_date",
            "controls_only",
            "Only a control has an index date: Day 0 of a case is its first infusion. Leave it empty.",
        )
    if matched_case_group is None:
        return
    if group != "control":
        yield Problem("matched_case", "controls_only", "Only a control is matched to a case. Leave it empty.")
    elif matched_case_group != "case":
        yield Problem(
            "matched_case", "not_a_case", "The participant named here is not in the group of cases."
        )
    if matched_case_is_self:
        yield Problem("matched_case", "self", "A participant cannot be matched to himself or herself.")


def retrospective_problems(*, enrolled_on: Any, study_opened_on: Any) -> Iterable[Problem]:
    """A record may only be transcribed from a published source when its events precede the study."""
    if study_opened_on is None or enrolled_on is None or enrolled_on.earliest is None:
        return
    if enrolled_on.earliest >= study_opened_on:
        yield Problem(
            "enrolled_on",
            "study_open",
            f"The study opened on {study_opened_on.isoformat()}; a participant enrolled since then is followed, "
            "not transcribed. Register without “retrospective”.",
        )
