"""Soft checks of the cell product record: implausible values are saved and asked about. Pure.

Every check takes (values, context) and yields findings. Context members are named where they are used; all are
optional, and a check without its input finds nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from studyportal.crf.outcomes import Finding

Values = Mapping[str, Any]
Context = Mapping[str, Any]
Check = Callable[[Values, Context], Iterable[Finding]]

# A count above this, in millions, is more cells than a harvest can hold: 10⁵ × 10⁶ = 10¹¹ cells.
MOST_MILLIONS = Decimal(100_000)
# A count typed per cell is a million times too large; one typed in billions or as a power is far too small.
LEAST_MILLIONS = Decimal(1)
DONOR_TEST_DAYS = 30
USUAL_HARVEST_ML = {"bone_marrow": (Decimal(20), Decimal(1500)), "adipose": (Decimal(10), Decimal(1000))}
SITES_OF_TISSUE = {
    "bone_marrow": ("iliac_crest", "posterior_iliac_crest", "anterior_iliac_crest", "other"),
    "adipose": ("gluteal", "abdomen", "flank", "thigh", "other"),
}
# “500–5000 × 106”: the superscript of 10⁶ is lost when a paper is copied as plain text.
_LOST_SUPERSCRIPT = re.compile(r"(?:[×xX*]|\bby)\s*10\s*6\b(?!\d)")


def history(values: Values, context: Context) -> Iterable[Finding]:
    """What would have barred this step, had it been entered when it happened.

    context["history"]: the Problems that a gate held back because the event precedes the study. They open
    queries here, and breaches become deviations: nothing of the past is passed over in silence.
    """
    for bar in context.get("history", ()):
        yield Finding(
            None,
            f"history_{bar.code}",
            f"Happened before the study, so it is recorded and not refused: {bar.message}",
        )


def session_date_precision(values: Values, context: Context) -> Iterable[Finding]:
    performed = values.get("performed_on")
    if performed is not None and performed.precision != "day":
        yield Finding(
            "performed_on",
            "date_precision",
            f"The date of the session is known by {performed.precision} only ({performed.for_people()});"
            " is the day in the source?",
        )


def session_date_missing(values: Values, context: Context) -> Iterable[Finding]:
    """context: absent (field → reason), expected_on (earliest, latest) from the session before."""
    reason = context.get("absent", {}).get("performed_on", "")
    if values.get("performed_on") is not None or reason in ("", "pending", "not_done"):
        return
    expected = context.get("expected_on")
    about = f" By the session before and the protocol it is expected {_range(expected)}." if expected else ""
    yield Finding("performed_on", "date_missing", f"The date of the session is not in the record.{about}")


def _range(days: tuple[dt.date, dt.date]) -> str:
    first, last = days
    return (
        f"on {first.isoformat()}" if first == last else f"between {first.isoformat()} and {last.isoformat()}"
    )


def donor_test_positive(values: Values, context: Context) -> Iterable[Finding]:
    for test in ("hiv", "hbv", "hcv", "syphilis"):
        if values.get(test) in ("positive", "indeterminate"):
            yield Finding(
                test,
                "donor_test",
                f"The result is {values[test]}: is the product still to be made, and how labelled?",
            )


def donor_test_day(values: Values, context: Context) -> Iterable[Finding]:
    """context: session_on (PartialDate). Samples after the session, or more than 30 days before it."""
    session_on = context.get("session_on")
    if session_on is None or session_on.latest is None:
        return
    for test in ("hiv", "hbv", "hcv", "syphilis"):
        field = f"{test}_sampled_on"
        sampled = values.get(field)
        if sampled is None:
            continue
        if sampled > session_on.latest:
            yield Finding(
                field, "sample_after_session", "The sample was taken after the session it should clear."
            )
        elif (session_on.earliest - sampled).days > DONOR_TEST_DAYS:
            days = (session_on.earliest - sampled).days
            yield Finding(
                field,
                "sample_old",
                f"The sample is {days} days older than the session; usual is ≤ {DONOR_TEST_DAYS}.",
            )


def harvest_site_fits_tissue(values: Values, context: Context) -> Iterable[Finding]:
    tissue, site = values.get("tissue"), values.get("anatomical_site")
    if tissue is not None and site is not None and site not in SITES_OF_TISSUE[tissue]:
        yield Finding("anatomical_site", "unusual_site", "This tissue is not usually taken from this site.")


def harvest_volume_usual(values: Values, context: Context) -> Iterable[Finding]:
    tissue, volume = values.get("tissue"), values.get("volume_ml")
    if tissue is None or volume is None:
        return
    low, high = USUAL_HARVEST_ML[tissue]
    if not low <= volume <= high:
        yield Finding(
            "volume_ml", "unusual_volume", f"{volume} mL is outside the usual {low}–{high} mL; is it right?"
        )


def volume_is_a_range(values: Values, context: Context) -> Iterable[Finding]:
    if values.get("volume_as_stated") and values.get("volume_ml") is None:
        yield Finding(
            "volume_ml",
            "volume_range",
            f"The source gives “{values['volume_as_stated']}”, not one volume: yields per mL cannot be derived.",
        )


def transport_temperature(values: Values, context: Context) -> Iterable[Finding]:
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


def reagent_expired(values: Values, context: Context) -> Iterable[Finding]:
    """context: processed_on (date)."""
    expires, used = values.get("expires_on"), context.get("processed_on")
    if expires is not None and used is not None and expires < used:
        yield Finding(
            "expires_on", "reagent_expired", f"This lot had expired when it was used on {used.isoformat()}."
        )


def million_factor(*fields: str) -> Check:
    """A check of counts in millions: far too many means that single cells were typed, below one is suspicious."""

    def check(values: Values, context: Context) -> Iterable[Finding]:
        for field in fields:
            count = values.get(field)
            if count is None or count == 0:
                continue
            if count > MOST_MILLIONS:
                yield Finding(
                    field,
                    "million_factor",
                    f"{count.normalize():f} ×10⁶ cells cannot come from one harvest: were single cells typed?"
                    f" In millions that would be {(count / 1_000_000).normalize():f}.",
                )
            elif count < LEAST_MILLIONS:
                yield Finding(
                    field,
                    "million_factor",
                    f"{count.normalize():f} ×10⁶ cells are very few: is the count in millions?",
                )
            elif count == 106:
                yield Finding(
                    field,
                    "lost_superscript",
                    "106 may be “10⁶” with its superscript lost; read the source again.",
                )

    return check


def lost_superscript(text: str | None) -> bool:
    """Whether a text carries “× 106” where the source prints × 10⁶."""
    return bool(text and _LOST_SUPERSCRIPT.search(text))


def svf_yield(values: Values, context: Context) -> Iterable[Finding]:
    """context: yield_maximum of the component (10⁶/mL), None where the protocol states none."""
    found, most = values.get("cells_per_ml"), context.get("yield_maximum")
    if found is not None and most is not None and found > most:
        yield Finding(
            "cells_per_ml",
            "yield_implausible",
            f"{found} ×10⁶ cells per mL is above {most}, the most that is plausible.",
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
            f"Viable cells are {counted:.0f} % of TNC, but viability was {percent} %.",
        )


def microbiology_result(values: Values, context: Context) -> Iterable[Finding]:
    if values.get("gram_stain") == "positive":
        yield Finding("gram_stain", "organism_seen", "An organism was seen in the Gram stain.")
    for culture in ("aerobic", "anaerobic", "fungal"):
        if values.get(culture) == "growth":
            yield Finding(culture, "growth", "The culture grew: name the organism and tell the investigator.")


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
            f"Read at day {(read - sampled).days}; “no growth” is final at day {final}.",
        )


def dose_not_stated(values: Values, context: Context) -> Iterable[Finding]:
    """The protocol's range is a plan. It is never taken for the dose that was given."""
    if values.get("total_dose") is not None:
        return
    stated = values.get("dose_as_stated")
    if stated:
        lost = " (its “× 106” is × 10⁶ with the superscript lost)" if lost_superscript(stated) else ""
        yield Finding(
            "total_dose",
            "dose_not_stated",
            f"The source states “{stated}”{lost}: a range, not the dose given. Is the actual dose on file?",
        )
    else:
        yield Finding("total_dose", "dose_not_stated", "The dose given is not recorded; is it on file?")


def dose_within_plan(values: Values, context: Context) -> Iterable[Finding]:
    """context: planned_range (low, high) of the product. The deviation is raised beside it."""
    dose, planned = values.get("total_dose"), context.get("planned_range")
    if dose is not None and planned is not None and not planned[0] <= dose <= planned[1]:
        yield Finding(
            "total_dose",
            "dose_outside_range",
            f"{dose.normalize():f} ×10⁶ is outside the planned {planned[0].normalize():f}–{planned[1].normalize():f} ×10⁶.",
        )


def dose_within_count(values: Values, context: Context) -> Iterable[Finding]:
    """context: tnc. More cells given than were counted in the product."""
    dose, tnc = values.get("total_dose"), context.get("tnc")
    if dose is not None and tnc is not None and dose > tnc:
        yield Finding(
            "total_dose",
            "dose_above_count",
            f"{dose.normalize():f} ×10⁶ were given, but the product held {tnc.normalize():f} ×10⁶ nucleated cells.",
        )


def volume_balance(values: Values, context: Context) -> Iterable[Finding]:
    """context: final_volume_ml. Infused and discarded volumes should not exceed the product's."""
    infused, residual, final = (
        values.get("volume_ml"),
        values.get("residual_discarded_ml"),
        context.get("final_volume_ml"),
    )
    if infused is not None and final is not None and infused + (residual or 0) > final:
        yield Finding(
            "volume_ml",
            "volume_balance",
            f"{infused + (residual or 0)} mL infused and discarded, of {final} mL of product.",
        )


def reaction_reported(values: Values, context: Context) -> Iterable[Finding]:
    seen = [one for one in values.get("reactions") or [] if one != "none"]
    if seen:
        yield Finding(
            "reactions",
            "reaction",
            f"Reaction: {', '.join(seen).replace('_', ' ')}. Is an adverse event recorded?",
        )
