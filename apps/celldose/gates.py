"""What must be true before a harvest, a release or an infusion is recorded.

The judgement is pure (`lifecycle`); here the facts are collected. Whether a bar refuses, or opens a query because the
event precedes the study, is decided in `history` alone.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from apps.celldose import lifecycle, release, rules, selectors, signed, stated
from apps.celldose.history import held_back_by_history, is_history, refusing
from apps.celldose.models import (
    CellSession,
    Discard,
    Harvest,
    IdentityCheck,
    Infusion,
    Release,
    ReleaseEvaluation,
)
from apps.celldose.product_file import ProductFile, product_file
from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from studyportal.access.models import User
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.words import said

__all__ = ["held_back_by_history", "is_history", "refusing"]


def when(record: Release | Infusion, file: ProductFile) -> tuple[Any, PartialDate | None]:
    """Whose event it is and when, for the question whether it is history."""
    moment = record.released_at if isinstance(record, Release) else record.started_at
    day = stated.local_day(moment, record.site)
    return record.participant, PartialDate.of(day) if day else file.session.performed_on


# --- the gates of the forms: (record, by) → problems ----------------------------------------------------


def session_gate(record: CellSession, by: User | None) -> Iterable[Problem]:
    before = selectors.session_before(record)
    return tuple(rules.session_order(record.performed_on, before.performed_on if before else None))


def harvest_gate(record: Harvest, by: User | None) -> Iterable[Problem]:
    return refusing(harvest_bars(record), record.participant, stated.day_of_harvest(record))


def release_gate(record: Release, by: User | None) -> Iterable[Problem]:
    file = product_file(record.product_id)
    return refusing(release_bars(record, file), *when(record, file))


def infusion_gate(record: Infusion, by: User | None) -> Iterable[Problem]:
    file = product_file(record.product_id)
    return refusing(infusion_bars(record, file), *when(record, file))


# --- the bars, whether they refuse or not ---------------------------------------------------------------


def harvest_bars(record: Harvest) -> tuple[Problem, ...]:
    moment = record.started_at or stated.day_of_harvest(record)
    why = consent_bar(record.participant, record.session, moment)
    return (Problem("participant", "consent_not_in_force", why),) if why else ()


def release_bars(record: Release, file: ProductFile) -> tuple[Problem, ...]:
    evaluation = evaluation_for(record, file)
    as_then = file.infusion is not None and evaluation is not None
    return lifecycle.release_bars(
        lifecycle.ReleaseFacts(
            product=str(file.product),
            life=file.life,
            decision=record.decision,
            outcomes=release.by_label(release.from_json(evaluation.criteria)) if evaluation else None,
            current=as_then or not file.outdated,
            outdated=file.outdated,
            decided_at=_at_site(record.released_at, file),
            processed_at=_at_site(file.processing.ended_at if file.processing else None, file),
            expires_at=_expiry_of(file),
            use_by=_at_site(record.use_by, file),
            identity=file.identity,
            expired_lots=file.expired_lots,
            infused_at=_at_site(file.infusion.started_at if file.infusion else None, file),
            unsaid=tuple(
                name for name in lifecycle.SAYS.get(record.decision or "", ()) if not getattr(record, name)
            ),
        )
    )


def decisions_now(file: ProductFile) -> dict[str, tuple[Problem, ...]]:
    """Decision → what would bar it this minute, on the results and the protocol of now: the words on the release page.

    What the form itself asks for (until when an expired product may be infused) is not counted.
    """
    if file.infusion is not None:
        return {}
    bars = lifecycle.evaluation_bars(str(file.product), file.life)
    found = {}
    for decision in (*lifecycle.LETS_INFUSE, "rejected"):
        facts = lifecycle.ReleaseFacts(
            product=str(file.product),
            life=file.life,
            decision=decision,
            outcomes=release.by_label(file.judged),
            current=True,
            decided_at=_at_site(file.seen_at, file),
            processed_at=_at_site(file.processing.ended_at if file.processing else None, file),
            expires_at=_expiry_of(file),
            identity=file.identity,
            expired_lots=file.expired_lots,
        )
        barred = bars or lifecycle.release_bars(facts)
        found[decision] = tuple(one for one in barred if one.code != "use_by_missing")
    return found


def evaluation_for(record: Release, file: ProductFile) -> ReleaseEvaluation | None:
    """The evaluation on which a decision stands: the newest, until the product is infused; then the one it stood on."""
    kept = record.evaluation if file.infusion is not None else None
    return kept or file.evaluation


def infusion_bars(record: Infusion, file: ProductFile) -> tuple[Problem, ...]:
    """The bars of an infusion; a saved one is not barred by itself, nor by what was found after it."""
    own = record.pk is not None and file.infusion is not None and file.infusion.pk == record.pk
    consent_then = consent_bar(
        record.participant, file.session, record.started_at or file.session.performed_on
    )
    return lifecycle.infusion_bars(_facts(file, record.participant, record.started_at, consent_then, own=own))


def bars_now(
    file: ProductFile, consent_now: str | None, at: dt.datetime | None = None
) -> tuple[Problem, ...]:
    """What would bar an infusion starting this minute, or at another: the words on the session page.

    consent_now: `consent_bar` of the session at this minute, asked once for all products.
    """
    starts_at = at or timezone.now()
    facts = _facts(file, file.product.participant, starts_at, consent_now, own=False, by_hash=False)
    return lifecycle.infusion_bars(facts)


def identity_check_gate(record: IdentityCheck, by: User | None) -> Iterable[Problem]:
    """Names typed by one person are no check of two: only what a source reports is recorded so."""
    # By the harvest: the time of the check itself is what one person types.
    if record.pk is None and not is_history(
        record.participant, stated.day_of_harvest(record.product.harvest)
    ):
        yield Problem(
            None,
            "identity_needs_two_accounts",
            said(
                "In the study two people sign in and read: use the identity check on the page of the product."
            ),
        )


def identity_bars(file: ProductFile, step: str, at: dt.datetime | None) -> tuple[Problem, ...]:
    """What refuses a reading of the identity at the step now: for `actions.readings.read` and the page of the step.

    at: when it was read. Empty for transcribed history.
    """
    participant = file.product.participant
    day = stated.local_day(at, file.product.site)
    bars = lifecycle.identity_bars(_facts(file, participant, at, None, own=False), step)
    return refusing(bars, participant, PartialDate.of(day) if day else file.session.performed_on)


def _facts(
    file: ProductFile,
    recipient: Any,
    starts_at: dt.datetime | None,
    consent_then: str | None,
    *,
    own: bool,
    by_hash: bool = True,
) -> lifecycle.InfusionFacts:
    """own: of an infusion that is saved already. by_hash: a gate makes the hash of the decision again, a page does not."""
    decision = file.decision
    return lifecycle.InfusionFacts(
        product=str(file.product),
        product_participant=file.product.participant.code,
        recipient=recipient.code,
        life=lifecycle.live(file.happenings(without_infusion=own)),
        decision=decision.decision if decision else None,
        expires_at=_expiry_of(file),
        starts_at=_at_site(starts_at, file),
        consent=consent_then,
        identity=file.identity,
        failing=() if own else file.failing,
        undone=() if own else file.undone,
        # A saved infusion is corrected though its release was mended since.
        signed=own or (decision is not None and file.is_signed and (not by_hash or signed.stands(decision))),
        decided_at=_at_site(decision.released_at if decision else None, file),
        use_by=_at_site(decision.use_by if decision else None, file),
        expired_lots=() if own else file.expired_lots,
    )


def _at_site(moment: dt.datetime | None, file: ProductFile) -> dt.datetime | None:
    """In the site's zone, for the words of a bar."""
    return (
        None if moment is None else timezone.localtime(moment, zoneinfo.ZoneInfo(file.product.site.timezone))
    )


def _expiry_of(file: ProductFile) -> dt.datetime | NotDerivable:
    expiry = file.expires_at
    if isinstance(expiry, NotDerivable):
        return expiry
    return timezone.localtime(expiry, zoneinfo.ZoneInfo(file.product.site.timezone))


def consent_bar(participant: Any, session: CellSession, at: dt.datetime | PartialDate | None) -> str | None:
    """None when consent to this session's procedures is in force; else what is wrong, in words."""
    # A session whose number is not known is covered by a consent to every session alone.
    return engine.bar(participant, Use.TREATMENT, at, session=session.number or 0)


def discard_gate(record: Discard, by: User | None) -> Iterable[Problem]:
    file = product_file(record.product_id)
    if file.infusion is not None:
        yield Problem(
            "product",
            "already_used",
            said("The product has been infused: record what was left over with the infusion."),
        )
