"""The page of one person screened: how far the screening has come, and what is done next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.enrolment.actions.enrolment import obstacles
from apps.enrolment.models import EligibilityAnswer, ScreeningEntry, ScreeningOutcome
from apps.enrolment.rules.eligibility import CONSENT, State
from apps.enrolment.selectors.eligibility import Sheet, sheet_of
from apps.enrolment.selectors.screening import person_of
from apps.enrolment.views import eligibility_page, screening_history
from apps.enrolment.views import screening_inputs as inputs
from apps.enrolment.views.screening_log_page import STATE_OF
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.ui.parts import Step
from studyportal.ui.templatetags.ui_tags import human_date_text

ANSWERS, CONCLUDE, REOPEN, ENROL = "eligibility", "conclude", "reopen", "enrol"


def page_of(
    user: User,
    entry: ScreeningEntry,
    *,
    form: str = "",
    posted: QueryDict | None = None,
    problems: Sequence[Problem] = (),
    stale: Sequence[EligibilityAnswer] = (),
) -> dict[str, Any]:
    """form: which of the page's forms was refused; posted: what was typed into it, shown again."""
    may_work = user.may(Permission.REGISTER_PARTICIPANTS, entry.site_id)
    goes_on = entry.outcome in (ScreeningOutcome.OPEN, ScreeningOutcome.ENROLLED)
    sheet = sheet_of(entry)
    today = today_at(entry.site)

    def typed(name: str) -> Mapping[str, Any]:
        return posted if posted is not None and form == name else {}

    def wrong(name: str) -> Sequence[Problem]:
        return problems if form == name else ()

    answering = typed(ANSWERS)
    participant = entry.participant
    enrolled = entry.outcome == ScreeningOutcome.ENROLLED
    return {
        "entry": entry,
        "synthetic": entry.synthetic,
        "participant": participant,
        "person": person_of(entry),
        "outcome_state": STATE_OF.get(entry.outcome, entry.outcome),  # type: ignore[call-overload]
        "facts": facts_of(user, entry),
        "steps": steps_of(user, entry, sheet, today),
        "may_work": may_work,
        "may_answer": may_work and goes_on,
        "verdicts": eligibility_page.verdicts_of(sheet.verdicts),
        "sections": eligibility_page.sections_of(
            sheet,
            typed=inputs.answers(posted) if posted is not None and form == ANSWERS else {},
            problems=wrong(ANSWERS),
            stale=stale,
            may_override=goes_on
            and participant is not None
            and user.may(Permission.SIGN_RECORDS, entry.site_id),
        ),
        "gone": eligibility_page.gone_of(sheet),
        "gone_columns": [_("Criterion"), _("Answer"), _("Evidence"), _("Protocol version")],
        "answer_reason_fields": inputs.reason_fields(
            answering,
            wrong(ANSWERS),
            help=_(
                "Needed when an answer yes or no, or its evidence, changes; kept with the old and the new one."
            ),
        )
        if sheet.answered
        else [],
        "questions": len(sheet.questions),
        "stale": bool(stale) or any(problem.code == "stale_version" for problem in problems),
        "problems": _summary(form, problems),
        "enrol_fields": inputs.enrolment_fields(typed(ENROL), wrong(ENROL), today.isoformat()),
        "may_register": may_work and participant is None and entry.is_open,
        "may_enrol": may_work
        and participant is not None
        and not enrolled
        and goes_on
        and not entry.retrospective,
        "conclusion_fields": inputs.conclusion_fields(
            entry, typed(CONCLUDE), wrong(CONCLUDE), today.isoformat()
        ),
        "conclusion_open": form == CONCLUDE,
        "may_conclude": may_work and not enrolled,
        "reopening_fields": inputs.reopening_fields(typed(REOPEN), wrong(REOPEN)),
        "may_reopen": may_work and not goes_on,
        "history": screening_history.of(entry),
    }


def _summary(form: str, problems: Iterable[Problem]) -> list[tuple[str, str, str]]:
    if form == ANSWERS:
        return eligibility_page.labels(problems)
    names = {"reason": inputs.OUTCOME_REASON} if form == CONCLUDE else {}
    return [(names.get(p.field or "", p.field or ""), "", p.message) for p in problems]


def facts_of(user: User, entry: ScreeningEntry) -> list[tuple[Any, ...]]:
    unknown = _("not recorded")
    return [
        (_("Screened on"), human_date_text(entry.screened_on) if entry.screened_on else unknown),
        (_("Site"), str(entry.site)),
        (_("Number in the site's list"), entry.source_key or "–"),
        (_("Age"), _("%(n)d years") % {"n": entry.age} if entry.age is not None else unknown),
        (_("Sex"), entry.get_sex_display() if entry.sex else unknown),
        (_("How the person came"), entry.get_referral_display() if entry.referral else unknown),
        (_("Considered for"), entry.get_considered_for_display() if entry.considered_for else _("open")),
        *([(_("Note"), entry.note)] if entry.note else []),
    ]


def steps_of(user: User, entry: ScreeningEntry, sheet: Sheet, today: Any) -> list[Step]:
    """Screened → criteria → code → consent → enrolled, each with what stands in its way in words."""
    participant = entry.participant
    return [
        Step(
            _("Screened"),
            "done",
            detail=human_date_text(entry.screened_on) if entry.screened_on else _("day not recorded"),
        ),
        _criteria_step(sheet),
        Step(
            _("Code given"),
            "done" if participant is not None else "todo",
            detail=participant.code if participant is not None else "",
            url=participant.get_absolute_url()
            if participant is not None and user.may(Permission.VIEW_DATA, entry.site_id)
            else "",
            reason=""
            if participant is not None
            else _("Register the person to record identity and consent."),
        ),
        _consent_step(user, entry, sheet),
        _enrolment_step(entry, today),
    ]


def _criteria_step(sheet: Sheet) -> Step:
    verdict = sheet.verdict
    answered = _("%(n)d of %(all)d answered") % {"n": sheet.answered, "all": len(sheet.lines)}
    reasons = []
    if verdict.failing:
        texts = {line.key: str(line.criterion.text) for line in sheet.lines}
        reasons = [_("Not met: %s") % texts[key] for key in verdict.failing]
    elif verdict.unknown:
        reasons = [
            ngettext("%(n)d criterion is open.", "%(n)d criteria are open.", len(verdict.unknown))
            % {"n": len(verdict.unknown)}
        ]
    if sheet.questions:
        reasons.append(
            ngettext(
                "%(n)d answer contradicts what is known, and is to be explained.",
                "%(n)d answers contradict what is known, and are to be explained.",
                len(sheet.questions),
            )
            % {"n": len(sheet.questions)}
        )
    state = {
        State.ELIGIBLE: "current" if sheet.questions else "done",
        State.NOT_ELIGIBLE: "blocked",
        State.UNDETERMINED: "current",
    }[verdict.state]
    return Step(_("Criteria"), state, reason=reasons, detail=answered, url="#criteria")


def _consent_step(user: User, entry: ScreeningEntry, sheet: Sheet) -> Step:
    participant = entry.participant
    known = next((line.known for line in sheet.lines if line.key == CONSENT), None)
    if participant is None or known is None:
        return Step(_("Consent"), "todo")
    in_force = known.says == "yes"
    return Step(
        _("Consent"),
        "done" if in_force else "todo",
        reason="" if in_force else known.text.capitalize() + ".",
        url=reverse("consent:participant", args=[participant.code])
        if not in_force and user.may(Permission.RECORD_CONSENT, entry.site_id)
        else "",
    )


def _enrolment_step(entry: ScreeningEntry, today: Any) -> Step:
    participant = entry.participant
    if participant is not None and participant.enrolled_on is not None:
        return Step(_("Enrolled"), "done", detail=human_date_text(participant.enrolled_on))
    if participant is None:
        return Step(_("Enrolled"), "todo")
    bars = list(obstacles(participant, entry, PartialDate.of(today)))
    if not bars:
        return Step(_("Enrolled"), "current", reason=_("Nothing stands in the way today."), url="#enrol")
    # The criteria say it in their own step.
    others = [bar.message for bar in bars if not bar.code.startswith("criterion_")]
    if len(others) < len(bars):
        others.append(_("The criteria are not met yet: see above."))
    return Step(_("Enrolled"), "blocked", reason=others)
