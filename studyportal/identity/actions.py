"""Recording who a participant is: the only write of identities, apart from the rotation of keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from studyportal.access.clock import today_at
from studyportal.access.declare import refusal
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit import Reason, acting, reasons
from studyportal.identity import fields, rules, sealing
from studyportal.identity.errors import IdentityInvalid, Problem, StaleIdentity
from studyportal.identity.models import Identity
from studyportal.identity.person import NAMES, Person
from studyportal.identity.selectors import opened


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
            # The lock is on the participant: two who record at once stand in line even before there is a row.
            type(participant)._default_manager.select_for_update(of=("self",)).get(pk=participant.pk)
            row = Identity.objects.filter(participant_id=participant.pk).first()
            if expected_version is not None and expected_version != (row.version if row else 0):
                raise StaleIdentity(row.version if row else 0)
            before = opened(row) if row else Person()
            if before == person:
                return row  # type: ignore[return-value]  # an empty person was refused above
            if wrong := _gives_away(participant, before, person, str(why or "")):
                raise IdentityInvalid(wrong)
            if _overwrites(before, person) and why is None:
                raise IdentityInvalid([fields.problem("reason", "reason_required")])
            return _save(row or Identity(participant=participant, site=participant.site, version=0), person)
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
