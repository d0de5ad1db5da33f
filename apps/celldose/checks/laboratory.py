"""Soft checks of what the laboratory did and measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from apps.celldose.checks.kinds import Context, Values
from studyportal.crf.outcomes import Finding
from studyportal.words import rounded, said


def reagent_expired(values: Values, context: Context) -> Iterable[Finding]:
    """context: processed_on (date)."""
    expires, used = values.get("expires_on"), context.get("processed_on")
    if expires is not None and used is not None and expires < used:
        yield Finding(
            "expires_on",
            "reagent_expired",
            said("This lot had expired when it was used on %(used)s.", used=used),
        )


# Digestion with collagenase is at body temperature, for half an hour to an hour and a half (working defaults).
USUAL_DIGESTION = {
    "enzyme_temperature": (Decimal(35), Decimal(40), "°C"),
    "enzyme_minutes": (Decimal(15), Decimal(120), "min"),
}

# More cells after processing than before cannot be; counting errors reach some per cent.
MOST_RECOVERY = Decimal(110)
LEAST_RECOVERY = Decimal(5)

# A viability is of the moment: measured long after processing it says little of what was released.
VIABILITY_HOURS = 4


def processing_after_receipt(values: Values, context: Context) -> Iterable[Finding]:
    """context: received_at (aware, the site's zone)."""
    started, received = values.get("started_at"), context.get("received_at")
    if started is not None and received is not None and started < received:
        yield Finding(
            "started_at",
            "before_receipt",
            said("Processing began before the product was received (%(received)s).", received=received),
        )


def processed_within_expiry(values: Values, context: Context) -> Iterable[Finding]:
    ended, expires = values.get("ended_at"), values.get("expires_at")
    if ended is not None and expires is not None and ended > expires:
        yield Finding(
            "ended_at", "processed_after_expiry", said("The product had expired when its processing ended.")
        )


def final_volume_usual(values: Values, context: Context) -> Iterable[Finding]:
    """context: harvest_volume_ml. A product is usually concentrated, not diluted."""
    final, harvested = values.get("final_volume_ml"), context.get("harvest_volume_ml")
    if final is not None and harvested is not None and final > harvested:
        yield Finding(
            "final_volume_ml",
            "volume_above_harvest",
            said(
                "%(final)s mL of product from %(harvested)s mL harvested: is the volume right?",
                final=final,
                harvested=harvested,
            ),
        )


def digestion_usual(values: Values, context: Context) -> Iterable[Finding]:
    for field, (low, high, unit) in USUAL_DIGESTION.items():
        found = values.get(field)
        if found is not None and not low <= found <= high:
            yield Finding(
                field,
                "unusual_digestion",
                said(
                    "%(found)s %(unit)s is outside the usual %(low)s–%(high)s %(unit)s.",
                    found=found,
                    unit=unit,
                    low=low,
                    high=high,
                ),
            )


def enzyme_expiry(values: Values, context: Context) -> Iterable[Finding]:
    """context: lots (the reagent lots of the product, by their lot number)."""
    lot = values.get("enzyme_lot")
    if lot and values.get("enzyme_expires_on") is None and lot not in context.get("lots", ()):
        yield Finding(
            "enzyme_expires_on",
            "enzyme_expiry",
            said("Until when may lot %(lot)s be used? Its expiry is not recorded.", lot=lot),
        )


def recovery_plausible(values: Values, context: Context) -> Iterable[Finding]:
    for field, kind in (("tnc_recovery", "nucleated"), ("mnc_recovery", "mononuclear")):
        found = values.get(field)
        if found is None:
            continue
        if found > MOST_RECOVERY:
            yield Finding(
                field,
                "recovery_above_all",
                said(
                    "%(found)s %% of the %(kind)s cells: more than were there before processing. Are both"
                    " counts in millions?",
                    found=found,
                    kind=kind,
                ),
            )
        elif found < LEAST_RECOVERY:
            yield Finding(
                field,
                "recovery_low",
                said(
                    "Only %(found)s %% of the %(kind)s cells were recovered: is it right?",
                    found=found,
                    kind=kind,
                ),
            )


def markers_plausible(values: Values, context: Context) -> Iterable[Finding]:
    """A CD34+ part of bone marrow above 10 % is that of no bone marrow; CD45 is on nearly all of its cells."""
    cd34, cd45 = values.get("cd34_percent"), values.get("cd45_percent")
    if cd34 is not None and cd34 > 10:
        yield Finding(
            "cd34_percent",
            "unusual_marker",
            said("%(cd34)s %% CD34+ is above the usual 10 %% of bone marrow.", cd34=cd34),
        )
    if cd34 is not None and cd45 is not None and cd34 > cd45:
        yield Finding(
            "cd34_percent",
            "cd34_above_cd45",
            said("ISHAGE gates CD34+ cells within CD45+: there are more of them here."),
        )


def gating_named(values: Values, context: Context) -> Iterable[Finding]:
    if values.get("cd34_percent") is not None and not values.get("gating"):
        yield Finding(
            "gating",
            "gating_missing",
            said("CD34+ is stated: by which gating (ISHAGE, one platform or two)?"),
        )


def viability_measured_late(values: Values, context: Context) -> Iterable[Finding]:
    """context: processed_at (end of processing, aware)."""
    measured, processed = values.get("measured_at"), context.get("processed_at")
    if measured is None or processed is None:
        return
    hours = (measured - processed).total_seconds() / 3600
    if hours > VIABILITY_HOURS:
        yield Finding(
            "measured_at",
            "measured_late",
            said(
                "Measured %(hours)s h after the processing; usual is within %(viability_hours)s h.",
                hours=rounded(hours),
                viability_hours=VIABILITY_HOURS,
            ),
        )


def svf_yield(values: Values, context: Context) -> Iterable[Finding]:
    """context: yield_maximum of the component (10⁶/mL), None where the protocol states none."""
    found, most = values.get("cells_per_ml"), context.get("yield_maximum")
    if found is not None and most is not None and found > most:
        yield Finding(
            "cells_per_ml",
            "yield_implausible",
            said(
                "%(found)s ×10⁶ cells per mL is above %(most)s, the most that is plausible.",
                found=found,
                most=most,
            ),
        )


def viable_agrees_with_viability(values: Values, context: Context) -> Iterable[Finding]:
    """context: viability_percent. Counted viable cells and the measured percentage differ by over 15 points."""
    tnc, viable, percent = values.get("tnc"), values.get("viable"), context.get("viability_percent")
    if not tnc or viable is None or percent is None:
        return
    counted = viable / tnc * 100
    if abs(counted - percent) > 15:
        yield Finding(
            "viable",
            "viability_differs",
            said(
                "Viable cells are %(counted)s %% of TNC, but viability was %(percent)s %%.",
                counted=rounded(counted),
                percent=percent,
            ),
        )


def microbiology_result(values: Values, context: Context) -> Iterable[Finding]:
    if values.get("gram_stain") == "positive":
        yield Finding("gram_stain", "organism_seen", said("An organism was seen in the Gram stain."))
    for culture in ("aerobic", "anaerobic", "fungal"):
        if values.get(culture) == "growth":
            yield Finding(
                culture, "growth", said("The culture grew: name the organism and tell the investigator.")
            )


def cultures_read_early(values: Values, context: Context) -> Iterable[Finding]:
    """context: sterility_days of the protocol."""
    sampled, read, final = values.get("sampled_on"), values.get("read_on"), context.get("sterility_days")
    if sampled is None or read is None or final is None:
        return
    clear = any(values.get(culture) == "no_growth" for culture in ("aerobic", "anaerobic", "fungal"))
    if clear and (read - sampled).days < final:
        yield Finding(
            "read_on",
            "read_early",
            said(
                "Read at day %(days)s; “no growth” is final at day %(final)s.",
                days=(read - sampled).days,
                final=final,
            ),
        )
