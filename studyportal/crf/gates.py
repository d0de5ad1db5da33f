"""Gates of every form: what must be true of a participant before any record is saved.

A gate of one form stands in its spec. What an app beneath knows of all forms alike (consent that was withdrawn) it
registers here when it is ready; it judges by what the spec says the form is about and by the day of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from studyportal.access.models import User
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec

Gate = Callable[[CrfSpec, Any, User | None], Iterable[Problem]]

_gates: list[Gate] = []


def register(gate: Gate) -> Gate:
    """Ask the gate before every save of every form. It costs each of them: one query at most for the ordinary one."""
    if gate not in _gates:
        _gates.append(gate)
    return gate


def blocks(spec: CrfSpec, record: Any, by: User | None) -> list[Problem]:
    """What stands in the way of saving the record: the gates of its form first, then those of every form."""
    found = [problem for gate in spec.gates for problem in gate(record, by)]
    return found + [problem for gate in _gates for problem in gate(spec, record, by)]
