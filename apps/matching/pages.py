"""What the pages of matching are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.paginator import Paginator
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.matching import loveplot, parameters, rules, selectors, words
from apps.matching.models import MatchingRun, UnmatchedCase
from apps.matching.statistics.design import EXACT_FACTORS
from studyportal import protocol
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.audit.reason_fields import field_views as reason_views
from studyportal.crf.outcomes import Problem
from studyportal.ui.drawing.parts import number_text
from studyportal.ui.parts import Cell, Column, FieldView, TimelineEvent
from studyportal.words import translated

RUNS = 50
SETS = 25
CASES = 50


# --- Runs, and a new one ---------------------------------------------------------------------------------


def index(
    user: User, *, number: Any = 1, posted: Mapping[str, Any] | None = None, problems: Sequence[Problem] = ()
) -> dict[str, Any]:
    page = Paginator(selectors.runs(user), RUNS).get_page(number)
    states = selectors.states_of(page.object_list)
    return {
        "page": page,
        "columns": [
            Column(_("Run")),
            Column(_("State")),
            Column(_("Proposed")),
            Column(_("Method")),
            Column(_("Cases matched"), numeric=True),
            Column(_("Pairs"), numeric=True),
            Column(_("Above the limit"), numeric=True),
            Column(_("Synthetic")),
        ],
        "rows": [_run_row(run, states[run.pk]) for run in page.object_list],
        "may_run": user.may(Permission.RUN_MATCHING),
        "fields": fields(posted or {}, problems),
        "problems": named(problems),
    }


def _run_row(run: MatchingRun, state: rules.State) -> list[Any]:
    summary = run.summary
    flagged = [one for one in summary["balance"] if one["flagged"]]
    return [
        Cell(str(run), url=run.get_absolute_url(), detail=run.note),
        str(words.shown_state(state.key, state.version).label),
        Cell(run.proposed_at, detail=str(run.proposed_by)),
        f"{run.get_method_display()}, 1 : {run.design['ratio']}",
        _("%(n)d of %(total)d") % {"n": summary["matched_cases"], "total": summary["cases"]},
        summary["pairs"],
        len(flagged),
        _("included") if run.include_synthetic else _("left out"),
    ]


def fields(posted: Mapping[str, Any], problems: Sequence[Problem]) -> list[FieldView]:
    """The form of a new run; an empty field takes what the protocol says."""
    asked, design = protocol.current().matching, parameters.protocol_design()
    said: dict[str, list[str]] = {}
    for problem in problems:
        said.setdefault((problem.field or "").replace(".", "_"), []).append(problem.message)

    def view(name: str, label: str, **more: Any) -> FieldView:
        default = more.pop("default", "")
        return FieldView(name, label, value=posted.get(name, default), errors=said.get(name, ()), **more)

    names = {"optimal": _("Optimal: the best sets of all"), "greedy": _("Greedy: case by case, by chance")}
    yes_no = [("true", _("Yes")), ("false", _("No"))]
    return [
        view(
            "ratio", _("Controls per case"), widget="number", default=str(design.ratio),
            minimum=asked.ratio.minimum, maximum=asked.ratio.maximum,
        ),
        view(
            "method", _("Method"), widget="radio", default=design.method,
            choices=[(key, names.get(key, key)) for key in asked.methods],
        ),
        view(
            "with_replacement", _("With replacement"), widget="radio", choices=yes_no,
            default=str(design.with_replacement).lower(), help=_("Yes: a control may be in several sets."),
        ),
        *(
            [view("match_site", _("Exact on the site too"), widget="radio", choices=yes_no, default="false")]
            if "site" in asked.exact_optional
            else []
        ),
        *(
            view(
                f"calipers_{one.key}", _("Caliper: %s") % one.label, widget="number", required=False,
                unit=one.unit, placeholder=f"{one.width:g}", help=words.caliper(one.as_json()),
            )
            for one in design.calipers
        ),
        view(
            "seed", _("Seed"), widget="number", required=False,
            help=_("A whole number; it decides between equals. Empty: drawn, and kept with the run."),
        ),
        view(
            "include_synthetic", _("Synthetic participants"), widget="radio", default="false",
            choices=[("false", _("Leave out")), ("true", _("Include"))],
        ),
        view("note", _("Note"), required=False, help=_("What this run is for. Nothing about a participant.")),
    ]  # fmt: skip


def raw_of(posted: Mapping[str, Any], *, known: Sequence[str] = parameters.MEMBERS) -> dict[str, Any]:
    """What the form sent, as `parameters.read` takes it."""
    raw: dict[str, Any] = {name: posted[name] for name in known if name in posted and name != "calipers"}
    raw["calipers"] = {
        name.removeprefix("calipers_"): value
        for name, value in posted.items()
        if name.startswith("calipers_")
    }
    return raw


def named(problems: Sequence[Problem]) -> list[tuple[str, str, str]]:
    """Problems for the summary above a form."""
    labels = {"ratio": _("Controls per case"), "method": _("Method"), "seed": _("Seed"), "note": _("Note")}
    labels |= {f"calipers_{one.key}": one.label for one in parameters.protocol_design().calipers}
    found = []
    for problem in problems:
        name = (problem.field or "").replace(".", "_")
        found.append((name if name in labels else "", labels.get(name, ""), problem.message))
    return found


def row_problems(problems: Sequence[Problem]) -> list[tuple[str, str, str]]:
    """Problems of pasted pairs, each with its row; the heading is row 0."""
    found = []
    for problem in problems:
        parts = (problem.field or "").split(".")
        if parts[0] == "pairs" and len(parts) > 1:
            said = _("Row %d") % (int(parts[1]) + 1)
            if len(parts) > 2:
                said += f", {parts[2]}"
            found.append(("", "", f"{said}: {translated(problem.message)}"))
        else:
            name = (problem.field or "").replace(".", "_")
            found.append((name, "", problem.message))
    return found


# --- One run ---------------------------------------------------------------------------------------------


def run(
    found: MatchingRun,
    user: User,
    *,
    sets_page: Any = 1,
    cases_page: Any = 1,
    posted: Mapping[str, Any] | None = None,
    problems: Sequence[Problem] = (),
) -> dict[str, Any]:
    names = words.labels(found.design)
    state = selectors.states_of([found])[found.pk]
    summary = found.summary
    before = selectors.differences(found, user)
    base = {
        "run": found,
        "state": words.shown_state(state.key, state.version),
        "frozen": state.is_frozen,
        "newer": selectors.frozen_run() if state.key == rules.SUPERSEDED else None,
        "synthetic": found.include_synthetic,
        "facts": _facts(found),
        "parameters": words.parameters(
            found.design, str(found.get_method_display()), include_synthetic=found.include_synthetic
        ),
        "provenance": _provenance(found),
        "reasons": [(words.reason(key, names), number) for key, number in summary["reasons"].items()],
        "limit": summary["limit"],
        "flagged": [words.balance_label(one["key"], names) for one in summary["balance"] if one["flagged"]],
        "plot": love_plot(found),
        "balance_columns": _balance_columns(),
        "balance_rows": [_balance_row(one, names) for one in summary["balance"]],
        "events": [_event(event) for event in found.events.all()],
        "has_differences": before is not None,
        "problems": [(problem.field or "", "", problem.message) for problem in problems],
        **_next_steps(found, state, user, posted or {}),
    }
    return base | _sets(found, user, sets_page, names) | _unmatched(found, user, cases_page, names)


def _facts(run: MatchingRun) -> list[dict[str, Any]]:
    summary = run.summary
    return [
        {"label": _("Cases"), "value": summary["cases"], "detail": ""},
        {
            "label": _("Cases matched"),
            "value": summary["matched_cases"],
            "detail": _("%(n)d with all %(ratio)d")
            % {"n": summary["complete_sets"], "ratio": run.design["ratio"]},
        },
        {"label": _("Cases without a control"), "value": summary["unmatched_cases"], "detail": ""},
        {
            "label": _("Controls"),
            "value": summary["controls"],
            "detail": _("of %d candidates") % summary["candidates"],
        },
        {
            "label": _("Total distance"),
            "value": f"{summary['total_distance']:.3f}",
            "detail": _("in calipers"),
        },
    ]


def _provenance(run: MatchingRun) -> list[tuple[Any, ...]]:
    if run.sites is None:
        where = _("the whole study")
    else:
        where = ", ".join(Site.objects.filter(pk__in=run.sites).values_list("code", flat=True))
    return [
        (_("Proposed"), run.proposed_at, str(run.proposed_by)),
        (_("Looked at"), where),
        (_("Protocol"), run.protocol_version, run.protocol_sha256),
        (_("Code"), run.code_version),
        (_("Inputs SHA-256"), run.inputs_sha256),
        (_("Sets SHA-256"), run.sets_sha256),
    ]


def _event(event: Any) -> TimelineEvent:
    tones = {"proposed": "info", "reviewed": "accent", "returned": "attention", "frozen": "good"}
    title = str(event.get_kind_display())
    if event.version is not None:
        title = _("Frozen as version %d") % event.version
    return TimelineEvent(event.at, title, text=event.note, tone=tones[event.kind], detail=str(event.by))


def _next_steps(
    run: MatchingRun, state: rules.State, user: User, posted: Mapping[str, Any]
) -> dict[str, Any]:
    """The buttons, and in words why one is not there."""
    reviewer = user.may(Permission.RUN_MATCHING) or user.may(Permission.FREEZE_MATCHING)
    study_wide = isinstance(user.sites_with(Permission.FREEZE_MATCHING), AllSites)
    own = run.proposed_by_id == user.pk
    note = FieldView("note", _("Note"), widget="textarea", required=False, value=posted.get("note", ""))
    steps: dict[str, Any] = {
        "note_field": note,
        "may_review": reviewer and not own and state.key in (rules.PROPOSED, rules.RETURNED),
        "may_return": reviewer and not state.is_frozen and state.key != rules.RETURNED,
        "may_freeze": study_wide and state.key == rules.REVIEWED and run.sites is None,
        "waits": "",
        "reason_fields": [],
    }
    if steps["may_freeze"]:
        steps["reason_fields"] = reason_views(
            posted,
            help=_("Needed when visits of a control are counted from an index date that would move."),
        )
    if own and state.key == rules.PROPOSED:
        steps["waits"] = _("You proposed this run: somebody else reviews it.")
    elif state.key == rules.REVIEWED and run.sites is not None:
        steps["waits"] = _("This run looks at some sites only; a version is made of the whole study.")
    elif state.key == rules.REVIEWED and not study_wide:
        steps["waits"] = _("Reviewed: a data manager of the whole study may freeze it.")
    return steps


def _sets(run: MatchingRun, user: User, number: Any, names: Mapping[str, str]) -> dict[str, Any]:
    numbers = selectors.set_numbers(run, user)
    page = Paginator(numbers, SETS).get_page(number)
    links = user.may(Permission.VIEW_DATA)
    compared = selectors.columns_compared(run)
    rows: list[list[Any]] = []
    for one in selectors.sets(run, user, list(page.object_list)):
        case = _("a case of another site") if one.case is None else one.case.participant
        for control in one.controls:
            rows.append(
                [
                    str(one.number),
                    case if one.case is None else _person(case, links),
                    one.index_date,
                    _person(control.participant, links),
                    control.site.code,
                    f"{control.distance:.3f}",
                    *(_values(key, control.values.get(key)) for key, _label, _unit in compared),
                ]
            )
        if one.hidden:
            said = ngettext("and %d control of another site", "and %d controls of other sites", one.hidden)
            rows.append(
                [
                    str(one.number),
                    case if one.case is None else _person(case, links),
                    one.index_date,
                    said % one.hidden,
                    "",
                    "",
                    *("" for _one in compared),
                ]
            )
    return {
        "sets_page": page,
        "sets_shown": _shown(page),
        "sets_total": len(numbers),
        "sets_rows": rows,
        "sets_columns": [
            Column(_("Set")),
            Column(_("Case")),
            Column(_("Index date")),
            Column(_("Control")),
            Column(_("Site")),
            Column(_("Distance"), numeric=True),
            *(
                Column(names.get(key, label), unit="" if key == "calendar" else unit)
                for key, label, unit in compared
            ),
        ],
    }


def _values(key: str, pair: Any) -> str:
    """Of the case, and of the control; once where both are the same word."""
    ours, theirs = (_value(key, one) for one in pair or (None, None))
    return ours if ours == theirs and key in EXACT_FACTORS else f"{ours} / {theirs}"


def _value(key: str, one: Any) -> str:
    if one is None:
        return "–"
    if key == "calendar":
        return words.calendar(one)
    return number_text(round(one, 2)) if isinstance(one, int | float) else str(one)


def _person(participant: Any, links: bool) -> Cell:
    return Cell(participant.code, url=participant.get_absolute_url() if links else "", nowrap=True)


def _shown(page: Any) -> str:
    return f"{page.start_index()}–{page.end_index()}" if page.paginator.count else ""


def _unmatched(run: MatchingRun, user: User, number: Any, names: Mapping[str, str]) -> dict[str, Any]:
    page = Paginator(selectors.unmatched(run, user), CASES).get_page(number)
    links = user.may(Permission.VIEW_DATA)

    def row(one: UnmatchedCase) -> list[Any]:
        return [
            _person(one.participant, links),
            one.index_date,
            _("%(found)d of %(wanted)d") % {"found": one.found, "wanted": one.wanted},
            words.why(one.reasons, one.found, names),
            words.cascade(one.reasons, names),
        ]

    return {
        "cases_page": page,
        "cases_shown": _shown(page),
        "cases_rows": [row(one) for one in page.object_list],
        "cases_columns": [
            _("Case"),
            _("Index date"),
            _("Controls"),
            _("Why"),
            _("Candidates left after each criterion"),
        ],
    }


# --- Balance ---------------------------------------------------------------------------------------------


def love_plot(run: MatchingRun) -> loveplot.LovePlot:
    names = words.labels(run.design)
    return loveplot.LovePlot(
        key=f"balance-{run.pk}",
        title=_("Standardised mean differences before and after matching"),
        limit=float(run.design["smd_flag"]),
        words={
            "before": _("before matching"),
            "after": _("after matching"),
            "limit": _("within ± %s") % f"{run.design['smd_flag']:g}",
            "axis": _("Standardised mean difference (cases − controls)"),
        },
        lines=[
            loveplot.Line(
                words.balance_label(one["key"], names),
                one["before"]["smd"],
                one["after"]["smd"],
                one["flagged"],
                (number_text(one["before"]["smd"]), number_text(one["after"]["smd"])),
            )
            for one in run.summary["balance"]
        ],
        columns=("", _("Before"), _("After")),
    )


def _balance_columns() -> list[Column]:
    return [
        Column(_("Covariate")),
        Column(_("Cases before"), numeric=True),
        Column(_("Controls before"), numeric=True),
        Column(_("SMD before"), numeric=True),
        Column(_("Cases after"), numeric=True),
        Column(_("Controls after"), numeric=True),
        Column(_("SMD after"), numeric=True),
        Column(_("Variance ratio after"), numeric=True),
    ]


def _balance_row(one: Mapping[str, Any], names: Mapping[str, str]) -> list[Any]:
    unit = {"a": _("years"), "mo": ""}.get(one["unit"], one["unit"])
    before, after = one["before"], one["after"]

    def side(part: Mapping[str, Any], who: str) -> Cell:
        mean = part[f"mean_{who}"]
        if mean is None:
            text = "–"
        elif one["key"] == "calendar":
            text = words.calendar(mean)
        else:
            text = f"{mean * 100:.1f} %" if one["kind"] == "level" else f"{mean:.2f}"
        detail = _("n %d") % part[f"n_{who}"]
        if part[f"missing_{who}"]:
            detail += ", " + _("missing %d") % part[f"missing_{who}"]
        return Cell(text, detail=detail)

    return [
        Cell(words.balance_label(one["key"], names), detail=unit),
        side(before, "cases"),
        side(before, "controls"),
        number_text(before["smd"]),
        side(after, "cases"),
        side(after, "controls"),
        Cell(number_text(after["smd"]), detail=_("above the limit") if one["flagged"] else ""),
        number_text(after["variance_ratio"]),
    ]


# --- Differences -----------------------------------------------------------------------------------------


def differences(found: MatchingRun, user: User) -> dict[str, Any]:
    change = selectors.differences(found, user)
    context: dict[str, Any] = {"run": found, "change": change, "synthetic": found.include_synthetic}
    if change is None:
        return context

    def listed(codes: Sequence[str]) -> str:
        return ", ".join(codes) or "–"

    return context | {
        "before_url": reverse("matching:run", args=[change.before.pk]),
        "counts": [
            (_("Cases in both, with the same controls"), change.unchanged),
            (_("Cases in both, with other controls"), len(change.changed)),
            (_("Cases that are no longer matched"), len(change.cases_gone)),
            (_("Cases matched now"), len(change.cases_new)),
            (_("Controls that left"), len(change.controls_gone)),
            (_("Controls that came"), len(change.controls_new)),
        ],
        "columns": [_("Case"), _("What changed"), _("Controls that left"), _("Controls that came")],
        "rows": [
            *([code, _("no longer matched"), "", ""] for code in change.cases_gone),
            *([code, _("matched now"), "", ""] for code in change.cases_new),
            *(
                [code, _("other controls"), listed(left), listed(came)]
                for code, (left, came) in change.changed.items()
            ),
        ],
    }
