"""Departures from the protocol that a record shows, kept as deviations. The rules are in `rules.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from apps.celldose import release, rules, selectors, stated
from apps.celldose.models import CellSession, IdentityCheck, Infusion, ReagentLot, Release
from apps.celldose.product_file import product_file
from apps.celldose.rules import Breach
from studyportal.access.models import User
from studyportal.crf.registry import spec_for
from studyportal.deviations import actions as deviations


def note(record: Any, *, by: User | None) -> None:
    """Make the deviations of the record agree with what it shows now."""
    found = _FOUND_BY.get(type(record))
    if found is None:
        return
    deviations.reconcile(
        record=record,
        form=spec_for(type(record)).key,
        found=[deviations.Found(one.code, one.description, one.classification) for one in found(record)],
        by=by,
    )


def _of_session(record: CellSession) -> Iterable[Breach]:
    before = selectors.session_before(record)
    days = rules.days_between(before.performed_on, record.performed_on) if before else None
    return rules.interval_breaches(record.number, days, stated.interval())


def _of_identity_check(record: IdentityCheck) -> Iterable[Breach]:
    return rules.identity_breaches(record.matches, record.step)


def _of_reagent_lot(record: ReagentLot) -> Iterable[Breach]:
    processing = record.product.processings.first()
    moment = (processing.started_at or processing.ended_at) if processing else None
    return rules.reagent_breaches(record.reagent, record.expires_on, stated.local_day(moment, record.site))


def _of_release(record: Release) -> Iterable[Breach]:
    evaluation = record.evaluation
    judged = release.from_json(evaluation.criteria) if evaluation else ()
    return rules.out_of_specification_breaches(
        record.decision, [one.label for one in judged if one.outcome == release.FAIL]
    )


def _of_infusion(record: Infusion) -> Iterable[Breach]:
    file = product_file(record.product_id)
    product = file.product
    yield from rules.dose_breaches(record.total_dose, product.planned_dose_low, product.planned_dose_high)
    yield from rules.overtime_breaches(record.started_at, file.expires_at)
    failed = [one.label for one in file.judged if one.outcome == release.FAIL]
    yield from rules.out_of_specification_breaches(
        file.decision.decision if file.decision else None, failed, infused=True
    )


_FOUND_BY: dict[type, Callable[[Any], Iterable[Breach]]] = {
    CellSession: _of_session,
    IdentityCheck: _of_identity_check,
    ReagentLot: _of_reagent_lot,
    Release: _of_release,
    Infusion: _of_infusion,
}
