"""Enters a cell product of the demo: numbered, read by two people at each step, handed over, released over a signature,
given with what happened on the way, or held back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from apps.celldose.actions import numbers, readings
from apps.celldose.actions import release as releasing
from apps.celldose.models import CellProduct, IdentityReading
from apps.enrolment.models import Participant
from demo.cast import PASSWORD
from demo.crew import Crew, save
from demo.synthetic import Container, Form, Product, Reading
from demo.synthetic_safety import EXPIRED_LOT, SWAPPED_BAG, Shown
from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.crf import registry
from studyportal.crf.errors import Refused

MINUTE = dt.timedelta(minutes=1)


def enter(
    planned: Product,
    session: Any,
    participant: Participant,
    crew: Crew,
    shown: Shown,
    others: Sequence[CellProduct],
) -> CellProduct:
    """From the harvest to the cultures. others: the products of the session that are entered already."""
    by = crew.coordinator
    number = session.number
    harvest = save(planned.harvest, participant, by, session=session)
    product = numbers.make_product(harvest=harvest, by=by)
    saved: dict[str, Any] = {}
    for step in planned.before:
        if isinstance(step, Form) and step.key == "reagent-lot" and shown.at(number, planned) == EXPIRED_LOT:
            _expired_lot(step, product, participant, by)
        _step(step, product, participant, crew, saved)
    if planned.release is not None:
        releasing.decide(
            product=product,
            by=crew.investigator,
            request=_request_of(crew.investigator),
            password=PASSWORD,
            **planned.release,
        )
    for step in planned.issue:
        if isinstance(step, Reading) and step.step == "bedside" and shown.at(number, planned) == SWAPPED_BAG:
            _swapped_bag(step, product, others[0], crew)
        _step(step, product, participant, crew, saved)
    if planned.infusion is not None:
        infusion = save(planned.infusion, participant, by, product=product)
        for form in (*planned.happenings, *planned.observations):
            save(form, participant, by, infusion=infusion)
    if planned.discard is not None:
        save(planned.discard, participant, by, product=product)
    if planned.cultures is not None:
        record = saved["microbiology"]
        record.refresh_from_db()
        crf.save(
            registry.spec_for(type(record)),
            raw=planned.cultures,
            record=record,
            by=by,
            reason="Cultures read at day 14",
        )
    return product


def _step(
    step: Form | Reading | Container,
    product: CellProduct,
    participant: Participant,
    crew: Crew,
    saved: dict[str, Any],
) -> None:
    if isinstance(step, Reading):
        _read(step, product, crew)
    elif isinstance(step, Container):
        container = save(step.form, participant, crew.technologist, product=product)
        for aliquot in step.aliquots:
            save(aliquot, participant, crew.technologist, container=container)
    else:
        saved[step.key] = save(step, participant, crew.coordinator, product=product)


def _read(reading: Reading, product: CellProduct, crew: Crew) -> None:
    """Two accounts, from the signed sheet of that day: a reading of the past is entered as such."""
    at = dt.datetime.fromisoformat(reading.at)
    first = _reading(reading.step, product, crew.coordinator, at)
    _reading(reading.step, product, crew.technologist, at + MINUTE, witness_of=first)


def _reading(
    step: str, product: CellProduct, by: User, at: dt.datetime, *, witness_of: Any = None
) -> IdentityReading:
    return readings.read(
        product=product,
        step=step,
        by=by,
        identifier=product.product_identifier or "",
        participant_code=product.participant.code,
        how="paper",
        read_at=at,
        witness_of=witness_of,
    )


def _swapped_bag(reading: Reading, product: CellProduct, other: CellProduct, crew: Crew) -> None:
    """The bag of the other tissue was brought to the bed: the reading does not match, and bars until a pair does."""
    readings.read(
        product=product,
        step=reading.step,
        by=crew.coordinator,
        identifier=other.product_identifier or "",
        participant_code=product.participant.code,
        how="paper",
        read_at=dt.datetime.fromisoformat(reading.at) - 2 * MINUTE,
    )


def _expired_lot(form: Form, product: CellProduct, participant: Participant, by: User) -> None:
    """A lot that had expired is refused and kept as a near miss; another lot is opened after it."""
    expired = {"lot": "L00417", "expires_on": "2020-01-31"}
    try:
        save(Form(form.key, {**form.values, **expired}), participant, by, product=product)
    except Refused:
        return
    raise AssertionError("the portal took an expired lot")


def _request_of(user: User) -> HttpRequest:
    """What a signature is given in: the person who is signed in, at this machine."""
    request = HttpRequest()
    request.user = user
    request.META["REMOTE_ADDR"] = "127.0.0.1"
    return request
