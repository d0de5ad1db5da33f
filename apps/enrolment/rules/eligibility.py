"""Whether somebody may take part by the protocol's criteria: pure, no ORM.

An inclusion criterion is met by the answer yes, an exclusion criterion by no. What was not asked, or is not known,
leaves the verdict open: it never passes in silence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from studyportal.crf.outcomes import Problem
from studyportal.words import said

YES, NO, NOT_KNOWN = "yes", "no", "not_known"
ANSWERS = (YES, NO, NOT_KNOWN)
# The criterion that nobody can set aside: what stands in for it is the consent itself.
CONSENT = "consent"
# The criterion that the age in the screening log speaks about.
AGE = "age"


class Criterion(Protocol):
    """What is asked of a criterion of the protocol."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def groups(self) -> Sequence[str]: ...
    @property
    def minimum(self) -> Decimal | None: ...
    @property
    def maximum(self) -> Decimal | None: ...


class State(StrEnum):
    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Verdict:
    """The keys of the criteria, in the order of the protocol. overridden: not met, and set aside by a signature."""

    state: State
    failing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()

    @property
    def eligible(self) -> bool:
        return self.state is State.ELIGIBLE


def applying(criteria: Iterable[Criterion], group: str) -> tuple[Criterion, ...]:
    """The criteria that count for the group: those that name no group count for all."""
    return tuple(one for one in criteria if not one.groups or group in one.groups)


def fulfilled(criterion: Criterion, answer: str | None) -> bool | None:
    """Whether the answer meets the criterion; None when it was not answered or is not known."""
    if answer not in (YES, NO):
        return None
    return answer == (YES if criterion.kind == "inclusion" else NO)


def verdict(
    criteria: Iterable[Criterion], answers: Mapping[str, str], overrides: Collection[str], group: str
) -> Verdict:
    """The verdict for one group. answers: criterion → yes, no or not_known; overrides: criteria set aside.

    Consent cannot be set aside: an override of it counts for nothing.
    """
    failing, unknown, overridden = [], [], []
    for criterion in applying(criteria, group):
        met = fulfilled(criterion, answers.get(criterion.key))
        if met:
            continue
        if criterion.key in overrides and criterion.key != CONSENT:
            overridden.append(criterion.key)
        elif met is None:
            unknown.append(criterion.key)
        else:
            failing.append(criterion.key)
    state = State.NOT_ELIGIBLE if failing else State.UNDETERMINED if unknown else State.ELIGIBLE
    return Verdict(state, tuple(failing), tuple(unknown), tuple(overridden))


def verdicts(
    criteria: Iterable[Criterion],
    answers: Mapping[str, str],
    overrides: Collection[str],
    groups: Iterable[str],
) -> dict[str, Verdict]:
    """Group → verdict."""
    listed = tuple(criteria)
    return {group: verdict(listed, answers, overrides, group) for group in groups}


def closest(found: Mapping[str, Verdict]) -> tuple[str, Verdict]:
    """Of several groups the one for which the person is eligible, or for which the least is in the way.

    The first of the protocol wins a tie. Raises ValueError when there is no group.
    """

    def distance(item: tuple[str, Verdict]) -> tuple[int, int, int]:
        one = item[1]
        order = (State.ELIGIBLE, State.UNDETERMINED, State.NOT_ELIGIBLE)
        return order.index(one.state), len(one.failing), len(one.unknown)

    return min(found.items(), key=distance)


# --- What is known already -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What the portal knows of a criterion: shown beside it, never taken for an answer.

    text: the value with its unit and day, in words; source: where it stands. number: in the unit of the criterion,
    None where it cannot be compared (a comparator, another scale). says: the answer itself, where that is all that
    the criterion asks.
    """

    text: str
    source: str
    number: Decimal | None = None
    says: str = ""


@dataclass(frozen=True)
class Evidence:
    """What an app above enrolment knows, as it answers `signals.evidence_asked`: about an analyte or a criterion.

    text: value, unit and day in words; source: where it stands. number: in the analyte's unit of the protocol, None
    where it cannot be compared. says: yes or no, where the app can answer the whole criterion.
    """

    text: str
    source: str
    analyte: str = ""
    criterion: str = ""
    number: Decimal | None = None
    says: str = ""


def within(criterion: Criterion, number: Decimal) -> bool:
    """Limits are included."""
    too_low = criterion.minimum is not None and number < criterion.minimum
    too_high = criterion.maximum is not None and number > criterion.maximum
    return not (too_low or too_high)


def expected(criterion: Criterion, known: Known | None) -> str:
    """The answer that the known value forces: "" when it decides nothing.

    A value outside the limits decides: an inclusion criterion is not met, an exclusion criterion applies. A value
    within them decides nothing, because a criterion says more than its number ("… or anticoagulant therapy").
    """
    if known is None:
        return ""
    if known.says:
        return known.says
    has_limit = criterion.minimum is not None or criterion.maximum is not None
    if known.number is None or not has_limit or within(criterion, known.number):
        return ""
    return NO if criterion.kind == "inclusion" else YES


def contradicts(criterion: Criterion, answer: str | None, known: Known | None) -> bool:
    """Whether somebody answered otherwise than the known value says. "Not known" contradicts nothing."""
    wanted = expected(criterion, known)
    return bool(wanted) and answer in (YES, NO) and answer != wanted


def age_known(criterion: Criterion, age: int | None, source: str) -> Known | None:
    """What the age in the screening log says: the whole of an age criterion, to both sides."""
    if age is None or (criterion.minimum is None and criterion.maximum is None):
        return None
    inside = within(criterion, Decimal(age))
    met = inside if criterion.kind == "inclusion" else not inside
    return Known(said("%(age)s years", age=age), source, Decimal(age), YES if met else NO)


# --- In words --------------------------------------------------------------------------------------------


KINDS = {"inclusion": said("Inclusion"), "exclusion": said("Exclusion")}


def gate_problems(
    found: Mapping[str, Verdict], criteria: Mapping[str, Criterion], labels: Mapping[str, str]
) -> Iterable[Problem]:
    """What keeps somebody from being enrolled, each criterion in the protocol's words and with its remedy.

    found: the groups that come into question; eligible for one is enough. labels: group → as people call it.
    """
    group, one = closest(found)
    if one.eligible:
        return
    whom = "" if len(found) == 1 else said(" (for the group “%(group)s”)", group=labels.get(group, group))
    for key in one.failing:
        criterion = criteria[key]
        clause = said("no") if criterion.kind == "inclusion" else said("yes")
        remedy = (
            said("Record the consent, then answer it anew; consent cannot be overridden.")
            if key == CONSENT
            else said(
                "Correct the answer if it is wrong; otherwise only an investigator of the site can"
                " override it, signed."
            )
        )
        yield Problem(
            None,
            f"criterion_{key}",
            said(
                "%(kind)s criterion “%(text)s” is answered %(clause)s%(whom)s. %(remedy)s",
                kind=KINDS[criterion.kind],
                text=criterion.text,
                clause=clause,
                whom=whom,
                remedy=remedy,
            ),
        )
    for key in one.unknown:
        criterion = criteria[key]
        yield Problem(
            None,
            f"criterion_{key}",
            said(
                "%(kind)s criterion “%(text)s” is not answered yes or no%(whom)s. Answer it in the"
                " screening log.",
                kind=KINDS[criterion.kind],
                text=criterion.text,
                whom=whom,
            ),
        )
