"""Consent documents for tests: drafted, filled in every language and approved by the actions themselves."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from apps.consent.actions import documents, documents_approval
from apps.consent.models import ConsentDocument, ConsentDocumentText
from apps.consent.selectors.documents import languages
from apps.enrolment.models import SiteApproval
from studyportal.access.models import Site, User
from tests.approvals import approval_of
from tests.studyportal.files.samples import PDF

LONG_AGO = dt.date(2015, 1, 1)


def pdf(name: str = "document.pdf", more: str = "") -> SimpleUploadedFile:
    """A PDF; `more` makes its content, and so its hash, another."""
    content = PDF if not more else PDF.replace(b"%%EOF", b"% " + more.encode() + b"\n%%EOF")
    return SimpleUploadedFile(name, content)


def a_draft(
    site: Site,
    by: User,
    *,
    purpose: str = "participation",
    kind: str = "consent_form",
    version: str = "1.0",
    supersedes: ConsentDocument | None = None,
    filled: bool = True,
    **given: Any,
) -> ConsentDocument:
    """A draft; filled: with a file and words in each language of the study."""
    document = documents.draft(
        site=site,
        by=by,
        supersedes=supersedes,
        kind=kind,
        purpose=purpose,
        version_label=version,
        **{"title": f"{purpose} form"} | given,
    )
    for language in languages() if filled else ():
        documents.put_text(
            document=document,
            language=language,
            by=by,
            upload=pdf(f"{purpose}-{version}-{language}.pdf", f"{site.code} {purpose} {version} {language}"),
            words=f"What you sign for, version {version}, in {language}.\n\nYou may stop at any time.",
        )
    document.refresh_from_db()
    return document


def a_document(
    site: Site,
    by: User,
    *,
    valid_from: dt.date | str = LONG_AGO,
    approval: SiteApproval | None = None,
    supersedes: ConsentDocument | None = None,
    reconsent: dict[str, Any] | None = None,
    **given: Any,
) -> ConsentDocument:
    """An approved document in each language of the study, under the site's approval of the tests.

    supersedes: the version before; reconsent: {reconsent_needed, reconsent_from, reconsent_whom}, else nobody signs
    again.
    """
    document = a_draft(site, by, supersedes=supersedes, **given)
    stated = {} if supersedes is None else {"what_changed": "A visit was added", "reconsent_needed": False}
    return documents_approval.approve(
        document=document,
        by=by,
        approval=approval or approval_of(site),
        valid_from=valid_from,
        **stated | (reconsent or {}),
    )


def text_of(document: ConsentDocument, language: str = "en") -> ConsentDocumentText:
    return ConsentDocumentText.objects.get(document=document, language=language)
