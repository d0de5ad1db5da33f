"""Recording who a participant is: the only write of identities, apart from the rotation of keys.

Each save is compared with everybody else in the study (`crossing`), and with what is on record before birth.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access.clock import today_at
from studyportal.access.declare import refusal
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit import Reason, acting, reasons
from studyportal.audit.selectors import event_model_of
from studyportal.identity import crossing, fields, looks, rules, sealing, signals
from studyportal.identity.errors import IdentityInvalid, Problem, StaleIdentity
from studyportal.identity.models import Identity
from studyportal.identity.person import NAMES, Person
from studyportal.identity.selectors import opened

# Each change is a question whether somebody is in the study elsewhere; nobody corrects one identity this often.
MOST_CHANGES_A_DAY = 20


def record(
    *,
    participant: Any,
    raw: Mapping[str, Any],
    by: User,
    reason: Any = None,
    expected_version: int | None = None,
) -> Identity:
    """Record or change who the participant is; a value that was recorded before changes only with a reason.

    raw: field name (fields.FIELDS) → text; what is left out becomes empty. expected_version: the version that
    was seen, 0 when there was none. reason: as `audit.reasons.parse` takes it.
    Raises PermissionDenied, IdentityInvalid, StaleIdentity when somebody saved since, CannotBeOpened.
    """
    if not by.may(Permission.EDIT_IDENTITY, participant.site_id):
        raise PermissionDenied(refusal(Permission.EDIT_IDENTITY))
    person, problems = fields.read(raw, today=today_at(participant.site))
    why = _reason(reason, problems)
    if problems:
        raise IdentityInvalid(problems)
    try:
        with transaction.atomic(), acting(user=by, reason=why):
            crossing.stand_in_line()
            # The lock is on the participant: two who record at once stand in line even before there is a row.
            people = type(participant)._default_manager
            locked = people.select_related("site").select_for_update(of=("self",), no_key=True)
            participant = locked.get(pk=participant.pk)
            row = Identity.objects.filter(participant_id=participant.pk).first()
            if expected_version is not None and expected_version != (row.version if row else 0):
                raise StaleIdentity(row.version if row else 0)
            before = opened(row) if row else Person()
            if before == person:
                return row  # type: ignore[return-value]  # an empty person was refused above
            wrong = _gives_away(participant, before, person, str(why or ""))
            if before.birth_date != person.birth_date:
                wrong += _born_after_records(participant, person)
            if wrong:
                raise IdentityInvalid(wrong)
            if _overwrites(before, person) and why is None:
                raise IdentityInvalid([fields.problem("reason", "reason_required")])
            if row and _changed_too_often(row):
                raise IdentityInvalid([fields.problem(None, "changed_too_often")])
            row = _save(row or Identity(participant=participant, site=participant.site, version=0), person)
            crossing.compare(row, person)
            looks.log_comparison(by=by, site=participant.site, participant_code=participant.code)
            signals.identity_recorded.send(sender=type(participant), participant=participant, by=by)
            return row
    except IntegrityError as error:
        raise IdentityInvalid([_taken(error, participant, person)]) from None


def _save(row: Identity, person: Person) -> Identity:
    row.sealed, row.key_id = sealing.seal(person, participant_id=row.participant_id, site_id=row.site_id)
    row.hospital_number_index = sealing.index_of(person.hospital_number, row.site_id)
    row.version += 1
    # The database decides whether the number is taken, within the transaction of a page that goes on.
    with transaction.atomic():
        row.save()
    return row


def _overwrites(before: Person, after: Person) -> bool:
    return any(getattr(before, name) and getattr(before, name) != getattr(after, name) for name in NAMES)


def _gives_away(participant: Any, before: Person, after: Person, reason: str) -> list[Problem]:
    """Free texts that are read outside the identity and would name the person."""
    found = []
    if reason and (rules.mentions(before, reason) or rules.mentions(after, reason)):
        found.append(fields.problem("reason", "reason_names_person"))
    if rules.mentions(after, getattr(participant, "label", "") or ""):
        found.append(fields.problem(None, "label_names_person"))
    return found


def _born_after_records(participant: Any, person: Person) -> list[Problem]:
    """The dates on record that lie before this birth date, each named."""
    first = rules.earliest_birth(person.birth_date)
    if first is None:
        return []
    answers: Any = signals.birth_date_asked.send(sender=type(participant), participant=participant)
    return [
        Problem(
            "birth_date",
            "after_record",
            _("“%(what)s” is recorded as %(when)s, which lies before this birth date. Correct the wrong one.")
            % {"what": one.label, "when": one.said},
        )
        for _receiver, answer in answers
        for one in answer
        if one.latest < first
    ]


def _changed_too_often(row: Identity) -> bool:
    since = timezone.now() - dt.timedelta(days=1)
    changes = event_model_of(Identity)._default_manager.filter(
        pgh_obj_id=row.pk, pgh_label="update", pgh_created_at__gt=since
    )
    return changes.count() >= MOST_CHANGES_A_DAY


def _taken(error: IntegrityError, participant: Any, person: Person) -> Problem:
    """The hospital number is another participant's of the site, who is named by code only."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    if constraint != "identity_hospital_number_once_per_site":
        raise error
    other = (
        Identity.objects.filter(
            site_id=participant.site_id,
            hospital_number_index=sealing.index_of(person.hospital_number, participant.site_id),
        )
        .exclude(participant_id=participant.pk)
        .select_related("participant")
        .first()
    )
    code = other.participant.code if other else _("another participant")
    return Problem(
        "hospital_number",
        "unique",
        _("%s of this site has this hospital number. Look whether it is the same person, or mend the number.")
        % code,
    )


def _reason(raw: Any, problems: list[Problem]) -> Reason | None:
    """The reason in one line; what is wrong with it is added to the problems, and never repeated."""
    try:
        found = reasons.parse(raw)
        if found is None:
            return None
        return reasons.parse({"code": found.code, "text": " ".join(rules.lines(found.text).split())})
    except (reasons.ReasonError, rules.Impossible) as error:
        code = getattr(error, "code", "")
        if code == "max_length":
            problems.append(fields.too_long("reason", reasons.MAX_TEXT))
        else:
            problems.append(
                fields.problem("reason", "reason_short" if code == "too_short" else "reason_type")
            )
        return None
