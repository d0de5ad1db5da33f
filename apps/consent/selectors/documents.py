"""Reading the register of documents: what may be signed where and when. A fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping

from django.conf import settings
from django.db.models import Q, QuerySet

from apps.consent.models import ConsentDocument, ConsentDocumentText, DocumentKind, DocumentState
from apps.consent.rules import documents as rules
from apps.enrolment.models import SiteApproval
from apps.enrolment.rules.approvals import Approval
from studyportal import protocol
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission


def languages() -> tuple[str, ...]:
    """The languages in which the study's documents are given out, in the protocol's order."""
    return tuple(str(one) for one in protocol.current().consent.languages)


def language_names() -> dict[str, str]:
    """Language → its name, as people say it; a language that the portal has no name for is its key."""
    names = dict(settings.LANGUAGES)
    return {one: str(names.get(one, one)) for one in languages()}


def documents(
    user: User, permission: Permission = Permission.VIEW_CONSENT_DOCUMENTS
) -> QuerySet[ConsentDocument]:
    """The documents of the sites where the user holds the permission."""
    return ConsentDocument.objects.visible_to(user, permission).select_related(
        "site", "approval", "supersedes"
    )


def texts() -> QuerySet[ConsentDocumentText]:
    """Texts with their document and the name of their file, without its bytes."""
    return ConsentDocumentText.objects.select_related("document__site", "file").defer("file__content")


# --- As the pure rules take it ---------------------------------------------------------------------------


def register_of(site_ids: Collection[int]) -> dict[int, rules.Register]:
    """Site → its register, drafts included: four queries. A site without documents has an empty register."""
    rows = list(ConsentDocument.objects.filter(site_id__in=site_ids).order_by("id"))
    written: dict[int, list[rules.Text]] = defaultdict(list)
    for pk, document_id, language, file_hash, text_hash in (
        ConsentDocumentText.objects.filter(document__site_id__in=site_ids)
        .order_by("id")
        .values_list("id", "document_id", "language", "file_sha256", "text_sha256")
    ):
        written[document_id].append(rules.Text(pk, language, file_hash, text_hash, bool(text_hash)))
    held = _approvals({row.approval_id for row in rows if row.approval_id}, site_ids)
    superseded = _superseded_from(rows)
    found: dict[int, list[rules.Document]] = {site_id: [] for site_id in site_ids}
    for row in rows:
        found[row.site_id].append(
            rules.Document(
                id=row.pk,
                site_id=row.site_id,
                kind=row.kind,
                purpose=row.purpose,
                version_label=row.version_label,
                title=row.title,
                state=row.state,
                valid_from=row.valid_from,
                superseded_from=superseded.get(row.pk),
                withdrawn_from=row.withdrawn_from,
                approvals=held.get(row.approval_id or 0, ()),
                supersedes=row.supersedes_id,
                reconsent_needed=bool(row.reconsent_needed),
                reconsent_from=row.reconsent_from,
                reconsent_whom=row.reconsent_whom,
                texts=tuple(sorted(written[row.pk], key=lambda text: text.language)),
            )
        )
    return {site_id: rules.Register(tuple(own)) for site_id, own in found.items()}


def _superseded_from(rows: Collection[ConsentDocument]) -> dict[int, dt.date]:
    """Document → first day of its approved successor. A successor that was withdrawn before it began supersedes none."""
    days: dict[int, dt.date] = {}
    for row in rows:
        if row.supersedes_id is None or row.state == DocumentState.DRAFT or row.valid_from is None:
            continue
        if row.withdrawn_from is not None and row.withdrawn_from <= row.valid_from:
            continue
        days[row.supersedes_id] = min(row.valid_from, days.get(row.supersedes_id, row.valid_from))
    return days


def _approvals(wanted: Collection[int], site_ids: Collection[int]) -> Mapping[int, tuple[Approval, ...]]:
    """Approval → itself and its renewals, as far as none of them was entered in error: two queries."""
    if not wanted:
        return {}
    rows = list(SiteApproval.objects.filter(site_id__in=site_ids).prefetch_related("suspensions"))
    by_id = {row.pk: row for row in rows}
    renewals: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        if row.supersedes_id is not None:
            renewals[row.supersedes_id].append(row.pk)
    found: dict[int, tuple[Approval, ...]] = {}
    for first in wanted:
        line, ahead, seen = [], [first], set()
        while ahead:
            pk = ahead.pop(0)
            if pk in seen or pk not in by_id:
                continue
            seen.add(pk)
            ahead += renewals[pk]
            if not by_id[pk].in_error:
                line.append(by_id[pk].as_rule())
        found[first] = tuple(line)
    return found


# --- What may be signed ----------------------------------------------------------------------------------


def in_force(
    site: Site, purpose: str, on: dt.date, *, kind: str = DocumentKind.CONSENT_FORM
) -> dict[str, ConsentDocumentText]:
    """Language → the text that may be signed at the site for this purpose on that day; {} when there is none.

    Five queries. The words come with it, the bytes of the file do not.
    """
    document = register_of([site.pk])[site.pk].current(purpose, on, kind)
    if document is None:
        return {}
    order = {language: place for place, language in enumerate(languages())}
    found = texts().filter(document_id=document.id)
    return {
        text.language: text
        for text in sorted(found, key=lambda text: (order.get(text.language, 99), text.language))
    }


def text_by_hash(sha256: str, *, site: Site | None = None) -> ConsentDocumentText | None:
    """The approved text whose file or words have this hash; the newest, should several be the same."""
    found = texts().filter(Q(file_sha256=sha256) | Q(text_sha256=sha256), approved_at__isnull=False)
    if not sha256:
        return None
    return (found if site is None else found.filter(site=site)).order_by("-id").first()
