"""The consent of one participant on one page: what is in force now and on any day, and how it came to be."""

from __future__ import annotations

import copy
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent import selectors as consent
from apps.consent.models import ABOUT_A_SIGNATURE, ConsentEvent, Kind, Purpose, Signer, WithdrawalScope
from apps.consent.rules import documents as document_rules
from apps.consent.rules.events import NEVER_CORRECTED
from apps.consent.rules.same import taken_back
from apps.consent.selectors.documents import register_of
from apps.consent.selectors.logs import known_of
from apps.consent.selectors.places import chip_of
from apps.consent.signals import procedures_asked
from apps.enrolment.models import Participant
from apps.oversight import entry_page, log_choice, log_lines, looks_page
from apps.oversight.narrowing import clean_day
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell, Column, Filter, Row, TimelineEvent
from studyportal.ui.templatetags.ui_tags import human_date_text

LOOKS_SHOWN = 15
NO_SIGNATURE = (*ABOUT_A_SIGNATURE, Kind.CORRECTION)


def context_of(user: User, participant: Participant, query: QueryDict) -> dict[str, Any]:
    """participant: with its site, in whose zone the days are meant."""
    today = timezone.localdate()
    day = day_of(query, today)
    events = list(log_choice.log(user).filter(participant=participant).order_by("id"))
    procedures = procedures_of(participant)
    state = consent.state_for(participant, today, by=user)
    # At the end of the day: what was signed on it counts, as far as its time is known.
    then = consent.state_for(participant, day, by=user) if day != today else state
    # Of days in the past an auditor is told what the year of birth tells; day after day would tell the birth date.
    known = known_of([participant], by=user, on=dt.date.min)[participant.pk]
    whens: list[Any] = [one.at or one.on for one in procedures]
    verdicts = [known.state(when) for when in whens]
    register = register_of([participant.site_id])[participant.site_id]
    standing = as_corrected(events)
    return {
        "participant": participant,
        "synthetic": participant.synthetic,
        "narrowed": {"on": day.isoformat()} if day != today else {},
        "chip": chip_of(state) if events else "missing",
        "filters": [Filter("on", _("What was in force on"), widget="date", value=day.isoformat())],
        "clear_url": reverse("oversight:consent-story", args=[participant.code]) if day != today else "",
        "state_columns": [
            _("Consent for"),
            _("Today, %(day)s") % {"day": human_date_text(today)},
            *([_("On %(day)s") % {"day": human_date_text(day)}] if day != today else []),
        ],
        "state_rows": state_rows([state] if day == today else [state, then]),
        "day": day if day != today else None,
        "why": list(then.why),
        "due": [due_words(one) for one in state.due],
        "signed_columns": signed_columns(),
        "signed": [signed_row(one, events, register) for one in standing if one.kind not in NO_SIGNATURE],
        **findings_part(participant),
        "line": line_of(standing, list(zip(procedures, verdicts, strict=True))),
        "correction_columns": [
            _("Entry"), _("Value"), _("As it was entered"), _("As it was corrected"), _("By"), _("Why"),
        ],
        "corrections": correction_rows(events),
        "columns": log_lines.headings(with_participant=False),
        "rows": [Row(log_lines.cells(event, with_participant=False)) for event in events],
        "log_url": f"{reverse('oversight:consent-log')}?participant={participant.code}",
        "answers_url": reverse("oversight:participant", args=[participant.code])
        if user.may(Permission.VIEW_FINDINGS, participant.site_id)
        else "",
        "trail_url": f"{reverse('oversight:audit-trail')}?participant={participant.code}"
        if user.may(Permission.VIEW_AUDIT_TRAIL, participant.site_id)
        else "",
        **looks_part(user, participant),
    }  # fmt: skip


def day_of(query: QueryDict, today: dt.date) -> dt.date:
    """The day that was asked for; today when none was, or when it cannot be one."""
    said = clean_day(query.get("on"))
    return dt.date.fromisoformat(said) if said else today


# --- what is in force -----------------------------------------------------------------------------------


def verdict_of(verdict: str | None) -> str:
    return {
        "yes": _("in force"),
        "no": _("not in force"),
        None: _("not asked"),
    }.get(verdict, _("undecided by the record"))


def sessions_of(state: consent.ConsentState) -> str:
    if state.all_sessions:
        return _("all")
    return ", ".join(str(number) for number in sorted(state.for_sessions)) or _("none")


def withdrawn_of(state: consent.ConsentState) -> str:
    return ", ".join(str(WithdrawalScope(one).label) for one in sorted(state.withdrawn)) or _("nothing")


def representative_of(state: consent.ConsentState) -> str:
    who = state.representative
    if who is None:
        return _("nobody is needed, or nobody did")
    return str(Signer(who).label) if who in Signer.values else who


def state_rows(states: Sequence[consent.ConsentState]) -> list[list[str]]:
    """One row for each purpose and particular, one cell for each day."""
    return [
        *(
            [str(label), *(verdict_of(state.purposes.get(str(purpose))) for state in states)]
            for purpose, label in Purpose.choices
        ),
        [_("Sessions covered"), *(sessions_of(state) for state in states)],
        [_("Withdrawn and not given again"), *(withdrawn_of(state) for state in states)],
        [_("Who consents for the participant"), *(representative_of(state) for state in states)],
        [
            _("Last day, as far as is known"),
            *(human_date_text(state.until) if state.until else _("no end is known") for state in states),
        ],
    ]


def due_words(due: Any) -> str:
    by = _("by %(day)s") % {"day": human_date_text(due.by_on)} if due.by_on else ""
    late = _("overdue") if due.overdue else ""
    return ": ".join(filter(None, [", ".join(filter(None, [late, by])), str(due.why)]))


# --- who signed what ------------------------------------------------------------------------------------


def as_corrected(events: Iterable[ConsentEvent]) -> list[ConsentEvent]:
    """The entries that are no corrections, each with the values that its corrections state, as copies that nobody
    saves. `corrected_by` are the numbers of its corrections; `taken_back` says that it stands no longer."""
    events = list(events)
    gone = taken_back(event.as_event() for event in events)
    standing: dict[int, Any] = {}
    first: dict[int, int] = {}
    names = [*ConsentEvent.fields_entered(), "document_sha256", "paper_sha256"]
    for event in events:
        if event.kind != Kind.CORRECTION:
            own: Any = copy.copy(event)
            own.corrected_by, own.taken_back = [], event.pk in gone
            standing[event.pk], first[event.pk] = own, event.pk
            continue
        original = first.get(event.corrects_id or 0)
        if original is None:
            continue
        first[event.pk] = original
        corrected = standing[original]
        corrected.corrected_by.append(log_lines.number_of(event))
        for name in names:
            value = getattr(event, name)
            if name not in NEVER_CORRECTED and value not in (None, [], ""):
                setattr(corrected, name, value)
        for name in ("document", "obtainer"):
            if getattr(event, f"{name}_id"):
                setattr(corrected, name, getattr(event, name))
    return list(standing.values())


def signed_columns() -> list[Any]:
    return [
        Column(_("No.")),
        _("What"),
        _("Signed"),
        _("By"),
        _("Document on that day"),
        _("Obtained by"),
        _("Witness and recording"),
        _("Copy given"),
        _("From signature to entry"),
    ]


def signed_row(event: Any, events: Sequence[ConsentEvent], register: document_rules.Register) -> list[Any]:
    """One signature, dissent, withdrawal or change of items as it stands with its corrections."""
    about = [one for one in events if one.concerns_id == event.pk]
    corrected = ", ".join(_("no. %(n)d") % {"n": n} for n in event.corrected_by)
    proof = [
        log_lines.words(event, "signer_relationship"),
        labelled(event, "lar_relationship_proof", _("proof: %(what)s")) if by_another(event) else "",
        _("%(n)d years old") % {"n": event.age_at_signature} if event.age_at_signature is not None else "",
        log_lines.words(event, "method"),
    ]
    version = log_lines.words(event, "document_version")
    document = " · ".join(
        filter(
            None,
            [
                log_lines.words(event, "document_language"),
                entry_page.standing_of(event, register) if event.document_id else _("not in the register"),
                log_lines.words(event, "ethics_approval_number"),
            ],
        )
    )
    beside = [
        labelled(event, "witness", _("witness: %(what)s")),
        log_lines.words(event, "witness_relation"),
        labelled(event, "audio_visual", _("recording: %(what)s")),
        log_lines.words(event, "recording_reason"),
        *(
            f"{log_lines.number_of(one)} {one.get_kind_display()}"
            for one in about
            if one.kind != Kind.COPY_GIVEN
        ),
    ]
    copies = [
        _("no. %(n)d") % {"n": log_lines.number_of(one)} for one in about if one.kind == Kind.COPY_GIVEN
    ]
    is_withdrawal = event.kind in (Kind.WITHDRAWAL, Kind.OPTIONAL_ITEMS, Kind.DISSENT)
    return [
        Cell(
            str(log_lines.number_of(event)),
            url=log_lines.url_of(event),
            detail="" if not corrected else taken_back_words(event) % {"which": corrected},
        ),
        Cell(str(event.get_kind_display()), detail=log_lines.scope(event)),
        Cell(
            log_lines.words(event, "signed_on") or log_lines.nothing(event) or _("no day"),
            detail=log_lines.time_of(event) or _("time not known"),
            nowrap=event.signed_on is not None,
        ),
        Cell(log_lines.words(event, "signer") or log_lines.nothing(event), detail=" · ".join(filter(None, proof))),
        ""
        if is_withdrawal and not version
        else Cell(_("version %(v)s") % {"v": version} if event.document_version else version or _("not recorded"), detail=document),
        Cell(
            log_lines.obtained_by(event) or log_lines.nothing(event),
            detail=_("delegation recorded") if event.delegation_id else "",
        ),
        "; ".join(filter(None, beside)),
        "" if is_withdrawal else Cell(log_lines.words(event, "copy_given") or _("not recorded"), detail=", ".join(copies)),
        log_lines.lag_words(event),
    ]  # fmt: skip


def taken_back_words(event: Any) -> str:
    return _("taken back by %(which)s") if event.taken_back else _("corrected by %(which)s")


def labelled(event: Any, name: str, words: str) -> str:
    said = log_lines.words(event, name)
    return words % {"what": said} if said else ""


def by_another(event: Any) -> bool:
    """Whether somebody signed for the participant."""
    return event.kind == Kind.LAR_CONSENT or event.signer not in (None, Signer.PARTICIPANT)


def correction_rows(events: Sequence[ConsentEvent]) -> list[list[Any]]:
    by_entry: dict[int, list[ConsentEvent]] = defaultdict(list)
    known = {event.pk: event for event in events}
    for event in events:
        if event.corrects_id in known:
            by_entry[event.corrects_id].append(event)
    rows = []
    for pk, corrections in by_entry.items():
        event = known[pk]
        number = Cell(_("no. %(n)d") % {"n": log_lines.number_of(event)}, url=log_lines.url_of(event))
        for one in corrections:
            found = entry_page.corrected_rows(event, [one])
            rows += [[number, *row, one.note or _("no reason given")] for row in found]
    return rows


# --- findings, looks ------------------------------------------------------------------------------------


def findings_part(participant: Participant) -> dict[str, Any]:
    return {
        "finding_columns": [Column(_("No."), numeric=True), _("Question"), _("Severity"), _("Verdict"), _("What")],
        "findings": [
            [
                Cell(str(one.number), url=reverse("oversight:finding", args=[one.number])),
                one.title,
                Cell("", state=one.severity),
                _("Found") if one.verdict == "fail" else _("Undecided by the record"),
                one.message,
            ]
            for one in consent.findings_of(participant)
        ],
    }  # fmt: skip


def looks_part(user: User, participant: Participant) -> dict[str, Any]:
    """Who looked at the consent of the participant last."""
    if not user.may(Permission.VIEW_FINDINGS, participant.site_id):
        return {"looks": None}
    choice = looks_page.LooksChoice(participant=participant.code, about=looks_page.CONSENT)
    newest = looks_page.looks(user, choice, timezone.get_current_timezone())
    return {
        "look_columns": looks_page.headings(),
        "looks": [looks_page.row(one) for one in newest.order_by("-id")[:LOOKS_SHOWN]],
        "looks_url": f"{reverse('oversight:views')}?participant={participant.code}&about={looks_page.CONSENT}",
    }


# --- signatures and procedures in order -----------------------------------------------------------------


def procedures_of(participant: Participant) -> list[consent.Procedure]:
    """What was done to the participant and when, as the findings see it: no clinical values."""
    known: list[consent.Procedure] = []
    for _receiver, answer in procedures_asked.send(sender=ConsentEvent, participant_ids=[participant.pk]):
        found: Any = answer or {}
        known += found.get(participant.pk, [])
    return sorted(
        known, key=lambda one: (one.on.earliest if one.on and one.on.earliest else dt.date.max, one.what)
    )


def line_of(
    events: Sequence[Any], procedures: Sequence[tuple[consent.Procedure, consent.ConsentState]]
) -> list[TimelineEvent]:
    """Signatures and what was done, in one order: what a reader compares."""
    placed: list[tuple[tuple[int, str, int], TimelineEvent]] = []
    for event in events:
        when = event.signed_on
        tone = "bad" if event.kind in (Kind.WITHDRAWAL, Kind.DISSENT) else "good"
        if event.kind in ABOUT_A_SIGNATURE:
            tone = "neutral"
        corrected = _("as corrected") if event.corrected_by else ""
        if event.taken_back:
            tone, corrected = "neutral", _("taken back: it stands no longer")
        said = [log_lines.scope(event), corrected, event.note or ""]
        placed.append(
            (
                _order(when, 0),
                TimelineEvent(
                    event.signed_at or when or _("date not recorded"),
                    event.get_kind_display(),
                    text="; ".join(filter(None, said)),
                    tone=tone,
                    icon="shield",
                    url=log_lines.url_of(event),
                    detail=_("entry %(n)d") % {"n": log_lines.number_of(event)},
                ),
            )
        )
    for procedure, state in procedures:
        verdict = verdict_before(procedure, state)
        placed.append(
            (
                _order(procedure.on, 1),
                TimelineEvent(
                    procedure.at or procedure.on or _("date not recorded"),
                    procedure.what,
                    text=before_words(verdict),
                    tone={"no": "bad", "yes": "accent"}.get(verdict, "attention"),
                    icon="syringe" if procedure.is_treatment else "calendar",
                ),
            )
        )
    return [event for _key, event in sorted(placed, key=lambda pair: pair[0])]


def verdict_before(procedure: consent.Procedure, state: consent.ConsentState) -> str:
    """Whether consent to it came before it. Dates that cannot show the order decide nothing."""
    if not procedure.is_treatment:
        return state.in_force
    if procedure.session_number is None:
        return state.procedure
    return state.covers_session(procedure.session_number)


def before_words(verdict: str) -> str:
    words: Mapping[str, str] = {
        "yes": _("consent to it was in force before it"),
        "no": _("no consent to it was in force before it"),
    }
    return words.get(verdict, _("the record does not show whether consent came before it"))


def _order(when: Any, rank: int) -> tuple[int, str, int]:
    known = when is not None and when.earliest is not None
    return (0 if known else 1, when.earliest.isoformat() if known else "", rank)
