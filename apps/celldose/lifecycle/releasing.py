"""What bars a decision on a product, and why a product stands in quarantine. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from apps.celldose.lifecycle.infusing import STEP, Bar, Identity, mismatches
from apps.celldose.lifecycle.states import Life, State
from apps.celldose.rules.releasing import LETS_INFUSE
from studyportal.crf.outcomes import NotDerivable, Problem

# Decision → the fields in which it says why; a reason of absence is none.
SAYS: Mapping[str, tuple[str, ...]] = {
    "conditional": ("conditions",),
    "exceptional": ("exceptional_reason", "exceptional_informed"),
    "rejected": ("reason_rejected",),
}


@dataclass(frozen=True)
class ReleaseFacts:
    """What decides whether a decision may be recorded.

    outcomes: criterion label → pass | fail | pending | not_evaluable of the evaluation that the decision stands on, None
    when the criteria were never evaluated; current: neither the results nor the protocol have changed since, else outdated
    says what did. decided_at, processed_at, use_by: aware, or None when they are not stated. expires_at: aware, in the
    site's zone, or why it cannot be had. identity: what the checks come to at collection and receipt. expired_lots: what
    of the reagents had expired when they were used. infused_at: when the infusion of this product started, if it did.
    unsaid: fields of SAYS for this decision that hold nothing, though the form lets a reason of absence stand for them.
    """

    product: str
    life: Life
    decision: str | None
    outcomes: Mapping[str, str] | None
    current: bool
    outdated: str = ""
    decided_at: dt.datetime | None = None
    processed_at: dt.datetime | None = None
    expires_at: dt.datetime | NotDerivable = field(default_factory=lambda: NotDerivable("not recorded"))
    use_by: dt.datetime | None = None
    identity: Mapping[str, Identity] = field(default_factory=dict)
    expired_lots: tuple[Problem, ...] = ()
    infused_at: dt.datetime | None = None
    unsaid: tuple[str, ...] = ()


def evaluation_bars(product: str, life: Life) -> tuple[Problem, ...]:
    """What bars judging the criteria: there is no final product yet, or it is gone."""
    if life.has(State.DISCARDED):
        return (
            Problem("product", "discarded", f"{product} has been discarded; there is nothing to decide."),
        )
    if life.has(State.INFUSED):
        return (
            Problem(
                "product",
                "already_used",
                f"{product} has been infused: its decision stands on the evaluation before the infusion.",
            ),
        )
    if not life.has(State.PROCESSED):
        return (
            Problem(
                "product",
                "not_processed",
                f"Record the processing first: the criteria are those of the final product, and {product} is not"
                " processed yet.",
            ),
        )
    return ()


def release_bars(facts: ReleaseFacts) -> tuple[Problem, ...]:
    """What bars this decision, in words. Rejecting is possible with any result, once they are evaluated.

    An exceptional release answers for criteria that fail or have no result, and for the expiry, and for nothing else.
    """
    if facts.life.has(State.DISCARDED):
        return (
            Problem(
                "product", "discarded", f"{facts.product} has been discarded; there is nothing to decide."
            ),
        )
    if facts.outcomes is None:
        return (
            Problem(
                "decision",
                "criteria_not_evaluated",
                "Evaluate the release criteria first: nothing to decide on.",
            ),
        )
    if not facts.current:
        return (
            Problem(
                "decision",
                "evaluation_outdated",
                f"{facts.outdated or 'A result changed since the criteria were evaluated'}: evaluate them again, then"
                " decide.",
            ),
        )
    bars: list[Bar] = [
        (field, "reason_missing", "A decision is signed with its reason: say it here.")
        for field in facts.unsaid
    ]
    bars += [*_moment(facts), *_after_infusion(facts)]
    if facts.decision not in (None, "rejected"):
        bars += [*_made(facts), *_criteria(facts), *_time_left(facts)]
    return (
        *(Problem(at, code, message) for at, code, message in bars),
        *(facts.expired_lots if facts.decision in LETS_INFUSE else ()),
    )


def _moment(facts: ReleaseFacts) -> Iterable[Bar]:
    """A decision has its time, and comes after the product was made."""
    if facts.decision is not None and facts.decided_at is None:
        yield "released_at", "decided_at_missing", "Say when it was decided: expiry is judged at that time."
    elif (
        facts.decided_at is not None
        and facts.processed_at is not None
        and facts.decided_at < facts.processed_at
    ):
        yield (
            "released_at",
            "decided_before_processing",
            f"The processing ended at {facts.processed_at:%Y-%m-%d %H:%M}: nothing can be decided on before;"
            " correct one of the two times.",
        )


def _after_infusion(facts: ReleaseFacts) -> Iterable[Bar]:
    """What was decided when the product was infused is history: it can be mended, and not undone."""
    if not facts.life.has(State.INFUSED):
        return
    if facts.decision == "rejected":
        yield (
            "decision",
            "already_used",
            f"{facts.product} has been infused under this decision and cannot be rejected any more.",
        )
    if (
        facts.decided_at is not None
        and facts.infused_at is not None
        and facts.decided_at > facts.infused_at
        and facts.decision in LETS_INFUSE
    ):
        yield (
            "released_at",
            "decided_after_infusion",
            f"{facts.product} was infused at {facts.infused_at:%Y-%m-%d %H:%M}: it was decided before;"
            " correct the time.",
        )


def _made(facts: ReleaseFacts) -> Iterable[Bar]:
    if not facts.life.has(State.PROCESSED):
        yield "decision", "not_processed", "Record the processing before the release."
    for step in ("collection", "receipt"):
        if step not in facts.identity:
            yield (
                "product",
                f"identity_unchecked_{step}",
                f"Record the two-person identity check at {STEP[step]} first: whose product is released?",
            )
    yield from mismatches({step: facts.identity[step] for step in STEP if step in facts.identity})


def _criteria(facts: ReleaseFacts) -> Iterable[Bar]:
    named = {
        wanted: ", ".join(label for label, outcome in (facts.outcomes or {}).items() if outcome == wanted)
        for wanted in ("fail", "not_evaluable", "pending")
    }
    if facts.decision == "exceptional":
        if not (named["fail"] or named["not_evaluable"] or _expired(facts)):
            yield (
                "decision",
                "nothing_exceptional",
                f"{facts.product} is within its specification and its expiry: release it in the ordinary way.",
            )
        return
    if named["fail"]:
        yield (
            "decision",
            "criteria_failed",
            f"Out of specification: {named['fail']}. Reject it, or release it exceptionally.",
        )
    if named["not_evaluable"]:
        yield "decision", "criteria_not_evaluable", f"Not yet to be evaluated: {named['not_evaluable']}."
    if named["pending"] and facts.decision == "released":
        yield (
            "decision",
            "criteria_pending",
            f"Still pending: {named['pending']}. Wait, or release conditionally.",
        )


def _expired(facts: ReleaseFacts) -> bool:
    """At the time of the decision, or nobody can tell."""
    if isinstance(facts.expires_at, NotDerivable):
        return True
    return facts.decided_at is not None and facts.decided_at > facts.expires_at


def _time_left(facts: ReleaseFacts) -> Iterable[Bar]:
    """Nothing is released past its expiry unless somebody answers for it, and says until when."""
    if facts.life.has(State.INFUSED):
        return
    if facts.decision == "exceptional":
        if _expired(facts) and facts.use_by is None:
            yield (
                "use_by",
                "use_by_missing",
                f"{facts.product} is past its expiry, or it cannot be determined: say until when it may be infused.",
            )
        if facts.use_by is not None and facts.decided_at is not None and facts.use_by <= facts.decided_at:
            yield (
                "use_by",
                "use_by_passed",
                "It is to be infused after the decision; correct one of the times.",
            )
    elif isinstance(facts.expires_at, NotDerivable):
        yield (
            "decision",
            "expiry_unknown",
            f"The expiry of {facts.product} cannot be determined: {facts.expires_at.why}.",
        )
    elif _expired(facts):
        yield (
            "decision",
            "expired",
            f"{facts.product} expired at {facts.expires_at:%Y-%m-%d %H:%M}, before this decision. Reject it, or release"
            " it exceptionally.",
        )


@dataclass(frozen=True)
class QuarantineFacts:
    """What decides whether a product must stand apart.

    failing: criteria that fail as the results are now and that an exceptional release does not answer for. grown: the
    cultures (and gram_stain) that are positive, in words. expires_at: aware, in the site's zone, or why it cannot be had;
    now: aware. decision, signed, use_by: as for an infusion.
    """

    product: str
    life: Life
    decision: str | None
    signed: bool
    failing: tuple[str, ...]
    grown: tuple[str, ...]
    expires_at: dt.datetime | NotDerivable
    now: dt.datetime
    use_by: dt.datetime | None = None


def quarantine(facts: QuarantineFacts) -> tuple[Problem, ...]:
    """Why the product stands in quarantine: failing, grown, expired or with an unsigned decision; empty when it does not.

    An infused or discarded product is in none, nor one whose rejection is signed: its state says what it is. The codes
    are those with which its infusion is barred.
    """
    if any(facts.life.has(step) for step in (State.INFUSED, State.DISCARDED)):
        return ()
    if facts.decision == "rejected" and facts.signed:
        return ()
    return tuple(Problem(at, code, message) for at, code, message in _apart(facts))


def _apart(facts: QuarantineFacts) -> Iterable[Bar]:
    if facts.decision is not None and not facts.signed:
        yield (
            "product",
            "release_unsigned",
            f"The decision on {facts.product} is not signed, or was changed after it was signed.",
        )
    if facts.failing:
        yield "product", "out_of_specification", f"Out of specification: {', '.join(facts.failing)}."
        if facts.grown:
            yield "product", "grown", f"Growth: {', '.join(facts.grown)}."
    answered = facts.decision == "exceptional" and facts.signed and facts.use_by is not None
    limit = facts.use_by if answered else facts.expires_at
    if isinstance(limit, dt.datetime) and facts.now > limit:
        said = "was to be infused until" if answered else "expired at"
        yield "product", "expired", f"{facts.product} {said} {limit:%Y-%m-%d %H:%M}."
