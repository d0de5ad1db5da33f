"""Every write to the screening log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.enrolment import rules
from apps.enrolment.actions import reading
from apps.enrolment.actions.numbers import next_screening_numbers
from apps.enrolment.actions.participation import refresh_status
from apps.enrolment.gates import dates_before_birth
from apps.enrolment.models import (
    Group,
    Referral,
    ScreeningEntry,
    ScreeningOutcome,
    ScreeningReason,
    Sex,
)
from apps.enrolment.models.screening import OLDEST
from apps.enrolment.rules.screening import CONCLUSIONS
from studyportal.access.clock import today_at
from studyportal.access.models import Site, User
from studyportal.audit import acting
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.crf.reasons import taken

# What a person states of somebody screened, and of what came of it.
STATED = ("screened_on", "age", "sex", "referral", "considered_for", "source_key", "note")
CONCLUDED = ("outcome", "outcome_on", "reason_code", "reason_text")


def open_entry(
    *, site: Site, by: User, synthetic: bool = False, retrospective: bool = False, **stated: Any
) -> ScreeningEntry:
    """Add somebody to the screening log. stated: STATED and CONCLUDED, typed or as text. Raises CrfInvalid."""
    values = checked(stated, site=site, retrospective=retrospective)
    try:
        with transaction.atomic(), acting(user=by):
            return ScreeningEntry.objects.create(
                site=site,
                number=next_screening_numbers(site)[0],
                synthetic=synthetic,
                retrospective=retrospective,
                entered_by=by,
                **values,
            )
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, ScreeningEntry)]) from error


def change_entry(
    *,
    entry: ScreeningEntry,
    by: User,
    reason: Any = None,
    expected_version: int | None = None,
    **changes: Any,
) -> ScreeningEntry:
    """Change what was stated; values that were given before need a reason.

    Raises CrfInvalid, ReasonRequired, StaleVersion.
    """
    problems = [
        Problem(name, "read_only", _("This changes by concluding or reopening the screening; leave it out."))
        for name in changes
        if name in CONCLUDED
    ]
    why = taken(reason, problems)
    if problems:
        raise CrfInvalid(problems)
    return _write(entry, changes, by=by, why=why, expected_version=expected_version)


def conclude(
    *,
    entry: ScreeningEntry,
    outcome: str,
    by: User,
    on: Any,
    reason_code: str = "",
    reason_text: str = "",
    reason: Any = None,
    expected_version: int | None = None,
) -> ScreeningEntry:
    """Say what came of a screening that does not go on. Enrolling concludes by itself.

    reason: why an outcome that was given before changes. Raises CrfInvalid, Refused, ReasonRequired, StaleVersion.
    """
    problems: list[Problem] = []
    if outcome not in CONCLUSIONS:
        problems.append(Problem("outcome", "choice", _("One of: %s.") % ", ".join(CONCLUSIONS)))
    why = taken(reason, problems)
    if problems:
        raise CrfInvalid(problems)
    changes = {
        "outcome": outcome,
        "outcome_on": on,
        "reason_code": reason_code,
        "reason_text": reason_text,
    }
    return _write(entry, changes, by=by, why=why, expected_version=expected_version)


def reopen(
    *, entry: ScreeningEntry, by: User, reason: Any, expected_version: int | None = None
) -> ScreeningEntry:
    """Take the outcome back: the person is being screened again."""
    problems: list[Problem] = []
    why = taken(reason, problems)
    if problems:
        raise CrfInvalid(problems)
    if entry.is_open:
        raise Refused([Problem("outcome", "open", _("This screening has no outcome yet."))])
    changes = {
        "outcome": ScreeningOutcome.OPEN.value,
        "outcome_on": None,
        "reason_code": "",
        "reason_text": "",
    }
    return _write(entry, changes, by=by, why=why, expected_version=expected_version)


def checked(stated: Mapping[str, Any], *, site: Site, retrospective: bool = False) -> dict[str, Any]:
    """The values of an entry as they are stored; raises CrfInvalid with everything that is wrong."""
    problems: list[Problem] = []
    values = typed(stated, problems)
    if not site.is_active:
        problems.append(Problem("site", "inactive", _("This site screens nobody any more.")))
    if values.get("outcome") == ScreeningOutcome.ENROLLED:
        problems.append(Problem("outcome", "choice", _("Enrolling records this outcome by itself.")))
    if not problems:
        problems += rules.entry_problems(values, today=today_at(site), retrospective=retrospective)
    if problems:
        raise CrfInvalid(problems)
    return values


def typed(stated: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """What was stated, read by column; what cannot be read is added to the problems."""
    values: dict[str, Any] = {}
    for name, raw in stated.items():
        if name in ("screened_on", "outcome_on"):
            values[name] = reading.partial_date(name, raw, problems)
        elif name == "age":
            values[name] = reading.whole_number(name, raw, 0, OLDEST, problems)
        elif name in ("source_key", "note", "reason_text"):
            values[name] = reading.plain_text(name, raw, LONGEST[name], problems)
        elif name in CODES:
            values[name] = reading.code_of(name, raw, CODES[name], problems)
        else:
            known = ", ".join((*STATED, *CONCLUDED))
            problems.append(
                Problem(str(name)[:80], "unknown_field", _("There is no such field. Fields: %s.") % known)
            )
    if not values.get("outcome", "open"):
        values["outcome"] = ScreeningOutcome.OPEN.value
    return values


LONGEST: Mapping[str, int] = {
    field.name: field.max_length for field in ScreeningEntry._meta.concrete_fields if field.max_length
}
CODES: Mapping[str, Mapping[str, Any]] = {
    "sex": dict(Sex.choices),
    "referral": dict(Referral.choices),
    "considered_for": {key: label for key, label in Group.choices if key != Group.UNASSIGNED},
    "outcome": dict(ScreeningOutcome.choices),
    "reason_code": dict(ScreeningReason.choices),
}


def _write(
    entry: ScreeningEntry,
    changes: Mapping[str, Any],
    *,
    by: User,
    why: Any,
    expected_version: int | None,
) -> ScreeningEntry:
    problems: list[Problem] = []
    values = typed(changes, problems)
    if problems:
        raise CrfInvalid(problems)
    try:
        with transaction.atomic(), acting(user=by, reason=why):
            current = (
                ScreeningEntry.objects.select_for_update(of=("self",))
                .select_related("site", "participant__site")
                .get(pk=entry.pk)
            )
            if expected_version is not None and current.version != expected_version:
                raise StaleVersion(current)
            if current.outcome == ScreeningOutcome.ENROLLED and "outcome" in values:
                raise Refused(
                    [
                        Problem(
                            "outcome",
                            "enrolled",
                            _(
                                "The person is enrolled. What ends the participation is recorded in its casebook."
                            ),
                        )
                    ]
                )
            before = {name: getattr(current, name) for name in (*STATED, *CONCLUDED)}
            changed = [name for name, value in values.items() if before[name] != value]
            if not changed:
                return current
            after = before | values
            problems += rules.entry_problems(
                after, today=today_at(current.site), retrospective=current.retrospective
            )
            if current.participant is not None:
                dates: dict[str, Any] = {
                    name: values[name] for name in ("screened_on", "outcome_on") if name in changed
                }
                problems += dates_before_birth(current.participant, dates, by)
            if problems:
                raise CrfInvalid(problems)
            overwritten = [name for name in changed if before[name] not in (None, "", ScreeningOutcome.OPEN)]
            if overwritten and not why:
                raise ReasonRequired(overwritten)
            for name in changed:
                setattr(current, name, values[name])
            current.version += 1
            current.save()
            if current.participant is not None:
                refresh_status(participant=current.participant, by=by)
            return current
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, ScreeningEntry)]) from error
