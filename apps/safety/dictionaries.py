"""The dictionaries of grades, read from `config/dictionaries/` once and checked: a wrong file stops the start."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from django.core.checks import CheckMessage, Error
from pydantic import Field, ValidationError, model_validator

from apps.safety.models import Dictionary as Code
from apps.safety.models import Term
from apps.safety.rules import grades
from studyportal import protocol
from studyportal.protocol.base import Frozen, FrozenMapping, Key, Keyed, Number, PositiveInt, Text, Ucum
from studyportal.protocol.reading import read

DIRECTORY = Path(__file__).resolve().parents[2] / "config" / "dictionaries"


class DictionaryError(Exception):
    """A file of a dictionary is wrong; the message names file, place and reason."""


class BoundRow(Frozen):
    grade: PositiveInt = Field(le=4)
    number: Number | None = None
    times: Number | None = Field(default=None, gt=0)
    of: Literal["lln", "uln", "baseline"] | None = None
    also: FrozenMapping[Number] = Field(default_factory=FrozenMapping)
    reached: bool = False

    @model_validator(mode="after")
    def _number_or_multiple(self) -> BoundRow:
        if (self.number is None) == (self.times is None) or (self.times is None) != (self.of is None):
            raise ValueError("give a number, or times and of together")
        if self.also and self.number is None:
            raise ValueError("`also` gives a number in further units; a multiple needs none")
        return self


class ScaleRow(Frozen):
    bounds: tuple[BoundRow, ...] = Field(min_length=1)
    when: Literal["baseline_normal", "baseline_abnormal"] | None = None

    @model_validator(mode="after")
    def _from_mild_to_grave(self) -> ScaleRow:
        found = [bound.grade for bound in self.bounds]
        if found != sorted(set(found)):
            raise ValueError("the bounds go from the mildest to the gravest grade, each once")
        return self


class TermRow(Frozen):
    key: Key
    label: Text
    analytes: tuple[Key, ...] = Field(min_length=1)
    unit: Ucum
    direction: Literal["falls", "rises"]
    scales: tuple[ScaleRow, ...] = Field(min_length=1)
    source: Text
    note: Text | None = None
    configurable: bool = False

    @model_validator(mode="after")
    def _numbers_in_order(self) -> TermRow:
        for scale in self.scales:
            plain = [bound.number for bound in scale.bounds if bound.number is not None]
            multiples = [bound.times for bound in scale.bounds if bound.times is not None]
            if plain != sorted(plain, reverse=self.direction == "falls"):
                raise ValueError("the numbers of the bounds are not in the order of the grades")
            if self.direction == "rises" and multiples != sorted(multiples):
                raise ValueError("the multiples of the bounds are not in the order of the grades")
        return self


class WithoutNumbers(Frozen):
    key: Key
    why: Text


class DictionaryFile(Frozen):
    key: Key
    label: Text
    published: date | None = None
    source: Text
    why_none: Text | None = None
    terms: Keyed[TermRow]
    without_numbers: Keyed[WithoutNumbers] = Field(default_factory=Keyed)


@lru_cache(maxsize=8)
def dictionary(key: str) -> grades.Dictionary:
    """The version with this key. Raises DictionaryError for a wrong file, KeyError for an unknown version."""
    if key not in Code.values:
        raise KeyError(key)
    return _pure(load(DIRECTORY / f"{key}.yaml"))


def load(path: Path) -> DictionaryFile:
    try:
        source = read(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DictionaryError(f"{path.name}: cannot be read ({error.strerror})") from error
    if source.issues:
        issue = source.issues[0]
        raise DictionaryError(f"{path.name}:{issue.line}: {issue.reason}")
    try:
        return DictionaryFile.model_validate(source.data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise DictionaryError(f"{path.name}:{source.line_of(first['loc'])}: {first['msg']}") from None


def _pure(file: DictionaryFile) -> grades.Dictionary:
    return grades.Dictionary(
        key=file.key,
        label=file.label,
        tables={
            row.key: grades.Table(
                term=row.key,
                label=row.label,
                analytes=tuple(row.analytes),
                unit=row.unit,
                direction=row.direction,
                scales=tuple(_scale(scale) for scale in row.scales),
            )
            for row in file.terms.values()
        },
        without_numbers={row.key: row.why for row in file.without_numbers.values()},
        why_none=file.why_none or "",
    )


def _scale(row: ScaleRow) -> grades.Scale:
    return grades.Scale(
        bounds=tuple(
            grades.Bound(
                grade=bound.grade,
                number=bound.number if bound.number is not None else bound.times,  # type: ignore[arg-type]
                of=bound.of or "",
                also=dict(bound.also),
                reached=bound.reached,
            )
            for bound in row.bounds
        ),
        when=row.when or "",
    )


def problems_of(file: DictionaryFile) -> list[str]:
    """What does not fit between the file and the portal: terms that no form has, analytes and units of the protocol."""
    analytes = protocol.current().analytes
    found = []
    for row in file.terms.values():
        if row.key not in Term.values:
            found.append(f"{row.key} is no term of the form")
        for analyte in row.analytes:
            if analyte not in analytes:
                found.append(f"{row.key}: the protocol has no analyte {analyte}")
            elif row.unit != analytes[analyte].unit:
                found.append(
                    f"{row.key}: {analyte} is measured in {analytes[analyte].unit}, the table is in {row.unit}"
                )
    found += [f"{key} is no term of the form" for key in file.without_numbers if key not in Term.values]
    return found


def dictionaries_fit(**_: Any) -> list[CheckMessage]:
    """safety.E001: a dictionary cannot be read; safety.E002: it names what the portal does not have."""
    messages: list[CheckMessage] = []
    for key in Code.values:
        try:
            file = load(DIRECTORY / f"{key}.yaml")
        except DictionaryError as error:
            messages.append(Error(str(error), id="safety.E001"))
            continue
        if file.key != key:
            messages.append(Error(f"{key}.yaml: its key is {file.key}", id="safety.E002"))
        messages += [Error(f"{key}.yaml: {said}", id="safety.E002") for said in problems_of(file)]
    return messages


def terms_are_known(**_: Any) -> list[CheckMessage]:
    """safety.E003: the protocol names an event of special interest, or an expected one, that the form does not have."""
    safety = protocol.current().safety
    named = [("special_interest", term) for term in safety.special_interest]
    named += [("expected", one.term) for one in safety.expected]
    return [
        Error(
            f"safety.{where}: {term!r} is no term of the form; known are: {', '.join(Term.values)}",
            id="safety.E003",
        )
        for where, term in named
        if term not in Term.values
    ]
