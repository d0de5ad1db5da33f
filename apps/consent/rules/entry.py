"""Hard rules of one entry of the log. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from apps.consent.rules.events import (
    CORRECTION,
    LAR_CONSENT,
    ORAL_ASSENT,
    REPRESENTATIVES,
    WITHDRAWAL,
    WRITTEN_ASSENT,
)


def signature_problems(values: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """Hard rules of one entry: (field, code, message). Keys as in Event."""
    kind = values.get("kind")
    if kind == WITHDRAWAL and not values.get("withdrawal_scopes"):
        yield (
            "withdrawal_scopes",
            "required",
            "Say what is withdrawn: a withdrawal without a scope ends nothing.",
        )
    if kind != WITHDRAWAL and kind != CORRECTION and values.get("withdrawal_scopes"):
        yield (
            "withdrawal_scopes",
            "not_expected",
            "Only a withdrawal has scopes of withdrawal. Leave it empty.",
        )
    if kind == CORRECTION and not values.get("corrects"):
        yield "corrects", "required", "Name the entry that is corrected."
    if kind != CORRECTION and values.get("corrects"):
        yield "corrects", "not_expected", "Only a correction names another entry. Leave it empty."
    if kind == CORRECTION and not (values.get("note") or "").strip():
        yield (
            "note",
            "required",
            "Give the reason of the correction: the first entry stays readable beside it.",
        )
    signer = values.get("signer")
    if kind == LAR_CONSENT and signer == "participant":
        yield "signer", "not_a_representative", "A representative signs this consent, not the participant."
    if kind in (ORAL_ASSENT, WRITTEN_ASSENT) and signer in REPRESENTATIVES:
        yield "signer", "not_the_child", "Assent is given by the child, not by a representative."
    signed_on, signed_at = values.get("signed_on"), values.get("signed_at")
    entered_at = values.get("entered_at")
    if entered_at is not None:
        # One day of grace: the site's day may be ahead of UTC.
        limit = entered_at.date() + dt.timedelta(days=1)
        if signed_on is not None and signed_on.earliest is not None and signed_on.earliest > limit:
            yield "signed_on", "future", "The date of signature lies in the future."
        if signed_at is not None and signed_at > entered_at + dt.timedelta(minutes=5):
            yield "signed_at", "future", "The time of signature lies in the future."
    if signed_at is not None and signed_on is not None and signed_on.earliest is not None:
        distance = (signed_at.date() - signed_on.earliest).days
        span = (signed_on.latest - signed_on.earliest).days
        if not -1 <= distance <= span + 1:
            yield (
                "signed_at",
                "contradiction",
                "The time of signature is on another day than the date of signature.",
            )


def absent_problems(
    absent: Mapping[str, str], known: Collection[str], stated: Mapping[str, Any]
) -> Iterable[tuple[str, str, str]]:
    """Reasons for absent values: only for fields that exist and are absent."""
    for name in absent:
        if name not in known:
            yield f"absent.{name}", "unknown_field", "There is no such field."
        elif stated.get(name) not in (None, "", (), []):
            yield (
                f"absent.{name}",
                "contradiction",
                "A value is given, so there is no reason for its absence.",
            )
