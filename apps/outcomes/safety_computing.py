"""Computing the safety tables from one consistent view of the data. Writes nothing.

This module brings pandas; the job imports it when it runs, so that web processes start without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from apps.celldose.models import Component
from apps.outcomes import safety_frames
from apps.outcomes.canonical import code_version, frame_sha256
from apps.outcomes.safety_models import Audience, SafetyMask
from apps.outcomes.statistics.safety_set import Frames, Words, safety_set
from apps.safety.models import Term
from studyportal import protocol
from studyportal.access.clock import latest_day
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission
from studyportal.deviations.models import Kind

STEPS = 3
Progress = Callable[[int, int, str], None]


def silent(done: int, total: int, message: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Computed:
    """Tables that are computed and not yet frozen."""

    content: dict[str, Any]
    audience: Audience
    cut_off: date
    site_ids: frozenset[int] | None
    mask: SafetyMask | None


def compute(
    *,
    by: User,
    audience: Audience,
    include_synthetic: bool,
    cut_off: date | None = None,
    mask: SafetyMask | None = None,
    progress: Progress = silent,
) -> Computed:
    """All safety tables of the sites where `by` may run them (unmasked: and unmask). Writes nothing.

    cut_off: by default the day of the last change in the data, where it is latest. mask: of a masked version, and only of that.
    """
    if (audience == Audience.MASKED) != (mask is not None):
        raise ValueError("Masked tables need their mask, tables by group have none.")
    reached = by.sites_with(
        Permission.RUN_SAFETY_TABLES if audience == Audience.MASKED else Permission.UNMASK_SAFETY_TABLES
    )
    site_ids = None if isinstance(reached, AllSites) else reached
    current = protocol.current()
    progress(0, STEPS, _("Reading follow-up, events and products"))
    words = _words()
    frames, unassigned = safety_frames.read(site_ids, list(words.groups))
    moment = safety_frames.latest_change(site_ids)
    day = cut_off or (latest_day(moment) if moment is not None else current.study.opened_on)
    progress(1, STEPS, _("Computing rates and intervals"))
    found = safety_set(
        frames,
        words,
        cut_off=day,
        include_synthetic=include_synthetic,
        mask_key=None if mask is None else bytes.fromhex(mask.key),
    )
    footnotes = list(found.footnotes)
    if unassigned:
        footnotes.append(f"Participants not yet assigned to a group are left out: {unassigned}.")
    progress(2, STEPS, _("Freezing the tables"))
    content = {
        "title": "Safety tables",
        "audience": audience.value,
        "tables": [table.as_json() for table in found.tables],
        "counts": found.counts,
        "footnotes": footnotes,
        "provenance": {
            "protocol_version": current.version,
            "protocol_sha256": current.sha256,
            "code_version": code_version(),
            "data_as_of": None if moment is None else moment.isoformat(),
            "data_sha256": data_sha256(frames),
            "cut_off": day.isoformat(),
            "include_synthetic": include_synthetic,
            "mask": None if mask is None else mask.number,
        },
    }
    return Computed(content, audience, day, site_ids, mask)


def data_sha256(frames: Frames) -> str:
    """Checksum of everything that the tables were computed from."""
    return frame_sha256(frames.people, frames.events, frames.products, frames.near_misses, frames.deviations)


def _words() -> Words:
    """Labels as the tables say them: English, whoever runs them, so that the same data give the same bytes."""
    from django.utils.translation import override

    with override("en"):
        return Words(
            groups={key: str(group.label) for key, group in protocol.current().groups.items()},
            terms={code: str(label) for code, label in Term.choices},
            components={code: str(label) for code, label in Component.choices},
            deviations={code: str(label) for code, label in Kind.choices},
        )


def moment_of(content: dict[str, Any]) -> datetime | None:
    said = content["provenance"]["data_as_of"]
    return None if said is None else datetime.fromisoformat(said)
