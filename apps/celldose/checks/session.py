"""Soft checks of sessions, donor tests and harvests. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from apps.celldose.checks.kinds import Context, Values
from studyportal.crf.outcomes import Finding
from studyportal.words import said

DONOR_TEST_DAYS = 30


USUAL_HARVEST_ML = {"bone_marrow": (Decimal(20), Decimal(1500)), "adipose": (Decimal(10), Decimal(1000))}


SITES_OF_TISSUE = {
    "bone_marrow": ("iliac_crest", "posterior_iliac_crest", "anterior_iliac_crest", "other"),
    "adipose": ("gluteal", "abdomen", "flank", "thigh", "other"),
}


def session_date_precision(values: Values, context: Context) -> Iterable[Finding]:
    performed = values.get("performed_on")
    if performed is not None and performed.precision != "day":
        yield Finding(
            "performed_on",
            "date_precision",
            said(
                "The date of the session is known by %(precision)s only (%(performed)s); is the day in"
                " the source?",
                precision=performed.precision,
                performed=performed,
            ),
        )


def session_date_missing(values: Values, context: Context) -> Iterable[Finding]:
    """context: absent (field → reason), expected_on (earliest, latest) from the session before."""
    reason = context.get("absent", {}).get("performed_on", "")
    if values.get("performed_on") is not None or reason in ("", "pending", "not_done"):
        return
    expected = context.get("expected_on")
    about = (
        said(
            " By the session before and the protocol it is expected %(expected)s.", expected=_range(expected)
        )
        if expected
        else ""
    )
    yield Finding(
        "performed_on",
        "date_missing",
        said("The date of the session is not in the record.%(about)s", about=about),
    )


def session_planned_outside_interval(values: Values, context: Context) -> Iterable[Finding]:
    """context: allowed_on (first, last day) by the session before and the protocol."""
    planned, allowed = values.get("planned_on"), context.get("allowed_on")
    if planned is None or allowed is None or values.get("performed_on") is not None:
        return
    if not allowed[0] <= planned <= allowed[1]:
        yield Finding(
            "planned_on",
            "planned_outside_interval",
            said("By the session before and the protocol it may be %(allowed)s.", allowed=_range(allowed)),
        )


def _range(days: tuple[dt.date, dt.date]) -> str:
    first, last = days
    return (
        said("on %(first)s", first=first)
        if first == last
        else said("between %(first)s and %(last)s", first=first, last=last)
    )


def donor_test_positive(values: Values, context: Context) -> Iterable[Finding]:
    for test in ("hiv", "hbv", "hcv", "syphilis"):
        if values.get(test) in ("positive", "indeterminate"):
            yield Finding(
                test,
                "donor_test",
                said(
                    "The result is %(values)s: is the product still to be made, and how labelled?",
                    values=values[test],
                ),
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
                field, "sample_after_session", said("The sample was taken after the session it should clear.")
            )
        elif (session_on.earliest - sampled).days > DONOR_TEST_DAYS:
            days = (session_on.earliest - sampled).days
            yield Finding(
                field,
                "sample_old",
                said(
                    "The sample is %(days)s days older than the session; usual is ≤ %(donor_test_days)s.",
                    days=days,
                    donor_test_days=DONOR_TEST_DAYS,
                ),
            )


def harvest_site_fits_tissue(values: Values, context: Context) -> Iterable[Finding]:
    tissue, site = values.get("tissue"), values.get("anatomical_site")
    if tissue is not None and site is not None and site not in SITES_OF_TISSUE[tissue]:
        yield Finding(
            "anatomical_site", "unusual_site", said("This tissue is not usually taken from this site.")
        )


def harvest_volume_usual(values: Values, context: Context) -> Iterable[Finding]:
    tissue, volume = values.get("tissue"), values.get("volume_ml")
    if tissue is None or volume is None:
        return
    low, high = USUAL_HARVEST_ML[tissue]
    if not low <= volume <= high:
        yield Finding(
            "volume_ml",
            "unusual_volume",
            said(
                "%(volume)s mL is outside the usual %(low)s–%(high)s mL; is it right?",
                volume=volume,
                low=low,
                high=high,
            ),
        )


def volume_is_a_range(values: Values, context: Context) -> Iterable[Finding]:
    if values.get("volume_as_stated") and values.get("volume_ml") is None:
        yield Finding(
            "volume_ml",
            "volume_range",
            said(
                "The source gives “%(volume_as_stated)s”, not one volume: yields per mL cannot be derived.",
                volume_as_stated=values["volume_as_stated"],
            ),
        )
