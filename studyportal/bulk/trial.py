"""What saving a row would do, without saving it: the steps of `crf.actions.save` up to the write.

parse → show-if → rules → gates → derive → checks. Nothing is written, no query opens.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studyportal.access.models import User
from studyportal.crf import cleaning, gates
from studyportal.crf.actions import rounded, values_of
from studyportal.crf.cleaning import Cleaned
from studyportal.crf.models import RecordStatus
from studyportal.crf.outcomes import Finding, NotDerivable, Problem
from studyportal.crf.spec import CrfSpec

# Field → its value and why it is absent: what makes two records the same.
Stated = dict[str, tuple[Any, str]]


@dataclass(frozen=True)
class Trial:
    """problems: why it would be refused. asks: the queries that would open. before, after: what is stated."""

    problems: list[Problem] = field(default_factory=list)
    asks: list[Finding] = field(default_factory=list)
    before: Stated = field(default_factory=dict)
    after: Stated = field(default_factory=dict)
    status_before: str = ""
    status_after: str = ""

    @property
    def changed(self) -> list[str]:
        return [name for name, stated in self.after.items() if self.before.get(name) != stated]

    @property
    def changes_nothing(self) -> bool:
        return not self.changed and self.status_before == self.status_after


def stated_of(spec: CrfSpec, record: Any) -> Stated:
    return {name: (getattr(record, name), record.absent_reason(name)) for name in spec.entered_fields}


def stated_in(spec: CrfSpec, cleaned: Cleaned) -> Stated:
    return {name: (cleaned.values[name], cleaned.absent.get(name, "")) for name in spec.entered_fields}


def read(spec: CrfSpec, raw: Mapping[str, Any], *, record: Any = None, complete: bool = True) -> Cleaned:
    """As a save reads it: a record that was complete stays so."""
    was_complete = record is not None and record.is_complete
    return cleaning.clean(spec, raw, record=record, complete=complete or was_complete)


def tried(
    spec: CrfSpec,
    cleaned: Cleaned,
    *,
    by: User,
    participant: Any,
    parents: Mapping[str, Any],
    record: Any = None,
    complete: bool = True,
) -> Trial:
    """record: the one that would change; None: a new one of the participant under the parents.

    It asks the database what the gates of the form and the context of its checks ask, and nothing beside.
    """
    if cleaned.problems:
        return Trial(problems=list(cleaned.problems))
    if record is None:
        made: Any = spec.model(site=participant.site, participant=participant, **parents)
        before: Stated = {}
    else:
        made = copy.copy(record)
        before = stated_of(spec, record)
    for name, value in cleaned.values.items():
        setattr(made, name, value)
    made.absent = dict(cleaned.absent)
    if complete:
        made.status = RecordStatus.COMPLETE
    states = {
        "before": before,
        "after": stated_of(spec, made),
        "status_before": "" if record is None else record.status,
        "status_after": made.status,
    }
    outcome = Trial(**states)
    if record is not None and outcome.changes_nothing:
        return outcome
    problems = cleaning.check_rules(spec, values_of(spec, made)) or gates.blocks(spec, made, by)
    if problems:
        return Trial(problems=list(problems), **states)
    return Trial(asks=_asks(spec, made), **states)


def _asks(spec: CrfSpec, made: Any) -> list[Finding]:
    """What the checks find; derived values are computed as a save computes them."""
    if not spec.checks:
        return []
    values = values_of(spec, made)
    context = spec.context(made) if spec.context else {}
    derived = spec.derive(values, context) if spec.derive else {}
    for name, crf_field in spec.derived_fields.items():
        value = derived.get(name)
        values[name] = None if value is None or isinstance(value, NotDerivable) else rounded(crf_field, value)
    return [finding for check in spec.checks for finding in check(values, context)]
