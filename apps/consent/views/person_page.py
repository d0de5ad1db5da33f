"""The consent of one person as its page shows it: what is in force, who signs now, what is due, and the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent import selectors
from apps.consent.models import OPTIONAL, ConsentEvent, Kind, Purpose, Signer, WithdrawalScope
from apps.consent.rules import ConsentState, Task, same
from apps.consent.selectors import Asked
from apps.consent.selectors.line import line_of
from apps.consent.selectors.places import chip_of, sign_url, task_state, task_url
from apps.consent.views import entry_page, signing_page
from apps.consent.views.choices import items_standing
from apps.consent.views.consent_line import ConsentLine
from apps.consent.views.sitting import TITLES, language_name, title_of
from apps.consent.views.standing import corrections_of
from apps.enrolment.models import Participant
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell, Row
from studyportal.ui.templatetags.ui_tags import human_date_text
from studyportal.words import translated


@dataclass(frozen=True)
class ToSign:
    """One signature that is asked for, as a line of the page."""

    title: str
    who: str
    form: str
    languages: str
    state: str
    detail: str
    url: str
    to_be_signed: bool


def context_of(user: User, participant: Participant) -> dict[str, Any]:
    today = today_at(participant.site)
    log = selectors.events_of(participant)
    state = selectors.state_for(participant, timezone.now(), by=user)
    # Nobody signs anew for a record of the past: it holds what its source states.
    asked = [] if participant.retrospective else selectors.to_sign(participant, today, by=user)
    gone = same.taken_back(entry.as_event() for entry in log)
    tone, title = in_words(state, bool(log))
    return {
        "participant": participant,
        "synthetic": participant.synthetic,
        "state": state,
        "chip": chip_of(state) if log else "missing",
        "tone": tone,
        "state_title": title,
        "why": list(state.why),
        "until": state.until if user.may(Permission.VIEW_IDENTITY, participant.site_id) else None,
        "representative": dict(Signer.choices).get(state.representative or "", ""),
        "to_sign": [to_sign(participant, one) for one in asked],
        "must_sign": any(one.to_be_signed for one in asked),
        "tasks": [
            task_row(participant, task)
            for task in selectors.tasks([participant], today, by=user).get(participant.pk, [])
        ],
        "task_columns": [_("What"), _("State"), _("By")],
        "agreed": agreed(participant, state),
        "agreed_columns": [_("For"), _("State")],
        "gone": [scope.label for scope in WithdrawalScope if scope in state.withdrawn],
        "line": ConsentLine(line_of(participant, log, today, by=user), log, today),
        "rows": [log_row(participant, entry, log, gone) for entry in reversed(log)],
        "columns": [_("Entry"), _("Signed"), _("By"), _("Document"), _("Beside it"), _("Entered")],
        "may_see_sheet": user.may(Permission.VIEW_IDENTITY, participant.site_id),
        "signs": [] if participant.retrospective else signs_offered(participant, asked),
        "may_dissent": any(one.by_representative for one in asked)
        or any(entry.kind in (Kind.LAR_CONSENT, *signing_page.ASSENTS) for entry in log),
    }


def in_words(state: ConsentState, any_entry: bool) -> tuple[str, str]:
    """Tone and title of the state."""
    if not any_entry:
        return "bad", _("No consent is recorded: nothing may be done yet")
    if state.in_force == "yes":
        if state.phase == "overdue":
            return "bad", _("Consent is in force, and a new signature is overdue")
        if state.phase == "due":
            return "attention", _("Consent is in force, and a new signature is due")
        if state.withdrawn:
            return "attention", _("Consent is in force, and withdrawn in part")
        return "good", _("Consent to take part is in force")
    if state.in_force == "indeterminate":
        return "attention", _("It cannot be shown that consent is in force")
    if state.phase == "overdue":
        return "bad", _("Taking part is suspended until the new signature")
    if state.withdrawn:
        return "bad", _("Consent is withdrawn")
    return "bad", _("Consent to take part is not in force")


def to_sign(participant: Participant, asked: Asked) -> ToSign:
    kind = Kind(asked.signature)
    text = next(iter(asked.texts.values()), None)
    signed: Any = asked.signed
    detail = ""
    if signed is not None:
        detail = human_date_text(signed.signed_on) if signed.signed_on else _("day not recorded")
    beside = [
        *([_("with a witness")] if asked.witness else []),
        *([_("recorded on video or audio")] if asked.recording else []),
    ]
    if asked.to_be_signed:
        detail = "; ".join(map(translated, [*([asked.due.why] if asked.due else []), *beside])) or detail
    state = "signed" if not asked.to_be_signed else "due"
    if asked.due is not None and asked.due.overdue:
        state = "overdue"
    elif asked.due is not None and asked.due.ahead:
        detail = "; ".join(translated(part) for part in (detail, asked.due.why) if part)
    if not asked.certain and asked.to_be_signed:
        detail = "; ".join([_("perhaps: the age is not known well enough"), *beside])
    return ToSign(
        title=title_of(kind, asked.session),
        who=_("A representative") if asked.by_representative else _("The participant"),
        form=f"{text.document.title}, {_('version %s') % text.document.version_label}"
        if text is not None
        else "",
        languages=", ".join(language_name(key) for key in asked.texts),
        state=state,
        detail=detail,
        url=sign_url(participant.code, asked.signature, asked.session),
        to_be_signed=asked.to_be_signed,
    )


def signs_offered(participant: Participant, asked: Sequence[Asked]) -> list[tuple[str, str]]:
    """Every signature that can be opened by hand: another representative, an adult who cannot decide."""
    known = {one.signature for one in asked}
    return [
        (
            str(title) if kind not in known else _("%s, again") % title,
            sign_url(participant.code, kind),
        )
        for kind, title in TITLES.items()
    ]


def task_row(participant: Participant, task: Task) -> Row:
    return Row(
        [
            Cell(task.words, url=task_url(participant.code, task)),
            Cell("", state=task_state(task)),
            human_date_text(task.due_on) if task.due_on else "–",
        ],
        tone="bad" if task.overdue else "",
    )


def agreed(participant: Participant, state: ConsentState) -> list[list[Any]]:
    """What the consent is for, and what of it holds."""
    answers = items_standing(participant)
    rows: list[list[Any]] = []
    for purpose in Purpose:
        verdict = state.purposes.get(purpose) or {
            Purpose.PARTICIPATION: state.in_force,
            Purpose.PROCEDURE: state.procedure,
        }.get(purpose)
        if purpose in OPTIONAL and answers.get(purpose) is False:
            cell = Cell("", state="declined")
        elif verdict is None:
            cell = Cell(_("not asked"))
        else:
            word = {"yes": "agreed", "no": "not_in_force", "indeterminate": "consent_unclear"}[verdict]
            cell = (
                Cell(_("not asked"))
                if purpose in OPTIONAL and purpose not in answers
                else Cell("", state=word)
            )
        if purpose == Purpose.PROCEDURE and state.for_sessions and not state.all_sessions:
            cell = Cell(
                "",
                state=cell.state,
                detail=_("for session %s") % ", ".join(str(n) for n in sorted(state.for_sessions)),
            )
        rows.append([purpose.label, cell])
    return rows


def log_row(
    participant: Participant, entry: ConsentEvent, log: Sequence[ConsentEvent], gone: frozenset[int]
) -> Row:
    corrected = corrections_of(entry, log) if entry.kind != Kind.CORRECTION else []
    beside = []
    if entry.paper_sha256:
        beside.append(_("signed sheet"))
    if entry.witness or any(one.kind == Kind.WITNESSED and one.concerns_id == entry.pk for one in log):
        beside.append(_("witness"))
    if entry.audio_visual == "recorded" or entry.recording_sha256:
        beside.append(_("recording"))
    if entry.copy_given or any(one.kind == Kind.COPY_GIVEN and one.concerns_id == entry.pk for one in log):
        beside.append(_("copy given"))
    document = ""
    if entry.document_version:
        document = _("version %(v)s") % {"v": entry.document_version}
        if entry.document_language:
            document += f", {language_name(entry.document_language)}"
    scopes = entry_page.shown_value("withdrawal_scopes", entry.withdrawal_scopes)
    detail = "; ".join(
        part
        for part in (
            scopes,
            _("taken back by a correction") if entry.pk in gone else "",
            _("corrected") if corrected else "",
            _("as it happened") if entry.as_it_happened else "",
        )
        if part
    )
    return Row(
        [
            Cell(entry.get_kind_display(), url=entry_page.url(participant, entry), detail=detail),
            human_date_text(entry.signed_on) if entry.signed_on else _("not recorded"),
            entry_page.shown_value("signer", entry.signer) or "–",
            document or "–",
            ", ".join(beside) or "–",
            Cell(human_date_text(entry.entered_at), detail=str(entry.entered_by)),
        ],
        tone="bad" if entry.kind in (Kind.WITHDRAWAL, Kind.DISSENT) else "",
    )
