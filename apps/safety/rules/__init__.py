"""Hard rules of safety forms, grades by dictionary, and what follows from an event, by topic. Pure."""

from apps.safety.rules.dka import derive_dka
from apps.safety.rules.episodes import one_glucose, possible_glucose, sample_after_onset
from apps.safety.rules.events import (
    ENDED_OUTCOMES,
    OPEN_OUTCOMES,
    SUSPECTED,
    death_agrees,
    derive_adverse_event,
    end_not_before_onset,
    hospital_stay_in_order,
    is_open,
    is_suspected,
    is_unexpected_reaction,
    known_after_it_began,
    nothing_was_done_stands_alone,
    product_is_of_session,
    serious_has_criterion,
    session_is_of_participant,
    time_agrees_with_day,
    what_goes_on_has_no_end,
)
from apps.safety.rules.grades import Bound, Dictionary, Scale, Suggested, Table, gravest, suggest
from apps.safety.rules.hypoglycaemia import derive_hypoglycaemia

__all__ = [
    "ENDED_OUTCOMES",
    "OPEN_OUTCOMES",
    "SUSPECTED",
    "Bound",
    "Dictionary",
    "Scale",
    "Suggested",
    "Table",
    "death_agrees",
    "derive_adverse_event",
    "derive_dka",
    "derive_hypoglycaemia",
    "end_not_before_onset",
    "gravest",
    "hospital_stay_in_order",
    "is_open",
    "is_suspected",
    "is_unexpected_reaction",
    "known_after_it_began",
    "nothing_was_done_stands_alone",
    "one_glucose",
    "possible_glucose",
    "product_is_of_session",
    "sample_after_onset",
    "serious_has_criterion",
    "session_is_of_participant",
    "suggest",
    "time_agrees_with_day",
    "what_goes_on_has_no_end",
]
