"""Every write to participants: registration, group, matched case, status."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.enrolment import rules, signals
from apps.enrolment.actions.gates import dates_before_birth
from apps.enrolment.models import CodeSequence, Group, Participant, ParticipantStatus
from studyportal import protocol
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.audit import acting
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate, PartialDateError
from studyportal.crf.reasons import taken
from studyportal.identity.selectors import mentioned_in

CHANGEABLE = ("group", "status", "label", "index_date", "matched_case", "enrolled_on")


def register(
    *,
    site: Site,
    by: User,
    group: str = Group.UNASSIGNED,
    status: str = ParticipantStatus.SCREENING,
    synthetic: bool = False,
    retrospective: bool = False,
    label: str = "",
    index_date: dt.date | None = None,
    matched_case: Participant | None = None,
    enrolled_on: PartialDate | str | None = None,
) -> Participant:
    """Register a participant and give the next code of the site.

    Raises PermissionDenied when `retrospective` is not the user's to set, CrfInvalid for impossible values.
    """
    if retrospective and not by.may(Permission.REGISTER_RETROSPECTIVE, site):
        raise PermissionDenied(
            _(
                "Only a data manager registers participants from a published source. Leave out “retrospective”."
            )
        )
    problems: list[Problem] = []
    if not site.is_active:
        problems.append(Problem("site", "inactive", _("This site takes no new participants.")))
    values = _typed(
        {
            "group": group,
            "status": status,
            "label": label,
            "index_date": index_date,
            "matched_case": matched_case,
            "enrolled_on": enrolled_on,
        },
        problems,
    )
    if not problems:
        problems += _rules(values, participant=None, retrospective=retrospective)
    if problems:
        raise CrfInvalid(problems)
    try:
        with transaction.atomic(), acting(user=by):
            participant = Participant.objects.create(
                site=site,
                code=_next_code(site),
                synthetic=synthetic,
                retrospective=retrospective,
                registered_by=by,
                **values,
            )
            signals.participant_saved.send(
                sender=Participant, participant=participant, created=True, changed=frozenset(values), by=by
            )
            return participant
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, Participant)]) from error


def change(
    *,
    participant: Participant,
    by: User,
    reason: Any = None,
    expected_version: int | None = None,
    **changes: Any,
) -> Participant:
    """Change what may be changed of a participant (CHANGEABLE); values that were given before need a reason.

    Raises CrfInvalid, ReasonRequired, or StaleVersion when somebody saved since `expected_version`.
    """
    problems: list[Problem] = [
        Problem(name, "read_only", _("This is set at registration and does not change."))
        for name in changes
        if name not in CHANGEABLE
    ]
    reason = taken(reason, problems)
    typed = _typed({name: value for name, value in changes.items() if name in CHANGEABLE}, problems)
    if problems:
        raise CrfInvalid(problems)
    try:
        with transaction.atomic(), acting(user=by, reason=reason):
            current = (
                Participant.objects.select_for_update(of=("self",))
                .select_related("site", "matched_case")
                .get(pk=participant.pk)
            )
            if expected_version is not None and current.version != expected_version:
                raise StaleVersion(current)
            before = {name: getattr(current, name) for name in CHANGEABLE}
            changed = {name: value for name, value in typed.items() if before[name] != value}
            if not changed:
                return current
            problems += _rules(before | changed, participant=current, retrospective=current.retrospective)
            problems += dates_before_birth(current, _dates(changed), by)
            if mentioned_in(current, changed.get("label", ""), by):
                problems.append(
                    Problem(
                        "label",
                        "names_person",
                        _(
                            "This names the participant. Everybody who sees the code sees the label: use other words."
                        ),
                    )
                )
            if problems:
                raise CrfInvalid(problems)
            given_before = [name for name in changed if before[name] not in (None, "", Group.UNASSIGNED)]
            if given_before and not reason:
                raise ReasonRequired(given_before)
            for name, value in changed.items():
                setattr(current, name, value)
            current.version += 1
            current.save()
            signals.participant_saved.send(
                sender=Participant, participant=current, created=False, changed=frozenset(changed), by=by
            )
            return current
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, Participant)]) from error


def assign_group(
    *,
    participant: Participant,
    group: str,
    by: User,
    reason: Any = None,
    index_date: dt.date | None = None,
    matched_case: Participant | None = None,
    expected_version: int | None = None,
) -> Participant:
    """Put a participant into a group. A control brings the index date and the matched case; a case has neither."""
    return change(
        participant=participant,
        by=by,
        reason=reason,
        expected_version=expected_version,
        group=group,
        index_date=index_date,
        matched_case=matched_case,
    )


def withdraw(
    *, participant: Participant, by: User, reason: Any, expected_version: int | None = None
) -> Participant:
    """Mark a participant as withdrawn. What is withdrawn, and from when, is recorded in the consent log."""
    if participant.status == ParticipantStatus.WITHDRAWN:
        raise Refused([Problem("status", "withdrawn", _("This participant is already withdrawn."))])
    return change(
        participant=participant,
        by=by,
        reason=reason,
        expected_version=expected_version,
        status=ParticipantStatus.WITHDRAWN,
    )


def _dates(changed: dict[str, Any]) -> dict[str, PartialDate | None]:
    """The dates among the values that change."""
    dates = {name: changed[name] for name in ("enrolled_on", "index_date") if name in changed}
    return {name: PartialDate.of(d) if isinstance(d, dt.date) else d for name, d in dates.items()}


def _next_code(site: Site) -> str:
    """The next code of the site. The row of the sequence is locked until the registration ends."""
    CodeSequence.objects.get_or_create(site=site)
    sequence = CodeSequence.objects.select_for_update().get(site=site)
    sequence.last += 1
    sequence.save(update_fields=["last"])
    return rules.participant_code(site.code, sequence.last)


def _typed(given: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Values as they are stored; what cannot be read is added to the problems."""
    values = dict(given)
    for name, choices in (("group", Group), ("status", ParticipantStatus)):
        if name in values and values[name] not in choices.values:
            problems.append(Problem(name, "choice", _("One of: %s.") % ", ".join(choices.values)))
    if "label" in values:
        label = values["label"]
        if not isinstance(label, str) or "\x00" in label or any("\ud800" <= c <= "\udfff" for c in label):
            problems.append(Problem("label", "type", _("Give plain text.")))
        elif len(label) > 60:
            problems.append(Problem("label", "max_length", _("At most 60 characters.")))
        else:
            values["label"] = label.strip()
    if isinstance(values.get("enrolled_on"), str):
        text = values["enrolled_on"]
        try:
            values["enrolled_on"] = PartialDate.parse(text) if text.strip() else None
        except PartialDateError as error:
            problems.append(Problem("enrolled_on", error.code, str(error)))
    if isinstance(values.get("index_date"), str):
        try:
            values["index_date"] = Participant._meta.get_field("index_date").to_python(
                values["index_date"] or None
            )
        except ValidationError:
            problems.append(Problem("index_date", "invalid_date", _("Write the day as 2016-11-03.")))
    return values


def _rules(values: dict[str, Any], *, participant: Participant | None, retrospective: bool) -> list[Problem]:
    matched: Participant | None = values["matched_case"]
    problems = list(
        rules.registration_problems(
            group=values["group"],
            index_date=values["index_date"],
            matched_case_group=None if matched is None else matched.group,
            matched_case_is_self=matched is not None
            and participant is not None
            and matched.pk == participant.pk,
        )
    )
    if retrospective:
        problems += rules.retrospective_problems(
            enrolled_on=values["enrolled_on"], study_opened_on=protocol.current().study.opened_on
        )
    return problems
