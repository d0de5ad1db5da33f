"""What bars a decision on a product, and why a product stands in quarantine. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from apps.celldose.lifecycle.infusing import STEP, Bar, Identity, mismatches
from apps.celldose.lifecycle.states import Life, State
from apps.celldose.rules.releasing import LETS_INFUSE
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said

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
    expires_at: dt.datetime | NotDerivable = field(default_factory=lambda: NotDerivable(said("not recorded")))
    use_by: dt.datetime | None = None
    identity: Mapping[str, Identity] = field(default_factory=dict)
    expired_lots: tuple[Problem, ...] = ()
    infused_at: dt.datetime | None = None
    unsaid: tuple[str, ...] = ()


def evaluation_bars(product: str, life: Life) -> tuple[Problem, ...]:
    """What bars judging the criteria: there is no final product yet, or it is gone."""
    if life.has(State.DISCARDED):
        return (
            Problem(
                "product",
                "discarded",
                said("%(product)s has been discarded; there is nothing to decide.", product=product),
            ),
        )
    if life.has(State.INFUSED):
        return (
            Problem(
                "product",
                "already_used",
                said(
                    "%(product)s has been infused: its decision stands on the evaluation before the"
                    " infusion.",
                    product=product,
                ),
            ),
        )
    if not life.has(State.PROCESSED):
        return (
            Problem(
                "product",
                "not_processed",
                said(
                    "Record the processing first: the criteria are those of the final product, and"
                    " %(product)s is not processed yet.",
                    product=product,
                ),
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
                "product",
                "discarded",
                said("%(product)s has been discarded; there is nothing to decide.", product=facts.product),
            ),
        )
    if facts.outcomes is None:
        return (
            Problem(
                "decision",
                "criteria_not_evaluated",
                said("Evaluate the release criteria first: nothing to decide on."),
            ),
        )
    if not facts.current:
        return (
            Problem(
                "decision",
                "evaluation_outdated",
                said(
                    "%(outdated)s: evaluate them again, then decide.",
                    outdated=facts.outdated or said("A result changed since the criteria were evaluated"),
                ),
            ),
        )
    bars: list[Bar] = [
        (field, "reason_missing", said("A decision is signed with its reason: say it here."))
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
        yield (
            "released_at",
            "decided_at_missing",
            said("Say when it was decided: expiry is judged at that time."),
        )
    elif (
        facts.decided_at is not None
        and facts.processed_at is not None
        and facts.decided_at < facts.processed_at
    ):
        yield (
            "released_at",
            "decided_before_processing",
            said(
                "The processing ended at %(processed_at)s: nothing can be decided on before; correct one"
                " of the two times.",
                processed_at=facts.processed_at,
            ),
        )


def _after_infusion(facts: ReleaseFacts) -> Iterable[Bar]:
    """What was decided when the product was infused is history: it can be mended, and not undone."""
    if not facts.life.has(State.INFUSED):
        return
    if facts.decision == "rejected":
        yield (
            "decision",
            "already_used",
            said(
                "%(product)s has been infused under this decision and cannot be rejected any more.",
                product=facts.product,
            ),
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
            said(
                "%(product)s was infused at %(infused_at)s: it was decided before; correct the time.",
                product=facts.product,
                infused_at=facts.infused_at,
            ),
        )


def _made(facts: ReleaseFacts) -> Iterable[Bar]:
    if not facts.life.has(State.PROCESSED):
        yield "decision", "not_processed", said("Record the processing before the release.")
    for step in ("collection", "receipt"):
        if step not in facts.identity:
            yield (
                "product",
                f"identity_unchecked_{step}",
                said(
                    "Record the two-person identity check at %(step)s first: whose product is released?",
                    step=STEP[step],
                ),
            )
    yield from mismatches({step: facts.identity[step] for step in STEP if step in facts.identity})


def _criteria(facts: ReleaseFacts) -> Iterable[Bar]:
    named = {
        wanted: [label for label, outcome in (facts.outcomes or {}).items() if outcome == wanted]
        for wanted in ("fail", "not_evaluable", "pending")
    }
    if facts.decision == "exceptional":
        if not (named["fail"] or named["not_evaluable"] or _expired(facts)):
            yield (
                "decision",
                "nothing_exceptional",
                said(
                    "%(product)s is within its specification and its expiry: release it in the ordinary way.",
                    product=facts.product,
                ),
            )
        return
    if named["fail"]:
        yield (
            "decision",
            "criteria_failed",
            said(
                "Out of specification: %(fail)s. Reject it, or release it exceptionally.", fail=named["fail"]
            ),
        )
    if named["not_evaluable"]:
        yield (
            "decision",
            "criteria_not_evaluable",
            said("Not yet to be evaluated: %(not_evaluable)s.", not_evaluable=named["not_evaluable"]),
        )
    if named["pending"] and facts.decision == "released":
        yield (
            "decision",
            "criteria_pending",
            said("Still pending: %(pending)s. Wait, or release conditionally.", pending=named["pending"]),
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
                said(
                    "%(product)s is past its expiry, or it cannot be determined: say until when it may be"
                    " infused.",
                    product=facts.product,
                ),
            )
        if facts.use_by is not None and facts.decided_at is not None and facts.use_by <= facts.decided_at:
            yield (
                "use_by",
                "use_by_passed",
                said("It is to be infused after the decision; correct one of the times."),
            )
    elif isinstance(facts.expires_at, NotDerivable):
        yield (
            "decision",
            "expiry_unknown",
            said(
                "The expiry of %(product)s cannot be determined: %(why)s.",
                product=facts.product,
                why=facts.expires_at.why,
            ),
        )
    elif _expired(facts):
        yield (
            "decision",
            "expired",
            said(
                "%(product)s expired at %(expires_at)s, before this decision. Reject it, or release it"
                " exceptionally.",
                product=facts.product,
                expires_at=facts.expires_at,
            ),
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
            said(
                "The decision on %(product)s is not signed, or was changed after it was signed.",
                product=facts.product,
            ),
        )
    if facts.failing:
        yield (
            "product",
            "out_of_specification",
            said("Out of specification: %(failing)s.", failing=list(facts.failing)),
        )
        if facts.grown:
            yield "product", "grown", said("Growth: %(grown)s.", grown=list(facts.grown))
    answered = facts.decision == "exceptional" and facts.signed and facts.use_by is not None
    limit = facts.use_by if answered else facts.expires_at
    if isinstance(limit, dt.datetime) and facts.now > limit:
        words = (
            said("%(product)s was to be infused until %(limit)s.", product=facts.product, limit=limit)
            if answered
            else said("%(product)s expired at %(limit)s.", product=facts.product, limit=limit)
        )
        yield "product", "expired", words
