"""What happened to a product, in order of time, and what was seen around its infusion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from apps.celldose import crfs
from apps.celldose.models import IdentityStep, Timepoint
from apps.celldose.product_file import ProductFile
from studyportal.crf import display
from studyportal.ui.parts import Cell, Column, Row, TimelineEvent

OUTCOME_STATE = {"pass": "passed", "fail": "failed", "pending": "pending", "not_evaluable": "missing_result"}


def criteria_of(file: ProductFile) -> list[Row]:
    tones = {"fail": "bad", "pending": "attention", "not_evaluable": "attention"}
    return [
        Row(
            [
                one.label,
                one.specification,
                Cell(one.result, detail=one.why),
                Cell(state=OUTCOME_STATE[one.outcome]),
            ],
            tones.get(one.outcome, ""),
        )
        for one in file.judged
    ]


def criteria_columns() -> list[Column]:
    return [Column(_("Criterion")), Column(_("Specification")), Column(_("Result")), Column(_("Outcome"))]


def events_of(file: ProductFile) -> list[TimelineEvent]:
    """What happened to the product, in order; a step whose time is not recorded says so."""
    bad = {"rejected", "discarded"}
    return [
        TimelineEvent(
            when=one.at or _("time not recorded"),
            title=str(_state_words()[one.step.value]),
            tone="bad" if one.step.value in bad else "good",
            text=_event_text(file, one.step.value),
        )
        for one in file.life.path
    ]


def _state_words() -> dict[str, str]:
    return {
        "harvested": _("Harvested"),
        "received": _("Received in the laboratory"),
        "processed": _("Processed"),
        "quarantined": _("Release criteria evaluated"),
        "released": _("Released"),
        "rejected": _("Rejected"),
        "issued": _("Issued to the ward"),
        "infused": _("Infused"),
        "discarded": _("Discarded"),
    }


def _event_text(file: ProductFile, step: str) -> str:
    records = {
        "harvested": (crfs.HARVEST, file.harvest),
        "received": (crfs.HAND_OVER, file.to_laboratory),
        "processed": (crfs.PROCESSING, file.processing),
        "released": (crfs.RELEASE, file.decision),
        "rejected": (crfs.RELEASE, file.decision),
        "infused": (crfs.INFUSION, file.infusion),
        "discarded": (crfs.DISCARD, file.discard),
    }
    if step not in records:
        return ""
    spec, record = records[step]
    return display.summary(spec, record)


def identity_of(file: ProductFile) -> list[Row]:
    """Every reading of two signed-in people, and every check that a source names, in the order of the steps."""
    labels = dict(IdentityStep.choices)
    rows = [
        (
            check.step or "",
            _identity_row(
                Cell(labels.get(check.step or "", "–"), check.get_absolute_url()),
                check.checked_at,
                f"{check.first_person or '–'}, {check.second_person or '–'}",
                check.matches,
            ),
        )
        for check in file.identity_checks
    ]
    rows += [
        (
            reading.step,
            _identity_row(
                Cell(labels[reading.step], detail=reading.said),
                reading.read_at,
                reading.reader_name,
                reading.matches,
            ),
        )
        for reading in file.readings
    ]
    order = list(labels)
    return [
        row for _step, row in sorted(rows, key=lambda one: order.index(one[0]) if one[0] in order else 99)
    ]


def _identity_row(step: Cell, when: Any, who: str, matches: bool | None) -> Row:
    return Row(
        [step, when, who, Cell(state="passed") if matches else Cell(_("mismatch"), state="failed")],
        "" if matches else "bad",
    )


def observations_of(file: ProductFile) -> list[Row]:
    order = list(Timepoint.values)
    labels = dict(Timepoint.choices)
    reactions = crfs.OBSERVATIONS.fields["reactions"]
    known: Iterable[Any] = sorted(
        file.observations, key=lambda one: order.index(one.timepoint) if one.timepoint in order else 99
    )
    return [
        Row(
            [
                Cell(labels.get(one.timepoint or "", "–"), one.get_absolute_url()),
                one.temperature,
                one.pulse,
                f"{one.systolic or '–'}/{one.diastolic or '–'}",
                one.oxygen_saturation,
                reactions.for_people(one.reactions) or "–",
            ]
        )
        for one in known
    ]
