"""The worklist as the page shows it: each row leads to the place where it is done."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.casebook import grid, review_signs, worklist
from apps.casebook.grid import title_of
from apps.celldose.rows import culture_columns, culture_row, product_columns, product_row
from apps.consent.models import DocumentPurpose
from apps.consent.selectors.documents import DocumentDue
from apps.consent.selectors.places import task_state, task_url
from apps.enrolment.selectors import ApprovalDue, warning_days
from apps.enrolment.selectors.screening import UNDECIDED_DAYS, person_of
from apps.safety.models import AdverseEvent
from apps.visits.selectors import sites_of
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.deviations.page import step_words
from studyportal.queries import cards, subjects
from studyportal.ui.parts import Cell, Row
from studyportal.ui.templatetags.ui_tags import human_date_text

SHOWN, SHOWN_IN_FULL = 15, 500
# Participants up to whom the part about consent is made with the page.
CONSENT_AT_ONCE = 200


def worklist_of(user: User, show: str) -> dict[str, Any]:
    """show: the list that is opened in full, "" for the beginning of each."""

    def limit(name: str) -> int:
        return SHOWN_IN_FULL if name == show else SHOWN

    sites = sites_of(user, Permission.ENTER_DATA)
    due = worklist.visits_due(sites, limit=limit("visits"))
    unfinished = worklist.unfinished_forms(sites, limit=limit("unfinished"))
    missing = worklist.visits_without_forms(sites, limit=limit("missing"))
    queries = worklist.open_queries(user, limit=limit("queries"))
    consent_later = worklist.consent_asked(user).count() > CONSENT_AT_ONCE
    consent = None if consent_later else worklist.consent_due(user, limit=limit("consent"))
    products = worklist.products_waiting(user, limit=limit("products"))
    cultures = worklist.cultures_to_read(user, limit=limit("cultures"))
    unreported = worklist.events_to_report(user, limit=limit("safety"))
    approvals = worklist.approvals_to_renew(user, limit=limit("approvals"))
    documents = worklist.documents_to_settle(user, limit=limit("documents"))
    undecided = worklist.screened_undecided(user, limit=limit("screening"))
    unanswered = worklist.criteria_unanswered(user, limit=limit("criteria"))
    follow_ups = worklist.events_to_follow(user, limit=limit("follow-ups"))
    settles = user.may(Permission.MANAGE_DEVIATIONS)
    deviations = worklist.deviations_to_settle(user, limit=limit("deviations")) if settles else None
    sections = [
        section(
            "visits",
            _("Visits"),
            due,
            [_due_row(row) for row in due.rows],
            show,
            [_("Participant"), _("Visit"), _("State"), _("Window"), _("Target")],
            _("No visit is overdue, due, or due within %(n)d days.") % {"n": worklist.SOON_DAYS},
        ),
        _consent_later(show) if consent is None else _consent_section(consent, show),
        section(
            "unfinished",
            _("Unfinished forms"),
            unfinished,
            [_unfinished_row(row) for row in unfinished.rows],
            show,
            [_("Participant"), _("Form"), _("State"), _("Last saved")],
            _("Every form that was begun is complete."),
        ),
        section(
            "missing",
            _("Visits with forms not begun"),
            missing,
            [_missing_row(row) for row in missing.rows],
            show,
            [_("Participant"), _("Visit"), _("Forms")],
            _("Every visit that took place has its forms."),
        ),
        section(
            "queries",
            _("Queries to answer"),
            queries,
            [_query_row(row, user) for row in queries.rows],
            show,
            [_("Participant"), _("Form"), _("Question"), _("Opened")],
            _("No question is open."),
        ),
        section(
            "products",
            _("Products waiting for a decision"),
            products,
            [product_row(row) for row in products.rows],
            show,
            product_columns(),
            _("No product waits for a decision, a signature or its discard."),
        ),
        section(
            "cultures",
            _("Cultures to read"),
            cultures,
            [culture_row(row) for row in cultures.rows],
            show,
            culture_columns(),
            _("Every culture is read."),
        ),
        section(
            "safety",
            _("Serious events not reported"),
            unreported,
            [_unreported_row(event) for event in unreported.rows],
            show,
            [_("Participant"), _("Event"), _("Site aware since")],
            _("Every serious event has its first report."),
        ),
        *_deviations_section(deviations, show),
        section(
            "approvals",
            _("Approvals to renew"),
            approvals,
            [_approval_row(row) for row in approvals.rows],
            show,
            [_("Site"), _("Approval"), _("State"), _("Last day")],
            _("Every approval holds, and none lapses within %(n)d days.") % {"n": warning_days()},
        ),
        *(
            [
                section(
                    "documents",
                    _("Consent documents to settle"),
                    documents,
                    [_document_row(row) for row in documents.rows],
                    show,
                    [_("Site"), _("Document"), _("State"), _("Last day")],
                    _("No draft waits, and every document in use stands under an approval that holds."),
                )
            ]
            if user.may(Permission.MANAGE_CONSENT_DOCUMENTS)
            else []
        ),
        section(
            "screening",
            _("Screening not decided"),
            undecided,
            [_screening_row(entry) for entry in undecided.rows],
            show,
            [_("Number"), _("Person"), _("Screened on"), _("Participant")],
            _("Nobody is being screened for longer than %(n)d days.") % {"n": UNDECIDED_DAYS},
        ),
        section(
            "criteria",
            _("Criteria not answered"),
            unanswered,
            [_screening_row(entry) for entry in unanswered.rows],
            show,
            [_("Number"), _("Person"), _("Screened on"), _("Participant")],
            _("Every criterion of every registered participant is answered."),
        ),
        section(
            "follow-ups",
            _("Adverse events to follow up"),
            follow_ups,
            [_follow_up_row(event) for event in follow_ups.rows],
            show,
            [_("Participant"), _("Event"), _("Due on")],
            _("No follow-up is overdue, or due within %(n)d days.") % {"n": worklist.FOLLOW_UP_DAYS},
        ),
    ]
    sections += review_signs.worklist_sections(user)
    stats = [
        (
            _("Visits overdue"),
            due.counts.get("overdue", 0),
            "#visits",
            "bad" if due.counts.get("overdue") else "good",
        ),
        (_("Visits due now"), due.counts.get("due", 0), "#visits", ""),
        (_("Due within %(n)d days") % {"n": worklist.SOON_DAYS}, due.counts.get("soon", 0), "#visits", ""),
        *([] if consent is None else [(_("Consent due"), consent.total, "#consent", "")]),
        (_("Unfinished forms"), unfinished.total, "#unfinished", ""),
        (_("Visits with forms not begun"), missing.total, "#missing", ""),
        (_("Queries to answer"), queries.total, "#queries", ""),
        (
            _("Products waiting"),
            products.total,
            "#products",
            "bad" if products.counts.get("urgent") else "",
        ),
        (
            _("Cultures to read"),
            cultures.total,
            "#cultures",
            "bad" if cultures.counts.get("overdue") else "",
        ),
        (
            _("Serious events not reported"),
            unreported.total,
            "#safety",
            "bad" if unreported.total else "",
        ),
        *(
            []
            if deviations is None
            else [
                (
                    _("Deviations to settle"),
                    deviations.total,
                    "#deviations",
                    "bad" if deviations.total else "",
                )
            ]
        ),
        (_("Approvals to renew"), approvals.total, "#approvals", "bad" if approvals.total else ""),
        (_("Screening not decided"), undecided.total, "#screening", ""),
        (_("Criteria not answered"), unanswered.total, "#criteria", ""),
        (_("Events to follow up"), follow_ups.total, "#follow-ups", ""),
    ]
    if user.may(Permission.MANAGE_QUERIES):
        stats.append(
            (
                _("Answers to review"),
                worklist.answered_queries(user),
                f"{reverse('queries:board')}?state=answered",
                "",
            )
        )
    return {"sections": sections, "stats": stats, "sites": ", ".join(site.code for site in sites)}


def _deviations_section(found: worklist.Listing | None, show: str) -> list[dict[str, Any]]:
    """For those who settle them; None for the others."""
    if found is None:
        return []
    return [
        section(
            "deviations",
            _("Deviations to settle"),
            found,
            [
                Row(
                    [
                        _person(one.participant.code, one.participant.synthetic),
                        Cell(one.words, url=one.get_absolute_url()),
                        Cell("", state=one.classification),
                        step_words(one),
                    ],
                    tone="bad" if one.classification == "critical" else "",
                )
                for one in found.rows
            ],
            show,
            [_("Participant"), _("Deviation"), _("Class"), _("To do")],
            _("No major or critical deviation is open."),
        )
    ]


def consent_of(user: User, show: str) -> dict[str, Any]:
    """The part of the worklist about consent alone."""
    shown = SHOWN_IN_FULL if show == "consent" else SHOWN
    return {"sections": [_consent_section(worklist.consent_due(user, limit=shown), show)], "stats": []}


def _consent_section(listing: worklist.Listing, show: str) -> dict[str, Any]:
    return section(
        "consent",
        _("Consent"),
        listing,
        [_consent_row(row) for row in listing.rows],
        show,
        [_("Participant"), _("What is due"), _("State"), _("By")],
        _("No signature, copy, witness or recording is due."),
    )


def _consent_later(show: str) -> dict[str, Any]:
    """Of a large site: the page is there at once, and this part when the consent of everybody is folded."""
    return {
        "key": "consent",
        "title": _("Consent"),
        "total": "…",
        "rows": [],
        "part_url": f"{reverse('casebook:worklist')}?part=consent&show={show if show == 'consent' else ''}",
    }


def section(
    key: str,
    title: str,
    listing: worklist.Listing,
    rows: list[Any],
    show: str,
    columns: list[str],
    nothing: str,
) -> dict[str, Any]:
    return {
        "key": key,
        "title": title,
        "total": listing.total,
        "columns": columns,
        "rows": rows,
        "nothing": nothing,
        "more": listing.total - len(rows) if show != key else 0,
        "cut": show == key and listing.total > len(rows),
    }


def _person(code: str, synthetic: bool) -> Cell:
    return Cell(
        code,
        url=reverse("casebook:participant", args=[code]),
        detail=_("synthetic") if synthetic else "",
        nowrap=True,
    )


def visit_label(key: str) -> str:
    visit = protocol.current().visits.get(key)
    return key if visit is None else str(visit.label)


def _due_row(row: worklist.DueVisit) -> Row:
    url = (
        reverse("casebook:visit", args=[row.code, row.visit_id])
        if row.visit_id
        else grid.new_visit_url(row.code, row.key)
    )
    return Row(
        [
            _person(row.code, row.synthetic),
            Cell(visit_label(row.key), url=url),
            Cell("", state=row.state),
            f"{human_date_text(row.earliest)} – {human_date_text(row.latest)}",
            Cell(human_date_text(row.target), detail=days_text(row.days)),
        ],
        tone="bad" if row.state == "overdue" else "",
    )


def days_text(days: int) -> str:
    if days == 0:
        return _("today")
    if days > 0:
        return ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}
    return ngettext("%(n)d day ago", "%(n)d days ago", -days) % {"n": -days}


def _consent_row(row: worklist.ConsentDue) -> Row:
    return Row(
        [
            _person(row.code, row.synthetic),
            Cell(row.task.words, url=task_url(row.code, row.task)),
            Cell("", state=task_state(row.task)),
            human_date_text(row.task.due_on) if row.task.due_on else "–",
        ],
        tone="bad" if row.task.overdue else "",
    )


def _unfinished_row(row: worklist.UnfinishedForm) -> list[Any]:
    url = reverse("crf:edit", args=[row.form, row.record_id])
    return [
        _person(row.code, row.synthetic),
        Cell(title_of(row.form), url=url),
        Cell("", state="incomplete"),
        human_date_text(row.updated_at),
    ]


def _missing_row(row: worklist.VisitWithoutForms) -> list[Any]:
    label = visit_label(row.key) + (f" {row.number}" if row.number > 1 else "")
    return [
        _person(row.code, row.synthetic),
        Cell(label, url=reverse("casebook:visit", args=[row.code, row.visit_id])),
        ", ".join(title_of(form) for form in row.forms),
    ]


def _query_row(query: Any, user: User) -> list[Any]:
    whom = cards.whose(user, query)
    return [
        _person(query.participant.code, query.participant.synthetic),
        title_of(query.form),
        Cell(
            query.words, url=subjects.url_of(query), detail=_("for %(whom)s") % {"whom": whom} if whom else ""
        ),
        human_date_text(query.open_since),
    ]


def _screening_row(entry: Any) -> list[Any]:
    participant = entry.participant
    return [
        Cell(
            entry.number,
            url=reverse("enrolment:screening-entry", args=[entry.number]),
            detail=_("synthetic") if entry.synthetic else "",
            nowrap=True,
        ),
        person_of(entry),
        human_date_text(entry.screened_on),
        _person(participant.code, participant.synthetic) if participant is not None else "–",
    ]


def _follow_up_row(event: AdverseEvent) -> Row:
    due: Any = event.follow_up_due_on
    participant: Any = event.participant
    overdue = due < today_at(event.site)
    return Row(
        [
            _person(participant.code, participant.synthetic),
            Cell(str(event), url=event.page_url, state="serious" if event.serious else ""),
            Cell(human_date_text(due), state="overdue" if overdue else ""),
        ],
        tone="attention" if overdue else "",
    )


def _unreported_row(event: Any) -> Row:
    return Row(
        [
            _person(event.participant.code, event.participant.synthetic),
            Cell(event.verbatim or str(event), url=f"{reverse('safety:event', args=[event.pk])}#clocks"),
            human_date_text(event.aware_at) if event.aware_at else _("not stated"),
        ],
        tone="bad",
    )


def _document_row(due: DocumentDue) -> Row:
    states = {
        "draft": "document_not_approved",
        "lapsed": "document_approval_lapsed",
        "ending": "document_ending",
    }
    document = due.document
    return Row(
        [
            due.site.name,
            Cell(
                f"{document.title} {document.version_label}",
                url=reverse("consent:document", args=[document.id]),
                detail=str(DocumentPurpose(document.purpose).label),
            ),
            Cell("", state=states[due.why]),
            Cell(human_date_text(due.until)) if due.until else "",
        ],
        tone="bad" if due.why == "lapsed" else "",
    )


def _approval_row(due: ApprovalDue) -> Row:
    stands = due.standing
    last = Cell(human_date_text(stands.until)) if stands.state == "lapsed" or stands.holds else Cell("")
    if due.days_left is not None:
        last = Cell(human_date_text(stands.until), detail=days_text(due.days_left))
    url = f"{reverse('enrolment:site-start-up', args=[due.site.code])}#{stands.kind}"
    return Row(
        [
            due.site.name,
            Cell(due.label, url=url, detail=stands.approval.number if stands.approval else ""),
            Cell("", state="approval_soon" if stands.holds else f"approval_{stands.state}"),
            last,
        ],
        tone="" if stands.holds else "bad",
    )
