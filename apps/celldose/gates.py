"""What must be true before a harvest, a release or an infusion is recorded.

The judgement is pure (`lifecycle.py`); here the facts are collected and one decision is taken, in
`held_back_by_history` and nowhere else: whether a bar refuses (409) or, because the event precedes the study, opens a
query instead. A refusal prevents what has not happened yet. What a paper reports has happened, and refusing to
record it would only hide it.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from apps.celldose import lifecycle, release, rules, selectors, stated
from apps.celldose.models import CellSession, Discard, Harvest, IdentityCheck, Infusion, Release
from apps.celldose.product_file import ProductFile, product_file
from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from studyportal import protocol
from studyportal.access.models import User
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.crf.partial_date import PartialDate


def is_history(participant: Any, day: PartialDate | None) -> bool:
    """Whether an event belongs to a transcribed case and lies before the study opened.

    Only for participants registered as retrospective. A date that the source does not give counts as past:
    such a participant is not treated in the study. One that can lie after the opening does not.
    """
    if not participant.retrospective:
        return False
    return day is None or day.latest is None or day.latest < protocol.current().study.opened_on


def held_back_by_history(
    bars: Iterable[Problem], participant: Any, day: PartialDate | None
) -> tuple[Problem, ...]:
    """The bars that do not refuse because the event is history: the check `history` asks about each."""
    return tuple(bars) if is_history(participant, day) else ()


def refusing(bars: Iterable[Problem], participant: Any, day: PartialDate | None) -> tuple[Problem, ...]:
    """The bars that refuse: all of them, unless the event is history."""
    return () if is_history(participant, day) else tuple(bars)


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
    evaluation = file.evaluation
    return lifecycle.release_bars(
        lifecycle.ReleaseFacts(
            product=str(file.product),
            life=file.life,
            decision=record.decision,
            outcomes=release.by_label(release.from_json(evaluation.criteria)) if evaluation else None,
            current=file.evaluation_is_current,
        )
    )


def infusion_bars(record: Infusion, file: ProductFile) -> tuple[Problem, ...]:
    """The bars of an infusion; a saved one is not barred by itself, nor by what was found after it."""
    own = record.pk is not None and file.infusion is not None and file.infusion.pk == record.pk
    consent_then = consent_bar(
        record.participant, file.session, record.started_at or file.session.performed_on
    )
    return lifecycle.infusion_bars(_facts(file, record.participant, record.started_at, consent_then, own=own))


def bars_now(file: ProductFile, consent_now: str | None) -> tuple[Problem, ...]:
    """What would bar an infusion starting this minute: the words on the session page.

    consent_now: `consent_bar` of the session at this minute, asked once for all products.
    """
    starts_at = timezone.now()
    return lifecycle.infusion_bars(_facts(file, file.product.participant, starts_at, consent_now, own=False))


def identity_check_gate(record: IdentityCheck, by: User | None) -> Iterable[Problem]:
    """Names typed by one person are no check of two: only what a source reports is recorded so."""
    if record.pk is None and not record.participant.retrospective:
        yield Problem(
            None,
            "identity_needs_two_accounts",
            "In the study two people sign in and read: use the identity check on the page of the product.",
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
    file: ProductFile, recipient: Any, starts_at: dt.datetime | None, consent_then: str | None, *, own: bool
) -> lifecycle.InfusionFacts:
    expiry, zone = file.expires_at, zoneinfo.ZoneInfo(file.product.site.timezone)
    return lifecycle.InfusionFacts(
        product=str(file.product),
        product_participant=file.product.participant.code,
        recipient=recipient.code,
        life=lifecycle.live(file.happenings(without_infusion=own)),
        decision=file.decision.decision if file.decision else None,
        expires_at=expiry if isinstance(expiry, NotDerivable) else timezone.localtime(expiry, zone),
        starts_at=starts_at,
        consent=consent_then,
        identity=file.identity,
        failing=() if own else tuple(one.label for one in file.judged if one.outcome == release.FAIL),
        signed=own or file.is_signed,
    )


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
            "The product has been infused: record what was left over with the infusion.",
        )
