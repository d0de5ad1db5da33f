"""The page of one participant, as plain parts for the components."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.casebook import charts, grid, insulin_block, selectors
from apps.casebook.grid import title_of
from apps.casebook.selectors import Casebook
from apps.celldose.selectors import sessions_context
from apps.consent.selectors import tasks as consent_tasks
from apps.consent.selectors.places import chip_of
from apps.enrolment.models import Group, Participant
from apps.visits.models import VisitStatus
from apps.visits.selectors import holdings
from studyportal import protocol
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf import display
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.registry import get
from studyportal.deviations.page import may_raise, state_of, step_words
from studyportal.identity import duplicates
from studyportal.queries.cards import may_ask
from studyportal.queries.models import QueryState
from studyportal.ui.parts import Cell, TimelineEvent
from studyportal.ui.templatetags.ui_tags import human_date_text

# The first queries; all are on the board.
SHOWN = 12


def casebook_of(user: User, participant: Participant) -> dict[str, Any]:
    """Everything on the page of one participant. The caller fetched the participant with permission."""
    today = timezone.localdate()
    book = selectors.casebook(participant, today)
    may_enter = user.may(Permission.ENTER_DATA, participant.site_id)
    code = participant.code
    return {
        "participant": participant,
        "synthetic": participant.synthetic,
        "book": book,
        "may_enter": may_enter,
        "consent_url": consent_url(user, participant),
        "may_register": user.may(Permission.REGISTER_PARTICIPANTS, participant.site_id),
        "may_ask": may_ask(user, participant.site_id),
        "may_see_identity": user.may(Permission.VIEW_IDENTITY, participant.site_id),
        "may_see_trail": user.may(Permission.VIEW_AUDIT_TRAIL, participant.site_id),
        "consent_chip": chip_of(book.consent) if book.consent_events else "missing",
        "consent_since": consent_since(book),
        "alerts": [
            *duplicate_alerts(user, participant),
            *alerts_of(book, consent_url(user, participant)),
            *consent_due(user, participant),
        ],
        "facts": facts_of(book),
        "progress": book.progress,
        "open_queries": [query for query in book.queries if query.state == QueryState.OPEN],
        "grid": grid.grid_of(book, today=today, may_enter=may_enter),
        "about": about_of(book, may_enter),
        "insulin": insulin_block.tables(book.participant, book.insulin),
        "outside": outside_visits(book),
        **sessions_context(participant, user),
        "life": selectors.life_of(participant, today),
        "timeline": timeline_of(book),
        "charts": charts.charts_of(book),
        "query_cards": book.queries[:SHOWN],
        "query_total": len(book.queries),
        "deviation_rows": [
            [
                Cell(
                    deviation.words,
                    url=deviation.get_absolute_url() if user.may(Permission.VIEW_SAFETY) else "",
                ),
                Cell("", state=deviation.classification),
                Cell("", state=state_of(deviation), detail=step_words(deviation)),
                human_date_text(deviation.occurred_on or deviation.raised_at),
            ]
            for deviation in book.deviations
        ],
        "deviation_url": f"{reverse('deviations:new')}?participant={code}"
        if may_raise(user, participant.site_id)
        else "",
        "deviation_columns": [_("Deviation"), _("Class"), _("State"), _("Day")],
        "consent_rows": [
            consent_row(event, code if consent_url(user, participant) else "")
            for event in book.consent_events
        ],
        "consent_columns": [_("Entry"), _("Signed"), _("Signer"), _("Document"), _("Entered")],
    }


def facts_of(book: Casebook) -> list[tuple[Any, ...]]:
    participant, about = book.participant, book.demographics
    facts: list[tuple[Any, ...]] = [
        (_("Group"), participant.get_group_display()),
        (_("Status"), participant.get_status_display(), since_text(participant.status_since)),
        (_("Site"), str(participant.site)),
        (
            _("Enrolled"),
            human_date_text(participant.enrolled_on) if participant.enrolled_on else _("not recorded"),
        ),
        (_("Protocol"), _("version %s") % protocol.of(participant).version),
    ]
    if about is not None and about.age_at_enrolment is not None:
        facts.append((_("Age at enrolment"), _("%(n)d years") % {"n": about.age_at_enrolment}))
    else:
        facts.append((_("Age at enrolment"), _("not recorded")))
    facts.append((_("Sex"), (words(about, "sex") if about is not None else "") or _("not recorded")))
    if participant.group == Group.CONTROL:
        case = participant.matched_case
        facts.append(
            (
                _("Index date"),
                human_date_text(participant.index_date) if participant.index_date else _("not set"),
            )
        )
        facts.append((_("Matched case"), case.code if case else _("none")))
    return facts


def since_text(since: Any) -> str:
    return _("since %(day)s") % {"day": human_date_text(since)} if since is not None else ""


def words(record: Any, name: str) -> str:
    """The value of a field as people read it."""
    return str(record._meta.get_field(name).for_people(getattr(record, name)) or "")


def consent_since(book: Casebook) -> Any:
    signed = [
        e.signed_on for e in book.consent_events if e.kind in ("consent", "lar_consent") and e.signed_on
    ]
    return signed[-1] if signed and book.consent.in_force == "yes" else None


# Tone, title, particulars, and where it is mended with the words of the link ("" for nowhere).
Alert = tuple[str, str, list[str], str, str]


def consent_url(user: User, participant: Participant) -> str:
    """The person's page of consent, for whoever records it."""
    if not user.may(Permission.RECORD_CONSENT, participant.site_id):
        return ""
    return reverse("consent:participant", args=[participant.code])


def duplicate_alerts(user: User, participant: Participant) -> list[Alert]:
    """That the study may know this person under a second code, as far as the user may be told."""
    found = duplicates.alert_of(user, participant)
    return [(*found, "", "")] if found else []


def consent_due(user: User, participant: Participant) -> list[Alert]:
    """What of consent is to be done."""
    url = consent_url(user, participant)
    if not url:
        return []
    due = consent_tasks([participant], by=user).get(participant.pk, [])
    if not due:
        return []
    tone = "bad" if any(task.overdue for task in due) else "attention"
    return [(tone, _("Consent: what is due"), [task.words for task in due], url, _("Consent"))]


def alerts_of(book: Casebook, consent_url: str = "") -> list[Alert]:
    """What a coordinator should know before anything else."""
    found: list[Alert] = []
    why = list(book.consent.why)
    to_consent = (consent_url, _("Who must sign, and the log") if consent_url else "")
    if book.consent.in_force == "no":
        found.append(("bad", _("Consent to take part is not in force"), why, *to_consent))
    elif book.consent.in_force == "indeterminate":
        found.append(("attention", _("It cannot be shown that consent is in force"), why, *to_consent))
    elif book.consent.withdrawn:
        found.append(("attention", _("Consent is withdrawn in part"), why, *to_consent))
    if book.participant.group == Group.UNASSIGNED:
        found.append(
            ("info", _("The participant is in no group yet, so no visit has a due date"), [], "", "")
        )
    serious = [event for event in book.adverse_events if event.serious]
    if serious:
        url = serious[0].page_url
        if len(serious) > 1:
            url = f"{reverse('safety:events')}?{urlencode({'q': book.participant.code, 'serious': 'yes'})}"
        found.append(
            (
                "bad",
                _("Serious adverse events"),
                [str(event) for event in serious],
                url,
                _("Follow-ups, reports and clocks"),
            )
        )
    critical = [d.words for d in book.deviations if d.classification == "critical" and d.state == "open"]
    if critical:
        found.append(("bad", _("Critical deviations"), critical, "", ""))
    return found


def about_of(book: Casebook, may_enter: bool) -> list[list[Any]]:
    """Forms about the participant, and those that repeat outside visits."""
    held = {one.form: one for one in book.held if one.visit_id is None}
    records: dict[str, list[Any]] = {
        "demographics": [book.demographics] if book.demographics else [],
        "medical-history": [book.history] if book.history else [],
        "hospitalisation": list(book.hospitalisations),
    }
    code = book.participant.code
    signs = {(one.form, one.object_id): one.state for one in book.signed}
    signed = grid.signs_of(book)
    when_they_apply = protocol.current().forms_when_they_apply
    rows: list[list[Any]] = []
    for spec in holdings.participant_forms():
        if spec.key == "cell-session":
            continue
        own: list[Any] = records.get(spec.key, [])
        if spec.key not in records and spec.key in held:
            rows.append(_held_row(book.participant.code, held[spec.key], signed.get((None, spec.key), "")))
            if spec.repeats and may_enter:
                rows.append(_another_row(code, spec))
            continue
        for record in own:
            rows.append(
                [
                    Cell(str(spec.title), url=record.get_absolute_url()),
                    Cell("", state=record.status),
                    Cell(display.summary(spec, record), state=signs.get((spec.key, record.pk), "")),
                ]
            )
        if not own and may_enter:
            optional = spec.repeats or spec.key in when_they_apply
            rows.append(
                [
                    Cell(str(spec.title)),
                    Cell(
                        _("Begin"),
                        url=grid.new_form_url(code, spec.key),
                        state="" if optional else "not_started",
                    ),
                    "",
                ]
            )
        elif spec.repeats and may_enter:
            rows.append(_another_row(code, spec))
    return rows


def _another_row(code: str, spec: Any) -> list[Any]:
    return [
        Cell(_("%(form)s: another") % {"form": spec.title}),
        Cell(_("Add"), url=grid.new_form_url(code, spec.key)),
        "",
    ]


def outside_visits(book: Casebook) -> list[list[Any]]:
    """Forms of visits that belong to none: laboratory results of the time before the study, adverse events."""
    signed = grid.signs_of(book)
    return [
        _held_row(book.participant.code, one, signed.get((None, one.form), ""))
        for one in book.held
        if one.visit_id is None and "visit" in get(one.form).parents
    ]


def _held_row(code: str, one: holdings.Held, sign: str) -> list[Any]:
    several = reverse("casebook:records", args=[code, one.form])
    return [
        Cell(
            title_of(one.form),
            url=several if one.count > 1 else reverse("crf:edit", args=[one.form, one.first_id]),
        ),
        Cell("", state="complete" if one.is_complete else "incomplete"),
        Cell(ngettext("%(n)d record", "%(n)d records", one.count) % {"n": one.count}, state=sign),
    ]


def consent_row(event: Any, linked_for: str) -> list[Any]:
    return [
        Cell(
            event.get_kind_display(),
            url=reverse("consent:entry", args=[linked_for, event.pk]) if linked_for else "",
            detail=words(event, "withdrawal_scopes"),
        ),
        human_date_text(event.signed_on) if event.signed_on else _("not recorded"),
        words(event, "signer") or _("not recorded"),
        _("version %(v)s") % {"v": event.document_version}
        if event.document_version
        else _("version not recorded"),
        Cell(human_date_text(event.entered_at), detail=str(event.entered_by)),
    ]


def session_url(code: str, number: int | None, record: Any) -> str:
    """The page of a cell session; a session without a number is reached by its form."""
    return (
        reverse("celldose:session", args=[code, number]) if number is not None else record.get_absolute_url()
    )


def timeline_of(book: Casebook) -> list[TimelineEvent]:
    """Everything that happened, in order; what has no date comes last and says so."""
    dated: list[tuple[Any, TimelineEvent]] = []

    def add(when: Any, title: str, **more: Any) -> None:
        shown = when if when is not None else _("date not recorded")
        dated.append((when, TimelineEvent(shown, title, **more)))

    code = book.participant.code
    if book.history is not None:
        url = book.history.get_absolute_url()
        add(book.history.diagnosed_on, _("Diabetes diagnosed"), icon="flag", url=url)
        if book.history.insulin_since is not None:
            add(book.history.insulin_since, _("Insulin started"), icon="drop", url=url)
    for stay in book.hospitalisations:
        add(
            stay.admitted_on,
            _("In hospital before the study"),
            text=words(stay, "reason"),
            icon="home",
            url=stay.get_absolute_url(),
        )
    for event in book.consent_events:
        tone = (
            "bad"
            if event.kind == "withdrawal"
            else "good"
            if "consent" in event.kind or "assent" in event.kind
            else "neutral"
        )
        add(event.signed_on, event.get_kind_display(), tone=tone, icon="shield", url="#consent")
    for session in book.sessions:
        when = session.performed_on
        add(
            when,
            str(session),
            tone="accent",
            icon="syringe",
            url=session_url(code, session.number, session),
            text=""
            if when
            else _("planned for %(day)s") % {"day": human_date_text(session.planned_on)}
            if session.planned_on
            else "",
        )
    for infusion in book.infusions:
        if infusion.started_at is not None:
            add(
                infusion.started_at,
                _("Infusion of %(product)s") % {"product": infusion.product},
                tone="accent",
                icon="drop",
                url=infusion.get_absolute_url(),
            )
    for visit in book.visits:
        if visit.status == VisitStatus.PLANNED:
            continue
        detail = (
            _("day %(n)d") % {"n": visit.day_number} if visit.day_number is not None else visit.nominal_label
        )
        missed = visit.status == VisitStatus.MISSED
        add(
            visit.happened_on,
            visit.label if not missed else _("%(visit)s missed") % {"visit": visit.label},
            text=visit.missed_reason,
            detail=detail,
            tone="attention" if missed else "neutral",
            icon="calendar",
            url=reverse("casebook:visit", args=[code, visit.pk]),
        )
    for harm in book.adverse_events:
        add(
            harm.onset_on,
            harm.verbatim or _("Adverse event"),
            text=words(harm, "grade"),
            tone="bad" if harm.serious else "attention",
            icon="alert",
            url=harm.page_url,
            detail=_("serious") if harm.serious else "",
        )
    return [event for _when, event in sorted(dated, key=lambda pair: _order(pair[0]))]


def _order(when: Any) -> tuple[int, str]:
    """Ages come first (they are history), then days, then what has no date."""
    if when is None:
        return 2, ""
    if isinstance(when, PartialDate):
        if when.age is not None:
            return 0, f"{when.age:03d}"
        return 1, when.earliest.isoformat() if when.earliest else ""
    if isinstance(when, dt.datetime):
        return 1, timezone.localtime(when).isoformat()
    return 1, when.isoformat()
