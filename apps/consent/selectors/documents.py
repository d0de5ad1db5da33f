"""Reading the register of documents: what may be signed where and when. A fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models import Count, Model, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from apps.consent.models import (
    ConsentDocument,
    ConsentDocumentText,
    ConsentEvent,
    DocumentKind,
    DocumentState,
)
from apps.consent.rules import documents as rules
from apps.enrolment.models import SiteApproval
from apps.enrolment.rules.approvals import Approval
from apps.enrolment.selectors import ETHICS_COMMITTEE, warning_days
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.audit.selectors import Change, changes, event_model_of


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
    """The documents of the sites where the user holds the permission, with their texts but no bytes of a file."""
    return (
        ConsentDocument.objects.visible_to(user, permission)
        .select_related("site", "approval", "supersedes", "approved_by", "recorded_by")
        .prefetch_related(Prefetch("texts", texts().defer("text")))
    )


def document_or_404(
    user: User, pk: int, permission: Permission = Permission.VIEW_CONSENT_DOCUMENTS
) -> ConsentDocument:
    found: ConsentDocument = get_visible_or_404(documents(user, permission), user, permission, pk=pk)
    return found


def text_or_404(
    user: User, pk: int, language: str, permission: Permission = Permission.VIEW_CONSENT_DOCUMENTS
) -> ConsentDocumentText:
    """The document of this number in the language, with its words; Http404 for one of another site."""
    found: ConsentDocumentText = get_visible_or_404(
        texts(), user, permission, document_id=pk, language=language
    )
    return found


def document_sites(user: User, permission: Permission = Permission.VIEW_CONSENT_DOCUMENTS) -> list[Site]:
    """The sites that take part and whose register the user may read."""
    sites = user.sites_with(permission)
    found = Site.objects.filter(is_active=True).order_by("code")
    return list(found if isinstance(sites, AllSites) else found.filter(pk__in=sites))


def texts() -> QuerySet[ConsentDocumentText]:
    """Texts with their document and the name of their file, without its bytes."""
    return ConsentDocumentText.objects.select_related("document__site", "document__approval", "file").defer(
        "file__content"
    )


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


# --- What the pages ask of one document ------------------------------------------------------------------


def text_in(document: ConsentDocument, language: str) -> ConsentDocumentText | None:
    """The document in the language, with its words; None when it is not there."""
    return texts().filter(document=document, language=language).first()


def line_of(document: ConsentDocument) -> list[ConsentDocument]:
    """The other versions of the document at its site that were approved, newest first: what a draft may supersede."""
    found = ConsentDocument.objects.filter(
        site_id=document.site_id, kind=document.kind, purpose=document.purpose
    ).exclude(Q(pk=document.pk) | Q(state=DocumentState.DRAFT))
    return list(found.order_by("-valid_from", "-id"))


def newest_of(site: Site, kind: str | None, purpose: str | None) -> ConsentDocument | None:
    """The newest approved version at the site, which a next one supersedes; None for the first."""
    found = ConsentDocument.objects.filter(
        site=site, kind=kind or "", purpose=purpose or "", state=DocumentState.APPROVED
    )
    return found.order_by("-valid_from", "-id").first()


def approvals_for(site: Site) -> list[SiteApproval]:
    """The approvals of the site's ethics committee that may approve a document, newest first."""
    found = SiteApproval.objects.filter(site=site, kind=ETHICS_COMMITTEE, in_error=False, waived=False)
    return list(found.prefetch_related("suspensions").order_by("-valid_from", "-id"))


def signatures_under(document: ConsentDocument) -> dict[str, int]:
    """Language → how many entries of the log name the document in it: one query."""
    found = ConsentEvent.objects.filter(document__document=document).values_list("document__language")
    return dict(found.annotate(n=Count("id")).order_by())


def documents_of_approval(approval: SiteApproval, user: User) -> list[ConsentDocument]:
    """What the approval approved, as far as the user may see it."""
    found = ConsentDocument.objects.visible_to(user, Permission.VIEW_CONSENT_DOCUMENTS).filter(
        approval=approval
    )
    return list(found.exclude(state=DocumentState.DRAFT).order_by("purpose", "kind", "valid_from", "id"))


NOT_SHOWN = frozenset({"site", "recorded_by", "document", "text", "approved_by"})


def document_history(document: ConsentDocument) -> list[Change]:
    """Every change of the document and of its languages, newest first; of words their hash: two queries."""
    rows: dict[tuple[type[Model], int], list[Any]] = defaultdict(list)
    for event in (
        event_model_of(ConsentDocument)._default_manager.filter(pgh_obj_id=document.pk).order_by("pgh_id")
    ):
        rows[ConsentDocument, document.pk].append(event)
    for event in (
        event_model_of(ConsentDocumentText)
        ._default_manager.filter(document_id=document.pk)
        .order_by("pgh_id")
    ):
        rows[ConsentDocumentText, event.pgh_obj_id].append(event)
    names, done = language_names(), {"insert": _("entered"), "update": _("changed"), "delete": _("taken out")}
    told: list[Change] = []
    for (model, _pk), own in rows.items():
        what = str(document) if model is ConsentDocument else names.get(own[0].language, own[0].language)
        for change in changes(model, own):
            fields = tuple(
                field
                for field in change.fields
                if field.name not in NOT_SHOWN
                and not (field.before in (None, "") and field.after in (None, ""))
            )
            told.append(
                replace(change, label=f"{what}: {done.get(change.label, change.label)}", fields=fields)
            )
    return sorted(told, key=lambda change: change.at, reverse=True)


# --- What asks for something -----------------------------------------------------------------------------


@dataclass(frozen=True)
class DocumentDue:
    """A document that asks for something: a draft that waits for its approval, or one whose approval ends.

    why: "draft", "lapsed" (no approval holds today) or "ending"; until: the last day of an approval that ends.
    """

    site: Site
    document: rules.Document
    why: str
    until: dt.date | None = None


def documents_due(sites: Sequence[Site]) -> list[DocumentDue]:
    """What does not hold, what soon will not (within the protocol's days of warning), then the drafts. Four queries."""
    registers, found = register_of([site.pk for site in sites]), []
    for site in sites:
        today = today_at(site)
        limit = today + dt.timedelta(days=warning_days())
        for document in registers[site.pk].documents:
            match rules.judge(document, today):
                case "not_approved":
                    found.append(DocumentDue(site, document, "draft"))
                case "approval_lapsed":
                    found.append(DocumentDue(site, document, "lapsed"))
                case "current":
                    until = document.approved_until(today)
                    # One that is superseded before needs no renewal.
                    ends = document.ends_before
                    if until is not None and until <= limit and not (ends is not None and ends <= until):
                        found.append(DocumentDue(site, document, "ending", until))
    order = {"lapsed": 0, "ending": 1, "draft": 2}
    return sorted(
        found, key=lambda due: (order[due.why], due.site.code, due.until or dt.date.max, due.document.id)
    )
