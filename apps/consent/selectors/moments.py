"""The consent of one participant at many moments: what an auditor puts beside everything that was done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apps.consent import rules
from apps.consent.rules import ConsentState
from apps.consent.selectors import state
from apps.enrolment.models import Participant


def states_at(participant: Participant, moments: Iterable[Any]) -> list[ConsentState]:
    """The state at each moment (as `state_for` takes it), in the same order. The queries of one state."""
    ((_person, case),) = state._cases([participant]).values()
    terms = state.terms()
    found: dict[Any, ConsentState] = {}
    states = []
    for given in moments:
        moment = state._moment(given)
        if moment not in found:
            found[moment] = rules.consent_state(case.events, terms, moment, case.age(state._day(moment)))
        states.append(found[moment])
    return states
