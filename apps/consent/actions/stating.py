"""What was stated of an entry, as the fields of the log take it, and what follows from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent import rules
from apps.consent.models import ConsentDocumentText, ConsentEvent, Method
from studyportal.access.models import Membership, User
from studyportal.access.roles import ROLES
from studyportal.crf.absence import AbsentReason
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate


def parsed(stated: Mapping[str, Any], zone: ZoneInfo, problems: list[Problem]) -> dict[str, Any]:
    """Field name → value; times without an offset are the site's."""
    fields = ConsentEvent.fields_entered()
    values: dict[str, Any] = {}
    with timezone.override(zone):
        for name, raw in stated.items():
            field = fields.get(name)
            if field is None:
                known = ", ".join(fields)
                problems.append(
                    Problem(name, "unknown_field", _("There is no such field. Fields: %s.") % known)
                )
                continue
            try:
                # Python callers may give typed values, such as a PartialDate or a datetime.
                values[name] = raw if _is_typed(raw) else field.parse(raw)
            except ValidationError as error:
                problems.append(Problem(name, error.code or "invalid", error.messages[0]))
    return values


def _is_typed(raw: Any) -> bool:
    return raw is not None and not isinstance(raw, (str, int, float, list, tuple, dict))


def reasons(absent: Any, values: Mapping[str, Any], problems: list[Problem]) -> dict[str, str]:
    """Field name → why it has no value."""
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


def day_follows(values: dict[str, Any], *, now: dt.datetime, zone: ZoneInfo) -> None:
    """On the screen it is signed now; a time of signature says its day."""
    if values.get("method") == Method.SCREEN and values.get("signed_at") is None:
        today = PartialDate.of(now.astimezone(zone).date())
        if values.get("signed_on") in (None, today):
            values["signed_at"] = now
    moment = values.get("signed_at")
    if moment is not None and values.get("signed_on") is None:
        values["signed_on"] = PartialDate.of(moment.astimezone(zone).date())


def words_of(document: ConsentDocumentText, method: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from the document that was signed. What is stated beside it stands."""
    whole = document.document
    # On the screen the words were signed, on paper the file; the hash is of what the signer had before the eyes.
    shown = document.text_sha256 if method == Method.SCREEN else document.file_sha256
    found: dict[str, Any] = {
        "document_version": whole.version_label,
        "document_language": document.language,
    }
    if whole.approval is not None:
        found["ethics_approval_number"] = whole.approval.number
        found["ethics_approval_validity"] = whole.approval.valid_until
    stated = {name: value for name, value in found.items() if values.get(name) in (None, "")}
    return stated | {"document_sha256": shown or document.file_sha256 or document.text_sha256}


def contradictions(document: ConsentDocumentText, values: Mapping[str, Any]) -> list[Problem]:
    """Words stated beside a document that name another."""
    found = []
    version, language = values.get("document_version"), values.get("document_language")
    if version and _plain(version) != _plain(document.document.version_label):
        found.append(
            Problem(
                "document_version",
                "contradiction",
                _(
                    "The document that is named has the version %s. Leave the version empty, or name the other."
                )
                % document.document.version_label,
            )
        )
    if language and language.casefold() != document.language.casefold():
        found.append(
            Problem(
                "document_language",
                "contradiction",
                _("The document that is named is in the language %s.") % document.language,
            )
        )
    return found


def _plain(version: str) -> str:
    return version.casefold().removeprefix("version").strip(" .").removeprefix("v").strip(" .")


def who_obtained(obtainer: User, delegation: Membership | None) -> str:
    """By role and user name, as the log shows it for ever."""
    role = str(ROLES[delegation.role].label) if delegation is not None else str(_("No role that day"))
    return f"{role} ({obtainer.get_username()})"[:120]
