"""Reading runs and sets. Who sees one site sees its own participants; the others are counted, never named."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max, Prefetch, QuerySet

from apps.matching import rules
from apps.matching.models import (
    MatchedControl,
    MatchedSet,
    MatchingEvent,
    MatchingRun,
    UnmatchedCase,
)
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission


def runs(user: User, permission: Permission = Permission.VIEW_MATCHING) -> QuerySet[MatchingRun]:
    """The runs that the person may see, newest first, with their events."""
    return (
        MatchingRun.objects.visible_to(user, permission)
        .select_related("proposed_by")
        .prefetch_related(Prefetch("events", MatchingEvent.objects.select_related("by").order_by("id")))
        .order_by("-id")
    )


def run_or_404(user: User, pk: int, permission: Permission = Permission.VIEW_MATCHING) -> MatchingRun:
    found: MatchingRun = get_visible_or_404(
        MatchingRun.objects.select_related("proposed_by").prefetch_related(
            Prefetch("events", MatchingEvent.objects.select_related("by").order_by("id"))
        ),
        user,
        permission,
        pk=pk,
    )
    return found


def newest_version() -> int | None:
    newest: int | None = MatchingEvent.objects.aggregate(last=Max("version"))["last"]
    return newest


def state_of(run: MatchingRun) -> rules.State:
    """The state now, from the events as they stand in the database."""
    return _state(MatchingEvent.objects.filter(run=run).order_by("id"), newest_version())


def states_of(found: Iterable[MatchingRun]) -> dict[int, rules.State]:
    """Run id → state, of runs with their events. One query."""
    newest = newest_version()
    return {run.pk: _state(run.events.all(), newest) for run in found}


def _state(events: Iterable[MatchingEvent], newest: int | None) -> rules.State:
    return rules.state_of(
        (rules.Step(event.kind, event.by_id, event.version) for event in events), newest_version=newest
    )


def frozen_run(version: int | None = None) -> MatchingRun | None:
    """The run of a version (None: the newest); for the apps above, which read its sets."""
    events = MatchingEvent.objects.filter(version__isnull=False).select_related("run").order_by("-version")
    event = events.first() if version is None else events.filter(version=version).first()
    return None if event is None else event.run


# --- Sets ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownSet:
    """A set as a person may see it. case None: of another site; hidden: controls of other sites."""

    number: int
    index_date: dt.date
    size: int
    case: MatchedSet | None
    controls: tuple[MatchedControl, ...]

    @property
    def hidden(self) -> int:
        return self.size - len(self.controls)


def set_numbers(run: MatchingRun, user: User) -> list[int]:
    """The numbers of the sets of which the person sees anybody."""
    own = _sets(run, user).values_list("number", flat=True)
    theirs = _controls(run, user).values_list("set_number", flat=True)
    return sorted(set(own) | set(theirs))


def sets(run: MatchingRun, user: User, numbers: Collection[int]) -> list[ShownSet]:
    """The sets with these numbers, in order. Two queries."""
    cases = {one.number: one for one in _sets(run, user).filter(number__in=numbers)}
    controls: dict[int, list[MatchedControl]] = defaultdict(list)
    for one in _controls(run, user).filter(set_number__in=numbers):
        controls[one.set_number].append(one)
    shown = []
    for number in sorted({*cases, *controls}):
        case = cases.get(number)
        index_date = case.index_date if case is not None else controls[number][0].index_date
        size = case.size if case is not None else controls[number][0].set_size
        shown.append(ShownSet(number, index_date, size, case, tuple(controls[number])))
    return shown


def unmatched(run: MatchingRun, user: User) -> QuerySet[UnmatchedCase]:
    return (
        UnmatchedCase.objects.visible_to(user, Permission.VIEW_MATCHING)
        .filter(run=run)
        .select_related("participant", "site")
        .order_by("found", "participant__code")
    )


def _sets(run: MatchingRun, user: User) -> QuerySet[MatchedSet]:
    return (
        MatchedSet.objects.visible_to(user, Permission.VIEW_MATCHING)
        .filter(run=run)
        .select_related("participant", "site")
        .order_by("number")
    )


def _controls(run: MatchingRun, user: User) -> QuerySet[MatchedControl]:
    return (
        MatchedControl.objects.visible_to(user, Permission.VIEW_MATCHING)
        .filter(run=run)
        .select_related("participant", "site")
        .order_by("set_number", "order")
    )


# --- Differences -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Differences:
    """What became of the sets of another version: codes that the person may see.

    changed: code of a case in both → (controls that left, controls that came).
    """

    before: MatchingRun
    version: int
    cases_gone: tuple[str, ...] = ()
    cases_new: tuple[str, ...] = ()
    changed: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    unchanged: int = 0
    controls_gone: tuple[str, ...] = ()
    controls_new: tuple[str, ...] = ()


def differences(run: MatchingRun, user: User) -> Differences | None:
    """The run beside the version before it, or beside the newest when it is not frozen; None when there is none."""
    state = state_of(run)
    before = MatchingEvent.objects.filter(version__isnull=False).exclude(run=run)
    if state.version is not None:
        before = before.filter(version__lt=state.version)
    event = before.select_related("run").order_by("-version").first()
    if event is None or event.version is None:
        return None
    old, new = _by_case(event.run, user), _by_case(run, user)
    changed, unchanged = {}, 0
    for case in sorted(set(old) & set(new)):
        left, came = old[case] - new[case], new[case] - old[case]
        if left or came:
            changed[case] = (tuple(sorted(left)), tuple(sorted(came)))
        else:
            unchanged += 1
    controls_before = _control_codes(event.run, user)
    controls_now = _control_codes(run, user)
    return Differences(
        before=event.run,
        version=event.version,
        cases_gone=tuple(sorted(set(old) - set(new))),
        cases_new=tuple(sorted(set(new) - set(old))),
        changed=changed,
        unchanged=unchanged,
        controls_gone=tuple(sorted(controls_before - controls_now)),
        controls_new=tuple(sorted(controls_now - controls_before)),
    )


def _by_case(run: MatchingRun, user: User) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    codes: dict[int, str] = {}
    for number, code in _sets(run, user).values_list("number", "participant__code"):
        found[code], codes[number] = set(), code
    for number, code in _controls(run, user).values_list("set_number", "participant__code"):
        if number in codes:
            found[codes[number]].add(code)
    return found


def _control_codes(run: MatchingRun, user: User) -> set[str]:
    return set(_controls(run, user).values_list("participant__code", flat=True))


def columns_compared(run: MatchingRun) -> list[tuple[str, str, str]]:
    """Key, label and unit of what was compared in the run."""
    design: dict[str, Any] = run.design
    return [
        *((name, name, "") for name in design["exact"]),
        *((one["key"], one["label"], one["unit"]) for one in design["calipers"]),
    ]
