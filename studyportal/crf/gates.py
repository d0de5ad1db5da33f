"""Gates of every form: what must be true of a participant before any record is saved.

A gate of one form stands in its spec. What an app beneath knows of all forms alike (consent that was withdrawn) it
registers here when it is ready; it judges by what the spec says the form is about and by the day of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from studyportal.access.models import User
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec

Gate = Callable[[CrfSpec, Any, User | None], Iterable[Problem]]

# Participants → those of them of whom the gate says nothing, whatever the form and the day; one query for all.
Clears = Callable[[Collection[int]], Collection[int]]

_gates: list[Gate] = []
_clears: dict[Gate, Clears] = {}
_cleared: ContextVar[dict[Gate, Collection[int]] | None] = ContextVar("gates_cleared", default=None)


def register(gate: Gate) -> Gate:
    """Ask the gate before every save of every form. It costs each of them: one query at most for the ordinary one."""
    if gate not in _gates:
        _gates.append(gate)
    return gate


def clears(gate: Gate) -> Callable[[Clears], Clears]:
    """Say beforehand of whom a gate says nothing, so that a file of many records does not ask for each."""

    def remember(found: Clears) -> Clears:
        _clears[gate] = found
        return found

    return remember


@contextmanager
def asked_beforehand(participant_ids: Collection[int]) -> Iterator[None]:
    """Inside, gates that can say so are not asked of participants of whom they say nothing. For judging many records
    that are not saved: what is saved is asked anew."""
    token = _cleared.set({gate: set(found(participant_ids)) for gate, found in _clears.items()})
    try:
        yield
    finally:
        _cleared.reset(token)


def blocks(spec: CrfSpec, record: Any, by: User | None) -> list[Problem]:
    """What stands in the way of saving the record: the gates of its form first, then those of every form."""
    found = [problem for gate in spec.gates for problem in gate(record, by)]
    cleared = _cleared.get() or {}
    asked = (gate for gate in _gates if record is None or record.participant_id not in cleared.get(gate, ()))
    return found + [problem for gate in asked for problem in gate(spec, record, by)]
