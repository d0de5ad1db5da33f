"""Soft checks of follow-ups. context (`contexts.follow_up`): number, became_serious."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.safety.rules.events import OPEN_OUTCOMES
from studyportal.crf.outcomes import Finding
from studyportal.words import said


def awareness_of_seriousness(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """From the moment at which the site knew that an event is serious the clocks run."""
    if context.get("became_serious") and values.get("aware_at") is None:
        yield Finding(
            "aware_at",
            "awareness_missing",
            said(
                "The event became serious. Since when does the site know? The reporting clocks run from then."
            ),
        )


def what_goes_on_is_seen_again(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("outcome") in OPEN_OUTCOMES and values.get("next_due_on") is None:
        yield Finding(
            "next_due_on",
            "follow_up_not_planned",
            said("The event goes on. When is it followed up next? Events are followed until they end."),
        )
    if values.get("outcome") in ("recovered", "recovered_with_sequelae") and values.get("ended_on") is None:
        yield Finding("ended_on", "end_missing", said("The participant has recovered; since when?"))
