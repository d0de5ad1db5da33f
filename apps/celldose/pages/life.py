"""What happened to a product, in order of time, and the release criteria."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.celldose import crfs
from apps.celldose.product_file import ProductFile
from studyportal.crf import display
from studyportal.crf.spec import CrfSpec
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
            url=_event_url(file, one.step.value),
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


def _records(file: ProductFile) -> dict[str, tuple[CrfSpec, Any]]:
    return {
        "harvested": (crfs.HARVEST, file.harvest),
        "received": (crfs.HAND_OVER, file.to_laboratory),
        "processed": (crfs.PROCESSING, file.processing),
        "released": (crfs.RELEASE, file.decision),
        "rejected": (crfs.RELEASE, file.decision),
        "infused": (crfs.INFUSION, file.infusion),
        "discarded": (crfs.DISCARD, file.discard),
    }


def _event_text(file: ProductFile, step: str) -> str:
    spec, record = _records(file).get(step, (None, None))
    return display.summary(spec, record) if spec is not None and record is not None else ""


def _event_url(file: ProductFile, step: str) -> str:
    _spec, record = _records(file).get(step, (None, None))
    return str(record.get_absolute_url()) if record is not None else ""
