"""Approving a consent document, after which nothing of it changes, and withdrawing it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent.actions.documents import locked, locked_draft, saving, sha256_of, touch, typed
from apps.consent.models import ConsentDocument, ConsentDocumentText, DocumentState
from apps.consent.rules import documents_approval as approval_rules
from apps.consent.selectors.documents import language_names, languages, register_of
from apps.enrolment.actions import reading
from apps.enrolment.models import SiteApproval
from apps.enrolment.selectors import ETHICS_COMMITTEE
from studyportal.access.models import User
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem

APPROVAL_FIELDS = (
    "valid_from",
    "what_changed",
    "reconsent_needed",
    "reconsent_from",
    "reconsent_whom",
)
__all__ = ["APPROVAL_FIELDS", "approve", "withdraw"]


def approve(
    *,
    document: ConsentDocument,
    by: User,
    approval: SiteApproval | None,
    expected_version: int | None = None,
    **given: Any,
) -> ConsentDocument:
    """Record that the ethics committee approved the draft, by which approval and from which day it is in use.

    given: of APPROVAL_FIELDS; what is left out stands as the draft has it. Raises CrfInvalid, StaleVersion, or
    Refused when it is no draft any more. Each language of the study must have its file.
    """
    problems = [
        Problem(str(name)[:80], "unknown_field", _("There is no such field."))
        for name in given
        if name not in APPROVAL_FIELDS
    ]
    values = typed({name: value for name, value in given.items() if name in APPROVAL_FIELDS}, problems)
    with saving(document.site, by, problems):
        row = locked_draft(document, expected_version)
        unread = {problem.field for problem in problems}
        for name, value in values.items():
            setattr(row, name, value)
        problems += [one for one in _approval_problems(row, approval) if one.field not in unread]
        texts = list(ConsentDocumentText.objects.select_related("file").filter(document=row))
        problems += _text_problems(texts)
        if problems:
            raise CrfInvalid(problems)
        now = timezone.now()
        ConsentDocumentText.objects.filter(document=row).update(approved_at=now, version=F("version") + 1)
        if row.reconsent_needed is None:
            row.reconsent_needed = False
        row.approval, row.state, row.approved_at, row.approved_by = approval, DocumentState.APPROVED, now, by
        touch(row)
    return row


def _approval_problems(row: ConsentDocument, approval: SiteApproval | None) -> Iterator[Problem]:
    stands = approval is not None and not approval.in_error
    yield from approval_rules.approval_problems(
        approval=approval.as_rule() if approval is not None and stands else None,
        of_site=approval is not None and approval.site_id == row.site_id,
        of_committee=approval is not None and approval.kind == ETHICS_COMMITTEE,
        valid_from=row.valid_from,
    )
    if row.valid_from is None and not stands:
        yield Problem("valid_from", "required", _("Give the first day on which it may be signed."))
    yield from approval_rules.statement_problems(
        approval_rules.Statement(
            supersedes=row.supersedes_id,
            what_changed=row.what_changed,
            reconsent_needed=row.reconsent_needed,
            reconsent_from=row.reconsent_from,
            reconsent_whom=row.reconsent_whom,
        ),
        row.valid_from,
    )
    register = register_of([row.site_id])[row.site_id]
    own = register.document(row.pk)
    assert own is not None
    line = [one for one in register.documents if (one.kind, one.purpose) == (row.kind, row.purpose)]
    yield from approval_rules.line_problems(own, line, row.valid_from)


def _text_problems(texts: list[ConsentDocumentText]) -> Iterator[Problem]:
    """A file in each language, and each file and text as its hash says: what is approved is what was read."""
    kept = {one.language: one.file is not None for one in texts}
    yield from approval_rules.text_problems(languages(), kept, language_names())
    for one in texts:
        whole = one.file is None or hashlib.sha256(bytes(one.file.content)).hexdigest() == one.file_sha256
        if not whole or sha256_of(one.text) != one.text_sha256:
            yield Problem(
                None,
                "hash",
                _("The file or the words in %s do not match their hash. Add them again.")
                % language_names().get(one.language, one.language),
            )


def withdraw(
    *,
    document: ConsentDocument,
    by: User,
    from_on: Any,
    because: Any,
    expected_version: int | None = None,
) -> ConsentDocument:
    """Record that an approved document may no longer be signed from a day on. Once, and for good.

    What was signed before stays signed. Raises CrfInvalid, StaleVersion, or Refused (draft, withdrawn already).
    """
    problems: list[Problem] = []
    day = reading.day("from_on", from_on, problems)
    why = reading.plain_text("because", because, 400, problems)
    with saving(document.site, by, problems):
        row = locked(document, expected_version)
        own = register_of([row.site_id])[row.site_id].document(row.pk)
        assert own is not None
        unread = {problem.field for problem in problems}
        found = list(approval_rules.withdrawal_problems(own, day, why))
        _refuse_if_final(found)
        problems += [one for one in found if one.field not in unread]
        if problems:
            raise CrfInvalid(problems)
        row.state, row.withdrawn_from, row.withdrawn_because = DocumentState.WITHDRAWN, day, why
        touch(row)
    return row


def _refuse_if_final(problems: list[Problem]) -> None:
    """What no other value mends is refused as a whole."""
    if final := [one for one in problems if one.field is None]:
        raise Refused(final)
