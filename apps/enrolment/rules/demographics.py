"""What follows from demographics: whether an impartial witness signs with the participant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studyportal.crf.outcomes import NotDerivable
from studyportal.words import said

# Schooling from which on the study takes reading for granted where nobody asked.
READS = frozenset({"secondary", "higher_secondary", "graduate"})


def witness_needed(education: str | None, can_read: bool | None) -> bool | None:
    """Whether an impartial witness signs with the participant; None when it is not known.

    What was asked decides; schooling decides only where nobody asked, and primary school does not say that
    a person reads a consent document.
    """
    if can_read is not None:
        return not can_read
    if education == "none":
        return True
    return False if education in READS else None


def derive_demographics(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    needed = witness_needed(values.get("education"), values.get("can_read"))
    return {
        "witness_needed": NotDerivable(said("whether the participant can read is not recorded"))
        if needed is None
        else needed
    }
