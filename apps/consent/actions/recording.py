"""Adding to the consent log: the only write there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent import rules, signals
from apps.consent.models import ConsentDocumentText, ConsentEvent, Kind, Method
from apps.enrolment.models import Participant
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.absence import AbsentReason
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.files.checks import Accepted
from studyportal.identity import papers


def record_event(
    *,
    participant: Participant,
    kind: str,
    by: User,
    corrects: ConsentEvent | None = None,
    concerns: ConsentEvent | None = None,
    document: ConsentDocumentText | None = None,
    obtainer: User | None = None,
    sheet: Accepted | None = None,
    ticket: str = "",
    absent: Mapping[str, str] | None = None,
    **stated: Any,
) -> ConsentEvent:
    """Add one entry. stated: field name → typed text, JSON value or typed value; what is left out is absent.

    concerns: the signature that a witness, a recording or a copy is about. document: the words that were signed, in one
    language. obtainer: the person of the portal who obtained it. sheet: the signed sheet or the drawn signature, as
    `files.checks.accept` took it. ticket: of the page that sends it; the same ticket of the same person adds once.
    Raises CrfInvalid with all problems (400) and Refused (409); nothing is written then.
    """
    problems: list[Problem] = []
    if kind not in Kind.values:
        problems.append(Problem("kind", "choice", _("Kinds of entry: %s.") % ", ".join(Kind.values)))
    values = _parsed(stated, problems)
    if corrects is not None and corrects.participant_id != participant.pk:
        problems.append(
            Problem("corrects", "other_participant", _("That entry belongs to another participant."))
        )
    if concerns is not None and concerns.participant_id != participant.pk:
        problems.append(
            Problem("concerns", "other_participant", _("That entry belongs to another participant."))
        )
    if document is not None:
        if document.site_id != participant.site_id:
            problems.append(Problem("document", "other_site", _("This document is of another site.")))
        values |= _of_document(document, values)
    if obtainer is not None and not values.get("obtained_by"):
        values["obtained_by"] = str(obtainer)[:120]
    now = timezone.now()
    seen = {**values, "kind": kind, "corrects": corrects, "entered_at": now}
    problems += [Problem(*found) for found in rules.signature_problems(seen)]
    reasons = _reasons({} if absent is None else absent, values, problems)
    if problems:
        raise CrfInvalid(problems)
    try:
        with transaction.atomic(), acting(user=by):
            paper = papers.keep(participant=participant, sheet=sheet, by=by) if sheet else None
            event = ConsentEvent(
                site_id=participant.site_id,
                participant=participant,
                kind=kind,
                corrects=corrects,
                concerns=concerns,
                document=document,
                obtainer=obtainer,
                paper=paper,
                paper_sha256=paper.sha256 if paper else "",
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


def _of_document(document: ConsentDocumentText, values: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from the document that was signed; what was stated beside it stands."""
    whole = document.document
    on_screen = values.get("method") == Method.SCREEN
    found: dict[str, Any] = {
        "document_version": whole.version_label,
        "document_language": document.language,
        "document_sha256": document.text_sha256 if on_screen else document.file_sha256,
    }
    if whole.approval is not None:
        found["ethics_approval_number"] = whole.approval.number
        found["ethics_approval_validity"] = whole.approval.valid_until
    return {name: value for name, value in found.items() if values.get(name) in (None, "")}


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
