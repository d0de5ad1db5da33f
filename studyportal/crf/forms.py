"""The HTML form of a declared form: what the template draws, and what a browser posts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.formats import date_format

from studyportal.crf import fields as f
from studyportal.crf.absence import AbsentReason, label_of
from studyportal.crf.dating import day_of
from studyportal.crf.fields.dates import shown_moment, with_offset
from studyportal.crf.outcomes import Problem
from studyportal.crf.parsing import plain
from studyportal.crf.reasons import names_for
from studyportal.crf.rows_view import rows_view
from studyportal.crf.spec import CrfSpec
from studyportal.crf.units import Measured
from studyportal.queries.models import Query, QueryState
from studyportal.ui.parts import FieldView, ShownFinding
from studyportal.ui.posted import errors_by_field
from studyportal.ui.templatetags.ui_tags import human_unit_text
from studyportal.words import translated


@dataclass(frozen=True)
class SectionView:
    title: str
    help: str
    fields: list[FieldView]


@dataclass(frozen=True)
class FormView:
    """A form as a page shows it: sections with fields, problems on top, findings beside their fields."""

    sections: list[SectionView]
    problems: list[tuple[str, str, str]] = field(default_factory=list)
    findings: list[tuple[Query, ShownFinding]] = field(default_factory=list)
    # Control → text of explanations that were typed and are not saved.
    explanations: list[tuple[str, str]] = field(default_factory=list)
    # Whether it shows what somebody typed rather than a record.
    typed: bool = False


class Typed(dict[str, Any]):
    """The payload of a page, as `cleaning.clean` takes it; beside it what was typed and is no value.

    explanations: (field or "", code of a check) → why the value is right all the same, from the controls
    `explain-<field>-<code>`; as `actions.save(explanations=)` takes them.
    """

    explanations: dict[tuple[str, str], str]


EXPLAIN = "explain-"


def explain_name(field: str | None, code: str) -> str:
    """The control in which a finding is explained before it is saved: `explain-<field>-<code>`, field "" for the form."""
    return f"{EXPLAIN}{field or ''}-{code}"


def explanations_of(posted: QueryDict) -> dict[tuple[str, str], str]:
    """(field or "", code) → the text of each explanation that holds more than spaces."""
    found = {}
    for name in posted:
        if name.startswith(EXPLAIN) and (text := posted.get(name, "").strip()):
            field_name, _dash, code = name.removeprefix(EXPLAIN).partition("-")
            found[field_name, code] = text[:2000]
    return found


def raw_of(spec: CrfSpec, posted: QueryDict) -> Typed:
    """What a browser posted → the payload that the cleaning takes. A control that was hidden is empty."""
    raw = Typed()
    raw.explanations = explanations_of(posted)
    absent: dict[str, str] = {}
    for name, crf_field in spec.entered_fields.items():
        if isinstance(crf_field, f.MultiCodedField):
            raw[name] = [one for one in posted.getlist(name) if one]
        elif isinstance(crf_field, f.RowsField):
            raw[name] = crf_field.posted(posted)
        elif isinstance(crf_field, f.MomentField):
            raw[name] = with_offset(posted.get(name, ""), posted.get(f"{name}-offset", ""))
        else:
            raw[name] = crf_field.from_page(posted.get(name, ""))
            unit = posted.get(f"unit-{name}", "")
            if (
                isinstance(crf_field, f.QuantityField)
                and crf_field.units
                and unit not in ("", crf_field.unit)
            ):
                # A unit without a number is nothing.
                raw[name] = {"value": raw[name], "unit": unit[:40]} if raw[name] else ""
        absent[name] = posted.get(f"absent-{name}", "")
    raw["absent"] = absent
    return raw


def build(
    spec: CrfSpec,
    *,
    record: Any = None,
    typed: Mapping[str, Any] | None = None,
    problems: Iterable[Problem] = (),
    previous: Any = None,
    queries: Iterable[Query] = (),
    disabled: bool = False,
) -> FormView:
    """The view of a form: with `typed`, exactly what the person typed; otherwise the record."""
    problems = list(problems)
    queries = list(queries)
    by_field = errors_by_field(problems)
    sections = [
        SectionView(
            title=str(section.title),
            help=str(section.help),
            fields=[
                _field_view(spec, name, record, typed, by_field, previous, queries, disabled)
                for name in section.fields
            ],
        )
        for section in spec.sections
    ]
    return FormView(
        sections=sections,
        problems=[(*place_of(spec, p.field), translated(p.message)) for p in problems],
        findings=[(query, shown_query(spec, query)) for query in queries if query.state != QueryState.CLOSED],
        explanations=[
            (explain_name(name, code), text)
            for (name, code), text in getattr(typed, "explanations", {}).items()
        ],
        typed=typed is not None,
    )


def place_of(spec: CrfSpec, name: str | None) -> tuple[str, str]:
    """The control that a problem leads to, and its words; "" for what has none on the page."""
    rows = spec.fields.get((name or "").partition(".")[0])
    if isinstance(rows, f.RowsField) and name is not None and (place := rows.place_of(name)):
        return place
    if name in spec.fields:
        return name, spec.fields[name].label
    return (name, "") if name == names_for(spec).text else ("", "")


def _field_view(
    spec: CrfSpec,
    name: str,
    record: Any,
    typed: Mapping[str, Any] | None,
    by_field: Mapping[str, list[str]],
    previous: Any,
    queries: list[Query],
    disabled: bool,
) -> FieldView:
    crf_field = spec.fields[name]
    value = None if record is None else getattr(record, name)
    stored_reason = "" if record is None else record.absent_reason(name)
    derived = unit_typed = ""
    shown: Any
    if crf_field.derived:
        derived = derived_text(crf_field, value, stored_reason)
        shown = ""
    elif isinstance(crf_field, f.RowsField):
        shown = rows_view(
            crf_field, value, None if typed is None else typed.get(name), by_field, disabled=disabled
        )
    elif typed is not None:
        shown = _typed(crf_field, typed.get(name))
        if isinstance(shown, dict):
            shown, unit_typed = shown.get("value", ""), str(shown.get("unit", ""))
    elif isinstance(crf_field, f.YesNoField):
        shown = value
    elif isinstance(crf_field, f.MultiCodedField):
        shown = value or []
    elif isinstance(value, Measured) and value.unit in getattr(crf_field, "offered", ()):
        shown, unit_typed = value.typed, value.unit
    else:
        shown = crf_field.as_json(value) if isinstance(value, Measured) else crf_field.as_text(value)
    reason = stored_reason if typed is None else (typed.get("absent") or {}).get(name, "")
    moment = shown_moment(shown) if isinstance(crf_field, f.MomentField) and isinstance(shown, str) else None
    before = None if previous is None or crf_field.derived else getattr(previous, name)
    on = day_of(spec, previous) if before is not None else None
    return FieldView(
        name=name,
        label=crf_field.label,
        widget=crf_field.widget,
        value=shown if moment is None else moment.wall,
        offset="" if moment is None else moment.offset,
        offsets=() if moment is None else moment.offsets,
        unit=crf_field.unit,
        units=units_of(crf_field),
        unit_typed=unit_typed,
        help=str(crf_field.help_text),
        required=crf_field.required,
        choices=crf_field.code_labels,
        errors=by_field.get(name, []),
        absent=reason,
        absent_choices=AbsentReason.choices,
        previous="" if before is None else crf_field.for_people(before),
        previous_on="" if on is None else on[1].for_people(),
        copy_value=crf_field.as_text(before) if name in spec.copies else "",
        echo=echo_of(crf_field, value if typed is None else shown, parsed=typed is None),
        show_if=spec.show_if.get(name),
        derived=derived,
        disabled=disabled,
        findings=[shown_query(spec, q) for q in queries if q.field == name and q.state != QueryState.CLOSED],
    )


def units_of(crf_field: f.CrfField) -> list[tuple[str, str]]:
    """The units between which the person chooses; none where there is one only."""
    offered = getattr(crf_field, "offered", ())
    return [(one, human_unit_text(one)) for one in (crf_field.unit, *offered)] if offered else []


def derived_text(crf_field: f.CrfField, value: Any, reason: str) -> str:
    """A computed value, or what it lacks. The component puts the unit behind a number itself."""
    text = crf_field.as_text(value) if crf_field.unit else crf_field.for_people(value)
    return text or (label_of(reason) if reason else "–")


def echo_of(crf_field: f.CrfField, value: Any, *, parsed: bool = True) -> str:
    """In words what was read: a day with its month and weekday. "" for what needs no words, or could not be read."""
    if isinstance(value, Measured) and value.unit:
        return f"= {plain(value)} {human_unit_text(crf_field.unit)}"
    if not isinstance(crf_field, f.DayField | f.PartialDateField) or crf_field.derived or value in (None, ""):
        return ""
    if not parsed:
        try:
            value = crf_field.parse(value)
        except ValidationError:
            return ""
    if value is None:
        return ""
    exact = value if isinstance(value, dt.date) else value.exact
    words = crf_field.for_people(value)
    return f"{date_format(exact, 'D')} {words}" if exact else words


def _typed(crf_field: f.CrfField, raw: Any) -> Any:
    if isinstance(crf_field, f.YesNoField):
        return f.YesNoField.WORDS.get(str(raw).lower()) if raw not in (None, "") else None
    if isinstance(crf_field, f.MultiCodedField):
        return raw or []
    return "" if raw is None else raw


def shown_query(spec: CrfSpec, query: Query) -> ShownFinding:
    """A query beside its field."""
    label = spec.fields[query.field].label if query.field in spec.fields else ""
    return ShownFinding(
        message=query.words,
        label=label,
        code=query.code,
        state=query.state,
        explanation="",
        field=query.field,
    )
