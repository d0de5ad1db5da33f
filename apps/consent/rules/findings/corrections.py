"""Question 16: corrections of the log. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from apps.consent.rules import CORRECTION
from apps.consent.rules.findings.case import Asking, ConsentFinding
from studyportal.words import said


def corrections(asking: Asking) -> Iterator[ConsentFinding]:
    """16. The portal refuses a correction without a reason; rows that came by other roads are looked at here."""
    known = {event.id for event in asking.case.events}
    for event in asking.case.events:
        if event.kind != CORRECTION:
            continue
        if not event.note.strip():
            yield asking.finding(
                16,
                "correction_unexplained",
                "major",
                said("Correction %(id)s gives no reason.", id=event.id),
                about=event,
            )
        if event.corrects not in known:
            yield asking.finding(
                16,
                "correction_of_another",
                "major",
                said("Correction %(id)s names an entry that is not one of this participant.", id=event.id),
                about=event,
            )
