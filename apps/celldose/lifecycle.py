"""The life of a cell product, as a pure fold over what happened to it, and what bars its next step.

    harvested → received → processed → quarantined → released → issued → infused
                                            └→ rejected          or, at any point before, discarded

Pure: no Django, no ORM. A state is never stored, so it cannot disagree with the records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from studyportal.crf.outcomes import NotDerivable, Problem


class State(StrEnum):
    HARVESTED = "harvested"
    RECEIVED = "received"
    PROCESSED = "processed"
    QUARANTINED = "quarantined"  # criteria evaluated, decision awaited
    RELEASED = "released"
    REJECTED = "rejected"
    ISSUED = "issued"
    INFUSED = "infused"
    DISCARDED = "discarded"


# What may follow what. Anything else still happened (a transcribed history has gaps) and is named.
NEXT: Mapping[State | None, frozenset[State]] = {
    None: frozenset({State.HARVESTED}),
    State.HARVESTED: frozenset({State.RECEIVED, State.DISCARDED}),
    State.RECEIVED: frozenset({State.PROCESSED, State.DISCARDED}),
    State.PROCESSED: frozenset({State.QUARANTINED, State.DISCARDED}),
    State.QUARANTINED: frozenset({State.QUARANTINED, State.RELEASED, State.REJECTED, State.DISCARDED}),
    State.RELEASED: frozenset({State.ISSUED, State.DISCARDED}),
    State.ISSUED: frozenset({State.INFUSED, State.DISCARDED}),
    State.REJECTED: frozenset({State.DISCARDED}),
    State.INFUSED: frozenset(),
    State.DISCARDED: frozenset(),
}
FINAL = frozenset({State.INFUSED, State.DISCARDED})


@dataclass(frozen=True)
class Happening:
    """One thing that happened to a product; at is None when the source does not say when."""

    step: State
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Life:
    """Where a product stands. out_of_order names each step that came without the one before it."""

    state: State | None = None
    path: tuple[Happening, ...] = ()
    out_of_order: tuple[str, ...] = ()

    def has(self, step: State) -> bool:
        return any(one.step == step for one in self.path)

    def when(self, step: State) -> dt.datetime | None:
        """The last time at which the step happened, if it is known."""
        return next((one.at for one in reversed(self.path) if one.step == step), None)


def follow(life: Life, event: Happening) -> Life:
    """One step of the fold. A final state stays final; what comes after it is only named."""
    path = (*life.path, event)
    if event.step in NEXT[life.state]:
        return Life(event.step, path, life.out_of_order)
    before = life.state.value if life.state else "nothing"
    named = (*life.out_of_order, f"{event.step.value} after {before}")
    return Life(life.state if life.state in FINAL else event.step, path, named)


def live(events: Iterable[Happening]) -> Life:
    """Fold happenings, in the order of the steps, into the life of the product."""
    life = Life()
    for event in events:
        life = follow(life, event)
    return life


@dataclass(frozen=True)
class Identity:
    """The newest identity check of a step: matches is None when a name or a code was not read."""

    matches: bool | None
    said: str = ""


@dataclass(frozen=True)
class InfusionFacts:
    """Everything that decides whether a product may go into a participant at a moment.

    expires_at: aware, in the site's zone, or why it cannot be had. consent: None = in force, else what is wrong, in words.
    decision: released | conditional | exceptional | rejected | None; it counts only when it is signed, and signed means
    that a signature of release stands on it, unbroken. failing: criteria that fail as the results are now, although
    they may have passed when the product was released.
    """

    product: str
    product_participant: str
    recipient: str
    life: Life
    decision: str | None
    expires_at: dt.datetime | NotDerivable
    starts_at: dt.datetime | None
    consent: str | None
    identity: Mapping[str, Identity] = field(default_factory=dict)
    failing: tuple[str, ...] = ()
    signed: bool = False


def infusion_bars(facts: InfusionFacts) -> tuple[Problem, ...]:
    """What bars the infusion, in words: empty when it may go ahead."""
    return tuple(
        Problem(at, code, message)
        for at, code, message in (
            *_used(facts),
            *_released(facts),
            *_expiry(facts),
            *_right_participant(facts),
            *_consent(facts),
        )
    )


def identity_bars(facts: InfusionFacts, step: str) -> tuple[Problem, ...]:
    """What bars an identity reading of the step (collection | receipt | issue | bedside) at this moment, in words.

    Nothing leaves the laboratory before its release is signed, and nothing is read at the bedside before it was issued.
    """
    bars = [*_used(facts)]
    if step in ("issue", "bedside"):
        bars += _released(facts)
    issue = facts.identity.get("issue")
    if step == "bedside" and (issue is None or issue.matches is not True):
        bars.append(
            (
                "product",
                "identity_unchecked_issue",
                f"{facts.product} is not issued: two people check it at issue first.",
            )
        )
    return tuple(Problem(at, code, message) for at, code, message in bars)


Bar = tuple[str | None, str, str]


def _used(facts: InfusionFacts) -> Iterable[Bar]:
    if facts.life.has(State.INFUSED):
        yield "product", "already_used", f"{facts.product} has already been infused; a product is used once."
    if facts.life.has(State.DISCARDED):
        yield "product", "discarded", f"{facts.product} has been discarded."


def _released(facts: InfusionFacts) -> Iterable[Bar]:
    if facts.decision is None:
        yield (
            "product",
            "not_released",
            f"{facts.product} is not released: evaluate the release criteria and record the decision first.",
        )
    elif facts.decision == "rejected":
        yield "product", "rejected", f"{facts.product} was rejected at release and may not be infused."
    elif not facts.signed:
        yield (
            "product",
            "release_unsigned",
            f"The release of {facts.product} is not signed, or was changed after it was signed: a decision counts only"
            " when it is signed. Sign it first.",
        )
    if facts.decision not in (None, "rejected", "exceptional") and facts.failing:
        failing = ", ".join(facts.failing)
        yield (
            "product",
            "out_of_specification",
            f"A result changed since the release and is out of specification now: {failing}.",
        )


def _expiry(facts: InfusionFacts) -> Iterable[Bar]:
    if facts.starts_at is None:
        yield (
            "started_at",
            "start_missing",
            "Record when the infusion started: expiry and consent are judged then.",
        )
    elif isinstance(facts.expires_at, NotDerivable):
        yield (
            "started_at",
            "expiry_unknown",
            f"The expiry of {facts.product} cannot be determined: {facts.expires_at.why}.",
        )
    elif facts.starts_at > facts.expires_at and facts.decision != "exceptional":
        late = _span(facts.starts_at - facts.expires_at)
        yield (
            "started_at",
            "expired",
            f"{facts.product} expired at {facts.expires_at:%Y-%m-%d %H:%M}; the infusion starts {late} later.",
        )


def _right_participant(facts: InfusionFacts) -> Iterable[Bar]:
    if facts.recipient != facts.product_participant:
        yield (
            "participant",
            "other_participant",
            f"{facts.product} belongs to {facts.product_participant} and is for autologous use only;"
            f" it may not be given to {facts.recipient}.",
        )
    for step in ("issue", "bedside"):
        check = facts.identity.get(step)
        if check is None:
            yield (
                "product",
                f"identity_unchecked_{step}",
                f"Record the two-person identity check at {_STEP[step]} first.",
            )
    for step, check in facts.identity.items():
        if check.matches is not True:
            why = check.said or "the check is incomplete"
            yield (
                "product",
                f"identity_mismatch_{step}",
                f"The newest identity check at {_STEP.get(step, step)} does not match: {why}.",
            )


_STEP = {"collection": "collection", "receipt": "receipt", "issue": "issue", "bedside": "the bedside"}


def _consent(facts: InfusionFacts) -> Iterable[Bar]:
    if facts.consent is not None:
        yield "participant", "consent_not_in_force", facts.consent


def _span(length: dt.timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes >= 2 * 24 * 60:
        return f"{minutes // (24 * 60)} days"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


@dataclass(frozen=True)
class QuarantineFacts:
    """What decides whether a product must stand apart.

    outcomes: criterion label → pass | fail | pending | not_evaluable, as the results are now. grown: the cultures (and
    gram_stain) that are positive. expires_at: aware, or why it cannot be had; now: aware. decision, signed: as for an
    infusion.
    """

    product: str
    life: Life
    decision: str | None
    signed: bool
    outcomes: Mapping[str, str]
    grown: tuple[str, ...]
    expires_at: dt.datetime | NotDerivable
    now: dt.datetime


def quarantine(facts: QuarantineFacts) -> tuple[Problem, ...]:
    """Why the product is in quarantine, in words: failing, expired, grown or unsigned; empty when it is not.

    An infused, discarded or rejected product is in none: its state says what it is.
    """
    if any(facts.life.has(step) for step in (State.INFUSED, State.DISCARDED)) or facts.decision == "rejected":
        return ()
    reasons: list[Problem] = []
    if facts.decision is not None and not facts.signed:
        reasons.append(
            Problem("product", "release_unsigned", f"The decision on {facts.product} is not signed.")
        )
    if facts.decision == "exceptional" and facts.signed:
        return ()
    failing = [label for label, outcome in facts.outcomes.items() if outcome == "fail"]
    if failing:
        reasons.append(
            Problem("product", "out_of_specification", f"Out of specification: {', '.join(failing)}.")
        )
    if facts.grown:
        reasons.append(Problem("product", "grown", f"Growth: {', '.join(facts.grown)}."))
    if isinstance(facts.expires_at, dt.datetime) and facts.now > facts.expires_at:
        reasons.append(
            Problem("product", "expired", f"{facts.product} expired at {facts.expires_at:%Y-%m-%d %H:%M}.")
        )
    return tuple(reasons)


@dataclass(frozen=True)
class ReleaseFacts:
    """What decides whether a decision may be recorded.

    outcomes: criterion label → pass | fail | pending | not_evaluable of the newest evaluation, None when the
    criteria were never evaluated; current: the results have not changed since.
    """

    product: str
    life: Life
    decision: str | None
    outcomes: Mapping[str, str] | None
    current: bool


def release_bars(facts: ReleaseFacts) -> tuple[Problem, ...]:
    """What bars this decision, in words. Rejecting is possible with any result, once they are evaluated."""
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
                "A result changed since the criteria were evaluated: evaluate them again, then decide.",
            ),
        )
    if facts.decision in (None, "rejected"):
        return ()
    bars: list[Problem] = []
    if not facts.life.has(State.PROCESSED):
        bars.append(Problem("decision", "not_processed", "Record the processing before the release."))
    by_outcome = {
        wanted: [label for label, outcome in facts.outcomes.items() if outcome == wanted]
        for wanted in ("fail", "not_evaluable", "pending")
    }
    if facts.decision == "exceptional":
        return tuple(bars)
    if by_outcome["fail"]:
        bars.append(
            Problem("decision", "criteria_failed", f"Out of specification: {', '.join(by_outcome['fail'])}.")
        )
    if by_outcome["not_evaluable"]:
        names = ", ".join(by_outcome["not_evaluable"])
        bars.append(Problem("decision", "criteria_not_evaluable", f"Not yet to be evaluated: {names}."))
    if by_outcome["pending"] and facts.decision == "released":
        names = ", ".join(by_outcome["pending"])
        bars.append(
            Problem(
                "decision", "criteria_pending", f"Still pending: {names}. Wait, or release conditionally."
            )
        )
    return tuple(bars)
