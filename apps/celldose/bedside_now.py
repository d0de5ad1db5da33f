"""What stands of an infusion at this moment: state, what is due, and the course in words. Shared by page and API.

Reads what a ProductFile holds, and who entered it: a fixed number of queries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import course, crfs, rules
from apps.celldose.models import Infusion, InfusionHappening, InfusionObservation
from apps.celldose.product_file import ProductFile
from studyportal.crf.outcomes import NotDerivable
from studyportal.ui.parts import TimelineEvent


def now_context(file: ProductFile, seen: str | None = None) -> dict[str, Any]:
    """What the page asks for again every few seconds. seen: what stood when it was opened."""
    now = timezone.now()
    infusion = file.infusion
    token = state_token(file)
    found: dict[str, Any] = {
        "product": file.product,
        "infusion": infusion,
        "now": now,
        "token": token,
        "changed": seen is not None and seen != token,
        "state": "not_started",
        "expires_at": file.expires_at if isinstance(file.expires_at, dt.datetime) else None,
    }
    if infusion is None:
        return found
    who = _entered_by(file)
    runs = course.course_of(infusion, happenings=file.happenings_of_infusion)
    planned = course.schedule_of(infusion, file.observations, now)
    by_key = {one.timepoint: one for one in file.observations}
    return found | {
        "state": rules.state_at(runs, now) if infusion.started_at else "running",
        "rate": rules.rate_at(runs, now),
        "running_minutes": int(rules.running_time(runs, now).total_seconds() // 60),
        "given_by_rates": _known(rules.volume_by_rates(runs, now)),
        "planned": [(one, by_key.get(one.time.key)) for one in planned],
        "next": rules.next_due(planned),
        "overdue": [one for one in planned if one.state == "overdue"],
        "events": _events(file, who),
        "entered": who.get(("infusion", infusion.pk)),
    }


def state_token(file: ProductFile) -> str:
    """Changes whenever something of the infusion is recorded or corrected."""
    records = [file.infusion, *file.happenings_of_infusion, *file.observations]
    return ".".join(f"{one.pk}-{one.version}" for one in records if one is not None)


def _known(value: Any) -> Any:
    return None if isinstance(value, NotDerivable) else value


# --- the course in words ----------------------------------------------------------------------------------


def _entered_by(file: ProductFile) -> dict[tuple[str, int], course.Recorded]:
    found: dict[tuple[str, int], course.Recorded] = {}
    kinds: tuple[tuple[str, type[Any], Iterable[Any]], ...] = (
        ("infusion", Infusion, [file.infusion] if file.infusion else []),
        ("happening", InfusionHappening, file.happenings_of_infusion),
        ("observation", InfusionObservation, file.observations),
    )
    for kind, model, records in kinds:
        for pk, recorded in course.recorded_by(model, [one.pk for one in records]).items():
            found[kind, pk] = recorded
    return found


def _events(file: ProductFile, who: Mapping[tuple[str, int], course.Recorded]) -> list[TimelineEvent]:
    """Everything of the course, the newest first: what, when, and who entered it."""
    infusion: Any = file.infusion
    found: list[tuple[Any, TimelineEvent]] = []

    def add(
        kind: str, record: Any, at: Any, title: str, text: str = "", tone: str = "neutral", url: str = ""
    ) -> None:
        entered = who.get((kind, record.pk))
        by = _("entered by %s") % entered.name if entered and entered.name else ""
        found.append((at, TimelineEvent(at or _("time not recorded"), title, text, tone, "", url, by)))

    if infusion.started_at:
        add("infusion", infusion, infusion.started_at, _("Started"), "", "good", infusion.get_absolute_url())
    for one in file.happenings_of_infusion:
        tone = {"interruption": "attention", "reaction": "bad"}.get(one.kind or "", "neutral")
        add("happening", one, one.at, str(one), _happening_words(one), tone, one.get_absolute_url())
    for seen in file.observations:
        tone = "bad" if is_reaction(seen.reactions) else "neutral"
        title = _("Observation: %s") % seen
        add("observation", seen, seen.observed_at, title, vitals_words(seen), tone, seen.get_absolute_url())
    if infusion.stopped_at:
        volume = f"{infusion.volume_ml:f} mL" if infusion.volume_ml is not None else ""
        add(
            "stop",
            infusion,
            infusion.stopped_at,
            _("Stopped"),
            volume,
            "neutral",
            infusion.get_absolute_url(),
        )
    oldest = dt.datetime.min.replace(tzinfo=dt.UTC)
    # Turned round afterwards, so that of one minute, too, the latest stands first.
    found.sort(key=lambda pair: pair[0] or oldest)
    return [event for _at, event in reversed(found)]


def _happening_words(one: InfusionHappening) -> str:
    fields = crfs.INFUSION_EVENT.fields
    parts = [
        fields[name].for_people(getattr(one, name))
        for name in ("rate_ml_h", "drug", "dose", "reactions", "reason")
    ]
    return ", ".join(part for part in parts if part)


def vitals_words(one: InfusionObservation) -> str:
    fields = crfs.OBSERVATIONS.fields

    def words(name: str) -> str:
        return str(fields[name].for_people(getattr(one, name)))

    pressure = ""
    if one.systolic is not None or one.diastolic is not None:
        pressure = f"{'–' if one.systolic is None else one.systolic}/{'–' if one.diastolic is None else one.diastolic} mmHg"
    parts = [
        words("temperature"),
        words("pulse"),
        pressure,
        words("respiratory_rate"),
        words("oxygen_saturation"),
    ]
    parts.append(words("reactions") if is_reaction(one.reactions) else "")
    return ", ".join(part for part in parts if part)


def is_reaction(codes: Sequence[str] | None) -> bool:
    return any(code != "none" for code in codes or [])
