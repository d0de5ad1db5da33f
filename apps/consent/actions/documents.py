"""Drafting a consent document: what may still change of it. Approving and withdrawing: `documents_approval`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from apps.consent.models import (
    ConsentDocument,
    ConsentDocumentText,
    DocumentKind,
    DocumentPurpose,
    ReconsentWhom,
)
from apps.consent.selectors.documents import languages
from apps.enrolment.actions import reading
from apps.enrolment.models import SiteApproval
from studyportal.access.models import Site, User
from studyportal.audit import acting
from studyportal.crf.attempts import accepted_file
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.files import checks
from studyportal.files.actions import store

TEXTS = {"version_label": 40, "title": 200, "what_changed": 1000}
CODES: Mapping[str, Any] = {
    "kind": DocumentKind,
    "purpose": DocumentPurpose,
    "reconsent_whom": ReconsentWhom,
}
DAYS = ("valid_from", "reconsent_from")
AT_ENTRY = (*TEXTS, *CODES, *DAYS, "reconsent_needed")
# What a draft is the draft of stays: another purpose is another document.
CHANGEABLE = tuple(name for name in AT_ENTRY if name not in ("kind", "purpose"))
LONGEST_WORDS = 60_000

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('consent.documents'), %s)"


def draft(
    *, site: Site, by: User, supersedes: ConsentDocument | None = None, **given: Any
) -> ConsentDocument:
    """Begin a document, or (supersedes) its next version; `given` are of AT_ENTRY. Raises CrfInvalid.

    A next version is of the kind and purpose of the one before, whatever is left out.
    """
    problems = _unknown(given, AT_ENTRY)
    if supersedes is not None:
        given = {"kind": supersedes.kind, "purpose": supersedes.purpose, "title": supersedes.title} | given
    values = dict.fromkeys((*TEXTS, *CODES), "") | typed(given, problems)
    unread = {problem.field for problem in problems}
    for name in ("kind", "purpose", "title", "version_label"):
        if not values[name] and name not in unread:
            problems.append(Problem(name, "required", _("This is needed.")))
    if supersedes is not None and (
        supersedes.site_id != site.pk
        or (values["kind"], values["purpose"]) != (supersedes.kind, supersedes.purpose)
    ):
        problems.append(
            Problem(
                "supersedes",
                "other_document",
                _("A new version is of the same site, kind and purpose as the one that it supersedes."),
            )
        )
    with saving(site, by, problems):
        problems += _label_problems(site, values["kind"], values["purpose"], values["version_label"], None)
        if problems:
            raise CrfInvalid(problems)
        return ConsentDocument.objects.create(site=site, supersedes=supersedes, recorded_by=by, **values)


def change(
    *,
    document: ConsentDocument,
    by: User,
    expected_version: int | None = None,
    supersedes: ConsentDocument | str | None = "",
    approval: SiteApproval | str | None = "",
    **given: Any,
) -> ConsentDocument:
    """Change a draft (CHANGEABLE, and what it supersedes; "" leaves it). Raises CrfInvalid, StaleVersion, Refused.

    The approval of a draft is what is proposed: `documents_approval.approve` says it for good.
    """
    problems = _unknown(given, CHANGEABLE)
    values: dict[str, Any] = typed(given, problems)
    unread = {problem.field for problem in problems}
    for name in ("title", "version_label"):
        if name in values and not values[name] and name not in unread:
            problems.append(Problem(name, "required", _("This is needed.")))
    with saving(document.site, by, problems):
        row = locked_draft(document, expected_version)
        if not isinstance(supersedes, str):
            values["supersedes"] = supersedes
            problems += _supersedes_problems(row, supersedes)
        if not isinstance(approval, str):
            values["approval"] = approval
            if approval is not None and approval.site_id != row.site_id:
                problems.append(
                    Problem("approval", "other_site", _("That approval belongs to another site."))
                )
        if "version_label" in values:
            problems += _label_problems(row.site, row.kind, row.purpose, values["version_label"], row.pk)
        if problems:
            raise CrfInvalid(problems)
        if any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            touch(row)
    return row


def put_text(
    *,
    document: ConsentDocument,
    language: str,
    by: User,
    upload: checks.Upload | None = None,
    words: Any = None,
    expected_version: int | None = None,
) -> ConsentDocumentText:
    """Keep the document's file, its words or both in one language; what is None stays as it is.

    Raises CrfInvalid, StaleVersion, Refused when the document is approved.
    """
    problems: list[Problem] = []
    if language not in languages():
        problems.append(
            Problem("language", "choice", _("The study's languages: %s.") % ", ".join(languages()))
        )
    accepted = accepted_file(upload, problems, field="file")
    text = None if words is None else plain_words(words, problems)
    with saving(document.site, by, problems):
        row = locked_draft(document, expected_version)
        if problems:
            raise CrfInvalid(problems)
        found = ConsentDocumentText.objects.filter(document=row, language=language).first()
        one = found or ConsentDocumentText(document=row, site_id=row.site_id, language=language)
        before = (one.file_sha256, one.text_sha256)
        if accepted is not None and accepted.sha256 != one.file_sha256:
            one.file, one.file_sha256 = store(accepted=accepted, by=by), accepted.sha256
        if text is not None:
            one.text, one.text_sha256 = text, sha256_of(text)
        if not one.file_sha256 and not one.text_sha256:
            raise CrfInvalid([Problem("file", "required", _("Choose the file, or write the words."))])
        if before != (one.file_sha256, one.text_sha256):
            one.version += 1 if found else 0
            one.save()
            touch(row)
    return one


def remove_text(
    *, document: ConsentDocument, language: str, by: User, expected_version: int | None = None
) -> None:
    """Take a language out of a draft; its history stays. Raises CrfInvalid, StaleVersion, Refused."""
    with saving(document.site, by, []):
        row = locked_draft(document, expected_version)
        gone, _by_table = ConsentDocumentText.objects.filter(document=row, language=language).delete()
        if not gone:
            raise CrfInvalid(
                [Problem("language", "not_found", _("The draft is not there in this language."))]
            )
        touch(row)


def discard(*, document: ConsentDocument, by: User, expected_version: int | None = None) -> None:
    """Throw a draft away; its history stays. Raises StaleVersion, Refused for one that was approved."""
    with saving(document.site, by, []):
        row = locked_draft(document, expected_version)
        if ConsentDocument.objects.filter(supersedes=row).exists():
            raise Refused(
                [Problem(None, "superseded", _("Another draft supersedes this one. Change that one first."))]
            )
        ConsentDocumentText.objects.filter(document=row).delete()
        row.delete()


# --- Parts that approving uses too -----------------------------------------------------------------------


@contextmanager
def saving(site: Site, by: User, problems: list[Problem]) -> Iterator[None]:
    """One transaction under the lock of the site's register; a violated constraint becomes a problem."""
    try:
        with transaction.atomic(), acting(user=by):
            with connection.cursor() as cursor:
                cursor.execute(_LOCK, [site.pk])
            yield
    except IntegrityError as error:
        model = ConsentDocumentText if "consentdocumenttext" in str(error.__cause__) else ConsentDocument
        raise CrfInvalid([*problems, problem_of(error, model)]) from error


def locked(document: ConsentDocument, expected_version: int | None) -> ConsentDocument:
    """The row as it stands, locked. Raises StaleVersion; Refused when it is gone."""
    rows = ConsentDocument.objects.select_for_update(of=("self",)).select_related("site", "approval")
    row = rows.filter(pk=document.pk).first()
    if row is None:
        raise Refused([Problem(None, "discarded", _("This draft was discarded meanwhile."))])
    if expected_version is not None and row.version != expected_version:
        raise StaleVersion(row)
    return row


def locked_draft(document: ConsentDocument, expected_version: int | None) -> ConsentDocument:
    row = locked(document, expected_version)
    if not row.is_draft:
        raise Refused(
            [
                Problem(
                    None,
                    "final",
                    _("This version is %s: nothing of it changes. Begin a new version that supersedes it.")
                    % row.get_state_display().lower(),
                )
            ]
        )
    return row


def touch(row: ConsentDocument) -> None:
    row.version += 1
    row.save()


def typed(given: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Values as they are stored; what cannot be read is added to the problems, and unknown names are left out."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in TEXTS:
            values[name] = reading.plain_text(name, value, TEXTS[name], problems)
            if name != "what_changed" and not values[name].isprintable():
                problems.append(Problem(name, "type", _("One line of plain text.")))
        elif name in CODES:
            values[name] = reading.code_of(name, value, dict(CODES[name].choices), problems)
        elif name in DAYS:
            values[name] = reading.day(name, value, problems)
        elif name == "reconsent_needed":
            values[name] = value if value is None or isinstance(value, bool) else None
            if values[name] is not value:
                problems.append(Problem(name, "boolean", _("Give true or false.")))
    return values


def plain_words(raw: Any, problems: list[Problem]) -> str:
    """The words as they are kept and hashed: line ends as \\n, no spaces at the ends of lines, none around."""
    if not isinstance(raw, str) or any(not (c.isprintable() or c in "\n\r\t\u200c\u200d") for c in raw):
        # Devanagari needs the two joiners; everything else that cannot be seen has no place in what is signed.
        problems.append(
            Problem(
                "words",
                "type",
                _("Give plain text, without signs that cannot be seen or signs that change direction."),
            )
        )
        return ""
    text = "\n".join(
        line.rstrip() for line in raw.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ).strip()
    if len(text) > LONGEST_WORDS:
        problems.append(Problem("words", "max_length", _("At most %d characters.") % LONGEST_WORDS))
    return text


def sha256_of(text: str) -> str:
    """Of the words in UTF-8; "" for none."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def _unknown(given: Mapping[str, Any], known: tuple[str, ...]) -> list[Problem]:
    return [
        Problem(str(name)[:80], "unknown_field", _("There is no such field. Fields: %s.") % ", ".join(known))
        for name in given
        if name not in known
    ]


def _supersedes_problems(row: ConsentDocument, before: ConsentDocument | None) -> Iterator[Problem]:
    if before is None:
        return
    if before.pk == row.pk or (before.site_id, before.kind, before.purpose) != (
        row.site_id,
        row.kind,
        row.purpose,
    ):
        yield Problem(
            "supersedes",
            "other_document",
            _("A new version is of the same site, kind and purpose as the one that it supersedes."),
        )


def _label_problems(site: Site, kind: str, purpose: str, label: str, own: int | None) -> Iterator[Problem]:
    same = ConsentDocument.objects.filter(
        site=site, kind=kind, purpose=purpose, version_label__iexact=label
    ).exclude(pk=own or 0)
    if label and same.exists():
        yield Problem(
            "version_label",
            "unique",
            _("%(site)s has version %(label)s of this document already. Each version has its own label.")
            % {"site": site.name, "label": label},
        )
