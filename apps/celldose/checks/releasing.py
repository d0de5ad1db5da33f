"""Soft checks of the decision on a product and of its discard. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from apps.celldose.checks.kinds import Context, Values
from studyportal.crf.outcomes import Finding, NotDerivable
from studyportal.words import listed, said


def exceptional_release(values: Values, context: Context) -> Iterable[Finding]:
    """The participant and the ethics committee hear of an exceptional release, if not before it then soon after."""
    if values.get("decision") != "exceptional":
        return
    told = values.get("exceptional_informed") or []
    missing = [who for who in ("participant", "committee") if who not in told]
    if missing:
        yield Finding(
            "exceptional_informed",
            "exceptional_not_told",
            said(
                "Not told of the exceptional release: %(missing)s. When will they be?",
                missing=listed(missing),
            ),
        )


def culture_due_unknown(values: Values, context: Context) -> Iterable[Finding]:
    """context: culture_due, a date or why there is none. A conditional release waits for a day that nobody knows."""
    due = context.get("culture_due")
    if values.get("decision") == "conditional" and isinstance(due, NotDerivable):
        yield Finding(
            "culture_due_on",
            "culture_due_unknown",
            said(
                "Nobody can tell when the cultures are final: %(why)s. Record it with the microbiology.",
                why=due.why,
            ),
        )


def discard_reason_fits(values: Values, context: Context) -> Iterable[Finding]:
    """context: discard_facts: reason code → whether the records bear it out (True, False, or None: cannot be told)."""
    reason = values.get("reason_code")
    if reason is not None and context.get("discard_facts", {}).get(reason) is False:
        clause = {
            "expired": said("the product had not expired when it was discarded"),
            "rejected": said("there is no signed rejection of the product"),
            "positive_culture": said("no culture of the product is recorded as positive"),
            "participant_withdrew": said("no withdrawal of the participant from treatment is recorded"),
        }[reason]
        yield Finding(
            "reason_code",
            "reason_contradicted",
            said("By the records, %(clause)s. Which is right?", clause=clause),
        )


def discard_unwitnessed(values: Values, context: Context) -> Iterable[Finding]:
    """Who saw a product destroyed is asked of everything but history."""
    if values.get("witnessed_by") is None and not context.get("transcribed"):
        yield Finding(
            "witnessed_by", "unwitnessed", said("Nobody is named who saw the product discarded. Who was it?")
        )
