"""What a registration may not say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studyportal.crf.outcomes import Problem


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
