"""Soft checks of adverse events: what is asked about, and never refused.

The context of an adverse event (`contexts.adverse_event`): enrolled_on and died_on (partial dates), retrospective,
special_interest (terms), expected (term → document), suggestion, episodes, same_term ([(id, onset)] of the other events
of this term), infusions (days of those that it may be linked to).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.safety.rules.events import OPEN_OUTCOMES, SUSPECTED
from studyportal.crf.outcomes import Finding, NotDerivable
from studyportal.words import said

# Words of a verbatim term that speak of more than the grade beside it may say.
GRAVE = (
    "death",
    "died",
    "arrest",
    "coma",
    "unconscious",
    "embol",
    "ketoacidosis",
    "dka",
    "sepsis",
    "malignan",
)
# Terms of events that are nearly always serious.
GRAVE_TERMS = ("thromboembolism", "hypoglycaemia_level_3", "dka", "ectopic_tissue", "malignancy")
# Of the product itself, not of the participant: it may be linked to a product that was never given.
OF_PRODUCT = ("positive_culture",)
OF_HARVEST = ("harvest_haematoma", "harvest_infection", "harvest_pain")


@dataclass(frozen=True)
class Episodes:
    """What the forms of diabetic emergencies of an event say."""

    dka: bool = False
    is_dka: bool | None = None
    hypoglycaemia: bool = False
    level: str | None = None


def event_recorded(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """context["events"]: number of adverse events of the participant."""
    if values.get("any_event") is True and not context.get("events"):
        yield Finding(
            "any_event",
            "event_form_missing",
            said("An adverse event is reported, and no adverse event form is filled yet."),
        )


def denial_against_statement(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("any_event") is None and values.get("statement"):
        yield Finding(
            "any_event",
            "statement_not_coded",
            said("The source makes a statement, and it is not said whether it is an event."),
        )


def severe_is_not_serious(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """Severity is the grade, seriousness the criteria; a life-threatening grade is seldom not serious."""
    if values.get("grade") in ("4", "5") and values.get("serious") is False:
        yield Finding(
            "serious", "grade_4_not_serious", said("A grade of 4 or 5 is nearly always serious. Is it not?")
        )


def life_threatening_is_grave(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if "life_threatening" in (values.get("serious_criteria") or []) and values.get("grade") in ("1", "2"):
        yield Finding(
            "grade",
            "life_threatening_and_mild",
            said("The event was life-threatening, and its grade is 1 or 2. Are both right?"),
        )


def grave_term_is_serious(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    term = (values.get("verbatim") or "").lower()
    if values.get("serious") is not False:
        return
    if any(word in term for word in GRAVE):
        yield Finding(
            "serious",
            "grave_term_not_serious",
            said("“%(verbatim)s” and not serious: is this right?", verbatim=values["verbatim"]),
        )
    elif values.get("term") in GRAVE_TERMS:
        yield Finding(
            "serious",
            "grave_term_not_serious",
            said("An event of this term is nearly always serious. Which criteria were considered?"),
        )


def hospital_stay_is_dated(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if "hospitalisation" in (values.get("serious_criteria") or []) and values.get("hospital_from") is None:
        yield Finding(
            "hospital_from", "hospital_stay_missing", said("The participant was in hospital: from which day?")
        )


def recovered_has_end(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("ended_on") is not None:
        return
    if values.get("outcome") in ("recovered", "recovered_with_sequelae"):
        yield Finding("ended_on", "end_missing", said("The participant has recovered; since when?"))
    elif values.get("outcome") == "fatal":
        yield Finding("ended_on", "death_day_missing", said("The participant died; on which day?"))


def what_goes_on_is_followed(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """An event is followed until it ends; of the past nobody follows anything."""
    if (
        values.get("outcome") in OPEN_OUTCOMES
        and values.get("follow_up_due_on") is None
        and not context.get("retrospective")
    ):
        yield Finding(
            "follow_up_due_on",
            "follow_up_not_planned",
            said("The event goes on. When is it followed up next? Events are followed until they end."),
        )


def onset_in_study(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """What happened before enrolment is history; after a death nothing happens."""
    onset, enrolled, died = values.get("onset_on"), context.get("enrolled_on"), context.get("died_on")
    if onset is None:
        return
    if enrolled is not None and onset.certainly_before(enrolled):
        yield Finding(
            "onset_on",
            "before_enrolment",
            said("The event began before enrolment: it is history, unless it became worse in the study."),
        )
    if died is not None and died.certainly_before(onset):
        yield Finding(
            "onset_on",
            "after_death",
            said("Another event says that the participant died on %(died)s. Which is right?", died=died),
        )


def grade_has_dictionary(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("grade") is not None and values.get("grade_dictionary") is None:
        yield Finding(
            "grade_dictionary",
            "dictionary_missing",
            said("A grade means something only with its dictionary version."),
        )


def grade_agrees_with_results(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    suggestion, grade = context.get("suggestion"), values.get("grade")
    if suggestion is None or isinstance(suggestion, NotDerivable) or grade is None or grade == "5":
        return
    if suggestion.grade == 0:
        yield Finding(
            "grade",
            "result_is_normal",
            said(
                "The nearest result lies within the limits of normal. %(basis)s. What does the grade rest"
                " on?",
                basis=suggestion.basis,
            ),
        )
    elif str(suggestion.grade) != grade:
        yield Finding(
            "grade",
            "grade_differs",
            said(
                "The results suggest grade %(suggested)s, and grade %(grade)s is given. %(basis)s. Which is"
                " right?",
                suggested=suggestion.grade,
                grade=grade,
                basis=suggestion.basis,
            ),
        )


def episode_is_told(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """A ketoacidosis and a hypoglycaemia have a form of their own, and term and form say the same."""
    term, held = values.get("term"), context.get("episodes", Episodes())
    if term == "dka" and not held.dka:
        yield Finding(
            "term", "dka_form_missing", said("Record what was measured in the form “Ketoacidosis”.")
        )
    if term == "dka" and held.is_dka is False:
        yield Finding(
            "term",
            "dka_criteria_not_met",
            said("What was measured does not meet the criteria of a ketoacidosis."),
        )
    if term in ("hypoglycaemia", "hypoglycaemia_level_3") and not held.hypoglycaemia:
        yield Finding(
            "term", "hypoglycaemia_form_missing", said("Record glucose and help in the form “Hypoglycaemia”.")
        )
    if held.level is not None and (held.level == "3") != (term == "hypoglycaemia_level_3"):
        yield Finding(
            "term",
            "level_disagrees",
            said(
                "The form “Hypoglycaemia” says level %(level)s, and the term of the event says otherwise.",
                level=held.level,
            ),
        )


def expectedness_by_protocol(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """The protocol lists what is expected; a more serious or graver event may be unexpected all the same."""
    clause, term = values.get("expectedness"), values.get("term")
    document = context.get("expected", {}).get(term)
    if clause == "unexpected" and document:
        yield Finding(
            "expectedness",
            "listed_as_expected",
            said(
                "“%(document)s” lists this event as expected. In what is it unexpected: its severity, its"
                " course?",
                document=document,
            ),
        )
    if clause == "expected" and not document and term is not None and not values.get("expectedness_basis"):
        yield Finding(
            "expectedness_basis",
            "expected_by_what",
            said("The protocol does not list this event as expected. Which document does?"),
        )


def cause_was_there(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """A product that was given after the event began, or not at all, did not cause it."""
    onset, term = values.get("onset_on"), values.get("term")
    if values.get("related_to_product") not in SUSPECTED or term in OF_PRODUCT or onset is None:
        return
    days = [day for day in context.get("infusions", ()) if day is not None]
    if not context.get("infusions"):
        yield Finding(
            "related_to_product",
            "no_product_given",
            said(
                "No infusion is recorded that could have caused it. Is the causality right, or is the"
                " infusion missing?"
            ),
        )
    elif days and all(onset.certainly_before(day) for day in days):
        yield Finding(
            "related_to_product",
            "product_given_later",
            said("The event began before the product was given (%(days)s).", days=min(days, key=str)),
        )


def harvest_is_assessed(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("related_to_harvest") is not None:
        return
    if values.get("term") in OF_HARVEST:
        yield Finding(
            "related_to_harvest",
            "harvest_not_assessed",
            said("An event at the harvest site: does the harvest cause it?"),
        )


def not_told_twice(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """Another event of the same term that began on the same day may be the same one."""
    onset = values.get("onset_on")
    if onset is None or onset.exact is None:
        return
    twins = [pk for pk, other in context.get("same_term", ()) if other is not None and other == onset]
    if twins:
        yield Finding(
            "onset_on",
            "possible_duplicate",
            said("Another event of this term began on the same day. Is it the same event, told twice?"),
        )


def linked_to_its_session(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """An event that is suspected to come from harvest or product names which."""
    if values.get("session") is not None or values.get("product") is not None:
        return
    if context.get("retrospective"):
        return
    suspected = [
        name
        for name in ("related_to_harvest", "related_to_product")
        if values.get(name) in ("certain", "probable")
    ]
    if suspected:
        yield Finding(
            suspected[0],
            "session_not_linked",
            said(
                "It is put down to a harvest or a product, and linked to none. Record it from the page of"
                " the session or product that it may come from."
            ),
        )


def death_is_recorded(reason: str | None, fatal_event: bool) -> Iterable[Finding]:
    """Of the end of study: a death in the study is a serious adverse event with its own clocks."""
    if reason == "died" and not fatal_event:
        yield Finding(
            "reason",
            "fatal_event_missing",
            said(
                "The participant has died, and no adverse event with the outcome “fatal” is recorded."
                " Record it: its reporting clocks run."
            ),
        )
