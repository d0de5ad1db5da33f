"""The screening log as the page and the file show it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.enrolment.models import ScreeningEntry, ScreeningOutcome, ScreeningReason
from apps.enrolment.rules.eligibility import Verdict
from apps.enrolment.selectors import screening as selectors
from apps.enrolment.selectors.screening import LogChoice, person_of
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.api.csv_cells import lines
from studyportal.ui.parts import Cell, Filter
from studyportal.ui.posted import whole_number
from studyportal.ui.templatetags.ui_tags import human_date_text

MONTHS = 24
# Outcomes as `ui.states` names them; the rest by their own code.
STATE_OF = {ScreeningOutcome.OPEN: "screening"}


def choice_of(query: QueryDict, sites: Sequence[Site]) -> LogChoice:
    def known(name: str, among: Iterable[str]) -> str:
        value = query.get(name, "")
        return value if value in list(among) else ""

    month = query.get("month", "")
    return LogChoice(
        q=query.get("q", "").strip().replace("\x00", "")[:40],
        site=known("site", [site.code for site in sites]),
        outcome=known("outcome", ScreeningOutcome.values),
        month=month if selectors.MONTH.match(month) else "",
        undecided=known("undecided", ["1"]),
    )


def page_of(user: User, query: QueryDict, sites: Sequence[Site], today: dt.date) -> dict[str, Any]:
    choice = choice_of(query, sites)
    narrowed = {name: value for name, value in vars(choice).items() if value}
    page = selectors.page_of_log(
        user, choice, older=whole_number(query.get("older")), newer=whole_number(query.get("newer"))
    )
    several = len(sites) > 1
    suffix = f"?{urlencode(narrowed)}" if narrowed else ""

    def url(**key: str) -> str:
        return "?" + urlencode(narrowed | key)

    return {
        "narrowed": narrowed,
        "filters": _filters(choice, sites, today),
        "clear_url": reverse("enrolment:screening") if narrowed else "",
        "csv_url": reverse("enrolment:screening-csv") + suffix,
        "stats": _stats(selectors.counts(user, choice), choice),
        "columns": [
            _("Number"),
            _("Screened on"),
            _("Person"),
            *([_("Site")] if several else []),
            _("Eligibility"),
            _("Participant"),
            _("Outcome"),
        ],
        "rows": [_row(user, entry, *page.verdicts[entry.pk], several=several) for entry in page.rows],
        "next_url": url(older=page.older) if page.older else "",
        "previous_url": url(newer=page.newer) if page.newer else "",
        "may_screen": user.may(Permission.REGISTER_PARTICIPANTS),
    }


def _filters(choice: LogChoice, sites: Sequence[Site], today: dt.date) -> list[Filter]:
    months = [("", _("All"))]
    year, month = today.year, today.month
    for _number in range(MONTHS):
        months.append((f"{year}-{month:02d}", date_format(dt.date(year, month, 1), "M Y")))
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    if choice.month and choice.month not in dict(months):
        day = dt.date.fromisoformat(f"{choice.month}-01") if choice.month[:4] != "0000" else today
        months.append((choice.month, date_format(day, "M Y")))
    site = [("", _("All")), *((one.code, f"{one.code} {one.name}") for one in sites)]
    return [
        Filter("q", _("Number or code"), widget="search", value=choice.q, placeholder="S0012"),
        Filter(
            "outcome", _("Outcome"), value=choice.outcome, choices=[("", _("All")), *ScreeningOutcome.choices]
        ),
        Filter("month", _("Screened in"), value=choice.month, choices=months),
        *([Filter("site", _("Site"), value=choice.site, choices=site)] if len(sites) > 1 else []),
        Filter(
            "undecided",
            _("Decision"),
            value=choice.undecided,
            choices=[("", _("All")), ("1", _("Not decided yet"))],
        ),
    ]


def _stats(counted: dict[str, dict[str, int]], choice: LogChoice) -> list[tuple[str, int, str, str]]:
    """Label, number, reasons in words, and the link that narrows to it."""
    kept = {name: value for name, value in (("site", choice.site), ("month", choice.month)) if value}
    total = sum(sum(reasons.values()) for reasons in counted.values())
    found = [(_("Screened"), total, "", "?" + urlencode(kept) if kept else reverse("enrolment:screening"))]
    for outcome, label in ScreeningOutcome.choices:
        reasons = counted.get(outcome)
        if reasons is None and outcome != choice.outcome:
            continue
        reasons = reasons or {}
        said = [
            f"{ScreeningReason(code).label} {number}"
            for code, number in sorted(reasons.items(), key=lambda one: -one[1])
            if code
        ]
        found.append(
            (str(label), sum(reasons.values()), "; ".join(said), "?" + urlencode(kept | {"outcome": outcome}))
        )
    return found


def _row(user: User, entry: ScreeningEntry, verdict: Verdict, answered: int, *, several: bool) -> list[Any]:
    participant = entry.participant
    marks = [_("synthetic")] * entry.synthetic + [_("published case")] * entry.retrospective
    reason = entry.reason_text or (entry.get_reason_code_display() if entry.reason_code else "")
    code: Any = "–"
    if participant is not None:
        may_open = user.may(Permission.VIEW_DATA, entry.site_id)
        code = Cell(participant.code, url=participant.get_absolute_url() if may_open else "", nowrap=True)
    return [
        Cell(
            entry.number,
            url=reverse("enrolment:screening-entry", args=[entry.number]),
            detail=" · ".join(filter(None, [entry.source_key, *marks])),
            nowrap=True,
        ),
        human_date_text(entry.screened_on) if entry.screened_on else _("not recorded"),
        Cell(
            person_of(entry),
            detail=_("considered as %s") % entry.get_considered_for_display().lower()
            if entry.considered_for
            else "",
        ),
        *([entry.site.code] if several else []),
        Cell("", state=verdict.state.value) if answered else _("not asked yet"),
        code,
        Cell(
            "",
            state=STATE_OF.get(entry.outcome, entry.outcome),  # type: ignore[call-overload]
            detail=" · ".join(
                filter(None, [human_date_text(entry.outcome_on) if entry.outcome_on else "", str(reason)])
            ),
        ),
    ]


# --- as a file ------------------------------------------------------------------------------------------

COLUMNS = (
    "number", "site", "list_number", "screened_on", "age", "sex", "referral", "considered_for", "participant",
    "synthetic", "retrospective", "eligibility", "failing", "unknown", "overridden", "outcome", "outcome_on",
    "reason_code", "reason_text", "note", "entered_by", "entered_at",
)  # fmt: skip


def as_csv(entries: Iterable[ScreeningEntry]) -> Iterator[str]:
    """The log line by line: ISO dates, codes as stored, texts guarded against being run by a spreadsheet."""
    return lines(COLUMNS, (_values(*pair) for pair in selectors.with_verdicts(entries)))


def _values(entry: ScreeningEntry, verdict: Verdict) -> list[Any]:
    return [
        entry.number,
        entry.site.code,
        entry.source_key,
        str(entry.screened_on or ""),
        "" if entry.age is None else entry.age,
        entry.sex,
        entry.referral,
        entry.considered_for,
        entry.participant.code if entry.participant else "",
        entry.synthetic,
        entry.retrospective,
        verdict.state.value,
        ";".join(verdict.failing),
        ";".join(verdict.unknown),
        ";".join(verdict.overridden),
        entry.outcome,
        str(entry.outcome_on or ""),
        entry.reason_code,
        entry.reason_text,
        entry.note,
        entry.entered_by.get_username() if entry.entered_by else "",
        entry.created_at.isoformat(),
    ]
