"""What must be true before a product changes hands, is filled into containers, or a part of it is kept.

(record, by) → problems. What a source reports of the time before the study is not refused (`gates.refusing`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from apps.celldose import gates, stated
from apps.celldose.models import Aliquot, Container, HandOver
from apps.celldose.product_file import ProductFile, product_file
from apps.celldose.rules import custody
from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from studyportal.access.models import User
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.words import said

# After an infusion there are remains, and after a discard the way to where it is destroyed.
AFTER_THE_END = frozenset({"returned", "to_disposal"})


def hand_over_gate(record: HandOver, by: User | None) -> Iterable[Problem]:
    """Nothing leaves for the ward before its release counts and two people checked it; nothing moves after its end."""
    if record.pk is not None and HandOver.objects.filter(pk=record.pk, leg=record.leg).exists():
        return ()  # a correction of what has happened
    file = product_file(record.product_id)
    bars: list[Problem] = []
    if record.leg == "to_ward":
        bars += gates.identity_bars(file, "issue", record.given_at or record.received_at)
        issue = file.identity.get("issue")
        if issue is None:
            bars.append(
                Problem(
                    "leg",
                    "identity_unchecked_issue",
                    said("Two people check the identity at issue before the product goes to the ward."),
                )
            )
        elif issue.matches is not True:
            bars.append(
                Problem(
                    "leg",
                    "identity_mismatch_issue",
                    said(
                        "The newest identity check at issue does not match: %(said)s. Two people read"
                        " again first.",
                        said=issue.said,
                    ),
                )
            )
    elif record.leg not in AFTER_THE_END:
        bars += _ended(file, record.given_at or record.received_at)
    return _refusing(bars, record, record.given_at or record.received_at, file)


def container_gate(record: Container, by: User | None) -> Iterable[Problem]:
    file = product_file(record.product_id)
    others = [one.volume_ml for one in file.containers if one.pk != record.pk]
    whole = file.processing.final_volume_ml if file.processing else None
    bars = [
        *custody.within_whole(
            whole,
            others,
            record.volume_ml,
            code="containers_above_product",
            words={"parts": "containers", "whole": "product"},
        ),
        *_less_than_was_taken(record),
    ]
    if record.pk is None:
        bars += _ended(file, record.filled_at)
    return _refusing(bars, record, record.filled_at, file)


def _less_than_was_taken(record: Container) -> Iterable[Problem]:
    if record.pk is None or record.volume_ml is None:
        return
    taken = sum((one.volume_ml or 0 for one in record.aliquots.all()), start=Decimal(0))
    if taken > record.volume_ml:
        yield Problem(
            "volume_ml",
            "aliquots_above_container",
            said(
                "Its aliquots are %(taken)s mL together, more than %(volume_ml)s mL: correct the volume"
                " that is wrong.",
                taken=taken,
                volume_ml=record.volume_ml,
            ),
        )


def aliquot_gate(record: Aliquot, by: User | None) -> Iterable[Problem]:
    """No more than the container holds; and what is kept for later needs consent to keep samples."""
    container = record.container
    others = list(
        Aliquot.objects.filter(container=container).exclude(pk=record.pk).values_list("volume_ml", flat=True)
    )
    bars = [
        *custody.within_whole(
            container.volume_ml,
            others,
            record.volume_ml,
            code="aliquots_above_container",
            words={"parts": "aliquots", "whole": "container"},
        )
    ]
    if record.purpose in custody.KEPT_FOR_LATER and record.disposition != "destroyed":
        why = engine.bar(record.participant, Use.SAMPLES, record.taken_at)
        if why is not None:
            bars.append(Problem("purpose", "consent_to_samples", why))
    return _refusing(bars, record, record.taken_at, product_file(container.product_id))


def _ended(file: ProductFile, at: dt.datetime | None) -> list[Problem]:
    """What was done before the end may be entered after it, with its time."""
    ends: list[tuple[dt.datetime | None, str, str]] = []
    if file.infusion is not None:
        ends.append((file.infusion.started_at, "already_used", "has already been infused"))
    if file.discard is not None:
        ends.append((file.discard.discarded_at, "discarded", "has been discarded"))
    return [
        Problem("product", code, f"{file.product} {words}.")
        for end, code, words in ends
        if at is None or end is None or at > end
    ]


def _refusing(
    bars: Iterable[Problem], record: Any, at: dt.datetime | None, file: ProductFile
) -> tuple[Problem, ...]:
    day = stated.local_day(at, record.site)
    return gates.refusing(bars, record.participant, PartialDate.of(day) if day else file.session.performed_on)
