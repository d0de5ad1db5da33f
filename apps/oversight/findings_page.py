"""What the pages of findings show, as plain parts for the components: the study, a site, a question, a participant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.consent.rules.findings import QUESTIONS, Question
from apps.consent.selectors import findings as consent
from apps.consent.selectors.findings import Amendment, Choice, Counted, ParticipantFinding
from apps.enrolment.models import Participant
from apps.oversight import findings_links
from apps.oversight.findings_choice import (
    choice_of,
    filters_of,
    in_words,
    said,
    severity_words,
    verdict_words,
)
from apps.oversight.narrowing import ROWS, address, number_of, site_filter, sites_with
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell, Column, Row

TONES = {"critical": "bad", "major": "attention"}


def study_of(user: User, query: QueryDict) -> dict[str, Any]:
    """The sixteen questions with their counts, of the study or of one site."""
    sites = sites_with(user, Permission.VIEW_FINDINGS)
    choice = Choice(site=choice_of(query, sites).site)
    tally = consent.tally(user, choice)
    narrowed = said(choice)
    return {
        "narrowed": narrowed,
        "filters": site_filter(sites, choice.site),
        "clear_url": reverse("oversight:findings") if narrowed else "",
        "csv_url": address(reverse("oversight:findings-csv"), narrowed),
        "people_url": address(reverse("oversight:participants"), narrowed),
        "stats": [
            *((severity_words(one), tally.failed(one), tone) for one, tone in STATS),
            (_("Undecided by the record"), tally.undecided, ""),
            (_("Participants with a finding"), f"{tally.people} / {tally.looked_at}", ""),
        ],
        "columns": [
            Column(_("No."), numeric=True),
            _("Question"),
            _("Gravest found"),
            Column(_("Found"), numeric=True),
            Column(_("Undecided"), numeric=True),
            Column(_("Participants"), numeric=True),
        ],
        "items": [_item(tally.questions[one.number], one, sites, choice, narrowed) for one in QUESTIONS],
    }


STATS = (("critical", "bad"), ("major", "attention"), ("minor", "info"))


def _item(
    counted: Counted, question: Question, sites: Sequence[Site], choice: Choice, narrowed: dict[str, Any]
) -> dict[str, Any]:
    by_site = [] if choice.site or len(sites) < 2 else [
        f"{code} {failed}" + (f" + {undecided}" if undecided else "")
        for code, (failed, undecided) in sorted(counted.sites.items())
    ]  # fmt: skip
    return {
        "question": in_words(question),
        "url": address(reverse("oversight:finding", args=[question.number]), narrowed),
        "counted": counted,
        "split": [(severity_words(one), counted.failed[one]) for one in consent.SEVERITIES if counted.failed[one]],
        "sites": " · ".join(by_site),
        "tone": TONES.get(counted.gravest, ""),
    }  # fmt: skip


# --- One question ----------------------------------------------------------------------------------------


def question_of(user: User, question: Question, query: QueryDict) -> dict[str, Any]:
    sites = sites_with(user, Permission.VIEW_FINDINGS)
    choice = choice_of(query, sites, number=question.number)
    narrowed = said(choice, with_number=False)
    rows, paged = _page(consent.listed(user, choice), query, narrowed)
    return {
        "question": in_words(question),
        "narrowed": narrowed,
        "filters": filters_of(choice, sites),
        "clear_url": reverse("oversight:finding", args=[question.number]) if narrowed else "",
        "csv_url": address(reverse("oversight:findings-csv"), said(choice)),
        "columns": [_("Participant"), _("Severity"), _("Verdict"), _("What"), _("Record")],
        "rows": [_row(user, one) for one in rows],
        **_amendments_part(user, question, choice),
        **_screening_part(user, question, choice),
        **paged,
    }


def _page(
    rows: Iterable[Any], query: QueryDict, narrowed: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The rows of the page that is asked for; all are counted, only those of the page are kept."""
    number = max(number_of(query.get("page")), 1)
    told = iter(rows)
    skipped = sum(1 for _one in islice(told, (number - 1) * ROWS))
    shown = list(islice(told, ROWS))
    total = skipped + len(shown) + sum(1 for _one in told)

    def url(to: int) -> str:
        return address("", narrowed | {"page": to})

    first = (number - 1) * ROWS + 1
    return shown, {
        "shown": f"{first}–{first + len(shown) - 1}" if shown else "",
        "total": total,
        "previous_url": url(number - 1) if number > 1 else "",
        "next_url": url(number + 1) if total > number * ROWS else "",
    }


def _row(user: User, one: ParticipantFinding) -> Row:
    found = one.finding
    return Row(
        [
            findings_links.person_cell(user, one.participant),
            Cell("", state=found.severity),
            verdict_words(found.verdict),
            found.message,
            findings_links.record_cell(user, one),
        ],
        tone="bad" if found.severity == "critical" and found.verdict == "fail" else "",
    )


def _amendments_part(user: User, question: Question, choice: Choice) -> dict[str, Any]:
    """Of question 10: how far each amendment has been signed anew, and how long it took."""
    if question.number != consent.AMENDMENTS:
        return {}
    return {
        "amendment_columns": [
            _("Document"),
            _("Signed anew from"),
            Column(_("Concerned"), numeric=True),
            Column(_("Signed"), numeric=True),
            Column(_("Share"), numeric=True),
            Column(_("Still in time"), numeric=True),
            Column(_("Overdue"), numeric=True),
            Column(_("Lag of those who signed"), numeric=True),
        ],
        "amendments": [_amendment(one) for one in consent.amendments(user, Choice(site=choice.site))],
    }


def _amendment(one: Amendment) -> Row:
    document = one.document
    lag = ""
    if one.median_lag is not None:
        lag = _("median %(median)g, longest %(longest)d days") % {
            "median": one.median_lag,
            "longest": one.longest_lag or 0,
        }
    return Row(
        [
            Cell(
                f"{one.site_code} {document.version_label}",
                detail=document.title or document.purpose.replace("_", " "),
            ),
            document.reconsent_from or document.valid_from,
            one.concerned,
            one.signed,
            "–" if one.share is None else f"{one.share:.0f} %",
            one.states["due"],
            one.states["overdue"],
            lag or "–",
        ],
        tone="attention" if one.states["overdue"] else "",
    )


def _screening_part(user: User, question: Question, choice: Choice) -> dict[str, Any]:
    """Of question 14: those who were screened and never became participants, by what came of it."""
    if question.number != consent.SCREENING:
        return {}
    counted = consent.screening_counts(user, choice)
    people = sum(number for _label, number in counted)
    may_read = user.may(Permission.VIEW_SCREENING_LOG)
    return {
        "screened": ngettext(
            "%(n)d person of the screening log never became a participant",
            "%(n)d people of the screening log never became participants",
            people,
        )
        % {"n": people},
        "outcomes": counted,
        "log_url": address(reverse("enrolment:screening"), {"site": choice.site} if choice.site else {})
        if may_read
        else "",
    }


# --- People ----------------------------------------------------------------------------------------------


def people_of(user: User, query: QueryDict) -> dict[str, Any]:
    """Everybody with a finding."""
    sites = sites_with(user, Permission.VIEW_FINDINGS)
    choice = choice_of(query, sites)
    narrowed = said(choice)
    rows, paged = _page(consent.people(user, choice), query, narrowed)
    return {
        "narrowed": narrowed,
        "filters": filters_of(choice, sites, with_number=True),
        "clear_url": reverse("oversight:participants") if narrowed else "",
        "csv_url": address(reverse("oversight:findings-csv"), narrowed),
        "columns": [
            _("Participant"),
            *(Column(severity_words(one), numeric=True) for one in consent.SEVERITIES),
            Column(_("Undecided"), numeric=True),
            _("Questions"),
        ],
        "rows": [
            Row(
                [
                    findings_links.person_cell(user, one.participant),
                    *(one.failed[severity] for severity in consent.SEVERITIES),
                    one.undecided,
                    ", ".join(map(str, one.numbers)),
                ],
                tone="bad" if one.failed["critical"] else "",
            )
            for one in rows
        ],
        **paged,
    }


def participant_of(user: User, participant: Participant) -> dict[str, Any]:
    """The sixteen questions of one participant, each with what was found or with nothing."""
    choice = Choice(site=participant.site.code, participant=participant.code)
    found = list(consent.listed(user, choice))
    may_read_log = user.may(Permission.VIEW_CONSENT_LOG, participant.site_id)
    return {
        "participant": participant,
        "story_url": reverse("oversight:consent-story", args=[participant.code]) if may_read_log else "",
        "csv_url": address(reverse("oversight:findings-csv"), {"participant": participant.code}),
        "columns": [Column(_("No."), numeric=True), _("Question"), _("Answer"), _("What was found")],
        "items": [
            {
                "question": in_words(question),
                "url": reverse("oversight:finding", args=[question.number]),
                **_answer(user, [one for one in found if one.finding.number == question.number]),
            }
            for question in QUESTIONS
        ],
    }


def _answer(user: User, found: Sequence[ParticipantFinding]) -> dict[str, Any]:
    failed = [one for one in found if one.finding.verdict == "fail"]
    gravest = next(
        (one for one in consent.SEVERITIES if any(each.finding.severity == one for each in failed)), ""
    )
    return {
        "answer": _("Found") if failed else verdict_words("indeterminate") if found else _("Nothing found"),
        "gravest": gravest,
        "tone": TONES.get(gravest, ""),
        "found": [
            {
                "severity": one.finding.severity,
                "verdict": verdict_words(one.finding.verdict),
                "message": one.finding.message,
                "record": findings_links.record_of(one.finding),
                "url": findings_links.url_of(user, one.participant, one.finding),
            }
            for one in found
        ],
    }
