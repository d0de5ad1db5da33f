"""Changes of group, and the match of a control: each an event that stays."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.enrolment import rules, signals
from apps.enrolment.actions import reading
from apps.enrolment.actions.participation import refresh_status
from apps.enrolment.gates import dates_before_birth
from apps.enrolment.models import Group, GroupEvent, GroupEventKind, Participant
from apps.enrolment.selectors.participation import lives_of
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid, ReasonRequired, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.reasons import taken


def assign_group(
    *,
    participant: Participant,
    group: str,
    by: User,
    effective_on: Any = None,
    reason: Any = None,
    index_date: Any = None,
    matched_case: Participant | None = None,
    expected_version: int | None = None,
) -> Participant:
    """Put a participant into a group; a group that was given before was entered in error then, and needs a reason.

    A control may bring its matched case and index date. A control who is treated later is `cross_over`.
    effective_on: left out, the day of enrolment. Raises CrfInvalid, ReasonRequired, StaleVersion.
    """
    problems: list[Problem] = []
    why = taken(reason, problems)
    group = reading.code_of("group", group, dict(Group.choices), problems)
    since = reading.partial_date("effective_on", effective_on, problems)
    index_date = reading.day("index_date", index_date, problems)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic(), acting(user=by, reason=why):
        current = _locked(participant, expected_version)
        before = Group(current.group)
        if before == group and (index_date, matched_case) == (current.index_date, current.matched_case):
            return current
        if before != group:
            treated = any(event.kind == "treated" for event in lives_of([current])[current.pk])
            problems += rules.assignment_problems(before=before, after=group, treated=treated)
        if since is not None and since.earliest is not None and since.earliest > today_at(current.site):
            problems.append(
                Problem("effective_on", "in_future", _("This lies in the future. Check the year."))
            )
        problems += _match_problems(current, group, matched_case, index_date)
        if problems:
            raise CrfInvalid(problems)
        if before != Group.UNASSIGNED and not why:
            raise ReasonRequired(["group"])
        if before != group:
            kind = GroupEventKind.ASSIGNED if before == Group.UNASSIGNED else GroupEventKind.CORRECTED
            _note(current, kind, group, since or current.enrolled_on, why, by)
        return _save(current, by, group=group, index_date=index_date, matched_case=matched_case)


def cross_over(
    *,
    participant: Participant,
    treated_on: Any,
    by: User,
    reason: Any,
    expected_version: int | None = None,
) -> Participant:
    """A control is treated: censored as a control on that day, a case from then.

    Raises CrfInvalid, ReasonRequired, StaleVersion.
    """
    problems: list[Problem] = []
    why = taken(reason, problems)
    day = reading.day("treated_on", treated_on, problems)
    if day is None and not problems:
        problems.append(Problem("treated_on", "required", _("Say on which day the participant was treated.")))
    if problems or day is None:
        raise CrfInvalid(problems)
    with transaction.atomic(), acting(user=by, reason=why):
        current = _locked(participant, expected_version)
        enrolled_on: Any = current.enrolled_on
        problems += rules.crossing_problems(
            group=current.group, treated_on=day, enrolled_on=enrolled_on, today=today_at(current.site)
        )
        if problems:
            raise CrfInvalid(problems)
        if not why:
            raise ReasonRequired(["group"])
        _note(current, GroupEventKind.CROSSED_OVER, Group.CASE, PartialDate.of(day), why, by)
        return _save(current, by, group=Group.CASE, index_date=None, matched_case=None)


def match(
    *,
    participant: Participant,
    matched_case: Participant | None,
    by: User,
    index_date: Any = None,
    reason: Any = None,
    expected_version: int | None = None,
) -> Participant:
    """Give a control its matched case and with it the index date: Day 0 of the case, when that is known.

    What was given before changes only with a reason. Raises CrfInvalid, ReasonRequired, StaleVersion.
    """
    problems: list[Problem] = []
    why = taken(reason, problems)
    day = reading.day("index_date", index_date, problems)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic(), acting(user=by, reason=why):
        current = _locked(participant, expected_version)
        if day is None and matched_case is not None:
            day = day0_of(matched_case)
            if day is None:
                problems.append(
                    Problem(
                        "index_date",
                        "day0_unknown",
                        _(
                            "Day 0 of %s is not known to the day, so it gives no index date. Record its first session first."
                        )
                        % matched_case.code,
                    )
                )
        problems += _match_problems(current, current.group, matched_case, day)
        if problems:
            raise CrfInvalid(problems)
        if (current.index_date, current.matched_case_id) == (day, matched_case.pk if matched_case else None):
            return current
        if (current.index_date or current.matched_case_id) and not why:
            raise ReasonRequired(["index_date", "matched_case"])
        return _save(current, by, index_date=day, matched_case=matched_case)


def day0_of(case: Participant) -> dt.date | None:
    """Day 0 of a case, as the app that knows the sessions tells it."""
    answers: Any = signals.day0_asked.send(sender=Participant, participant=case)
    return next((answer for _receiver, answer in answers if answer is not None), None)


def _locked(participant: Participant, expected_version: int | None) -> Participant:
    current = (
        Participant.objects.select_for_update(of=("self",))
        .select_related("site", "matched_case")
        .get(pk=participant.pk)
    )
    if expected_version is not None and current.version != expected_version:
        raise StaleVersion(current)
    return current


def _match_problems(
    participant: Participant, group: str, matched_case: Participant | None, index_date: dt.date | None
) -> list[Problem]:
    enrolled_on: Any = participant.enrolled_on
    problems = list(
        rules.matching_problems(
            group=group,
            index_date=index_date,
            case_group=None if matched_case is None else matched_case.group,
            is_self=matched_case is not None and matched_case.pk == participant.pk,
            enrolled_on=enrolled_on,
            today=today_at(participant.site),
        )
    )
    if problems or index_date is None:
        return problems
    day0 = None if matched_case is None else day0_of(matched_case)
    if matched_case is not None and day0 is not None and day0 != index_date:
        problems.append(
            Problem(
                "index_date",
                "not_day0",
                _("Day 0 of %(case)s is %(day)s; a control takes that day, and no other.")
                % {"case": matched_case.code, "day": PartialDate.of(day0).for_people()},
            )
        )
    answers: Any = signals.index_date_asked.send(
        sender=Participant, participant=participant, index_date=index_date, matched_case=matched_case
    )
    for _receiver, answer in answers:
        problems += answer or ()
    return problems


def _note(current: Participant, kind: str, group: str, effective_on: Any, why: Any, by: User) -> GroupEvent:
    return GroupEvent.objects.create(
        site=current.site,
        participant=current,
        kind=kind,
        group=group,
        effective_on=effective_on,
        previous_group=current.group,
        previous_index_date=current.index_date,
        previous_matched_case=current.matched_case,
        reason=str(why or "")[:500],
        recorded_by=by,
    )


def _save(current: Participant, by: User, **values: Any) -> Participant:
    index_date = values.get("index_date")
    if index_date is not None:
        dates = {"index_date": PartialDate.of(index_date)}
        if wrong := dates_before_birth(current, dates, by):
            raise CrfInvalid(wrong)
    changed = [name for name, value in values.items() if getattr(current, name) != value]
    for name, value in values.items():
        setattr(current, name, value)
    current.version += 1
    try:
        with transaction.atomic():
            current.save()
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, Participant)]) from error
    signals.participant_saved.send(
        sender=Participant, participant=current, created=False, changed=frozenset(changed), by=by
    )
    refresh_status(participant=current, by=by)
    return current
