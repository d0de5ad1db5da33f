"""Soft checks of hand-overs and identity. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from apps.celldose.checks.kinds import Context, Values
from studyportal.crf.outcomes import Finding


def hand_over_temperature(values: Values, context: Context) -> Iterable[Finding]:
    """context: transport_limits (lowest, highest °C) of the protocol's storage, when it states any."""
    limits = context.get("transport_limits")
    if limits is None:
        return
    low, high = limits
    for field in ("temperature_min", "temperature_max"):
        found = values.get(field)
        if found is not None and not low <= found <= high:
            yield Finding(field, "temperature", f"{found} °C is outside {low}–{high} °C.")


def identity_mismatch(values: Values, context: Context) -> Iterable[Finding]:
    """context: product_identifier, participant_code. values["matches"] is derived."""
    if values.get("matches") is False:
        yield Finding(
            "matches",
            "identity_mismatch",
            f"Read “{values.get('identifier_read')}” and “{values.get('participant_code_read')}”; expected"
            f" “{context.get('product_identifier')}” and “{context.get('participant_code')}”. Stop, find out, check again.",
        )
