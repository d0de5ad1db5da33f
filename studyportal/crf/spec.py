"""The declaration of a case report form: what stands beside its model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from studyportal.access.permissions import Permission
from studyportal.crf.columns import Column
from studyportal.crf.fields import CrfField
from studyportal.crf.models import CrfRecord
from studyportal.crf.outcomes import Check, Derivation, Problem, Rule
from studyportal.signatures.models import Meaning


@dataclass(frozen=True)
class Section:
    """A group of fields under one heading."""

    title: Any
    fields: tuple[str, ...]
    help: Any = ""


@dataclass(frozen=True)
class ShowIf:
    """A field that is asked only when another has one of the values (codes, or "true"/"false")."""

    field: str
    values: tuple[str, ...]


class About(StrEnum):
    """What a form is about, for gates of every form: what may end is named, and the rest goes on whatever ends.

    ALWAYS: what concerns safety, the quality of a product that is made, and the course of taking part itself; and forms
    whose own gates ask.
    """

    DATA = "data"
    SAMPLE = "sample"
    CONTACT = "contact"
    TREATMENT = "treatment"
    ALWAYS = "always"


@dataclass(frozen=True)
class SignedRows:
    """Rows of another table that are part of what is signed: the readings of a chart, the criteria of a release.

    lookup: from the model to the record. table: the rows, in order → heads and cells for whoever signs.
    """

    model: Any
    lookup: str
    title: Any
    table: Callable[[list[Any]], tuple[list[Any], list[list[Any]]]]


@dataclass(frozen=True, kw_only=True)
class CrfSpec:
    """One form, declared once. See docs/architecture.md and docs/add-a-form.md.

    meanings: what a signature on this form can say; signed_rows: what of other tables it covers.
    rules, checks and derive are pure; context is the one place that asks the database for them.
    gates: (record, by) → problems that refuse the save until something else has happened.
    lock: (record) → locks the rows by which the gates judge, before the record's own row is locked; a new record is not
    saved yet.
    about and dated_by: what the gates of every form (`gates.py`) judge by, and the exports after them. dated_by: names of
    fields, or of fields of a parent, that date a record, the best first; left out: the day of its visit, if it has one.
    always_when: a coded field and the code of the records that are About.ALWAYS.
    copies: the fields that may be copied from the record before, because they seldom change from visit to visit. A
    copied value is marked until somebody touches or confirms it, and is nothing before it is saved.
    """

    model: type[CrfRecord]
    key: str
    title: Any
    sections: tuple[Section, ...]
    description: Any = ""
    parents: tuple[str, ...] = ()
    show_if: Mapping[str, ShowIf] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    checks: tuple[Check, ...] = ()
    derive: Derivation | None = None
    context: Callable[[Any], Mapping[str, Any]] | None = None
    gates: tuple[Callable[[Any, Any], Iterable[Problem]], ...] = ()
    lock: Callable[[Any], None] | None = None
    permission: Permission = Permission.ENTER_DATA
    groups: tuple[str, ...] = ("case", "control", "unassigned")
    repeats: bool = False
    meanings: tuple[Meaning, ...] = (Meaning.REVIEWED, Meaning.APPROVED, Meaning.AUTHORED)
    signed_rows: tuple[SignedRows, ...] = ()
    about: About = About.DATA
    dated_by: tuple[str, ...] = ()
    always_when: tuple[str, str] | None = None
    copies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.dated_by and "visit" in self.parents:
            object.__setattr__(self, "dated_by", ("visit.happened_on",))
        declared = [name for section in self.sections for name in section.fields]
        on_model = self.model.crf_fields()
        twice = {name for name in declared if declared.count(name) > 1}
        unknown = [name for name in declared if name not in on_model]
        forgotten = [name for name in on_model if name not in declared]
        stray = [n for n, rule in self.show_if.items() if n not in on_model or rule.field not in on_model]
        if twice or unknown or forgotten or stray:
            raise ValueError(
                f"form {self.key}: each field of {self.model.__name__} stands in one section."
                f" Twice: {sorted(twice)}; not on the model: {unknown}; in no section: {forgotten};"
                f" show_if of or by unknown fields: {stray}"
            )
        for parent in self.parents:
            self.model._meta.get_field(parent)
        uncopied = [n for n in self.copies if n not in on_model or on_model[n].derived]
        if uncopied:
            raise ValueError(f"form {self.key}: copies names no field that is typed: {uncopied}")
        undated = [name for name in self.dated_by if name.split(".")[0] not in {*on_model, *self.parents}]
        if undated:
            raise ValueError(f"form {self.key}: dated_by names no field and no parent: {undated}")

    @cached_property
    def fields(self) -> dict[str, CrfField]:
        """Field name → field, in the order of the sections."""
        on_model = self.model.crf_fields()
        return {name: on_model[name] for section in self.sections for name in section.fields}

    @cached_property
    def entered_fields(self) -> dict[str, CrfField]:
        return {name: f for name, f in self.fields.items() if not f.derived}

    @cached_property
    def derived_fields(self) -> dict[str, CrfField]:
        return {name: f for name, f in self.fields.items() if f.derived}

    @cached_property
    def entered_columns(self) -> dict[str, CrfField]:
        """Column of a number as it was typed → its field, for those that may be typed in several units."""
        return {f.entered_name: f for f in self.entered_fields.values() if getattr(f, "entered_name", "")}

    @cached_property
    def optional_parents(self) -> frozenset[str]:
        return frozenset(name for name in self.parents if self.model._meta.get_field(name).null)

    def shown(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether the field is asked, given the other values."""
        rule = self.show_if.get(name)
        if rule is None:
            return True
        if not self.shown(rule.field, values):
            return False
        value = values.get(rule.field)
        if isinstance(value, list):
            return any(one in rule.values for one in value)
        text = "" if value is None else "true" if value is True else "false" if value is False else str(value)
        return text in rule.values

    def columns(self) -> list[Column]:
        """The columns of the form's dataset, without those that every dataset begins with."""
        found: list[Column] = []
        for name, crf_field in self.fields.items():
            found.extend(crf_field.columns())
            found.append(
                Column(
                    name=f"{name}_absent",
                    sql=f"t.absent ->> '{name}'",
                    type="code",
                    label=f"{crf_field.label}: why absent",
                    field=name,
                    derived=crf_field.derived,
                )
            )
        return found

    def __str__(self) -> str:
        return str(self.title)
