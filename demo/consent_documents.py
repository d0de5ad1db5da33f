"""The consent documents of the demo's sites: written, approved and amended through the same actions as the pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.consent.actions import documents, documents_approval
from apps.consent.models import ConsentDocument
from apps.enrolment.models import SiteApproval
from demo import paper
from demo.consent_plan import AMENDED, FIRST, HOSPITALS, WHAT_CHANGED, Planned, planned, words
from studyportal.access.models import Site, User


def ensure(site: Site, *, by: User, until: dt.date) -> int:
    """Record the documents of a site that has none at all; how many were. until: the day of the data."""
    if ConsentDocument.objects.filter(site=site).exists():
        return 0
    made: dict[tuple[str, str], ConsentDocument] = {}
    for one in planned(site.code, until):
        made[one.kind, one.purpose] = _record(one, site, by, made.get((one.kind, one.purpose)))
    _draft(site, by, made["consent_form", "images"])
    return len(made)


def _record(one: Planned, site: Site, by: User, before: ConsentDocument | None) -> ConsentDocument:
    document = documents.draft(
        site=site, by=by, supersedes=before, kind=one.kind, purpose=one.purpose, title=one.title,
        version_label=one.version,
    )  # fmt: skip
    for language, text in one.words.items():
        content = paper.document(
            title=one.title, version=one.version, hospital=HOSPITALS[site.code][language], words=text,
            signed=one.kind == "consent_form",
        )  # fmt: skip
        name = f"{one.purpose}-{one.kind}-{one.version}-{language}-demo.pdf".replace("_", "-")
        documents.put_text(
            document=document, language=language, by=by, words=text, upload=paper.Upload(content, name)
        )
    said: dict[str, Any] = {}
    if one.again is not None:
        said = {"what_changed": WHAT_CHANGED, "reconsent_needed": bool(one.again)}
        if one.again:
            said |= {"reconsent_whom": one.again, "reconsent_from": one.valid_from}
    return documents_approval.approve(
        document=document,
        by=by,
        approval=_approval_on(site, one.valid_from),
        valid_from=one.valid_from,
        **said,
    )


def _approval_on(site: Site, day: dt.date) -> SiteApproval | None:
    """The approval of the ethics committee that held at the site on the day."""
    held = SiteApproval.objects.filter(
        site=site, kind="ethics_committee", in_error=False, valid_from__lte=day
    )
    return held.prefetch_related("suspensions").order_by("-valid_from").first()


def _draft(site: Site, by: User, before: ConsentDocument) -> None:
    """A version that waits: its English words are written, the translations and the committee are not there yet."""
    if site.code != "MUM":
        return
    draft = documents.draft(
        site=site, by=by, supersedes=before, version_label=AMENDED,
        what_changed="Images of the glucose meter may be kept, too.",
    )  # fmt: skip
    text = words("consent_form", "images", "en", FIRST, site.code)
    documents.put_text(
        document=draft,
        language="en",
        by=by,
        words=f"{text}\n\nI agree that images of my glucose meter may be kept, too.",
    )
