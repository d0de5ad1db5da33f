"""From an open deviation to a closed one: cause, actions, the committee, closing; and back when it was too early.

Every action locks the row and raises CrfInvalid for values that cannot be, Refused for a deviation that is not open, and
StaleVersion for one that changed since it was read (`expected_version`). Values that are left out (None) stay.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.errors import Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.deviations import rules
from studyportal.deviations.actions.by_hand import HAND
from studyportal.deviations.models import Deviation, DeviationState
from studyportal.deviations.typed import Typed

LACKING = {
    "root_cause": gettext_lazy("the root cause"),
    "corrective_action": gettext_lazy("the corrective action"),
    "preventive_action": gettext_lazy("the preventive action"),
    "reported_to_committee_on": gettext_lazy("the day on which the committee was told, or why it was not"),
    "closing_note": gettext_lazy("a word on how it was settled"),
}


@transaction.atomic
def assess(
    *,
    deviation: Deviation,
    by: User,
    root_cause: str | None = None,
    classification: str | None = None,
    kind: str | None = None,
    occurred_on: dt.date | str | None = None,
    reason: str = "",
    expected_version: int | None = None,
) -> Deviation:
    """Say why it happened, and class it otherwise if the rule classed it wrongly (then with a reason)."""
    current = _open(deviation, expected_version)
    typed = Typed(site=current.site)
    cause = current.root_cause if root_cause is None else typed.text("root_cause", root_cause, needed=True)
    of_class = current.classification if classification is None else typed.classification(classification)
    of_kind = current.kind if kind is None else typed.kind(kind)
    if of_kind and of_kind != current.kind and not current.by_hand:
        typed.problem("kind", "follows_from_record", _("The kind follows from the record; leave it out."))
    day = typed.day("occurred_on", occurred_on) if occurred_on not in (None, "") else current.occurred_on
    why = typed.text("reason", reason)
    if of_class and of_class != current.classification and len(why) < 5:
        typed.problem(
            "reason",
            "reason_required",
            _("Say why the class is %(now)s and not %(was)s.")
            % {"now": of_class, "was": current.classification},
        )
    if day != current.occurred_on and not current.by_hand:
        typed.problem(
            "occurred_on",
            "follows_from_record",
            _("The day follows from the record that shows the deviation; correct it there."),
        )
    typed.nobody_named(current.participant, {"root_cause": cause, "reason": why}, by)
    typed.settle()
    return _change(
        current,
        by,
        why or cause,
        root_cause=cause,
        classification=of_class,
        kind=of_kind,
        occurred_on=day,
    )


@transaction.atomic
def plan_action(
    *,
    deviation: Deviation,
    by: User,
    corrective_action: str | None = None,
    preventive_action: str | None = None,
    responsible: str | None = None,
    action_due_on: dt.date | str | None = None,
    expected_version: int | None = None,
) -> Deviation:
    """What is done about it (corrective), what is done so that it does not come again (preventive), who, by when."""
    current = _open(deviation, expected_version)
    typed = Typed(site=current.site)
    values = {
        name: getattr(current, name) if given is None else typed.text(name, given)
        for name, given in (
            ("corrective_action", corrective_action),
            ("preventive_action", preventive_action),
            ("responsible", responsible),
        )
    }
    due = (
        current.action_due_on
        if action_due_on is None
        else typed.day("action_due_on", action_due_on, past=False)
    )
    typed.not_before("action_due_on", due, current.occurred_on)
    if not values["corrective_action"] and not values["preventive_action"] and not typed.problems:
        typed.problem("corrective_action", "required", _("Say what is done about it."))
    if due is not None and not values["responsible"]:
        typed.problem("responsible", "required", _("Say who sees to it by then."))
    typed.nobody_named(current.participant, values, by)
    typed.settle()
    return _change(current, by, values["corrective_action"], **values, action_due_on=due)


@transaction.atomic
def report_to_committee(
    *,
    deviation: Deviation,
    by: User,
    reported_on: dt.date | str | None = None,
    reference: str = "",
    not_reported_because: str = "",
    expected_version: int | None = None,
) -> Deviation:
    """When the ethics committee was told, and under which reference; or why it is not told. One of the two."""
    current = _open(deviation, expected_version)
    typed = Typed(site=current.site)
    day = typed.day("reported_to_committee_on", reported_on)
    mark = typed.text("committee_reference", reference)
    why_not = typed.text("not_reported_because", not_reported_because)
    typed.not_before("reported_to_committee_on", day, current.occurred_on)
    if not typed.problems and day is None and not why_not:
        typed.problem(
            "reported_to_committee_on",
            "required",
            _("Give the day on which the committee was told, or say below why it is not."),
        )
    elif day is not None and why_not:
        typed.problem(
            "not_reported_because",
            "contradiction",
            _("The committee was told, so there is no reason why not; keep one of the two."),
        )
    elif why_not and mark:
        typed.problem(
            "committee_reference",
            "contradiction",
            _("What is not reported has no reference of the committee; leave it out."),
        )
    typed.nobody_named(current.participant, {"not_reported_because": why_not}, by)
    typed.settle()
    return _change(
        current,
        by,
        why_not or _("Reported to the ethics committee"),
        reported_to_committee_on=day,
        committee_reference=mark,
        not_reported_because=why_not,
    )


@transaction.atomic
def close(
    *, deviation: Deviation, by: User, closing_note: str = "", expected_version: int | None = None
) -> Deviation:
    """Settle it. Refused (409) with what is lacking: see `rules.lacking`."""
    current = _open(deviation, expected_version)
    typed = Typed(site=current.site)
    note = typed.text("closing_note", closing_note)
    typed.nobody_named(current.participant, {"closing_note": note}, by)
    typed.settle()
    current.closing_note = note
    if missing := rules.lacking(current.facts):
        raise Refused(
            [
                Problem(name, "lacking", _("Before it is closed, record %s.") % LACKING[name])
                for name in missing
            ]
        )
    return _change(
        current,
        by,
        note or _("Deviation closed"),
        closing_note=note,
        state=DeviationState.CLOSED,
        closed_at=timezone.now(),
        closed_by=by,
    )


@transaction.atomic
def reopen(*, deviation: Deviation, by: User, reason: str, expected_version: int | None = None) -> Deviation:
    """It was closed too early, or withdrawn in error. One that its rule no longer finds comes back with its rule only."""
    current = _locked(deviation, expected_version)
    if current.state == DeviationState.OPEN:
        raise _refused("open", _("This deviation is open."))
    if current.state == DeviationState.WITHDRAWN and not current.by_hand:
        raise _refused(
            "no_longer_present",
            _("The record no longer shows this deviation. It opens by itself if the record shows it again."),
        )
    why = _reason(current, reason, by)
    return _change(current, by, why, state=DeviationState.OPEN, closed_at=None, closed_by=None)


@transaction.atomic
def withdraw(
    *, deviation: Deviation, by: User, reason: str, expected_version: int | None = None
) -> Deviation:
    """Take back what a person reported and what was none. It stays in the list as no longer present."""
    current = _open(deviation, expected_version)
    if not current.by_hand or current.code != HAND:
        raise _refused(
            "follows_from_record",
            _("This deviation follows from a record. Correct the record, and it is no longer present."),
        )
    why = _reason(current, reason, by)
    return _change(current, by, why, state=DeviationState.WITHDRAWN, closing_note=why)


def _refused(code: str, message: str) -> Refused:
    return Refused([Problem(None, code, message)])


def _reason(current: Deviation, raw: str, by: User) -> str:
    typed = Typed(site=current.site)
    why = typed.text("reason", raw, needed=True)
    typed.nobody_named(current.participant, {"reason": why}, by)
    typed.settle()
    return why


def _locked(deviation: Deviation, expected_version: int | None) -> Deviation:
    current = (
        Deviation.objects.select_for_update(of=("self",))
        .select_related("site", "participant")
        .get(pk=deviation.pk)
    )
    if expected_version is not None and current.version != expected_version:
        raise StaleVersion(current)
    return current


def _open(deviation: Deviation, expected_version: int | None) -> Deviation:
    current = _locked(deviation, expected_version)
    if current.state == DeviationState.CLOSED:
        raise _refused("closed", _("This deviation is closed. Reopen it first, with the reason."))
    if current.state == DeviationState.WITHDRAWN:
        raise _refused("withdrawn", _("This deviation is no longer present; there is nothing to settle."))
    return current


def _change(current: Deviation, by: User, reason: str, **values: object) -> Deviation:
    """Write what differs, with its reason in the history; nothing, when nothing does."""
    changed = {name: value for name, value in values.items() if getattr(current, name) != value}
    if current.pk is not None and not changed:
        return current
    for name, value in changed.items():
        setattr(current, name, value)
    current.version += 1
    with acting(user=by, reason=reason[:1000]):
        current.save()
    return current
