"""What the components are given, as plain immutable data. The templates look only at the attribute names, so
a model or a dictionary with the same names will do as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `components/table.html`. `sorted` is "", "ascending" or "descending"."""

    label: Text
    numeric: bool = False
    unit: str = ""
    sort_url: str = ""
    sorted: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell; `state` shows a badge beside the text, `detail` a second, quieter line; `nowrap` keeps the
    text (such as a participant code or a date) on one line."""

    text: Any = ""
    url: str = ""
    state: str = ""
    detail: Text = ""
    code: bool = False
    nowrap: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A table row; `tone` draws a coloured edge (the words must say the same)."""

    cells: Sequence[Any]
    tone: str = ""


# (term, value with its unit, why there is none or what it rests on), for `components/definition_list.html`.
Line = tuple[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """A titled part of a page that is the same on screen and on paper: lines, or a table, or both.

    `empty` is said when there is neither; `url` and `action` lead to where it is added to; `note` stands above, as an
    alert when there is a `tone`.
    """

    key: str
    title: Text
    lines: Sequence[Line] = ()
    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    note: Text = ""
    empty: Text = ""
    url: str = ""
    action: Text = ""
    tone: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.lines and not self.rows


@dataclass(frozen=True, slots=True)
class Step:
    """A step of `components/stepper.html`; `state` is done, current, blocked or todo, `reason` says in words
    what is missing (one or several sentences)."""

    label: Text
    state: str = "todo"
    reason: Text | Sequence[Text] = ""
    url: str = ""
    detail: Text = ""

    @property
    def reasons(self) -> tuple[Text, ...]:
        if isinstance(self.reason, str | Promise):
            return (self.reason,) if self.reason else ()
        return tuple(self.reason)


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """`when` is a date, datetime, PartialDate or a ready text such as "day 45"."""

    when: Any
    title: Text
    text: Text = ""
    tone: str = "neutral"
    icon: str = ""
    url: str = ""
    detail: Text = ""


@dataclass(frozen=True, slots=True)
class Tab:
    label: Text
    url: str
    active: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A control of `components/filter_bar.html`; `widget` is search, select or date."""

    name: str
    label: Text
    widget: str = "select"
    value: str = ""
    choices: Sequence[tuple[str, Text]] = ()
    placeholder: Text = ""


@dataclass(frozen=True, slots=True)
class GridVisit:
    label: Text
    detail: Text = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class GridCell:
    """One form at one visit. `queries` counts the open ones, `label` replaces the words of the state; `signature`
    is "", signed or signature_broken."""

    state: str = "not_expected"
    url: str = ""
    queries: int = 0
    label: Text = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class GridRow:
    label: Text
    cells: Sequence[GridCell]


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A soft check that spoke. `state` is open, explained, answered or closed."""

    message: Text
    label: Text = ""
    code: str = ""
    state: str = "open"
    explanation: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class FieldView:
    """One row of a case report form, as `components/field.html` draws it.

    `widget` is text, number, select, multiselect, radio, yesno, date, partial-date, datetime, textarea,
    laboratory, rows (`value` is a RowsView) or file (in a form with `enctype="multipart/form-data"`; `accept` lists the endings). `value` is the text to show (multiselect: list of codes; yesno: True, False or None). `show_if`
    has `.field` and `.values`. `derived` is the computed text of a field that nobody types.
    `conditional`: needed in some cases, which `help` names, so it is marked neither as needed nor as optional.
    `units`: (UCUM code, words) between which the unit is chosen, the field's own first; `unit_typed`: the chosen one. It is
    posted as `unit-<name>`. `previous` stands beside the control with its day (`previous_on`); `copy_value` is what copying
    it (Alt+P) puts into the control, "" where it may not be copied (multiselect: codes joined by ";").
    `offsets`: the offsets from UTC, with words, between which a datetime is chosen that came twice; `offset`: the chosen one.
    """

    name: str
    label: Text
    widget: str = "text"
    value: Any = ""
    unit: str = ""
    help: Text = ""
    required: bool = True
    choices: Sequence[tuple[str, Text]] = ()
    errors: Sequence[Text] = ()
    absent: str = ""
    absent_choices: Sequence[tuple[str, Text]] = ()
    previous: Text = ""
    show_if: Any = None
    derived: Text = ""
    disabled: bool = False
    findings: Sequence[ShownFinding] = ()
    minimum: Any = None
    maximum: Any = None
    placeholder: Text = ""
    accept: str = ""
    conditional: bool = False
    offset: str = ""
    offsets: Sequence[tuple[str, Text]] = ()
    units: Sequence[tuple[str, Text]] = ()
    unit_typed: str = ""
    previous_on: Text = ""
    copy_value: str = ""


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of `components/rows.html`: its number from 1, a field for each column, problems of the row itself."""

    number: int
    cells: Sequence[FieldView]
    errors: Sequence[Text] = ()


@dataclass(frozen=True, slots=True)
class RowsView:
    """The `value` of a FieldView whose widget is rows. `columns`: label, unit, whether it is needed; `blank`: what a
    new row is made of, numbered `__row__`; `fixed`: rows are neither added nor removed."""

    columns: Sequence[tuple[Text, str, bool]]
    rows: Sequence[RowView]
    blank: RowView
    maximum: int
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class FieldChange:
    """The shape of `audit.FieldChange`, for pages that build their own."""

    name: str
    label: Text
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """The shape of `audit.Change`."""

    at: datetime | date
    by: str
    source: str
    reason: str
    label: Text
    fields: Sequence[FieldChange] = ()


@dataclass(frozen=True, slots=True)
class ShownSignature:
    """An electronic signature for `components/signatures.html`. `state` is signed or signature_broken; `zone` names
    the zone in which `at` is shown; `changes` are those after it, oldest first."""

    name: str
    meaning: Text
    statement: str
    at: datetime
    zone: str
    version: int
    sha256: str
    role: str = ""
    method: Text = ""
    state: str = "signed"
    version_now: int = 0
    sha256_now: str = ""
    changes: Sequence[Any] = ()

    @property
    def broken(self) -> bool:
        return self.state != "signed"
