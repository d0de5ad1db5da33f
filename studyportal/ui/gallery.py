"""Samples for the gallery: every component in every state. The records are invented."""

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from studyportal.ui.charts import Band, Bar, BarList, LineChart, Mark, Point, ProfileChart, ProfileDay, Series
from studyportal.ui.icons import ICONS
from studyportal.ui.parts import (
    Cell,
    Change,
    Column,
    FieldChange,
    FieldView,
    Filter,
    GridCell,
    GridRow,
    GridVisit,
    Row,
    ShownFinding,
    ShownSignature,
    Step,
    Tab,
    TimelineEvent,
)
from studyportal.ui.states import STATES, TONES

ABSENT = (
    ("not_done", _("Not done")),
    ("unknown", _("Unknown")),
    ("not_recorded", _("Not recorded")),
    ("refused", _("Refused")),
)


class ShowIfSample:
    """The shape of `crf.ShowIf`."""

    field = "position"
    values = ("other",)


def fields() -> list[FieldView]:
    return [
        FieldView("weight", "Body weight", "number", "61.2", "kg", absent_choices=ABSENT, previous="60.1 kg", previous_on="12 Nov 2016",
                  help="Without shoes, to the nearest 0.1 kg.", minimum="2", maximum="300"),
        FieldView("height", "Height", "number", "", "cm", absent="not_done", absent_choices=ABSENT, previous="158 cm"),
        FieldView("temperature", "Temperature", "number", "98.6", "Cel", units=(("Cel", "°C"), ("[degF]", "°F")), unit_typed="[degF]", echo="= 37.0 °C", absent_choices=ABSENT),
        FieldView("bmi", "Body mass index", unit="kg/m²", derived="24.5"),
        FieldView("systolic", "Systolic blood pressure", "number", "40", "mm[Hg]", absent_choices=ABSENT, previous="112 mm[Hg]",
                  errors=["Systolic pressure must be above the diastolic pressure (72 mm[Hg]). Check both readings."]),
        FieldView("hba1c", "HbA1c", "laboratory", "<4.0", "%", absent_choices=ABSENT, previous="8.4 %", previous_on="3 Aug 2016",
                  findings=[ShownFinding("Fell by 4.4 points in six weeks; the usual fall is below 2.", "HbA1c", "jump", explain_name="explain-hba1c-jump")]),
        FieldView("product", "Insulin product", "text", "Glargine", absent_choices=ABSENT, previous="Glargine", previous_on="3 Aug 2016", copy_value="Glargine"),
        FieldView("words", "In the person's own words", "text", "أشعر بالعطش 😀", required=False, previous="עייפות"),
        FieldView("position", "Position", "select", "other", choices=(("sitting", "Sitting"), ("lying", "Lying"), ("other", "Other"))),
        FieldView("position_other", "Which position", "text", "Propped up in bed", show_if=ShowIfSample(), required=False),
        FieldView("regimen", "Insulin regimen", "radio", "basal_bolus", choices=(("basal_bolus", "Basal–bolus"), ("premixed", "Premixed twice a day"), ("pump", "Pump")), absent_choices=ABSENT),
        FieldView("symptoms", "Symptoms", "multiselect", ["thirst"], choices=(("thirst", "Thirst"), ("fatigue", "Fatigue"), ("blurred", "Blurred vision")), absent_choices=ABSENT),
        FieldView("fasting", "Fasting sample", "yesno", True, absent_choices=ABSENT),
        FieldView("taken_on", "Sample taken on", "day", "2016-11-12", echo="Sat 12 Nov 2016"),
        FieldView("planned_on", "Planned for", "date", "2016-11-12"),
        FieldView("taken_at", "Infusion started", "datetime", "2016-11-12T09:40"),
        FieldView("diagnosed", "Diagnosed", "partial-date", "2011-06", absent_choices=ABSENT, echo="Jun 2011"),
        FieldView("hospital", "Hospital number", "text", "H-20417", disabled=True, help="Set at registration; the data manager can change it."),
        FieldView("certificate", "Certificate", "file", required=False, accept=".pdf,.png,.jpg", help="A PDF, PNG or JPEG."),
        FieldView("note", "Note", "textarea", "Came with her mother; slept badly before the visit.", required=False),
    ]  # fmt: skip


def line_chart() -> LineChart:
    return LineChart(
        key="hba1c", title="HbA1c", unit="%", x_label="Months since the first infusion",
        series=(
            Series("Participant", (Point(-3, 9.8), Point(0, 9.1), Point(1, 8.6), Point(3, 7.9), Point(6, None), Point(9, 7.4), Point(12, 7.1))),
            Series("Median of the cases", (Point(-3, 9.3), Point(0, 9.0), Point(3, 8.3), Point(6, 8.0), Point(9, 7.9), Point(12, 7.8))),
            Series("Median of the controls", (Point(-3, 9.2), Point(0, 9.2), Point(3, 9.0), Point(6, 9.1), Point(9, 8.9), Point(12, 9.0))),
        ),
        bands=(Band("Target below 7.0 %", None, 7.0),),
        events=(Mark(0, "Infusion 1"), Mark(1.5, "Infusion 2")),
    )  # fmt: skip


def dated_chart() -> LineChart:
    days = (date(2016, 8, 3), date(2016, 11, 12), date(2017, 1, 4), date(2017, 5, 20), date(2017, 11, 14))
    return LineChart(
        key="insulin", title="Insulin per day", unit="U/d", from_zero=True,
        series=(Series("Total", tuple(Point(day, dose) for day, dose in zip(days, (52, 48, 40, 33, 31), strict=True))),),
        events=(Mark(date(2016, 11, 12), "Infusion 1"), Mark(date(2016, 12, 28), "Infusion 2")),
    )  # fmt: skip


def profile_chart() -> ProfileChart:
    slots = (
        "Fasting",
        "After breakfast",
        "Before lunch",
        "After lunch",
        "Before dinner",
        "After dinner",
        "Bedtime",
        "03:00",
    )
    rows = (
        ("10 Nov 2016", (142, 231, 160, 212, 150, 240, 188, 120)),
        ("11 Nov 2016", (128, 205, None, 190, 141, 222, 170, None)),
        ("12 Nov 2016", (155, 248, 171, 236, 166, 251, 201, 98)),
        ("13 Nov 2016", (119, 198, 139, 184, None, 210, 166, 88)),
    )
    return ProfileChart(
        key="profile", title="Glucose by time of day", unit="mg/dL", slots=slots,
        days=tuple(ProfileDay(day, values) for day, values in rows), bands=(Band("Target 70–180 mg/dL", 70, 180),),
    )  # fmt: skip


def bar_list() -> BarList:
    return BarList(
        key="findings", title="Open findings by kind",
        bars=(
            Bar("Form signed after an older version had been replaced", 14, "bad", "critical"),
            Bar("Consent recorded later than the first procedure", 6, "attention", "major"),
            Bar("Witness missing where the signer cannot read", 2, "info", "minor"),
            Bar("Re-consent at 18 years overdue", 0, "", "none"),
        ),
    )  # fmt: skip


def grid() -> dict[str, Any]:
    visits = [
        GridVisit("Baseline", "3 Aug 2016", "#grid"), GridVisit("Session 1", "12 Nov 2016", "#grid"),
        GridVisit("Session 2", "28 Dec 2016", "#grid"), GridVisit("Month 3", "due 12 Feb 2017"),
        GridVisit("Month 6", "12 May 2017"), GridVisit("Month 12"),
    ]  # fmt: skip
    states = {
        "Vital signs": ("locked", "complete", "complete", "due", "expected", "expected"),
        "Symptoms": ("complete", "incomplete", "missed", "overdue", "expected", "expected"),
        "Laboratory": ("complete", "complete", "incomplete", "due", "expected", "expected"),
        "Cell infusion": (
            "not_expected",
            "complete",
            "complete",
            "not_expected",
            "not_expected",
            "not_expected",
        ),
    }
    queries = {("Laboratory", 1): 2, ("Symptoms", 1): 1}
    signed = {("Vital signs", 1): "signed", ("Laboratory", 1): "signature_broken"}
    rows = [
        GridRow(form, [
            GridCell(state, "" if state in {"not_expected", "expected"} else "#grid", queries.get((form, index), 0),
                     signature=signed.get((form, index), ""))
            for index, state in enumerate(row)
        ])
        for form, row in states.items()
    ]  # fmt: skip
    return {"visits": visits, "rows": rows}


def worklist() -> dict[str, Any]:
    return {
        "columns": ["Participant", "What is due", Column("Window", sort_url="?sort=window", sorted="ascending"), Column("Days left", numeric=True, unit="d"), "State"],
        "rows": [
            Row([Cell("MUM-0007-K", "#tables", detail="case, 14 years"), "Month 3: laboratory", "5 Feb – 19 Feb 2017", -3, Cell(state="overdue")], tone="bad"),
            Row([Cell("MUM-0012-D", "#tables", detail="control, 21 years"), "Month 6: vital signs", "1 Mar – 15 Mar 2017", 4, Cell(state="due")]),
            Row([Cell("MUM-0019-R", "#tables", detail="case, 17 years"), "Re-consent at 18 years", "from 20 Mar 2017", 19, Cell(state="soon")]),
            Row([Cell("MUM-0003-B", "#tables", detail="case, 30 years"), "Answer two queries", None, None, Cell(state="open")]),
        ],
    }  # fmt: skip


def outcome_table() -> dict[str, Any]:
    heads = ("Visit", "n", "Missing", "Mean", "SD", "Median", "Q1", "Q3")
    return {
        "columns": [heads[0], *(Column(head, numeric=True) for head in heads[1:])],
        "rows": [
            ["Baseline", 24, 0, "9.12", "1.31", "9.0", "8.2", "9.9"],
            ["Month 3", 22, 2, "8.31", "1.12", "8.2", "7.6", "9.0"],
            ["Month 6", 21, 3, "8.02", "1.05", "7.9", "7.3", "8.7"],
            ["Month 12", 19, 5, "7.84", "1.10", "7.7", "7.1", "8.5"],
        ],
    }


def steps() -> list[Step]:
    return [
        Step("Harvest", "done", url="#stepper", detail="12 Nov 2016"),
        Step("Processing", "done", detail="two products"),
        Step("Release", "current", detail="SVF waits for sterility"),
        Step(
            "Infusion",
            "blocked",
            ["The SVF product is not released.", "Consent to the second session is missing."],
        ),
        Step("Observation", "todo"),
    ]


def timeline() -> list[TimelineEvent]:
    return [
        TimelineEvent("2011-06", "Type 1 diabetes diagnosed", "Ketoacidosis at onset.", icon="flag"),
        TimelineEvent(date(2016, 8, 3), "Baseline visit", tone="good", icon="check", url="#timeline"),
        TimelineEvent(
            date(2016, 11, 12),
            "Infusion 1",
            "BM-MNC 2.1 × 10⁹ and SVF 0.6 × 10⁹ cells.",
            "accent",
            "drop",
            detail="day 0",
        ),
        TimelineEvent(
            date(2017, 2, 19),
            "Month 3 visit missed",
            "Travelling; telephone contact instead.",
            "bad",
            "alert",
        ),
    ]


def changes() -> list[Change]:
    return [
        Change(datetime(2016, 11, 14, 10, 5), "Asha Kulkarni", "page", "Transcription slip, source checked", "Vital signs", [FieldChange("weight", "Body weight", "62.1", "61.2")]),
        Change(datetime(2016, 11, 12, 9, 31), "Asha Kulkarni", "page", "", "Vital signs", [FieldChange("weight", "Body weight", None, "62.1"), FieldChange("fasting", "Fasting sample", None, True)]),
    ]  # fmt: skip


def signatures() -> list[ShownSignature]:
    at, zone = datetime(2016, 11, 12, 16, 20), "Asia/Kolkata, UTC+05:30"
    statement = "I have reviewed this record and confirm that it agrees with the source data, as far as I have seen them."
    before, after = (
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    )
    return [
        ShownSignature("Dr Rao", "Reviewed", statement, at, zone, 3, before, "Investigator", "Password", "signature_broken", 4, after, changes()[:1]),
        ShownSignature("Dr Rao", "Reviewed", statement, datetime(2016, 11, 14, 9, 5), zone, 4, after, "Investigator", "Password and one-time code", version_now=4, sha256_now=after),
    ]  # fmt: skip


def samples() -> dict[str, Any]:
    """The context of `ui/gallery.html`."""
    return {
        "synthetic": True,
        "tones": TONES,
        "states": list(STATES),
        "icon_names": sorted(ICONS),
        "crumbs": [(_("Participants"), "#shell"), ("MUM-0007-K", "#shell"), (_("Vital signs"), "")],
        "problems": [("systolic", "Systolic blood pressure", "must be above the diastolic pressure."), ("", "", "The visit is locked; ask the data manager to unlock it.")],
        "fields": fields(),
        "worklist": worklist(),
        "outcomes": outcome_table(),
        "steps": steps(),
        "events": timeline(),
        "changes": changes(),
        "grid": grid(),
        "signatures": signatures(),
        "definitions": [("Code", "MUM-0007-K"), ("Group", "Case"), ("Born", "2002-05"), ("Fasting", True), ("Enrolled", date(2016, 8, 3)), ("Weight", "61.2 kg", "12 Nov 2016"), ("Telephone", None)],
        "filters": [
            Filter("search", _("Code or hospital number"), "search", placeholder="MUM-0007"),
            Filter("group", _("Group"), "select", "case", (("", _("All")), ("case", _("Cases")), ("control", _("Controls")))),
            Filter("since", _("Enrolled since"), "date", "2016-08-01"),
        ],
        "tabs": [Tab(_("Overview"), "#tabs", True), Tab(_("Visits"), "#tabs", count=6), Tab(_("History"), "#tabs"), Tab(_("Queries"), "#tabs", count=0)],
        "findings": [
            ShownFinding("Weight rose by 9.2 kg in six weeks.", "Body weight", "weight_jump"),
            ShownFinding("No reading at 03:00 on three days.", "Glucose chart", "missing_slot", "answered", "The ward has no night reading on Sundays."),
            ShownFinding("Insulin dose was zero.", "Insulin", "zero", "closed", "Honeymoon period, confirmed in the notes."),
        ],
        "line": line_chart(),
        "dated": dated_chart(),
        "profile": profile_chart(),
        "bars": bar_list(),
        "empty_chart": LineChart("empty", "C-peptide", (Series("Participant", ()),), "ng/mL"),
        "snippet": 'curl -H "Authorization: Token $STUDYPORTAL_TOKEN" \\\n  https://portal.example.org/api/v1/datasets/vital-signs.csv -o vital-signs.csv',
        "partial": {"day": date(2016, 11, 12), "month": "2016-11", "year": "2016", "age": "age:12", "moment": datetime(2016, 11, 12, 9, 40)},
        "pad_errors": ["The field is empty. Sign in it, or choose to sign on paper."],
        "button_attrs": {"data-example": "1"},
    }  # fmt: skip
