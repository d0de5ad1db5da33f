"""Adding to the consent log: the only write there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent import rules, signals
from apps.consent.models import ConsentEvent, Kind
from apps.enrolment.models import Participant
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.absence import AbsentReason
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem


def record_event(
    *,
    participant: Participant,
    kind: str,
    by: User,
    corrects: ConsentEvent | None = None,
    absent: Mapping[str, str] | None = None,
    **stated: Any,
) -> ConsentEvent:
    """Add one entry. stated: field name → typed text, JSON value or typed value; what is left out is absent.

    Raises CrfInvalid with all problems; nothing is written then.
    """
    problems: list[Problem] = []
    if kind not in Kind.values:
        problems.append(Problem("kind", "choice", _("Kinds of entry: %s.") % ", ".join(Kind.values)))
    values = _parsed(stated, problems)
    if corrects is not None and corrects.participant_id != participant.pk:
        problems.append(
            Problem("corrects", "other_participant", _("That entry belongs to another participant."))
        )
    now = timezone.now()
    seen = {**values, "kind": kind, "corrects": corrects, "entered_at": now}
    problems += [Problem(*found) for found in rules.signature_problems(seen)]
    reasons = _reasons({} if absent is None else absent, values, problems)
    if problems:
        raise CrfInvalid(problems)
    try:
        with transaction.atomic(), acting(user=by):
            event = ConsentEvent(
                site_id=participant.site_id,
                participant=participant,
                kind=kind,
                corrects=corrects,
                absent=reasons,
                entered_at=now,
                entered_by=by,
                **values,
            )
            event.save()
            signals.consent_recorded.send(sender=ConsentEvent, event=event, by=by)
            return event
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, ConsentEvent)]) from error


def _parsed(stated: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    fields = ConsentEvent.fields_entered()
    values: dict[str, Any] = {}
    for name, raw in stated.items():
        field = fields.get(name)
        if field is None:
            problems.append(
                Problem(name, "unknown_field", _("There is no such field. Fields: %s.") % ", ".join(fields))
            )
            continue
        try:
            # to_python first: Python callers may give typed values, such as a PartialDate or a datetime.
            values[name] = raw if _is_typed(raw) else field.parse(raw)
        except ValidationError as error:
            problems.append(Problem(name, error.code or "invalid", error.messages[0]))
    return values


def _is_typed(raw: Any) -> bool:
    return raw is not None and not isinstance(raw, (str, int, float, list, tuple, dict))


def _reasons(absent: Any, values: Mapping[str, Any], problems: list[Problem]) -> dict[str, str]:
    known = ConsentEvent.fields_entered()
    if not isinstance(absent, Mapping):
        problems.append(Problem("absent", "type", _("Give an object: field name → reason.")))
        return {}
    problems += [Problem(*found) for found in rules.absent_problems(absent, known, values)]
    for name, reason in absent.items():
        if reason not in AbsentReason.values:
            problems.append(
                Problem(
                    name,
                    "absent_reason",
                    _("This is no reason. Reasons: %s.") % ", ".join(AbsentReason.values),
                )
            )
    return dict(absent)
