"""Reading for oversight: findings, always within the user's sites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from apps.consent import selectors as consent
from apps.consent.selectors import ParticipantFinding
from apps.oversight.items import ITEMS, Item
from studyportal.access.models import User

SEVERITIES = ("critical", "major", "minor")


@dataclass(frozen=True)
class Counted:
    """One of the sixteen questions with what was found: shown to fail, or undecided by the record."""

    item: Item
    failed: int
    undecided: int
    participants: int
    gravest: str


# --- findings -------------------------------------------------------------------------------------------


def findings(user: User, *, site: str = "") -> list[ParticipantFinding]:
    found = consent.findings(user)
    return [one for one in found if not site or one.participant.site.code == site]


def counted(found: Sequence[ParticipantFinding]) -> list[Counted]:
    """The sixteen questions in their order."""
    by_number: dict[int, list[ParticipantFinding]] = {item.number: [] for item in ITEMS}
    for one in found:
        by_number[one.finding.number].append(one)
    result = []
    for item in ITEMS:
        own = by_number[item.number]
        verdicts = Counter(one.finding.verdict for one in own)
        said = {one.finding.severity for one in own}
        result.append(
            Counted(
                item=item,
                failed=verdicts["fail"],
                undecided=verdicts["indeterminate"],
                participants=len({one.participant.pk for one in own}),
                gravest=next((severity for severity in SEVERITIES if severity in said), ""),
            )
        )
    return result
