"""Freezing a run: it becomes a version of the study's matched sets, and its controls take their index dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.enrolment import actions as enrolment
from apps.enrolment.models import Group, Participant
from apps.matching import rules
from apps.matching.actions.reviewing import locked_state, plain
from apps.matching.models import EventKind, MatchedControl, MatchedSet, MatchingEvent, MatchingRun
from apps.matching.statistics.design import Design
from apps.visits.models import Anchor, Visit, VisitStatus
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission
from studyportal.audit import acting
from studyportal.crf.errors import CrfError, CrfInvalid, Refused
from studyportal.crf.outcomes import Problem
from studyportal.crf.reasons import taken
from studyportal.ui.templatetags.ui_tags import human_date_text
from studyportal.words import said

NAMED = 20  # participants that a refusal names; the rest it counts


@dataclass(frozen=True)
class Place:
    """Where a control stands: its case and index date; both None for one who is in no set any more."""

    case_id: int | None
    index_date: dt.date | None


def freeze(*, run: MatchingRun, by: User, note: str = "", reason: Any = None) -> MatchingEvent:
    """Give the run the next version, and each of its controls the matched case and index date.

    Held study-wide. Refused unless the run is reviewed, over the whole study, and every set still holds. A control whose
    visits are counted from another index date keeps that in its history; moving it needs a reason.
    Raises PermissionDenied, CrfInvalid, Refused.
    """
    if not isinstance(by.sites_with(Permission.FREEZE_MATCHING), AllSites):
        raise PermissionDenied(
            _("A version of the matched sets is for the whole study; your role is held at some sites only.")
        )
    said = plain(note)
    problems: list[Problem] = []
    why = taken(reason, problems)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic(), acting(user=by, reason=why):
        problems = _not_ready(run, locked_state(run)) or no_longer_holds(run)
        if problems:
            raise Refused(problems)
        places = _places(run)
        people = Participant.objects.select_related("site").in_bulk(
            [*places, *{place.case_id for place in places.values() if place.case_id}]
        )
        moved = _moved(places, people)
        if moved and not why:
            raise CrfInvalid(
                [
                    Problem(
                        "reason",
                        "reason_required",
                        _(
                            "Visits of these controls are counted from an index date that would move. Say why: %s."
                        )
                        % _listed(moved),
                    )
                ]
            )
        version = (MatchingEvent.objects.aggregate(last=Max("version"))["last"] or 0) + 1
        for control_id, place in sorted(places.items()):
            _move(people[control_id], place, people, by, why or _("Matched sets, version %d") % version)
        return MatchingEvent.objects.create(
            run=run, kind=EventKind.FROZEN, by=by, note=said or str(why or ""), version=version
        )


def _not_ready(run: MatchingRun, state: rules.State) -> list[Problem]:
    if state.is_frozen:
        said = _("This run is frozen as version %d already; it does not change.") % (state.version or 0)
        return [Problem(None, "frozen", said)]
    if state.key != rules.REVIEWED:
        return [
            Problem(
                None,
                "not_reviewed",
                _("Only a reviewed run is frozen. Somebody who did not propose it reviews it."),
            )
        ]
    if run.sites is not None:
        return [
            Problem(
                None,
                "some_sites",
                _(
                    "This run looks at some sites only; a version is made of the whole study. Propose a run over all sites."
                ),
            )
        ]
    if not run.summary["pairs"]:
        return [Problem(None, "no_sets", _("This run has no matched set; there is nothing to freeze."))]
    return []


def no_longer_holds(run: MatchingRun) -> list[Problem]:
    """Who changed since the run was made, so that a set is none any more: every rule is asked again today."""
    from apps.matching import frames
    from apps.matching.statistics import given

    sets = {one.pk: one for one in MatchedSet.objects.filter(run=run).select_related("participant")}
    controls = list(
        MatchedControl.objects.filter(run=run).select_related("participant").order_by("set_number", "order")
    )
    ids = {one.participant_id for one in sets.values()} | {one.participant_id for one in controls}
    data = frames.read(None, include_synthetic=run.include_synthetic, only=ids)
    today = dict(zip(data.cases["code"], data.cases["index"], strict=True))
    problems = []
    for one in sets.values():
        now = today.get(one.participant.code)
        if now is None or now != frames.day_number(one.index_date):
            what = (
                _("%s is no case any more")
                if now is None
                else _("Day 0 of %s is not what it was when the run was made")
            )
            problems.append(Problem(None, "index_date_moved", what % one.participant.code))
    rows = [
        given.Row(place, sets[control.matched_set_id].participant.code, control.participant.code)
        for place, control in enumerate(controls, start=1)
    ]
    wrong, _matched = given.check(
        rows, data.cases, data.candidates, data.hba1c, Design.from_json(run.design), known=set(data.ids)
    )
    problems += [Problem(None, one.code, one.message) for one in wrong]
    if not problems:
        return []
    more = len(problems) - NAMED
    shown = problems[:NAMED]
    if more > 0:
        shown.append(Problem(None, "more", _("And %d more.") % more))
    shown.append(
        Problem(
            None, "no_longer_holds", _("The sets no longer hold as they were proposed. Ask for a new run.")
        )
    )
    return shown


def _places(run: MatchingRun) -> dict[int, Place]:
    """Control → where the new version puts it: at its earliest case; those of the version before that are gone."""
    places: dict[int, Place] = {}
    before = MatchingEvent.objects.filter(version__isnull=False).order_by("-version").first()
    if before is not None:
        places = dict.fromkeys(
            MatchedControl.objects.filter(run_id=before.run_id).values_list("participant_id", flat=True),
            Place(None, None),
        )
    rows = MatchedControl.objects.filter(run=run).order_by("-index_date", "-set_number")
    for control_id, case_id, day in rows.values_list(
        "participant_id", "matched_set__participant_id", "index_date"
    ):
        places[control_id] = Place(case_id, day)
    return places


def _moved(places: Mapping[int, Place], people: Mapping[int, Participant]) -> list[str]:
    """Controls whose visits are counted from an index date that is no longer theirs, in words."""
    moving = {
        pk: place
        for pk, place in places.items()
        if people[pk].index_date is not None
        and people[pk].group == Group.CONTROL
        and people[pk].index_date != place.index_date
    }
    begun = set(
        Visit.objects.filter(
            participant_id__in=moving, anchor=Anchor.INDEX, status=VisitStatus.DONE
        ).values_list("participant_id", flat=True)
    )
    return [
        _("%(code)s from %(before)s to %(after)s")
        % {
            "code": people[pk].code,
            "before": human_date_text(people[pk].index_date),
            "after": _("none") if place.index_date is None else human_date_text(place.index_date),
        }
        for pk, place in sorted(moving.items(), key=lambda one: people[one[0]].code)
        if pk in begun
    ]


def _listed(items: list[str]) -> str:
    more = len(items) - NAMED
    return "; ".join([*items[:NAMED], *([_("and %d more") % more] if more > 0 else [])])


def _move(control: Participant, place: Place, people: Mapping[int, Participant], by: User, why: Any) -> None:
    """Tell enrolment. Whoever was treated since is a case now and keeps what the history holds; the set keeps the rest."""
    if control.group != Group.CONTROL or (control.matched_case_id, control.index_date) == (
        place.case_id,
        place.index_date,
    ):
        return
    try:
        enrolment.match(
            participant=control,
            matched_case=None if place.case_id is None else people[place.case_id],
            index_date=place.index_date,
            by=by,
            reason=why,
        )
    except CrfError as error:
        problems = getattr(error, "problems", ())
        raise Refused(
            [
                Problem(None, one.code, said("%(code)s: %(why)s", code=control.code, why=one.message))
                for one in problems
            ]
            or [Problem(None, "refused", f"{control.code}: {error}")]
        ) from error
