"""Hard rules of adverse events, and what follows from one. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said

# Outcomes after which an event is followed further; the others end it.
OPEN_OUTCOMES = ("recovering", "not_recovered")
ENDED_OUTCOMES = ("recovered", "recovered_with_sequelae", "fatal")
# Causality by which an event is suspected to be a reaction.
SUSPECTED = ("certain", "probable", "possible")


def criteria_belong_to_serious(values: Mapping[str, Any]) -> Iterable[Problem]:
    """Serious means that a criterion is met; without serious there is none."""
    serious, criteria = values.get("serious"), values.get("serious_criteria")
    if serious is True and not criteria:
        yield Problem(
            "serious_criteria",
            "required",
            said("A serious event meets at least one criterion: name it, or answer “serious” with no."),
        )
    if serious is False and criteria:
        yield Problem(
            "serious_criteria",
            "contradiction",
            said("A criterion of seriousness is given, so the event is serious."),
        )


def serious_has_criterion(values: Mapping[str, Any]) -> Iterable[Problem]:
    yield from criteria_belong_to_serious(values)


def end_not_before_onset(values: Mapping[str, Any]) -> Iterable[Problem]:
    onset, end = values.get("onset_on"), values.get("ended_on")
    if onset is not None and end is not None and end.certainly_before(onset):
        yield Problem("ended_on", "before_onset", said("The event ends before it began."))


def what_goes_on_has_no_end(values: Mapping[str, Any]) -> Iterable[Problem]:
    if values.get("outcome") in OPEN_OUTCOMES and values.get("ended_on") is not None:
        yield Problem(
            "ended_on",
            "contradiction",
            said("The outcome says that the event goes on, and a day of its end is given. Correct one."),
        )


def time_agrees_with_day(values: Mapping[str, Any]) -> Iterable[Problem]:
    """The moment of the onset lies on the day that is given for it, in the time of the site."""
    onset, at = values.get("onset_on"), values.get("onset_at")
    if onset is None or at is None or onset.earliest is None:
        return
    day = _day_at_site(at, values)
    if not onset.earliest <= day <= onset.latest:
        yield Problem(
            "onset_at",
            "other_day",
            said(
                "The event began on %(onset)s, and the time given lies on %(day)s. Correct one of the two.",
                onset=onset,
                day=day,
            ),
        )


def known_after_it_began(values: Mapping[str, Any]) -> Iterable[Problem]:
    """Nobody knows of an event before it began, nor that it is serious before knowing of it."""
    at, aware, since = values.get("onset_at"), values.get("aware_at"), values.get("serious_since")
    onset = values.get("onset_on")
    for name, moment in (("aware_at", aware), ("serious_since", since)):
        if moment is None:
            continue
        before = at is not None and moment < at
        if at is None and onset is not None and onset.earliest is not None:
            before = _day_at_site(moment, values) < onset.earliest
        if before:
            yield Problem(
                name, "before_onset", said("The event began later than this. Correct one of the two.")
            )
    if aware is not None and since is not None and since < aware:
        yield Problem(
            "serious_since",
            "before_awareness",
            said("The site became aware of the event later than this. Correct one of the two."),
        )


def hospital_stay_in_order(values: Mapping[str, Any]) -> Iterable[Problem]:
    admitted, left = values.get("hospital_from"), values.get("hospital_until")
    if admitted is not None and left is not None and left.certainly_before(admitted):
        yield Problem("hospital_until", "before_start", said("The stay in hospital ends before it begins."))


def nothing_was_done_stands_alone(values: Mapping[str, Any]) -> Iterable[Problem]:
    actions = values.get("action_taken") or []
    if "none" in actions and len(actions) > 1:
        yield Problem(
            "action_taken",
            "contradiction",
            said("“None” is chosen together with an action. Keep one of them."),
        )


def death_agrees(values: Mapping[str, Any]) -> Iterable[Problem]:
    """Grade 5, the outcome “fatal” and the criterion “death” say the same thing."""
    criteria = values.get("serious_criteria") or []
    clause = {
        "grade": values.get("grade") == "5",
        "outcome": values.get("outcome") == "fatal",
        "serious_criteria": "death" in criteria,
    }
    known = {
        "grade": values.get("grade") is not None,
        "outcome": values.get("outcome") is not None,
        "serious_criteria": values.get("serious") is not None,
    }
    if not any(clause.values()):
        return
    for name, fatal in clause.items():
        if known[name] and not fatal:
            yield Problem(
                name,
                "contradiction",
                said("Grade 5, outcome “fatal” and criterion “death” belong together. Correct one."),
            )


def session_is_of_participant(values: Mapping[str, Any]) -> Iterable[Problem]:
    participant = values.get("participant")
    for name, what in (("session", said("cell session")), ("product", said("cell product"))):
        linked = values.get(name)
        if linked is not None and participant is not None and linked.participant_id != participant.pk:
            yield Problem(
                name, "other_participant", said("This %(what)s belongs to another participant.", what=what)
            )


def product_is_of_session(values: Mapping[str, Any]) -> Iterable[Problem]:
    session, product = values.get("session"), values.get("product")
    if session is None or product is None or session.participant_id != product.participant_id:
        return
    if product.harvest.session_id != session.pk:
        yield Problem(
            "product",
            "other_session",
            said("This product is of another session than the one that is named. Name one of them."),
        )


# --- what follows -------------------------------------------------------------------------------------------


def derive_adverse_event(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    """context: special_interest (keys of terms), suggestion (Suggested | NotDerivable): see `contexts`."""
    term, suggestion = values.get("term"), context["suggestion"]
    special: bool | NotDerivable = NotDerivable(said("term missing"))
    if term is not None:
        special = term in context["special_interest"]
    if isinstance(suggestion, NotDerivable):
        return {"special_interest": special, "grade_suggested": suggestion, "grade_basis": suggestion}
    grade: str | NotDerivable = str(suggestion.grade)
    if suggestion.grade == 0:
        grade = NotDerivable(said("the result lies within the limits of normal"))
    return {"special_interest": special, "grade_suggested": grade, "grade_basis": suggestion.basis}


def is_suspected(values: Mapping[str, Any]) -> bool | None:
    """Whether it is suspected to come from the harvest or the cell product; None when neither was assessed."""
    causes = [values.get("related_to_harvest"), values.get("related_to_product")]
    if any(cause in SUSPECTED for cause in causes):
        return True
    return None if all(cause is None for cause in causes) else False


def is_unexpected_reaction(values: Mapping[str, Any]) -> bool:
    """A suspected unexpected serious adverse reaction (SUSAR): all three are stated."""
    return (
        values.get("serious") is True
        and values.get("expectedness") == "unexpected"
        and is_suspected(values) is True
    )


def is_open(outcome: str | None) -> bool:
    """Whether it is followed further: it goes on, or how it stands is not known."""
    return outcome not in ENDED_OUTCOMES


def _day_at_site(moment: dt.datetime, values: Mapping[str, Any]) -> dt.date:
    zone = getattr(getattr(values.get("participant"), "site", None), "timezone", "UTC")
    return moment.astimezone(ZoneInfo(zone)).date()
