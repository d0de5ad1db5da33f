"""What bars an infusion: everything that decides whether a product may go into a participant at a moment. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from apps.celldose.lifecycle.states import Life, State
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said, series


@dataclass(frozen=True)
class Identity:
    """What the identity checks of a step come to: matches is None when a name or a code was not read.

    at: when two signed-in people had read; None for a check that a source names.
    """

    matches: bool | None
    said: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True)
class InfusionFacts:
    """Everything that decides whether a product may go into a participant at a moment.

    expires_at: aware, in the site's zone, or why it cannot be had. consent: None = in force, else what is wrong, in words.
    decision: released | conditional | exceptional | rejected | None, taken at decided_at; it counts only when it is
    signed, and signed means that a signature of release stands on it, unbroken. failing: criteria that fail as the results
    are now and that the decision does not answer for, although they may have passed when the product was released. undone: what the
    decision rested on and is no longer so, in words: a result that was taken back, an expiry that is later now.
    use_by: until when an exceptional release lets the product be infused, whatever its expiry. expired_lots: what of the
    reagents had expired when they were used.
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
    undone: tuple[str, ...] = ()
    signed: bool = False
    decided_at: dt.datetime | None = None
    use_by: dt.datetime | None = None
    expired_lots: tuple[Problem, ...] = ()


def infusion_bars(facts: InfusionFacts) -> tuple[Problem, ...]:
    """What bars the infusion, in words: empty when it may go ahead."""
    return (
        *_problems(_used(facts.product, facts.life)),
        *_problems(_released(facts)),
        *facts.expired_lots,
        *_problems(_expiry(facts)),
        *_problems(_right_participant(facts)),
        *_problems(_consent(facts)),
    )


def identity_bars(facts: InfusionFacts, step: str) -> tuple[Problem, ...]:
    """What bars an identity reading of the step (collection | receipt | issue | bedside) at starts_at, in words.

    Nothing leaves the laboratory before its release is signed or after its expiry, and nothing is read at the bedside
    before it was issued.
    """
    bars = [*_used(facts.product, facts.life)]
    if step in ("issue", "bedside"):
        bars += _released(facts)
        limit = facts.use_by if facts.decision == "exceptional" and facts.use_by else facts.expires_at
        if facts.starts_at is not None and isinstance(limit, dt.datetime) and facts.starts_at > limit:
            clause = said(
                "%(product)s could be infused until %(limit)s and is not issued any more.",
                product=facts.product,
                limit=limit,
            )
            bars.append(("product", "expired", clause))
    issue = facts.identity.get("issue")
    if step == "bedside" and (issue is None or issue.matches is not True):
        clause = said("%(product)s is not issued: two people check it at issue first.", product=facts.product)
        bars.append(("product", "identity_unchecked_issue", clause))
    lots = facts.expired_lots if step in ("issue", "bedside") else ()
    return (*(Problem("product", code, message) for _at, code, message in bars), *lots)


Bar = tuple[str | None, str, str]


def _problems(bars: Iterable[Bar]) -> tuple[Problem, ...]:
    return tuple(Problem(at, code, message) for at, code, message in bars)


def _used(product: str, life: Life) -> Iterable[Bar]:
    if life.has(State.INFUSED):
        yield (
            "product",
            "already_used",
            said("%(product)s has already been infused; a product is used once.", product=product),
        )
    if life.has(State.DISCARDED):
        yield "product", "discarded", said("%(product)s has been discarded.", product=product)


def _released(facts: InfusionFacts) -> Iterable[Bar]:
    if facts.decision is None:
        yield (
            "product",
            "not_released",
            said(
                "%(product)s is not released: evaluate the release criteria and record the decision first.",
                product=facts.product,
            ),
        )
        return
    if facts.decision == "rejected":
        yield (
            "product",
            "rejected",
            said("%(product)s was rejected at release and may not be infused.", product=facts.product),
        )
        return
    if not facts.signed:
        yield (
            "product",
            "release_unsigned",
            said(
                "The release of %(product)s is not signed, or was changed after it was signed: a decision"
                " counts only when it is signed. Sign it first.",
                product=facts.product,
            ),
        )
    if None not in (facts.decided_at, facts.starts_at) and facts.starts_at < facts.decided_at:  # type: ignore[operator]
        yield (
            "started_at",
            "not_released",
            said(
                "%(product)s was released at %(decided_at)s, after this: correct one of the two times.",
                product=facts.product,
                decided_at=facts.decided_at,
            ),
        )
    if facts.failing:
        yield (
            "product",
            "out_of_specification",
            said(
                "A result changed since the release and is out of specification now: %(failing)s.",
                failing=list(facts.failing),
            ),
        )
    if facts.undone:
        yield (
            "product",
            "evaluation_outdated",
            said(
                "The release of %(product)s rests on what is no longer so: %(undone)s. Evaluate the"
                " criteria and decide again.",
                product=facts.product,
                undone=series(facts.undone),
            ),
        )


def _expiry(facts: InfusionFacts) -> Iterable[Bar]:
    if facts.starts_at is None:
        yield (
            "started_at",
            "start_missing",
            said("Record when the infusion started: expiry and consent are judged then."),
        )
        return
    if facts.decision == "exceptional" and facts.use_by is not None:
        if facts.starts_at > facts.use_by:
            late = span(facts.starts_at - facts.use_by)
            yield (
                "started_at",
                "expired",
                said(
                    "The exceptional release lets %(product)s be infused until %(use_by)s; the infusion"
                    " starts %(late)s later.",
                    product=facts.product,
                    use_by=facts.use_by,
                    late=late,
                ),
            )
    elif isinstance(facts.expires_at, NotDerivable):
        yield (
            "started_at",
            "expiry_unknown",
            said(
                "The expiry of %(product)s cannot be determined: %(why)s.",
                product=facts.product,
                why=facts.expires_at.why,
            ),
        )
    elif facts.starts_at > facts.expires_at:
        late = span(facts.starts_at - facts.expires_at)
        yield (
            "started_at",
            "expired",
            said(
                "%(product)s expired at %(expires_at)s; the infusion starts %(late)s later.",
                product=facts.product,
                expires_at=facts.expires_at,
                late=late,
            ),
        )


def _right_participant(facts: InfusionFacts) -> Iterable[Bar]:
    if facts.recipient != facts.product_participant:
        yield (
            "participant",
            "other_participant",
            said(
                "%(product)s belongs to %(product_participant)s and is for autologous use only; it may"
                " not be given to %(recipient)s.",
                product=facts.product,
                product_participant=facts.product_participant,
                recipient=facts.recipient,
            ),
        )
    for step in ("issue", "bedside"):
        check = facts.identity.get(step)
        if check is None:
            yield (
                "product",
                f"identity_unchecked_{step}",
                said("Record the two-person identity check at %(step)s first.", step=STEP[step]),
            )
        elif check.at is not None and facts.starts_at is not None and _minute(check.at) > facts.starts_at:
            yield (
                "started_at",
                "identity_after_start",
                said(
                    "Two people checked the identity at %(step)s at %(at)s, after this start: it is"
                    " checked before. Correct the time of the start.",
                    step=STEP[step],
                    at=check.at,
                ),
            )
    yield from mismatches(facts.identity)


def _minute(moment: dt.datetime) -> dt.datetime:
    """Starts are typed to the minute."""
    return moment.replace(second=0, microsecond=0)


STEP = {
    "collection": said("collection"),
    "receipt": said("receipt"),
    "issue": said("issue"),
    "bedside": said("the bedside"),
}


def mismatches(identity: Mapping[str, Identity]) -> Iterable[Bar]:
    """A bar for each step whose newest check does not match, or is not complete."""
    for step, check in identity.items():
        if check.matches is not True:
            why = check.said or said("the check is incomplete")
            yield (
                "product",
                f"identity_mismatch_{step}",
                said(
                    "The newest identity check at %(step)s does not match: %(why)s.",
                    step=STEP.get(step, step),
                    why=why,
                ),
            )


def _consent(facts: InfusionFacts) -> Iterable[Bar]:
    if facts.consent is not None:
        yield "participant", "consent_not_in_force", facts.consent


def span(length: dt.timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes >= 2 * 24 * 60:
        return said("%(days)s days", days=minutes // (24 * 60))
    return (
        said("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)
        if minutes >= 60
        else said("%(minutes)s min", minutes=minutes)
    )
