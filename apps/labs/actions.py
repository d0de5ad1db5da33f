"""Writing glucose readings, many at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from apps.labs import rules
from apps.labs.models import GlucoseChart, GlucoseReading, GlucoseSlot, GlucoseUnit
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.audit import Reason, acting
from studyportal.crf.actions import rederive
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused
from studyportal.crf.outcomes import Problem
from studyportal.crf.reasons import taken
from studyportal.crf.registry import spec_for
from studyportal.review import gate

MAX_AT_ONCE = 2000
FIELDS = ("measured_on", "slot", "value", "unit")


def record_readings(
    *, chart: GlucoseChart, readings: Any, by: User, reason: Any = None
) -> list[GlucoseReading]:
    """Add readings to a chart, all or none; a day and slot that the chart already has is changed, with a reason.

    Each reading: measured_on (day), slot, value, unit (mg/dL when left out). Raises CrfInvalid with the place of
    each problem as `readings.<number>.<field>`, or ReasonRequired; Refused for readings after new data were withdrawn.
    """
    if not isinstance(readings, (list, tuple)) or not readings:
        raise CrfInvalid([Problem("readings", "required", _("Give a list of readings."))])
    if len(readings) > MAX_AT_ONCE:
        raise CrfInvalid(
            [
                Problem(
                    "readings",
                    "too_many",
                    _("At most %d readings at once; send the rest next.") % MAX_AT_ONCE,
                )
            ]
        )
    problems: list[Problem] = []
    reason = taken(reason, problems)
    parsed: list[dict[str, Any]] = []
    seen: set[tuple[Any, Any]] = set()
    today = today_at(chart.site)
    for number, raw in enumerate(readings):
        one, found = _parsed(raw, today)
        place = (one.get("measured_on"), one.get("slot"))
        if not found and place in seen:
            found = [Problem("slot", "duplicate", _("This day and slot stands twice in the list."))]
        seen.add(place)
        problems += [Problem(f"readings.{number}.{p.field}", p.code, p.message) for p in found]
        parsed.append(one)
    if problems:
        raise CrfInvalid(problems)
    if beyond := [*gate.closed(spec_for(GlucoseChart), chart, by), *_beyond_consent(chart, parsed, by)]:
        raise Refused(beyond)
    try:
        with transaction.atomic(), acting(user=by, reason=reason):
            # The chart is the lock: two writers of one chart wait for each other.
            chart = GlucoseChart.objects.select_for_update().get(pk=chart.pk)
            return _write(chart, parsed, reason)
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, GlucoseReading)]) from error


def _beyond_consent(chart: GlucoseChart, parsed: Sequence[Mapping[str, Any]], by: User) -> Iterator[Problem]:
    """The readings of days after new data were withdrawn. One query for almost every participant."""
    consent = engine.asked_of_entry(chart.participant, by=by, on=parsed[-1]["measured_on"])
    if consent is None:
        return
    for number, one in enumerate(parsed):
        why = consent.bar(Use.NEW_DATA, one["measured_on"])
        if why is not None:
            yield Problem(f"readings.{number}.measured_on", "consent_ended", why)


def _write(
    chart: GlucoseChart, parsed: Iterable[Mapping[str, Any]], reason: Reason | None
) -> list[GlucoseReading]:
    held = {(r.measured_on, r.slot): r for r in GlucoseReading.objects.filter(chart=chart)}
    new: list[GlucoseReading] = []
    changed: list[GlucoseReading] = []
    result: list[GlucoseReading] = []
    for one in parsed:
        reading = held.get((one["measured_on"], one["slot"]))
        if reading is None:
            reading = GlucoseReading(
                site_id=chart.site_id, participant_id=chart.participant_id, chart=chart, **one
            )
            new.append(reading)
        elif (reading.value, reading.unit) != (one["value"], one["unit"]):
            reading.value, reading.unit = one["value"], one["unit"]
            reading.version += 1
            reading.updated_at = timezone.now()
            changed.append(reading)
        result.append(reading)
    if changed and not reason:
        raise ReasonRequired([f"{reading.measured_on} {reading.slot}" for reading in changed])
    GlucoseReading.objects.bulk_create(new)
    GlucoseReading.objects.bulk_update(changed, ["value", "unit", "version", "updated_at"])
    rederive(chart, reason=_("Readings of the chart were saved"))
    return result


def _parsed(raw: Any, today: dt.date) -> tuple[dict[str, Any], list[Problem]]:
    """One reading, typed, and what is wrong with it. today: at the site."""
    if not isinstance(raw, Mapping):
        return {}, [Problem("", "type", _("Give an object with %s.") % ", ".join(FIELDS))]
    problems = [
        Problem(str(name)[:40], "unknown_field", _("A reading has %s.") % ", ".join(FIELDS))
        for name in raw
        if name not in FIELDS
    ]
    one: dict[str, Any] = {"unit": raw.get("unit", GlucoseUnit.MG_DL.value), "slot": raw.get("slot")}
    if one["slot"] not in GlucoseSlot.values:
        problems.append(Problem("slot", "choice", _("One of: %s.") % ", ".join(GlucoseSlot.values)))
    one["measured_on"] = _day(raw.get("measured_on"))
    if one["measured_on"] is None:
        problems.append(Problem("measured_on", "invalid_date", _("Write the day as 2016-11-03.")))
    elif one["measured_on"] > today:
        problems.append(Problem("measured_on", "in_future", _("This day lies in the future.")))
    value = _number(raw.get("value"))
    if value is None:
        problems.append(Problem("value", "invalid_number", _("Give a number with at most two decimals.")))
    elif one["unit"] in GlucoseUnit.values or not isinstance(one["unit"], (list, dict)):
        problems += rules.reading_problems(value, str(one["unit"]))
    else:
        problems.append(Problem("unit", "unit", _("A meter reads in mg/dL or mmol/L.")))
    one["value"] = value
    return one, problems


def _day(raw: Any) -> dt.date | None:
    if isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
        return raw
    try:
        day = dt.date.fromisoformat(raw) if isinstance(raw, str) and len(raw) == 10 else None
    except ValueError:
        return None
    return day if day is not None and day.year >= 1900 else None


def _number(raw: Any) -> Decimal | None:
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float, Decimal)):
        return None
    try:
        number = Decimal(str(raw).strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= 10_000 or number != round(number, 2):
        return None
    return number
