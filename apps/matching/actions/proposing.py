"""Asking for a run, and keeping what came of one. numpy and pandas come in only where they are used."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from apps.matching import parameters
from apps.matching.models import (
    EventKind,
    MatchedControl,
    MatchedSet,
    MatchingEvent,
    MatchingRun,
    Method,
    UnmatchedCase,
)
from studyportal import protocol
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission
from studyportal.audit import acting
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.jobs import actions as jobs

if TYPE_CHECKING:
    from apps.matching.frames import Frames
    from apps.matching.statistics.given import Row
    from apps.matching.statistics.matching import Matched, Set

JOB = "matching.run"
MOST_ROWS = 20_000
GIVEN_MEMBERS = ("pairs", "with_replacement", "match_site", "calipers", "include_synthetic", "note")


def start(*, raw: Mapping[str, Any], by: User) -> Any:
    """Queue the job that matches as asked (see `parameters.read`). Raises CrfInvalid."""
    return jobs.start(JOB, params=parameters.read(raw).as_json(), by=by)


def reach(user: User) -> frozenset[int] | None:
    """Ids of the sites over which the person may match; None: the whole study."""
    sites = user.sites_with(Permission.RUN_MATCHING)
    return None if isinstance(sites, AllSites) else sites


def propose(
    *,
    matched: Matched,
    frames: Frames,
    asked: parameters.Asked,
    by: User,
    site_ids: frozenset[int] | None,
    method: str | None = None,
    job_id: int | None = None,
) -> MatchingRun:
    """Keep a run as proposed: parameters, sets, unmatched cases with their reasons, balance."""
    from apps.matching.statistics.matching import code_version

    if not by.may(Permission.RUN_MATCHING):
        raise PermissionDenied(_("Your roles do not allow you to propose matched sets."))
    current = protocol.current()
    with transaction.atomic(), acting(user=by):
        run = MatchingRun.objects.create(
            design=matched.design.as_json(),
            method=method or matched.design.method,
            seed=matched.design.seed,
            include_synthetic=asked.include_synthetic,
            sites=None if site_ids is None else sorted(site_ids),
            proposed_by=by,
            job_id=job_id,
            protocol_version=current.version,
            protocol_sha256=current.sha256,
            code_version=code_version(),
            inputs_sha256=frames.sha256,
            sets_sha256=checksum(matched.sets),
            summary=matched.summary(),
            note=asked.note,
        )
        MatchingEvent.objects.create(run=run, kind=EventKind.PROPOSED, by=by, note=asked.note)
        _keep_sets(run, matched, frames, by)
        UnmatchedCase.objects.bulk_create(
            [
                UnmatchedCase(
                    run=run,
                    user=by,
                    participant_id=frames.ids[one.case][0],
                    site_id=frames.ids[one.case][1],
                    index_date=None if one.index is None else _day(one.index),
                    wanted=one.wanted,
                    found=one.found,
                    reasons=one.as_json(),
                )
                for one in matched.unmatched
            ],
            batch_size=1000,
        )
        return run


def _keep_sets(run: MatchingRun, matched: Matched, frames: Frames, by: User) -> None:
    sets = MatchedSet.objects.bulk_create(
        [
            MatchedSet(
                run=run,
                user=by,
                participant_id=frames.ids[one.case][0],
                site_id=frames.ids[one.case][1],
                number=one.number,
                index_date=_day(one.index),
                size=len(one.controls),
            )
            for one in matched.sets
        ],
        batch_size=1000,
    )
    MatchedControl.objects.bulk_create(
        [
            MatchedControl(
                run=run,
                user=by,
                matched_set=kept,
                set_number=one.number,
                set_size=len(one.controls),
                participant_id=frames.ids[control.code][0],
                site_id=frames.ids[control.code][1],
                order=order,
                index_date=_day(one.index),
                distance=control.distance,
                values={key: list(pair) for key, pair in control.values.items()},
            )
            for kept, one in zip(sets, matched.sets, strict=True)
            for order, control in enumerate(one.controls, start=1)
        ],
        batch_size=1000,
    )


def checksum(sets: Sequence[Set]) -> str:
    """SHA-256 of who is matched to whom: two runs with the same have the same sets."""
    lines = [[one.case, *(control.code for control in one.controls)] for one in sets]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def _day(number: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=number)


def propose_given(*, raw: Mapping[str, Any], by: User) -> MatchingRun:
    """Keep sets that were made elsewhere, after asking of every pair what our own sets keep.

    raw: pairs (case, control, and a set if there is one, by code), and parameters as for a run.
    Raises CrfInvalid with the field pairs.<place from 0>.<member> for every row that is wrong.
    """
    from apps.matching import frames as reading
    from apps.matching.statistics import given

    problems: list[Problem] = []
    rows = _rows(raw.get("pairs"), problems)
    try:
        asked = parameters.read(
            {name: value for name, value in raw.items() if name != "pairs"},
            known=GIVEN_MEMBERS,
        )
    except CrfInvalid as error:
        raise CrfInvalid([*problems, *error.problems]) from None
    if problems:
        raise CrfInvalid(problems)
    site_ids = reach(by)
    data = reading.read(site_ids, include_synthetic=asked.include_synthetic)
    wrong, matched = given.check(
        rows, data.cases, data.candidates, data.hba1c, asked.design, known=set(data.ids)
    )
    if matched is None:
        raise CrfInvalid(
            [Problem(f"pairs.{one.row - 1}.{one.field}", one.code, one.message) for one in wrong]
        )
    most = int(protocol.current().matching.ratio.maximum)
    if matched.design.ratio > most:
        raise CrfInvalid(
            [
                Problem(
                    "pairs",
                    "ratio",
                    _("A case has %(found)d controls; the protocol allows %(most)d.")
                    % {"found": matched.design.ratio, "most": most},
                )
            ]
        )
    return propose(matched=matched, frames=data, asked=asked, by=by, site_ids=site_ids, method=Method.GIVEN)


def _rows(raw: Any, problems: list[Problem]) -> list[Row]:
    from apps.matching.statistics.given import Row

    if not isinstance(raw, list) or not raw:
        problems.append(
            Problem("pairs", "required", _("Give at least one pair: the codes of a case and of its control."))
        )
        return []
    if len(raw) > MOST_ROWS:
        problems.append(Problem("pairs", "max_length", _("At most %d pairs at a time.") % MOST_ROWS))
        return []
    rows = []
    for place, pair in enumerate(raw):
        if not isinstance(pair, Mapping):
            problems.append(Problem(f"pairs.{place}", "type", _("Give an object with case and control.")))
            continue
        problems += [
            Problem(
                f"pairs.{place}.{str(name)[:40]}", "unknown_field", _("A pair has case, control and set.")
            )
            for name in pair
            if name not in ("case", "control", "set")
        ]
        texts = {name: _text(pair.get(name)) for name in ("case", "control", "set")}
        problems += [
            Problem(f"pairs.{place}.{name}", "type", _("Give plain text of at most 40 characters."))
            for name, text in texts.items()
            if text is None
        ]
        rows.append(
            Row(
                place + 1, (texts["case"] or "").upper(), (texts["control"] or "").upper(), texts["set"] or ""
            )
        )
    return rows


def _text(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > 40 or not value.isprintable():
        return None
    return value.strip()
