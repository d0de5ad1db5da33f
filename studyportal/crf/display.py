"""How a record is shown: the lines of a page, the cell of a casebook, the body of the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from studyportal.audit.selectors import Change, FieldChange
from studyportal.audit.selectors import label_of as label_of_field
from studyportal.crf.absence import label_of
from studyportal.crf.spec import CrfSpec


@dataclass(frozen=True)
class Line:
    """One field as read: its label, its value with unit, or why there is none."""

    name: str
    label: str
    text: str
    absent: str
    derived: bool


@dataclass(frozen=True)
class Cell:
    """One form in the casebook grid: state is not_started, incomplete or complete."""

    form: str
    title: str
    state: str
    url: str
    summary: str = ""


def lines(spec: CrfSpec, record: Any) -> list[tuple[str, list[Line]]]:
    """Section title → its lines, leaving out what was not asked."""
    values = {name: getattr(record, name) for name in spec.fields}
    read = []
    for section in spec.sections:
        shown = [
            Line(
                name=name,
                label=spec.fields[name].label,
                text=spec.fields[name].for_people(values[name]),
                absent=label_of(record.absent_reason(name)) if record.absent_reason(name) else "",
                derived=spec.fields[name].derived,
            )
            for name in section.fields
            if spec.shown(name, values)
        ]
        if shown:
            read.append((str(section.title), shown))
    return read


def summary(spec: CrfSpec, record: Any, most: int = 3) -> str:
    """The first values of a record in one line."""
    said = []
    for _title, shown in lines(spec, record):
        said += [f"{line.label}: {line.text}" for line in shown if line.text]
    return "; ".join(said[:most])


def cell(spec: CrfSpec, record: Any, new_url: str = "") -> Cell:
    """The casebook cell of a record, or of a form not begun."""
    if record is None:
        return Cell(spec.key, str(spec.title), "not_started", new_url)
    return Cell(spec.key, str(spec.title), record.status, record.get_absolute_url(), summary(spec, record))


def as_json(spec: CrfSpec, record: Any, participant_code: str) -> dict[str, Any]:
    """The record as the API gives it: flat, with the reasons of absence beside."""
    body: dict[str, Any] = {
        "id": record.pk,
        "form": spec.key,
        "participant": participant_code,
        "site": record.site.code,
    }
    for parent in spec.parents:
        body[parent] = getattr(record, f"{parent}_id")
    for name, crf_field in spec.fields.items():
        body[name] = crf_field.as_json(getattr(record, name))
    return body | {
        "absent": record.absent,
        "status": record.status,
        "version": record.version,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def parents_in_words(spec: CrfSpec, record: Any) -> list[tuple[str, str]]:
    """Label and words of each thing that the record belongs to, besides its participant; what it may belong to and
    does not is left out."""
    held = ((name, getattr(record, name)) for name in spec.parents)
    return [(label_of_field(spec.model, name), str(parent)) for name, parent in held if parent is not None]


def history_in_words(spec: CrfSpec, changes: Iterable[Change]) -> list[Change]:
    """The history of a record as people read it: values with their units, codes in words, and in the place of a
    value that is absent the reason why. Where the record belongs never changes, and is left out."""
    return [replace(change, fields=tuple(_fields_in_words(spec, change.fields))) for change in changes]


def _fields_in_words(spec: CrfSpec, fields: Iterable[FieldChange]) -> Iterable[FieldChange]:
    by_name = {one.name: one for one in fields}
    reasons = by_name.pop("absent", None)
    before, after = (_mapping(reasons and reasons.before), _mapping(reasons and reasons.after))
    for name, crf_field in spec.fields.items():
        value = by_name.get(name)
        # A history keeps columns, not fields: a partial date comes back as its text.
        shown = [
            None if one is None else crf_field.to_python(one)
            for one in ((value.before, value.after) if value else (None, None))
        ]
        told = [
            words or label_of(why.get(name, ""))
            for words, why in zip(crf_field.changed_for_people(*shown), (before, after), strict=True)
        ]
        if told[0] != told[1]:
            yield FieldChange(name, crf_field.label, *told)
    status = by_name.get("status")
    if status is not None:
        words = dict(spec.model._meta.get_field("status").flatchoices)
        yield replace(
            status,
            before=str(words.get(status.before, status.before or "")),
            after=str(words.get(status.after, status.after or "")),
        )


def _mapping(value: Any) -> Mapping[str, str]:
    return value if isinstance(value, Mapping) else {}
