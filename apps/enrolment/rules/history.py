"""What the forms about the time before the study may not say, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from apps.enrolment.rules.dates import age_bounds
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said

Values = Mapping[str, Any]


def none_stands_alone(name: str, word: str, another: str) -> Callable[[Values], Iterable[Problem]]:
    """A rule for a field with several codes: “none” is not chosen together with another one."""

    def rule(values: Values) -> Iterable[Problem]:
        chosen = values.get(name) or []
        if "none" in chosen and len(chosen) > 1:
            yield Problem(
                name,
                "contradiction",
                said(
                    "“%(word)s” is chosen together with %(another)s. Keep one or the other.",
                    word=word,
                    another=another,
                ),
            )

    return rule


comorbidity_none_stands_alone = none_stands_alone("comorbidities", said("None"), said("a comorbidity"))
symptoms_none_stands_alone = none_stands_alone("symptoms_at_onset", said("None"), said("a symptom"))
treatment_none_stands_alone = none_stands_alone("prior_treatments", said("None"), said("a treatment"))


def nobody_stands_alone(values: Values) -> Iterable[Problem]:
    for name in ("family_type_1", "family_type_2", "family_autoimmune"):
        yield from none_stands_alone(name, said("Nobody"), said("a relative"))(values)


def ketoacidosis_count_agrees(values: Values) -> Iterable[Problem]:
    """No ketoacidosis and a count of episodes above 0 cannot both be true, nor the reverse."""
    history, count = values.get("dka_history"), values.get("dka_episodes")
    if history is False and count:
        yield Problem(
            "dka_episodes",
            "contradiction",
            said(
                "Episodes are counted although there is no history of ketoacidosis. Correct one of the two."
            ),
        )
    if history is True and count == 0:
        yield Problem(
            "dka_episodes",
            "contradiction",
            said(
                "There is a history of ketoacidosis, so at least one episode is expected. Correct one of"
                " the two."
            ),
        )


def intensive_care_within_stay(values: Values) -> Iterable[Problem]:
    stay, intensive = values.get("duration_days"), values.get("intensive_care_days")
    if stay is not None and intensive is not None and intensive > stay:
        yield Problem(
            "intensive_care_days",
            "longer_than_stay",
            said(
                "%(intensive)s days in intensive care do not fit into a stay of %(stay)s days. Correct"
                " one of the two.",
                intensive=intensive,
                stay=stay,
            ),
        )


def derive_history(values: Values, context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Age at diagnosis in completed years, and its bounds.

    context: age_at_enrolment, enrolled_on. A diagnosis that is dated by age has it as stated. One with a calendar
    date has bounds only, mostly a year apart: the birth date is sealed, and an age is never guessed from a year.
    """
    diagnosed = values.get("diagnosed_on")
    if diagnosed is None:
        return _no_age(said("date of diagnosis missing"))
    if diagnosed.age is not None:
        return _ages(diagnosed.age, diagnosed.age)
    age, enrolled = context.get("age_at_enrolment"), context.get("enrolled_on")
    if age is None:
        return _no_age(said("age at enrolment missing"))
    bounds = age_bounds(age=age, on=enrolled, at=diagnosed)
    if bounds is None:
        return _no_age(said("day of enrolment missing"))
    if bounds[1] < 0:
        return _no_age(said("the diagnosis lies before birth, by the age at enrolment"))
    return _ages(max(bounds[0], 0), bounds[1])


def _ages(low: int, high: int) -> Mapping[str, Any]:
    exact: Any = (
        low
        if low == high
        else NotDerivable(
            said("from %(low)s to %(high)s years; the birth date would decide", low=low, high=high)
        )
    )
    return {"age_at_diagnosis": exact, "age_at_diagnosis_from": low, "age_at_diagnosis_to": high}


def _no_age(why: str) -> Mapping[str, Any]:
    return dict.fromkeys(
        ("age_at_diagnosis", "age_at_diagnosis_from", "age_at_diagnosis_to"), NotDerivable(why)
    )
