"""A wrong protocol stops with file, line and reason for every error; the study's own is read as it is written."""

import copy
import pickle
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from studyportal.protocol import Protocol, ProtocolError, load, parse
from studyportal.protocol.loader import DEFAULT_PATH

TEXT = DEFAULT_PATH.read_text(encoding="utf-8")


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) >= 1, old
    return TEXT.replace(old, new, 1)


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


def errors(text: str) -> list[str]:
    with pytest.raises(ProtocolError) as caught:
        parse(text, name="p.yaml")
    return caught.value.lines


# ------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("old", "new", "marker", "reason"),
    [
        (
            "anchor: session_1\n    treated",
            "anchor: moon\n    treated",
            "anchor: moon",
            "anchor 'moon' does not exist",
        ),
        (
            "{case: session_1, control: index}",
            "{case: index, control: index}",
            "{case: index",
            "not for the group case",
        ),
        (
            "{case: session_1, control: index}",
            "{case: session_1}",
            "anchor: {case: session_1}",
            "no anchor for the group control",
        ),
        ("window_before: 21", "window_before: -21", "window_before: -21", "greater than or equal to 0"),
        ("window_before: 21", "window_before: 1.5", "window_before: 1.5", "integer"),
        ("window_before: 21", 'window_before: "21"', 'window_before: "21"', "integer"),
        ("window_before: 21", "window_befor: 21", "window_befor:", "is not known here"),
        ('version: "1.4"', "version: 1.4", "version: 1.4", 'put it in quotes: "1.4"'),
        (
            "opened_on: 2024-01-01",
            "opened_on: 2024-02-30",
            "opened_on: 2024-02-30",
            "not a date of the calendar",
        ),
        ("  condition: Type 1 diabetes mellitus\n", "", "study:", "'condition' is missing"),
        ("unit: mmol/mol", "unit: furlong", "unit: furlong", "'furlong' is not a unit"),
        ("loinc: 13927-9", "loinc: 13927-0", "loinc: 13927-0", "wrong check digit"),
        ("factor: 18.0156,", "factor: 0,", "factor: 0,", "greater than 0"),
        ("factor: 18.0156", 'factor: "18"', 'factor: "18"', "a number is expected"),
        ("{low: 4, high: 18,", "{low: 18, high: 4,", "{low: 18, high: 4,", "low 18 must be below high 4"),
        (
            "{low: 4, high: 18,",
            "{low: 1, high: 18,",
            "key: hba1c\n    label: HbA1c\n",
            "within the hard limits",
        ),
        (
            "minimum: 500\n      maximum: 5000",
            "minimum: 5000\n      maximum: 500",
            "dose:\n      minimum: 5000",
            "must be below maximum",
        ),
        ("kind: at_least", "kind: at_most_least", "kind: at_most_least", "is not one of"),
        (
            "analytes: [hba1c, c_peptide, glucose_fasting]",
            "analytes: [hba1c, sodium]",
            "analytes: [hba1c, sodium]",
            "analyte 'sodium' does not exist",
        ),
        ("tests: [mmtt]", "tests: [ogtt]", "tests: [ogtt]", "dynamic test 'ogtt' does not exist"),
        ("session: 2\n", "session: 3\n", "session: 3", "session 3 of 2"),
        (
            "- {form: demographics}",
            "- {form: symptoms}",
            "- {form: symptoms}\n      - {form: vital-signs}\n      - {form: lab",
            "named twice",
        ),
        (
            "baseline: BL\n    visits: [M12]",
            "baseline: BL\n    visits: [M13]",
            "visits: [M13]",
            "visit 'M13' does not exist",
        ),
        ("role: primary", "role: secondary", "endpoints:", "role primary"),
        (
            "from_age: 7, to_age: 12",
            "from_age: 8, to_age: 12",
            "consent:\n  age_bands",
            "begins at 8, expected 7",
        ),
        (
            "incapacity_signatures: [lar_consent]",
            "incapacity_signatures: [aunt]",
            "consent:\n  age_bands",
            "incapacity_signatures asks for aunt",
        ),
        (
            "carries: [participation, ",
            "carries: [participation, dancing, ",
            "consent:\n  age_bands",
            "interim carries dancing",
        ),
        ("when: vulnerable", "when: sometimes", "recording: {when", "is not one of"),
        ("after_birthday: suspended", "after_birthday: ignored", "after_birthday: ignored", "is not one of"),
        (
            "birthday_warning_days: 60",
            "birthday_warning_days: -1",
            "birthday_warning_days: -1",
            "greater than",
        ),
        ("method: optimal\n", "method: magic\n", "matching:", "method magic is not among"),
        ("minutes: [-10, 0,", "minutes: [0, -10,", "- key: mmtt", "minutes must rise"),
        (
            "key: BL\n",
            "key: SCR\n",
            "key: SCR\n    label: Baseline",
            "'SCR' is used twice in this list (first in line",
        ),
        ("key: BL\n", "key: 9 lives\n", "key: 9 lives", "is no valid key"),
        ("attempts_before_lost: 3", "attempts_before_lost: 0", "attempts_before_lost: 0", "greater than"),
        (
            "attempts_before_lost: 3",
            "attempts_before_lost: 1",
            "follow_up:",
            "each way is one attempt at least",
        ),
        ("  forms: [lost-to-follow-up", "  forms: [Lost", "  forms: [Lost", "is no valid key"),
    ],
)
def test_every_fault_is_named_with_its_line(old: str, new: str, marker: str, reason: str) -> None:
    text = changed(old, new)

    found = errors(text)

    assert any(reason in line for line in found), found
    (said,) = [line for line in found if reason in line][:1]
    assert said.startswith(f"p.yaml:{line_of(text, marker)}: "), (said, line_of(text, marker))


def test_all_faults_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = TEXT.replace("window_before: 21", "window_before: -1").replace("unit: mmol/mol", "unit: furlong")

    found = errors(text)

    assert len(found) == 2
    numbers = [int(re.match(r"p\.yaml:(\d+):", line).group(1)) for line in found]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "the file is empty"),
        ("- a\n- b\n", 1, "a mapping is expected"),
        ("study:\n  key: a\n  key: b\n", 3, "'key' is given twice (first in line 2)"),
        ("study: {a: 1\nvisits: []\n", 2, "not valid YAML"),
        ("study:\n\tkey: a\n", 2, "not valid YAML"),
        ("study: &s {key: a}\ngroups: *s\n", 1, "anchor is used again"),
        ("study: !!python/object:os.system x\n", 1, "tag"),
        ("study: \x00", 1, "not valid YAML"),
    ],
)
def test_what_is_no_protocol_file_is_refused(text: str, line: int, reason: str) -> None:
    found = errors(text)

    assert any(said.startswith(f"p.yaml:{line}: ") and reason in said for said in found), found


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"cannot be read.*set PROTOCOL_FILE"):
        load(tmp_path / "none.yaml")


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"study:\n  title: \xe9t\xe9\n")

    with pytest.raises(ProtocolError) as caught:
        load(path)

    assert ":2: not UTF-8" in str(caught.value)


def test_nothing_can_be_changed() -> None:
    protocol = load(DEFAULT_PATH)

    with pytest.raises(ValidationError):
        protocol.study = None  # type: ignore[misc, assignment]
    with pytest.raises(ValidationError):
        protocol.visits["BL"].target_day = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        protocol.visits["BL"] = None  # type: ignore[index]
    with pytest.raises(AttributeError):
        protocol.visits._items = {}  # type: ignore[misc]
    with pytest.raises(KeyError, match="known here: SCR, BL"):
        protocol.visits["M13"]


# ------------------------------------------------------------------------------------- the study's protocol


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load(DEFAULT_PATH)


def test_hash_is_of_the_bytes_of_the_file(protocol: Protocol) -> None:
    import hashlib

    assert protocol.sha256 == hashlib.sha256(DEFAULT_PATH.read_bytes()).hexdigest()
    assert protocol.text == TEXT
    assert protocol.path == "config/protocol/t1dm_cell_therapy.yaml"


# Domain reference §6: first and last day of each visit, counted from day 0.
SCHEDULE = {
    "SCR": (-42, -1), "BL": (-14, -1), "S1": (0, 0), "D1": (1, 1), "D7": (5, 9), "M1": (25, 35), "S2": (38, 52),
    "S2_30": (68, 82), "M3": (76, 104), "M6": (166, 194), "M9": (243, 297), "M12": (335, 395), "M18": (515, 575),
    "M24": (700, 760), "UNS": (None, None),
}  # fmt: skip


def test_the_schedule_is_that_of_the_study(protocol: Protocol) -> None:
    assert {v.key: (v.earliest_day, v.latest_day) for v in protocol.visits.values()} == SCHEDULE


def test_windows_are_dates_from_the_anchor(protocol: Protocol) -> None:
    window = protocol.visits["M9"].window(date(2016, 11, 12))

    assert window is not None
    assert window.target == date(2017, 8, 9)
    assert window.holds(date(2017, 7, 13)) and not window.holds(date(2017, 7, 12))
    assert [window.days_outside(d) for d in (date(2017, 7, 12), window.latest, date(2017, 9, 7))] == [
        -1,
        0,
        2,
    ]
    assert protocol.visits["UNS"].window(date(2016, 11, 12)) is None


def test_forms_differ_by_group(protocol: Protocol) -> None:
    assert "infusion" in protocol.forms_at("S1", "case")
    assert "infusion" not in protocol.forms_at("S1", "control")
    assert "adverse-event" not in protocol.forms_at("S1", "case", required_only=True)
    assert protocol.anchor_for("M12", "control") == "index"
    with pytest.raises(KeyError):
        protocol.forms_at("M13", "case")
    with pytest.raises(KeyError):
        protocol.forms_at("M12", "sibling")


def test_forms_that_no_app_declares_are_named(protocol: Protocol) -> None:
    assert protocol.check_forms(protocol.form_keys) == ()
    assert protocol.check_forms(protocol.form_keys - {"insulin"}) == ("insulin",)


def test_what_comes_before_a_participant_is_lost(protocol: Protocol) -> None:
    asked = protocol.follow_up
    assert asked is not None and asked.configurable and asked.source
    assert (asked.attempts_before_lost, asked.ways_before_lost, asked.days_before_lost) == (3, 2, 60)
    assert protocol.forms_when_they_apply == ("lost-to-follow-up", "end-of-study")
    assert not set(protocol.forms_when_they_apply) & {
        form.form for visit in protocol.visits.values() for form in visit.forms
    }


def test_a_protocol_may_say_nothing_of_it() -> None:
    text = re.sub(r"\nfollow_up:\n(  .*\n)+", "\n", TEXT)
    assert "attempts_before_lost" not in text
    assert parse(text).forms_when_they_apply == ()


def test_cell_product_defaults(protocol: Protocol) -> None:
    bm, svf = protocol.dose_ranges["bm_mnc"], protocol.dose_ranges["svf"]
    assert (bm.minimum, bm.maximum, bm.unit) == (500, 5000, "10*6")
    assert (svf.minimum, svf.maximum) == (400, 1600)
    assert [svf.holds(Decimal(n)) for n in ("399.9", "400", "1600", "1600.1")] == [False, True, True, False]
    interval = protocol.sessions.interval
    assert [interval.holds(n) for n in (37, 38, 52, 53)] == [False, True, True, False]
    assert protocol.components["svf"].expiry_hours("refrigerated") == 6
    assert protocol.components["bm_mnc"].expiry_hours("refrigerated") == 72
    assert protocol.components["bm_mnc"].expiry_hours("room_temperature") == 48
    assert protocol.components["bm_mnc"].expiry_hours(None) is None
    release = protocol.release_criteria["bm_mnc"]
    assert [release["viability"].met_by(n) for n in (None, Decimal("69.9"), Decimal(70))] == [
        None,
        False,
        True,
    ]
    assert [release["endotoxin"].met_by(n) for n in (Decimal(5), Decimal("5.1"))] == [True, False]
    assert [release["gram_stain"].met_by(n) for n in ("negative", "positive", "pending", None)] == [
        True,
        False,
        None,
        None,
    ]
    assert [release["sterility"].met_by(n) for n in ("no_growth", "growth", "pending")] == [True, False, None]
    assert release["sterility"].pending_allowed and not release["gram_stain"].pending_allowed
    assert not protocol.components["svf"].plausibility["yield_per_ml"].holds(Decimal("2.01"))


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "expected"),
    [
        ("hba1c", "53", "mmol/mol", "7.0"),
        ("hba1c", "102", "mmol/mol", "11.5"),
        ("glucose_fasting", "3.0", "mmol/L", "54.0"),
        ("c_peptide", "0.331", "nmol/L", "1.0"),
        ("c_peptide", "331", "pmol/L", "1.0"),
        ("haemoglobin", "120", "g/L", "12.0"),
    ],
)
def test_conversions_into_the_unit_of_the_analyte(
    protocol: Protocol, analyte: str, value: str, unit: str, expected: str
) -> None:
    converted = protocol.analytes[analyte].converted(Decimal(value), unit)

    assert converted is not None and round(converted, 1) == Decimal(expected)


def test_hba1c_goes_back_by_the_master_equation(protocol: Protocol) -> None:
    hba1c = protocol.analytes["hba1c"]
    assert [round(hba1c.in_unit(Decimal(v), "mmol/mol") or 0) for v in ("7.0", "11.5")] == [53, 102]
    assert (hba1c.loinc_for("%"), hba1c.loinc_for("mmol/mol")) == ("4548-4", "59261-8")


def test_a_scale_of_its_own_is_not_converted(protocol: Protocol) -> None:
    ica = protocol.analytes["ica"]
    assert "{JDF'U}" in ica.units
    assert ica.converted(Decimal(20), "{JDF'U}") is None


def test_hypoglycaemia_is_judged_in_the_unit_measured(protocol: Protocol) -> None:
    level_2 = protocol.analytes["glucose_meter"].thresholds["hypoglycaemia_2"]
    assert not level_2.met_by(Decimal(54), "mg/dL")
    assert not level_2.met_by(Decimal("3.0"), "mmol/L")
    assert level_2.met_by(Decimal("53"), "mg/dL") and level_2.met_by(Decimal("2.9"), "mmol/L")


def test_7_0_is_not_below_7_0(protocol: Protocol) -> None:
    limit = protocol.endpoints["insulin_independence"].thresholds["hba1c"]
    assert [limit.met_by(v) for v in (None, Decimal("7.0"), Decimal("6.9"))] == [None, False, True]


@pytest.mark.parametrize(
    ("age", "signatures"),
    [
        (6, {"lar_consent"}),
        (7, {"lar_consent", "oral_assent"}),
        (12, {"lar_consent", "oral_assent"}),
        (13, {"lar_consent", "written_assent"}),
        (17, {"lar_consent", "written_assent"}),
        (18, {"consent"}),
        (70, {"consent"}),
    ],
)
def test_who_signs_by_age(protocol: Protocol, age: int, signatures: set[str]) -> None:
    assert set(protocol.consent.band_for(age).signatures) == signatures


def test_what_was_not_checked_against_a_source_is_marked_configurable(protocol: Protocol) -> None:
    values = [
        protocol.components["svf"].expiry["any"],
        protocol.components["svf"].plausibility["yield_per_ml"],
        protocol.analytes["hba1c"].plausible,
        protocol.dynamic_tests["mmtt"],
        protocol.endpoints["insulin_independence"],
        protocol.endpoints["insulin_dose"],
        *protocol.age_bands.values(),
    ]
    assert all(value is not None and value.configurable and value.source for value in values)


def test_a_process_boundary_keeps_it(protocol: Protocol) -> None:
    assert pickle.loads(pickle.dumps(protocol)) == protocol
    assert copy.deepcopy(protocol).visits == protocol.visits
    assert hash(protocol.visits) == hash(pickle.loads(pickle.dumps(protocol)).visits)


def test_the_json_schema_accepts_the_protocol_and_refuses_a_typo(protocol: Protocol) -> None:
    import jsonschema

    from studyportal.protocol.selectors import json_schema

    validator = jsonschema.Draft202012Validator(json_schema())
    as_json = protocol.model_dump(mode="json", exclude_none=True)
    assert as_json["visits"][0]["key"] == "SCR"
    assert not [e for e in validator.iter_errors(as_json) if e.validator == "additionalProperties"]
    as_json["visits"][0]["windw"] = 1
    assert [e for e in validator.iter_errors(as_json) if e.validator == "additionalProperties"]
