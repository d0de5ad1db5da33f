"""One adverse event as the page shows it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.safety.crfs import ADVERSE_EVENT, DKA_EPISODE, FOLLOW_UP, HYPOGLYCAEMIA_EPISODE
from apps.safety.event_list_page import is_overdue
from apps.safety.models import AdverseEvent, Term
from apps.safety.rules import Suggested, is_unexpected_reaction
from apps.safety.rules.grades import plain
from apps.safety.selectors.events import EventFile, related_events
from apps.safety.suggestions import Graded, graded_around
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf import display
from studyportal.crf.absence import label_of
from studyportal.crf.actions import values_of
from studyportal.crf.spec import CrfSpec
from studyportal.protocol.units import readable
from studyportal.queries.models import Query, QueryState
from studyportal.ui.parts import Cell, Column, TimelineEvent
from studyportal.ui.templatetags.ui_tags import human_date_text

HYPOGLYCAEMIAS = (Term.HYPOGLYCAEMIA, Term.HYPOGLYCAEMIA_LEVEL_3)
# Shown in the section on the grade, beside the results.
ELSEWHERE = ("grade_basis", "grade_suggested")


def page_of(file: EventFile, user: User) -> dict[str, Any]:
    event = file.event
    may_enter = user.may(Permission.ENTER_DATA, event.site_id)
    may_open = user.may(Permission.VIEW_DATA, event.site_id)
    queries = _queries(file) if may_open else []
    return {
        "file": file,
        "event": event,
        "participant": file.participant,
        "synthetic": file.participant.synthetic,
        "heading": event.verbatim or _("Adverse event"),
        "term": Term(event.term).label if event.term else "",
        "unexpected_reaction": is_unexpected_reaction(values_of(ADVERSE_EVENT, event)),
        "may_enter": may_enter,
        "may_open": may_open,
        "missing": _missing(event) if not event.is_complete else [],
        "queries": queries,
        "follow_up_overdue": file.is_open
        and event.follow_up_due_on is not None
        and is_overdue(event.follow_up_due_on, event.site),  # type: ignore[arg-type]
        "sections": _sections(event),
        "links": _links(file, may_open),
        "related": [
            (str(other), other.page_url, human_date_text(other.onset_on) if other.onset_on else "")
            for other in related_events(event, user)
        ],
        "grade_said": _grade_said(event),
        "grade_columns": [
            _("Result"),
            _("Sample"),
            _("Limits of normal"),
            Column(_("Grade"), numeric=True),
            _("By what"),
        ],
        "grades": [_grade_row(one, may_open) for one in graded_around(event)],
        "follow_up_columns": [
            Column(_("No."), numeric=True),
            _("As of"),
            Column(_("Grade"), numeric=True),
            _("Serious"),
            _("Outcome"),
            _("Action taken"),
            _("Course"),
            _("Next"),
        ],
        "follow_ups": [_follow_up_row(one, may_open) for one in file.follow_ups],
        "episodes": [
            (str(spec.title), _lines(spec, record), record.get_absolute_url() if may_open else "")
            for spec, record in ((DKA_EPISODE, file.dka), (HYPOGLYCAEMIA_EPISODE, file.hypoglycaemia))
            if record is not None
        ],
        "episode_to_add": _episode_to_add(file) if may_enter else None,
        "new_follow_up_url": _new_url(event, FOLLOW_UP),
        "timeline": _timeline(file),
    }


def _sections(event: AdverseEvent) -> list[tuple[str, list[tuple[str, Any, str]]]]:
    found = []
    for title, shown in display.lines(ADVERSE_EVENT, event):
        rows = [
            (line.label, line.text or line.absent or _("not recorded"), "")
            for line in shown
            if line.name not in ELSEWHERE
        ]
        found.append((title, rows))
    return found


def _lines(spec: CrfSpec, record: Any) -> list[tuple[str, Any, str]]:
    return [
        (line.label, line.text or line.absent or _("not recorded"), "")
        for _title, shown in display.lines(spec, record)
        for line in shown
    ]


def _missing(event: AdverseEvent) -> list[str]:
    """Labels of what a complete form still needs."""
    values = {name: getattr(event, name) for name in ADVERSE_EVENT.fields}
    return [
        str(field.label)
        for name, field in ADVERSE_EVENT.entered_fields.items()
        if field.required
        and values[name] is None
        and not event.absent_reason(name)
        and ADVERSE_EVENT.shown(name, values)
    ]


def _queries(file: EventFile) -> list[tuple[str, str]]:
    """What is asked about the event and the forms below it: message and address of the form."""
    own: list[tuple[str, Any]] = [(ADVERSE_EVENT.key, file.event)]
    own += [(FOLLOW_UP.key, one) for one in file.follow_ups]
    own += [
        (spec.key, one)
        for spec, one in ((DKA_EPISODE, file.dka), (HYPOGLYCAEMIA_EPISODE, file.hypoglycaemia))
        if one is not None
    ]
    by_key = {(form, record.pk): record for form, record in own}
    asked = Query.objects.filter(
        participant_id=file.event.participant_id,
        form__in={form for form, _record in own},
        object_id__in=[record.pk for _form, record in own],
    ).exclude(state=QueryState.CLOSED)
    return [
        (query.words, by_key[query.form, query.object_id].get_absolute_url())
        for query in asked.order_by("id")
        if query.object_id is not None and (query.form, query.object_id) in by_key
    ]


def _links(file: EventFile, may_open: bool) -> list[tuple[str, Any, str]]:
    """What the event is linked to: label, words, address."""

    def to(url: str) -> str:
        return url if may_open else ""

    found: list[tuple[str, Any, str]] = [
        (_("Participant"), file.participant.code, to(file.participant.get_absolute_url()))
    ]
    visit: Any = file.event.visit
    if visit is not None:
        found.append(
            (
                _("Reported at the visit"),
                visit.label,
                to(reverse("casebook:visit", args=[file.participant.code, visit.pk])),
            )
        )
    if file.session is not None:
        found.append((_("Cell session"), file.session, to(file.session.page_url)))
    if file.product is not None:
        found.append(
            (_("Cell product"), file.product, to(reverse("celldose:product", args=[file.product.pk])))
        )
    return found


def _grade_said(event: AdverseEvent) -> str:
    if event.grade_basis:
        return str(event.grade_basis)
    return label_of(event.absent_reason("grade_basis")) if event.absent_reason("grade_basis") else ""


def _grade_row(one: Graded, may_open: bool) -> list[Any]:
    result: Any = one.result
    low, high = result.normal_low, result.normal_high
    fields = type(result).crf_fields()
    limits = " – ".join(plain(limit) if limit is not None else "…" for limit in (low, high))
    graded = isinstance(one.suggestion, Suggested)
    said = one.suggestion.basis if isinstance(one.suggestion, Suggested) else one.suggestion.why
    return [
        Cell(
            f"{fields['analyte'].for_people(result.analyte)} {result.reported} {readable(result.unit or '')}".strip(),
            url=result.get_absolute_url() if may_open else "",
            detail=_("the nearest to the onset: it is the one that counts") if one.chosen else "",
        ),
        Cell(
            human_date_text(result.collected_on),
            nowrap=True,
            detail=_("day of the onset") if one.days == 0 else _("%(n)+d d") % {"n": one.days},
        ),
        limits if limits != "… – …" else "–",
        str(one.suggestion.grade) if graded else "–",  # type: ignore[union-attr]
        said,
    ]


def _follow_up_row(one: Any, may_open: bool) -> list[Any]:
    words = {name: field.for_people(getattr(one, name)) for name, field in type(one).crf_fields().items()}
    return [
        Cell(str(one.number or "–"), url=one.get_absolute_url() if may_open else ""),
        Cell(words["seen_on"] or "–", state="" if one.is_complete else "incomplete", nowrap=True),
        one.grade or "–",
        Cell(words["serious"] or "–", detail=words["serious_criteria"]),
        Cell(words["outcome"] or "–", detail=words["ended_on"]),
        words["action_taken"] or "–",
        words["course"] or "–",
        Cell(words["next_due_on"] or "–", nowrap=True),
    ]


def _episode_to_add(file: EventFile) -> tuple[str, str] | None:
    """The form of an emergency that the term asks for and that is not there: words and address."""
    if file.event.term == Term.DKA and file.dka is None:
        return _("Record the ketoacidosis"), _new_url(file.event, DKA_EPISODE)
    if file.event.term in HYPOGLYCAEMIAS and file.hypoglycaemia is None:
        return _("Record the hypoglycaemia"), _new_url(file.event, HYPOGLYCAEMIA_EPISODE)
    return None


def _new_url(event: AdverseEvent, spec: CrfSpec) -> str:
    code = event.participant.code
    return f"{reverse('crf:new', args=[code, spec.key])}?event={event.pk}"


def _timeline(file: EventFile) -> list[TimelineEvent]:
    event: Any = file.event
    dated: list[tuple[Any, TimelineEvent]] = []

    def add(when: Any, title: str, **more: Any) -> None:
        if when is not None:
            dated.append((when, TimelineEvent(when, title, **more)))

    add(event.onset_at or event.onset_on, _("Began"), tone="attention", icon="alert")
    add(event.aware_at, _("The site became aware"), icon="eye")
    add(event.serious_since, _("Known to be serious"), tone="bad", icon="alert")
    add(event.hospital_from, _("Into hospital"), icon="home")
    add(event.hospital_until, _("Out of hospital"), icon="home")
    for one in file.follow_ups:
        add(
            one.seen_on,
            str(one),
            text=type(one).crf_fields()["outcome"].for_people(one.outcome),
            icon="history",
        )
    for report in file.reports:
        add(report.sent_at, str(report), text=report.recipient_label, icon="file")
    add(event.ended_on, _("Ended"), tone="good", icon="check")
    return [one for _when, one in sorted(dated, key=lambda pair: _order(pair[0]))]


def _order(when: Any) -> str:
    if hasattr(when, "earliest"):
        return str(when.earliest or "")
    return str(when.isoformat())
