"""The datasets: what can be downloaded, with its columns and its SQL.

Every case report form gives one dataset, from its spec; a few tables that are no forms are declared in
`tables`. SQL is put together from trusted names only; what comes from a request is a quoted literal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _
from psycopg2 import sql

from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from apps.enrolment.models import Group, Participant
from apps.exports.purposes import EVERYTHING, Leaving, Purpose
from studyportal.access.models import Site
from studyportal.access.profiles import CODED
from studyportal.api.csv_cells import guarded_sql
from studyportal.crf.columns import Column
from studyportal.crf.dating import day_sql
from studyportal.crf.fields.rows import SQL_ROW, RowsField
from studyportal.crf.models import RecordStatus
from studyportal.crf.spec import CrfSpec

SYNTHETIC = ("include", "exclude", "only")


@dataclass(frozen=True)
class Filters:
    """What a request asks for. site: a code that the user may see; "" or "include": no restriction."""

    site: str = ""
    group: str = ""
    synthetic: str = "include"
    purpose: str = Purpose.ANALYSIS.value

    def as_json(self) -> dict[str, str]:
        given = {
            "site": self.site, "group": self.group, "synthetic": self.synthetic, "purpose": self.purpose
        }  # fmt: skip
        return {name: value for name, value in given.items() if value not in ("", "include", "analysis")}


@dataclass(frozen=True)
class Dataset:
    """A table that can be downloaded. `joins`: SQL after the joins of participant (p) and site (s).

    participant: the column that names the participant; "" for rows that belong to a site alone, which the filters for
    group and synthetic do not touch.
    `optional`: rows may belong to no participant (p is NULL then); `synthetic`: SQL of whether a row is synthetic.
    day: SQL of the first day that a row can be about; uses: what it is asked as, so that rows of days after a withdrawal
    stay behind; always: SQL of rows that do not. others: aliases of other participants whom a row names by `alias.code`.
    order: SQL of the order of the rows, by the record first.
    """

    key: str
    title: str
    description: str
    kind: str
    table: str
    columns: tuple[Column, ...]
    joins: str = ""
    participant: str = "t.participant_id"
    optional: bool = False
    synthetic: str = "p.synthetic"
    profile: str = CODED
    day: str = ""
    uses: tuple[Use, ...] = ()
    always: str = ""
    others: tuple[str, ...] = ()
    order: str = "t.id"

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"dataset {self.key}: columns named twice: {', '.join(twice)}")

    def select(
        self,
        filters: Filters,
        site_ids: Iterable[int] | None,
        *,
        leaving: Leaving = EVERYTHING,
        limit: int | None = None,
    ) -> sql.Composed:
        """The query in the order of the records. `site_ids`: the sites that may be seen, None for all. leaving: whose rows
        may leave; every road out of the portal gives it."""
        columns = [
            sql.SQL("{} AS {}").format(self._expression(column, leaving), sql.Identifier(column.name))
            for column in self.columns
        ]
        parts = [
            sql.SQL("SELECT "), sql.SQL(", ").join(columns), sql.SQL(" "),
            self._rows(filters, site_ids, leaving), sql.SQL(f" ORDER BY {self.order}"),
        ]  # fmt: skip
        if limit is not None:
            parts += [sql.SQL(" LIMIT "), sql.Literal(limit)]
        return sql.Composed(parts)

    def people(self, filters: Filters, site_ids: Iterable[int] | None, *, leaving: Leaving) -> sql.Composed:
        """The participants whose rows are in it, with their sites."""
        rows = self._rows(filters, site_ids, leaving)
        return sql.Composed([sql.SQL("SELECT DISTINCT p.id, p.site_id "), rows, sql.SQL(" ORDER BY p.id")])

    def _expression(self, column: Column, leaving: Leaving) -> sql.Composable:
        other = column.sql.removesuffix(".code")
        return leaving.code_of(other) if other in self.others else sql.SQL(sql_of(column))

    def _rows(self, filters: Filters, site_ids: Iterable[int] | None, leaving: Leaving) -> sql.Composed:
        """FROM and WHERE."""
        join = "LEFT JOIN" if self.optional else "JOIN"
        person = (
            f' {join} "{Participant._meta.db_table}" p ON p.id = {self.participant}'
            if self.participant
            else ""
        )
        head = (
            f'FROM "{self.table}" t{person} JOIN "{Site._meta.db_table}" s ON s.id = t.site_id {self.joins}'
        )
        where: list[sql.Composable] = []
        if site_ids is not None:
            where.append(sql.SQL("t.site_id = ANY({}::bigint[])").format(sql.Literal(sorted(site_ids))))
        if filters.site:
            where.append(sql.SQL("s.code = {}").format(sql.Literal(filters.site)))
        if filters.group and self.participant:
            where.append(sql.SQL('p."group" = {}').format(sql.Literal(filters.group)))
        if filters.synthetic != "include" and self.participant:
            wanted = sql.Literal(filters.synthetic == "only")
            where.append(sql.SQL(f"{self.synthetic} = {{}}").format(wanted))
        if self.participant:
            where += leaving.people("p.id")
            where += leaving.days("p.id", self.day, self.uses, self.always)
        parts: list[sql.Composable] = [sql.SQL(head)]
        if where:
            parts += [sql.SQL(" WHERE "), sql.SQL(" AND ").join(where)]
        return sql.Composed(parts)


def sql_of(column: Column) -> str:
    return guarded_sql(column.sql) if column.free_text else column.sql


def moment(expression: str) -> str:
    """A timestamp as ISO 8601 in UTC."""
    return f"to_char({expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


def key_columns(*, optional: bool = False, synthetic: str = "p.synthetic") -> tuple[Column, ...]:
    """The columns with which every dataset begins: whose row it is. optional, synthetic: as in Dataset."""
    known = not optional
    return (
        Column("participant", "p.code", "text", _("Participant code"), required=known),
        Column("site", "s.code", "code", _("Site"), required=True),
        Column("group", 'p."group"', "code", _("Group"), codes=coded(Group.choices), required=known),
        Column(
            "synthetic", f"{synthetic}::text", "boolean", _("Made by a generator, no person"), required=True
        ),
    )


def coded(choices: Iterable[tuple[Any, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(code), str(label)) for code, label in choices)


def record_columns() -> tuple[Column, ...]:
    """The columns with which every form's dataset ends: the record itself."""
    return (
        Column("record_id", "t.id", "integer", _("Record number"), required=True),
        Column(
            "record_status",
            "t.status",
            "code",
            _("Form complete"),
            codes=coded(RecordStatus.choices),
            required=True,
        ),
        Column("record_version", "t.version", "integer", _("Version of the record"), required=True),
        Column("record_created_at", moment("t.created_at"), "datetime", _("Entered"), required=True),
        Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
    )


def parent_of(child: type[Model], name: str, alias: str = "t") -> tuple[str, tuple[Column, ...]]:
    """Joins and columns that name a parent of a record: its number for joins, and what people call it."""
    model: Any = child._meta.get_field(name).related_model
    own = Column(
        f"{name}_id", f"{alias}.{name}_id", "integer", _("%(what)s: record number") % {"what": name.title()}
    )
    # A form may name a session itself and once more through its product: each join has an alias of its own.
    here = name if alias == "t" else f"{alias}_{name}"
    table, join = (
        model._meta.db_table,
        f'LEFT JOIN "{model._meta.db_table}" {here} ON {here}.id = {alias}.{name}_id',
    )
    if table == "visits_visit":
        return join, (
            Column("visit", f"{here}.key", "code", _("Visit of the protocol")),
            Column(
                "visit_number", f"{here}.number", "integer", _("Number, where a visit happens more than once")
            ),
            own,
        )
    if table == "celldose_cellsession":
        return join, (Column("session_number", f"{here}.number", "integer", _("Session")), own)
    if table == "celldose_harvest":
        more_join, more = parent_of(model, "session", alias=here)
        return f"{join} {more_join}", (
            *more,
            Column(f"{name}_tissue", f"{here}.tissue", "code", _("Tissue")),
            own,
        )
    if table == "celldose_cellproduct":
        more_join, more = parent_of(model, "harvest", alias=here)
        return f"{join} {more_join}", (
            *(column for column in more if column.name == "session_number"),
            Column(f"{name}_component", f"{here}.component", "code", _("Component")),
            own,
        )
    return "", (own,)


def of_form(spec: CrfSpec) -> Dataset:
    """The dataset of a form."""
    joins, parents = [], []
    for name in spec.parents:
        join, columns = parent_of(spec.model, name)
        joins.append(join)
        parents += [column for column in columns if column.name not in {known.name for known in parents}]
    return Dataset(
        key=spec.key,
        title=str(spec.title),
        description=str(spec.description),
        kind="form",
        table=spec.model._meta.db_table,
        columns=(*key_columns(), *parents, *(words(column) for column in spec.columns()), *record_columns()),
        joins=" ".join(joins),
        day=day_sql(spec),
        uses=engine.USES_OF_FORMS.get(spec.about, ()),
        always="" if spec.always_when is None else "t.{} = '{}'".format(*spec.always_when),
    )


def of_rows(spec: CrfSpec) -> list[Dataset]:
    """The datasets of the groups of rows within a form: one line for each row of each record."""
    form = of_form(spec)
    own = {column.name for column in spec.columns()}
    around = tuple(column for column in form.columns if column.name not in own)
    head = tuple(column for column in around if not column.name.startswith("record_"))
    tail = tuple(column for column in around if column.name == "record_id")
    return [
        replace(
            form,
            key=f"{spec.key}-{name.replace('_', '-')}",
            title=f"{spec.title}: {rows.label}",
            description=_("One row per row of this table within the form."),
            columns=(*head, *(words(column) for column in rows.row_columns()), *tail),
            joins=f"{form.joins} {rows.lateral_sql}",
            order=f"t.id, {SQL_ROW}.number",
        )
        for name, rows in spec.fields.items()
        if isinstance(rows, RowsField)
    ]


def words(column: Column) -> Column:
    """The column with its labels as plain text of the language in use."""
    return replace(column, label=str(column.label), codes=coded(column.codes))


DICTIONARY_HEADER = (
    "dataset", "name", "field", "label", "type", "unit", "loinc", "codes", "required", "derived", "minimum",
    "maximum", "guarded", "form", "description",
)  # fmt: skip


def describe(dataset: Dataset, column: Column) -> dict[str, Any]:
    """One entry of the data dictionary. unit: UCUM; guarded: formulas are given a leading apostrophe."""
    return {
        "dataset": dataset.key,
        "name": column.name,
        "field": column.field,
        "label": column.label,
        "type": column.type,
        "unit": column.unit,
        "loinc": column.loinc,
        "codes": [{"code": code, "label": label} for code, label in column.codes],
        "required": column.required,
        "derived": column.derived,
        "minimum": column.minimum,
        "maximum": column.maximum,
        "guarded": column.free_text,
        "form": dataset.title,
        "description": column.description or TYPES().get(column.type, ""),
    }


def TYPES() -> dict[str, str]:
    """What each type of column holds."""
    return {
        "number": _("Decimal number, point as decimal sign"),
        "integer": _("Whole number"),
        "code": _("One code of the list"),
        "codes": _("Codes of the list, separated by semicolons"),
        "boolean": _("true or false"),
        "text": _("Text"),
        "date": _("Day, YYYY-MM-DD"),
        "datetime": _("Moment in UTC, YYYY-MM-DDThh:mm:ssZ"),
        "partial_date": _("As far as known: YYYY-MM-DD, YYYY-MM, YYYY or age:years"),
        "laboratory_value": _("As reported, with comparator"),
    }


def dictionary(datasets: Sequence[Dataset]) -> list[dict[str, Any]]:
    return [describe(dataset, column) for dataset in datasets for column in dataset.columns]
