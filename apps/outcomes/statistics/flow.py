"""The flow of a cohort (STROBE, item 13): who passed each step, and why the others did not.

Every person leaves at most one word at every step: here, lost (with one reason) or pending (not yet due, not
yet decided). What is counted are those words, so the numbers reconcile by construction; `differences` adds
them up again and names every arrow that does not. Pure: no Django, no clock.

    screened → eligible → consented → enrolled → in a group → case:    session 1 → visits … → analysed
                                                            → control: index date → visits … → analysed

Two rules make one line of what is recorded. A person who is enrolled has passed every step before it; where
eligibility or consent has no record of its own, the step says so (`unrecorded`). A missed visit ends nobody:
a person is at a visit when it was done or missed, when a later one was, or when its window closed without a
record; gone, when he or she left before the window closed; pending otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from apps.outcomes.statistics.plan import VisitPlan, reason_unpaired

# What is said of a person at a step.
HERE, LOST, PENDING, JOINED, CROSSED = "here", "lost", "pending", "joined", "crossed"
# How a person is here.
RECORDED, UNRECORDED, DONE, MISSED, NO_RECORD = "recorded", "unrecorded", "done", "missed", "no_record"
# Why a person is gone from a group because he or she is treated later: censored, and a case from then on.
TREATED_LATER = "treated_later"
# Why a person is pending.
UNDECIDED, NOT_CONSENTED, NOT_ENROLLED, NO_GROUP = "undecided", "not_consented", "not_enrolled", "no_group"
NOT_TREATED, NOT_MATCHED, NOT_DUE, NO_DAY0, NO_RESULT = (
    "not_treated", "not_matched", "not_due", "day0_unknown", "no_result_yet",
)  # fmt: skip

Word = tuple[str, str, str]  # step, what is said, reason or manner


@dataclass(frozen=True, slots=True)
class Ending:
    """What ended the study for a person: the code of the reason, and the day, None when not known."""

    why: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class InGroup:
    """A person's time in one group, with its own Day 0.

    day0      of a case session 1, of a control the index date; None when not known
    placed    session 1 was given (treated groups), the index date is set (others)
    visits    key of the visit → done or missed; visits of other groups are not among them
    ended     why nothing more is expected in this group, None while it is
    untreated why no session will be given although follow-up goes on (treatment alone withdrawn)
    baseline  the endpoint has a value at its baseline; value: at the primary visit
    reason    why there is no value at the primary visit, as recorded; "" when nobody said
    came_from the group that the person was in before; "" for the first group
    """

    group: str
    placed: bool = False
    day0: date | None = None
    visits: Mapping[str, str] = field(default_factory=dict)
    ended: Ending | None = None
    untreated: Ending | None = None
    baseline: bool = False
    value: bool = False
    reason: str = ""
    came_from: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Everyone screened is one of these. None: not decided, or not recorded.

    failing: keys of the criteria that are not met, in the order of the protocol. ended: why the person went no
    further, before enrolment or in no group (declined, not reached, duplicate, withdrawn, …), with its detail
    after a colon where there is one ("declined:travel").
    """

    entry: str
    site: str
    eligible: bool | None = None
    consented: bool = False
    enrolled: bool = False
    failing: tuple[str, ...] = ()
    ended: Ending | None = None
    groups: tuple[InGroup, ...] = ()


@dataclass(frozen=True)
class FlowPlan:
    """What the protocol plans: groups (key → treated), visits after Day 0 in their order, the primary endpoint.

    sessions: key of a visit → number of the session that is given at it, in the treated groups.
    """

    groups: Mapping[str, bool]
    visits: tuple[VisitPlan, ...]
    primary: str
    sessions: Mapping[str, int] = field(default_factory=dict)

    def of(self, group: str) -> tuple[VisitPlan, ...]:
        return tuple(visit for visit in self.visits if group in visit.groups)


@dataclass(frozen=True, slots=True)
class StepPlan:
    """A step before anybody is counted. kind: stage, group, session, matched, visit or analysed."""

    key: str
    kind: str
    parent: str
    group: str = ""
    visit: str = ""


STAGES = ("screened", "eligible", "consented", "enrolled", "assigned")


def steps_of(plan: FlowPlan) -> tuple[StepPlan, ...]:
    """The steps in order; each names the step that it follows from, the first none."""
    steps = [StepPlan(key, "stage", parent) for key, parent in zip(STAGES, ("", *STAGES[:-1]), strict=True)]
    for group, treated in plan.groups.items():
        steps.append(StepPlan(group, "group", STAGES[-1], group))
        kind = "session" if treated else "matched"
        before = f"{group}.{kind}"
        steps.append(StepPlan(before, kind, group, group))
        for visit in plan.of(group):
            key = f"{group}.{visit.key}"
            steps.append(StepPlan(key, "visit", before, group, visit.key))
            before = key
            if visit.key == plan.primary:
                steps.append(StepPlan(f"{group}.analysed", "analysed", key, group, visit.key))
    return tuple(steps)


def words_of(person: Person, plan: FlowPlan, as_of: date) -> Iterator[Word]:
    """What is said of one person, step by step; nothing at the steps after the one where the person stopped."""
    yield "screened", HERE, RECORDED
    passed = (
        ("eligible", person.eligible, _not_eligible(person), UNDECIDED),
        ("consented", person.consented or None, "", NOT_CONSENTED),
        ("enrolled", person.enrolled or None, "", NOT_ENROLLED),
    )
    for step, yes, why_not, waiting in passed:
        if person.enrolled or yes:
            yield step, HERE, RECORDED if yes else UNRECORDED
        elif yes is False:
            yield step, LOST, why_not
            return
        elif person.ended is not None:
            yield step, LOST, person.ended.why
            return
        else:
            yield step, PENDING, waiting
            return
    if not person.groups:
        if person.ended is not None:
            yield "assigned", LOST, person.ended.why
        else:
            yield "assigned", PENDING, NO_GROUP
        return
    yield "assigned", HERE, ""
    for number, group in enumerate(person.groups):
        yield group.group, JOINED if number else HERE, group.came_from if number else ""
        censored = False
        for word in _within(group, plan, as_of):
            censored = censored or word[1:] == (LOST, TREATED_LATER)
            yield word
        if group.ended is not None and group.ended.why == TREATED_LATER:
            yield group.group, CROSSED, "censored" if censored else "after"


def _not_eligible(person: Person) -> str:
    """One reason for one person: the criterion when it is the only one, else that there were several."""
    if len(person.failing) > 1:
        return "not_eligible:several"
    return f"not_eligible:{person.failing[0]}" if person.failing else "not_eligible"


def _within(group: InGroup, plan: FlowPlan, as_of: date) -> Iterator[Word]:
    """The steps of one group."""
    treated = plan.groups[group.group]
    step = f"{group.group}.{'session' if treated else 'matched'}"
    if not group.placed:
        ended = group.ended or (group.untreated if treated else None)
        if ended is not None:
            yield step, LOST, ended.why
        else:
            yield step, PENDING, NOT_TREATED if treated else NOT_MATCHED
        return
    yield step, HERE, ""
    planned = plan.of(group.group)
    for visit, (said, manner) in zip(planned, _at_visits(group, planned, plan.primary, as_of), strict=False):
        yield f"{group.group}.{visit.key}", said, manner
        if said != HERE:
            return
        if visit.key == plan.primary:
            yield f"{group.group}.analysed", *analysed(group, visit, as_of)


def _at_visits(
    group: InGroup, planned: Sequence[VisitPlan], primary: str, as_of: date
) -> Iterator[tuple[str, str]]:
    last = -1  # the last visit at which there is a sign of the person
    for index, visit in enumerate(planned):
        if visit.key in group.visits or (group.value and visit.key == primary):
            last = index
    latest = -1
    for index, visit in enumerate(planned):
        latest = max(latest, visit.latest_day)
        closes = None if group.day0 is None else group.day0 + timedelta(days=latest)
        if index <= last:
            yield HERE, group.visits.get(visit.key, NO_RECORD)
        elif group.ended is not None and (
            closes is None or group.ended.on is None or group.ended.on <= closes
        ):
            yield LOST, group.ended.why
            return
        elif closes is not None and closes < as_of:
            yield HERE, NO_RECORD
        else:
            yield PENDING, NOT_DUE if closes is not None else NO_DAY0
            return


def analysed(group: InGroup, primary: VisitPlan, as_of: date) -> tuple[str, str]:
    """Whether a person at the primary visit enters the analysis of the primary endpoint.

    The rule is that of the outcome tables (`plan.reason_unpaired`): a value at the baseline and one at
    the visit. A value that is still awaited is pending.
    """
    why = reason_unpaired(has_baseline=group.baseline, has_value=group.value)
    if why is None:
        return HERE, ""
    if not group.value:
        closed = group.day0 is not None and group.day0 + timedelta(days=primary.latest_day) < as_of
        if group.reason == "pending" or (not group.reason and not closed):
            return PENDING, NO_RESULT
    if not group.baseline:
        return LOST, "no_baseline"
    return LOST, f"no_value:{group.reason or 'no record'}"


# --- counting -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counts:
    """One step. `lost` and `pending`: of those at the step before, who did not come here, by reason.

    n         everyone at the step, those who `joined` from another group among them
    manner    of n: recorded and unrecorded; at a visit done, missed and no_record
    gone      everyone who left on the way from the head of the group to here: `lost` added up
    waiting   the same for `pending`
    crossed   of a group: who was treated later, "censored" before the last step or "after" it
    """

    n: int = 0
    joined: int = 0
    manner: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)
    gone: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    crossed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A step with its counts, in all and by site."""

    plan: StepPlan
    counts: Counts
    sites: Mapping[str, Counts]

    @property
    def key(self) -> str:
        return self.plan.key


@dataclass(frozen=True)
class Flow:
    """The counted flow: its steps in order, each with its arrow from the step that it follows from."""

    as_of: date
    primary: str
    sites: tuple[str, ...]
    steps: tuple[Step, ...]

    def step(self, key: str) -> Step:
        return next(step for step in self.steps if step.key == key)

    def of_group(self, group: str) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.plan.group == group)

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(step.plan.group for step in self.steps if step.plan.kind == "group")


def count(persons: Iterable[Person], plan: FlowPlan, *, as_of: date, sites: Sequence[str] = ()) -> Flow:
    """The flow of the persons on `as_of`, the day on which visit windows are judged.

    sites: codes that are listed even when nobody was screened there. Raises ValueError for a group that the
    plan does not have.
    """
    said: Counter[tuple[str, Word]] = Counter()
    met = set(sites)
    for person in persons:
        unknown = [one.group for one in person.groups if one.group not in plan.groups]
        if unknown:
            raise ValueError(f"{person.entry} is in a group that the plan does not have: {unknown[0]}.")
        met.add(person.site)
        said.update((person.site, word) for word in words_of(person, plan, as_of))
    codes = tuple(sorted(met))
    by_step: dict[str, list[tuple[str, str, str, int]]] = {}
    for (site, (step, what, reason)), number in said.items():
        by_step.setdefault(step, []).append((site, what, reason, number))
    steps: dict[str, Step] = {}
    for planned in steps_of(plan):
        before = steps.get(planned.parent)
        words = by_step.get(planned.key, [])
        within = before is not None and before.plan.group == planned.group and bool(planned.group)
        steps[planned.key] = Step(
            planned,
            _counts(words, before.counts if before is not None and within else None),
            {
                code: _counts(
                    [word for word in words if word[0] == code],
                    before.sites[code] if before is not None and within else None,
                )
                for code in codes
            },
        )
    return Flow(as_of, plan.primary, codes, tuple(steps.values()))


def _counts(words: Iterable[tuple[str, str, str, int]], before: Counts | None) -> Counts:
    """The counts of the words at one step; `before`: the step before within the same group."""
    sums: dict[str, Counter[str]] = {name: Counter() for name in (HERE, LOST, PENDING, JOINED, CROSSED)}
    for _site, what, reason, number in words:
        sums[what][reason] += number
    joined = sums[JOINED].total()
    gone = Counter(dict(before.gone)) if before is not None else Counter()
    gone.update(sums[LOST])
    waiting = (before.waiting if before is not None else 0) + sums[PENDING].total()
    return Counts(
        n=sums[HERE].total() + joined,
        joined=joined,
        manner=_ordered(Counter({name: number for name, number in sums[HERE].items() if name})),
        lost=_ordered(sums[LOST]),
        pending=_ordered(sums[PENDING]),
        gone=_ordered(gone),
        waiting=waiting,
        crossed=_ordered(sums[CROSSED]),
    )


def _ordered(counted: Counter[str]) -> dict[str, int]:
    """The largest first, equal ones by name: the order does not hang on who was counted first."""
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


# --- does it add up? -----------------------------------------------------------------------------------------


def differences(flow: Flow) -> list[str]:
    """Where the numbers do not reconcile, in words; empty when they do everywhere."""
    found: list[str] = []
    for site in ("", *flow.sites):
        at = {step.key: step.sites[site] if site else step.counts for step in flow.steps}
        place = f" at {site}" if site else ""
        for step in flow.steps:
            here, kind, parent = at[step.key], step.plan.kind, step.plan.parent
            if not parent or kind == "group":
                continue
            sum_ = here.n + sum(here.lost.values()) + sum(here.pending.values())
            if at[parent].n != sum_:
                found.append(f"{parent} → {step.key}{place}: {at[parent].n} ≠ {sum_}")
            if kind == "visit" and (held := sum(here.manner.values())) != here.n:
                found.append(f"{step.key}{place}: done, missed and without record {held} ≠ {here.n}")
            head = at.get(step.plan.group)
            if head is not None and kind != "analysed":
                all_ = here.n + sum(here.gone.values()) + here.waiting
                if head.n != all_:
                    found.append(f"{step.plan.group} → {step.key}{place}: {head.n} ≠ {all_}")
        direct = sum(at[group].n - at[group].joined for group in flow.groups)
        if direct != at["assigned"].n:
            found.append(f"groups{place}: {direct} ≠ {at['assigned'].n}")
        crossed = sum(sum(at[group].crossed.values()) for group in flow.groups)
        joined = sum(at[group].joined for group in flow.groups)
        if crossed != joined:
            found.append(f"treated later{place}: {crossed} left a group, {joined} joined one")
    for step in flow.steps:
        if (sum_ := sum(counts.n for counts in step.sites.values())) != step.counts.n:
            found.append(f"{step.key}: sites {sum_} ≠ {step.counts.n}")
    return found
