"""Departures from the protocol that a record shows, kept as deviations. The rules are in `rules.py`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from apps.celldose import reagents, release, rules, selectors, stated
from apps.celldose.models import (
    CellSession,
    Harvest,
    IdentityCheck,
    Infusion,
    Microbiology,
    Processing,
    ReagentLot,
    Release,
)
from apps.celldose.product_file import product_file
from apps.celldose.rules import Breach
from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from apps.enrolment.models import Participant
from studyportal.access.models import User
from studyportal.crf.registry import spec_for
from studyportal.deviations import actions as deviations

WITHOUT_CONSENT = "treatment_without_consent"


def note(record: Any, *, by: User | None) -> None:
    """Make the deviations of the record agree with what it shows now."""
    found = _FOUND_BY.get(type(record))
    if found is None:
        return
    deviations.reconcile(
        record=record,
        form=spec_for(type(record)).key,
        found=[_found(one, record) for one in found(record)],
        by=by,
    )


def _found(breach: Breach, record: Any) -> deviations.Found:
    """The breach as a deviation: of what it departs, and on which day at the site."""
    return deviations.Found(
        breach.code, breach.description, breach.classification, kind=breach.kind, occurred_on=_day(record)
    )


def _day(record: Any) -> dt.date | None:
    """The day on which it happened, when it is known to the day."""
    match record:
        case CellSession():
            on = record.performed_on
        case Harvest():
            on = stated.day_of_harvest(record)
        case Infusion():
            on = stated.day_of_infusion(record)
        case ReagentLot():
            on = stated.day_of_use(record.product.harvest, record.product.processings.first())
        case Processing():
            on = stated.day_of_use(record.product.harvest, record)
        case IdentityCheck():
            return stated.local_day(record.checked_at, record.site)
        case Release():
            return stated.local_day(record.released_at, record.site)
        case Microbiology():
            # Growth that was found too late happened on the day on which it was found.
            return record.read_on
        case _:
            return None
    return on.exact if on is not None else None


def judge_consent(*, participant: Participant, by: User | None) -> None:
    """Raise and settle the deviations of treatment without consent, because the consent log was added to.

    The gates let nothing of it be recorded; a correction of the log can show afterwards that consent was not there.
    A fixed number of queries, and one for each deviation that changes.
    """
    harvests = Harvest.objects.filter(participant=participant).select_related("session", "site")
    infusions = Infusion.objects.filter(participant=participant).select_related(
        "product__harvest__session", "site"
    )
    treated: dict[type, list[Any]] = {Harvest: list(harvests), Infusion: list(infusions)}
    if participant.retrospective or not any(treated.values()):
        return
    consent = engine.of([participant])[participant.pk]
    for model, records in treated.items():
        found = {record.pk: next(iter(_without_consent(record, consent)), None) for record in records}
        deviations.agree(
            participant=participant,
            form=spec_for(model).key,
            code=WITHOUT_CONSENT,
            found={
                record.pk: None if (one := found[record.pk]) is None else _found(one, record)
                for record in records
            },
            by=by,
        )


def _without_consent(record: Harvest | Infusion, consent: engine.Standing | None = None) -> Iterable[Breach]:
    if record.participant.retrospective:
        return
    if isinstance(record, Harvest):
        session, at = record.session, record.started_at or stated.day_of_harvest(record)
    else:
        session, at = record.product.harvest.session, record.started_at or stated.day_of_infusion(record)
    if consent is None:
        consent = engine.of([record.participant])[record.participant_id]
    why = consent.gap(Use.TREATMENT, at, session=session.number or 0)
    if why is not None:
        yield Breach(WITHOUT_CONSENT, why, "critical", kind="consent")


def _of_session(record: CellSession) -> Iterable[Breach]:
    before = selectors.session_before(record)
    days = rules.days_between(before.performed_on, record.performed_on) if before else None
    return rules.interval_breaches(record.number, days, stated.interval())


def _of_identity_check(record: IdentityCheck) -> Iterable[Breach]:
    return rules.identity_breaches(record.matches, record.step)


def _of_reagent_lot(record: ReagentLot) -> Iterable[Breach]:
    product = record.product
    used_on = stated.reagents_used_on(product.harvest, product.processings.first())
    return rules.reagent_breaches(record.reagent, record.expires_on, used_on)


def _of_processing(record: Processing) -> Iterable[Breach]:
    enzyme = reagents.enzyme_lot(record)
    used_on = stated.reagents_used_on(record.product.harvest, record)
    return rules.reagent_breaches(enzyme.reagent, enzyme.expires_on, used_on)


def _of_release(record: Release) -> Iterable[Breach]:
    evaluation = record.evaluation
    judged = release.from_json(evaluation.criteria) if evaluation else ()
    expiry, decided_at = evaluation.expires_at if evaluation else None, record.released_at
    return rules.release_breaches(
        record.decision,
        [one.label for one in judged if one.outcome == release.FAIL],
        [one.label for one in judged if one.outcome == release.NOT_EVALUABLE],
        expired=expiry is not None and decided_at is not None and decided_at > expiry,
    )


def _of_microbiology(record: Microbiology) -> Iterable[Breach]:
    file = product_file(record.product_id)
    day = stated.day_of_infusion(file.infusion) if file.infusion else None
    return rules.late_growth_breaches(
        [release.GROWN[name] for name in file.grown_late],
        record.organism,
        infused_on=day.exact if day else None,
        infused=file.infusion is not None,
    )


def _of_infusion(record: Infusion) -> Iterable[Breach]:
    yield from _without_consent(record)
    file = product_file(record.product_id)
    product = file.product
    yield from rules.dose_breaches(record.total_dose, product.planned_dose_low, product.planned_dose_high)
    planned = (product.planned_dose_low, product.planned_dose_high)
    yield from rules.protocol_breaches(
        record.total_dose,
        None if None in planned else planned,  # type: ignore[arg-type]
        stated.planned_range(product.component),
    )
    yield from rules.overtime_breaches(record.started_at, file.expires_at)
    # Growth that nobody knew of is a deviation of the microbiology (`_of_microbiology`).
    late = {"gram_stain" if name == "gram_stain" else "sterility" for name in file.grown_late}
    failed = [one.label for one in file.judged if one.outcome == release.FAIL and one.key not in late]
    exceptional = file.decision is not None and file.decision.decision == "exceptional"
    yield from rules.infused_breaches(failed, answered=exceptional)


_FOUND_BY: dict[type, Callable[[Any], Iterable[Breach]]] = {
    CellSession: _of_session,
    Harvest: _without_consent,
    IdentityCheck: _of_identity_check,
    Processing: _of_processing,
    ReagentLot: _of_reagent_lot,
    Microbiology: _of_microbiology,
    Release: _of_release,
    Infusion: _of_infusion,
}
