"""Soft checks of hand-overs, containers, aliquots and identity. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from apps.celldose.checks.kinds import Context, Values
from studyportal.crf.outcomes import Finding
from studyportal.words import joined, said


def hand_over_temperature(values: Values, context: Context) -> Iterable[Finding]:
    """context: transport_limits (lowest, highest °C) of the protocol's storage, when it states any."""
    limits = context.get("transport_limits")
    if limits is None:
        return
    low, high = limits
    for field in ("temperature_min", "temperature_max"):
        found = values.get(field)
        if found is not None and not low <= found <= high:
            yield Finding(
                field,
                "temperature",
                said("%(found)s °C is outside %(low)s–%(high)s °C.", found=found, low=low, high=high),
            )


def unlogged_gap(values: Values, context: Context) -> Iterable[Finding]:
    """context: gaps, in words, between the hand-over before and this one."""
    gaps = context.get("gaps") or ()
    if gaps:
        yield Finding("given_by", "unlogged_gap", joined(gaps))


def received_in_order(values: Values, context: Context) -> Iterable[Finding]:
    """Anything but an intact product is asked about: what was done, and was it still used?"""
    condition = values.get("condition")
    if condition not in (None, "intact"):
        yield Finding(
            "condition",
            "condition",
            said(
                "Received “%(condition)s”: say what was done with it, and who decided.",
                condition=condition.replace("_", " "),
            ),
        )


def two_hands(values: Values, context: Context) -> Iterable[Finding]:
    given, received = values.get("given_by"), values.get("received_by")
    if given and received and "".join(given.split()).casefold() == "".join(received.split()).casefold():
        yield Finding(
            "received_by", "same_person", said("The same person hands over and receives; is that right?")
        )


def containers_beyond_product(values: Values, context: Context) -> Iterable[Finding]:
    """context: balance of the product's volume and its containers. A final volume can be corrected after the filling."""
    balance = context.get("balance")
    if balance is not None and balance.is_over:
        yield Finding(
            "volume_ml",
            "containers_above_product",
            said(
                "The containers hold %(parts)s mL together, more than the final volume of %(whole)s mL.",
                parts=balance.parts,
                whole=balance.whole,
            ),
        )


def kept_without_place(values: Values, context: Context) -> Iterable[Finding]:
    if values.get("disposition") == "in_store" and not values.get("place"):
        yield Finding(
            "place", "place_missing", said("It is in store: say in which freezer, rack and position.")
        )


def identity_mismatch(values: Values, context: Context) -> Iterable[Finding]:
    """context: product_identifier, participant_code. values["matches"] is derived."""
    if values.get("matches") is False:
        yield Finding(
            "matches",
            "identity_mismatch",
            said(
                "Read “%(identifier_read)s” and “%(participant_code_read)s”; expected"
                " “%(product_identifier)s” and “%(participant_code)s”. Stop, find out, check again.",
                identifier_read=values.get("identifier_read"),
                participant_code_read=values.get("participant_code_read"),
                product_identifier=context.get("product_identifier"),
                participant_code=context.get("participant_code"),
            ),
        )
