"""The pages about consent documents as they are shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.consent.models import (
    ConsentDocument,
    ConsentDocumentText,
    DocumentKind,
    DocumentPurpose,
    ReconsentWhom,
)
from apps.consent.rules import documents as rules
from apps.consent.rules import documents_compare
from apps.consent.selectors import documents as selectors
from apps.enrolment.selectors import warning_days
from studyportal.access.clock import today_at
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell, Row
from studyportal.ui.templatetags.ui_tags import human_date_text

PURPOSES, KINDS = dict(DocumentPurpose.choices), dict(DocumentKind.choices)
BAD = ("approval_lapsed", "withdrawn")


def state_key(document: rules.Document, today: dt.date) -> str:
    """The badge of a document: one whose approval ends within the days of warning is marked as such."""
    judged = rules.judge(document, today)
    if judged == "current":
        until = document.approved_until(today)
        if until is not None and (until - today).days <= warning_days():
            return "document_ending"
    return f"document_{judged}"


def use_words(document: rules.Document, today: dt.date) -> str:
    """Beside the badge: until when, or since when not."""
    match rules.judge(document, today):
        case "current":
            last = [document.approved_until(today)]
            if document.ends_before is not None:
                last.append(document.ends_before - dt.timedelta(days=1))
            day = min((one for one in last if one is not None), default=None)
            return _("until %s") % human_date_text(day) if day else ""
        case "not_yet":
            return _("from %s") % human_date_text(document.valid_from)
        case "superseded":
            return _("since %s") % human_date_text(document.superseded_from)
        case "withdrawn":
            return _("since %s") % human_date_text(document.withdrawn_from)
    return ""


# --- Every document --------------------------------------------------------------------------------------


def overview(user: User) -> dict[str, Any]:
    """Purposes × languages, site by site: a fixed number of queries."""
    sites = selectors.document_sites(user)
    registers = selectors.register_of([site.pk for site in sites])
    names = selectors.language_names()
    return {
        "sites": [_site(site, registers[site.pk], user) for site in sites],
        "columns": [_("Document"), _("State today"), _("Version"), *names.values()],
        "version_columns": [_("Version"), _("Document"), _("State today"), _("In use from"), _("Approval"), _("Signs again")],
        "new_url": reverse("consent:document-new") if selectors.document_sites(user, Permission.MANAGE_CONSENT_DOCUMENTS) else "",
        "warning_days": warning_days(),
    }  # fmt: skip


def _site(site: Site, register: rules.Register, user: User) -> dict[str, Any]:
    today = today_at(site)
    rows = [
        row
        for purpose in PURPOSES
        for kind in (DocumentKind.CONSENT_FORM, DocumentKind.INFORMATION_SHEET)
        if (row := _purpose_row(purpose, kind, register, today)) is not None
    ]
    newest = sorted(
        register.documents,
        key=lambda one: (one.state != rules.DRAFT, -(one.valid_from or dt.date.max).toordinal(), -one.id),
    )
    return {
        "site": site,
        "caption": _("%s: what may be signed today") % site.name,
        "rows": rows,
        "versions": [_version_row(one, today) for one in newest],
        "versions_caption": _("%s: every version") % site.name,
        "n": len(newest),
        "drafts": sum(one.state == rules.DRAFT for one in newest),
        "new_url": f"{reverse('consent:document-new')}?site={site.code}"
        if user.may(Permission.MANAGE_CONSENT_DOCUMENTS, site)
        else "",
    }


def _purpose_row(purpose: str, kind: str, register: rules.Register, today: dt.date) -> Row | None:
    own = [one for one in register.documents if (one.purpose, one.kind) == (purpose, kind)]
    if not own:
        if kind == DocumentKind.INFORMATION_SHEET:
            return None
        empty = [Cell("", state="document_none"), ""]
        return Row(
            [Cell(PURPOSES[purpose], detail=KINDS[kind]), *empty, *([""] * len(selectors.languages()))]
        )
    shown = register.current(purpose, today, kind) or max(
        own, key=lambda one: (one.state != rules.DRAFT, one.valid_from or dt.date.min, one.id)
    )
    cells: list[Any] = [
        Cell(PURPOSES[purpose], url=_url(shown), detail=KINDS[kind]),
        Cell("", state=state_key(shown, today), detail=use_words(shown, today)),
        Cell(shown.version_label, nowrap=True),
    ]
    for language in selectors.languages():
        text = shown.text_in(language)
        cells.append(
            Cell("", detail=_("not there"))
            if text is None
            else Cell(
                _("Read") if text.words else _("File"),
                url=reverse("consent:document-text" if text.words else "consent:document-file", args=[shown.id, language]),
                detail="" if text.words else _("on paper only"),
            )
        )  # fmt: skip
    return Row(cells, tone="bad" if rules.judge(shown, today) in BAD else "")


def _url(document: rules.Document) -> str:
    return reverse("consent:document", args=[document.id])


def _version_row(document: rules.Document, today: dt.date) -> Row:
    approval = document.approval
    again = ""
    if document.reconsent_needed:
        again = f"{ReconsentWhom(document.reconsent_whom).label}, {_('from %s') % human_date_text(document.reconsent_from)}" if document.reconsent_whom else _("Yes")  # fmt: skip
    return Row(
        [
            Cell(document.version_label, url=_url(document), nowrap=True),
            Cell(document.title, detail=f"{PURPOSES[document.purpose]} · {KINDS[document.kind]}"),
            Cell("", state=state_key(document, today), detail=use_words(document, today)),
            document.valid_from,
            approval.number if approval and document.state != rules.DRAFT else "",
            again,
        ]
    )


# --- One document ----------------------------------------------------------------------------------------


def one(document: ConsentDocument, user: User) -> dict[str, Any]:
    site, today = document.site, today_at(document.site)
    register = selectors.register_of([site.pk])[site.pk]
    seen = register.document(document.pk)
    assert seen is not None
    manage = user.may(Permission.MANAGE_CONSENT_DOCUMENTS, site)
    signed = selectors.signatures_under(document)
    line = [
        other
        for other in sorted(register.documents, key=lambda one: (one.valid_from or dt.date.max, one.id), reverse=True)
        if (other.kind, other.purpose) == (document.kind, document.purpose)
    ]  # fmt: skip
    return {
        "document": document,
        "state": state_key(seen, today),
        "state_words": use_words(seen, today),
        "facts": list(_facts(document, seen)),
        "texts": _texts(document, signed, manage),
        "missing": _missing(document) if document.is_draft else [],
        "line": [_line_row(other, document.pk, today) for other in line] if len(line) > 1 else [],
        "line_columns": [_("Version"), _("State today"), _("In use from"), _("Signs again")],
        "history": selectors.document_history(document),
        "may_change": manage and document.is_draft,
        "may_approve": manage and document.is_draft,
        "may_withdraw": manage and document.state == "approved" and rules.judge(seen, today) != "superseded",
        "successor_url": f"{reverse('consent:document-new')}?supersedes={document.pk}"
        if manage and document.state == "approved" and not any(o.supersedes == document.pk for o in line)
        else "",
    }


def _facts(document: ConsentDocument, seen: rules.Document) -> Iterable[tuple[Any, ...]]:
    yield _("Purpose"), document.get_purpose_display()
    yield _("Kind"), document.get_kind_display()
    if document.approval is not None:
        said = _("proposed") if document.is_draft else _("valid %s") % _validity(document)
        yield _("Approval of the ethics committee"), document.approval.number, said
    if document.valid_from is not None:
        yield _("In use from"), document.valid_from
    if document.supersedes is not None:
        yield _("Supersedes"), document.supersedes.version_label
        yield _("What changed"), document.what_changed
        if document.reconsent_needed is not None:
            yield _("Those who signed before"), reconsent_words(document)
    if seen.superseded_from is not None:
        yield _("Superseded from"), seen.superseded_from
    if document.withdrawn_from is not None:
        yield _("Withdrawn from"), document.withdrawn_from, document.withdrawn_because
    if document.approved_at is not None:
        yield _("Recorded as approved"), document.approved_at, str(document.approved_by or "")


def _validity(document: ConsentDocument) -> str:
    approval = document.approval
    assert approval is not None
    until = _("without end") if approval.valid_until is None else human_date_text(approval.valid_until)
    return f"{human_date_text(approval.valid_from)} – {until}"


def reconsent_words(document: ConsentDocument) -> str:
    if not document.reconsent_needed:
        return _("do not sign again")
    return _("sign again from %(day)s: %(whom)s") % {
        "day": human_date_text(document.reconsent_from),
        "whom": document.get_reconsent_whom_display(),
    }


def _missing(document: ConsentDocument) -> list[str]:
    """The languages without a file, in which nobody could sign."""
    kept = {text.language for text in document.texts.all() if text.file is not None}
    return [name for key, name in selectors.language_names().items() if key not in kept]


def _texts(document: ConsentDocument, signed: dict[str, int], manage: bool) -> list[dict[str, Any]]:
    kept = {text.language: text for text in document.texts.all()}
    names = selectors.language_names()
    compare = document.supersedes is not None
    found = []
    for language in [*names, *(one for one in kept if one not in names)]:
        text = kept.get(language)
        if text is None and not document.is_draft:
            continue
        args = [document.pk, language]
        count = signed.get(language, 0)
        found.append(
            {
                "language": language,
                "name": names.get(language, language),
                "text": text,
                "read_url": reverse("consent:document-text", args=args) if text and text.text_sha256 else "",
                "file_url": reverse("consent:document-file", args=args) if text and text.file else "",
                "compare_url": reverse("consent:document-compare", args=args)
                if compare and text and text.text_sha256
                else "",
                "write_url": reverse("consent:document-write", args=args)
                if manage and document.is_draft
                else "",
                "remove_url": reverse("consent:document-remove", args=args)
                if manage and document.is_draft and text
                else "",
                "signed": ngettext(
                    "%(n)d entry of the log names it", "%(n)d entries of the log name it", count
                )
                % {"n": count}
                if not document.is_draft
                else "",
            }
        )
    return found


def _line_row(document: rules.Document, own: int, today: dt.date) -> Row:
    again = _("Yes") if document.reconsent_needed else _("No") if document.supersedes else ""
    shown = _("this version") if document.id == own else ""
    return Row(
        [
            Cell(document.version_label, url="" if shown else _url(document), detail=shown, nowrap=True),
            Cell("", state=state_key(document, today), detail=use_words(document, today)),
            document.valid_from,
            again,
        ]
    )


def next_version_lead(before: ConsentDocument) -> str:
    return _(
        "It takes the place of version %(label)s from its own first day. Until then %(label)s stays in use."
    ) % {"label": before.version_label}


# --- Its words -------------------------------------------------------------------------------------------


def read(text: ConsentDocumentText) -> dict[str, Any]:
    document = text.document
    register = selectors.register_of([document.site_id])[document.site_id]
    seen = register.document(document.pk)
    assert seen is not None
    today = today_at(document.site)
    return _words_context(text) | {
        "paragraphs": documents_compare.paragraphs(text.text),
        "state": state_key(seen, today),
        "warning": rules.why_not(seen, today),
    }


def compare(text: ConsentDocumentText) -> dict[str, Any]:
    """The words against those of the version before, in the same language."""
    before = text.document.supersedes
    older = selectors.text_in(before, text.language) if before is not None else None
    compared: Sequence[documents_compare.Paragraph] = ()
    if older is not None and older.text and text.text:
        compared = documents_compare.compare(older.text, text.text)
    return _words_context(text) | {
        "before": before,
        "compared": compared,
        "changed": sum(one.kind != "same" for one in compared),
        "what_changed": text.document.what_changed,
    }


def _words_context(text: ConsentDocumentText) -> dict[str, Any]:
    return {
        "text": text,
        "document": text.document,
        "language": selectors.language_names().get(text.language, text.language),
        "file_url": reverse("consent:document-file", args=[text.document_id, text.language])
        if text.file
        else "",
    }
