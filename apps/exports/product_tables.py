"""The datasets of cell products that are no forms: who read which label, what was stopped, how criteria were judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from apps.celldose.models import (
    CellProduct,
    CellSession,
    Harvest,
    IdentityReading,
    NearMiss,
    ReleaseEvaluation,
)
from apps.exports.columns import bound, columns_of
from apps.exports.datasets import Dataset, coded, key_columns, moment
from studyportal.access.models import User
from studyportal.crf.columns import Column


def of_product() -> str:
    """Joins by which a row of a product names its component and session."""
    return (
        f'JOIN "{CellProduct._meta.db_table}" product ON product.id = t.product_id'
        f' LEFT JOIN "{Harvest._meta.db_table}" harvest ON harvest.id = product.harvest_id'
        f' LEFT JOIN "{CellSession._meta.db_table}" session ON session.id = harvest.session_id'
    )


def product_columns() -> tuple[Column, ...]:
    component: Any = CellProduct._meta.get_field("component")
    return (
        Column("session_number", "session.number", "integer", _("Session")),
        Column(
            "product_component",
            "product.component",
            "code",
            _("Component"),
            codes=coded(component.codes),
        ),
        Column("product_id", "t.product_id", "integer", _("Product: record number"), required=True),
    )


def identity_readings() -> Dataset:
    """What was read is text that a person typed or scanned; the people are user names, never names."""
    witnessed = f'"{IdentityReading._meta.db_table}" first'
    return Dataset(
        key="identity-readings",
        title=_("Identity readings"),
        description=_(
            "One row per reading of a label by one signed-in person; a second reading names the first. A verification is"
            " two matching readings of one step by two people."
        ),
        kind="table",
        table=IdentityReading._meta.db_table,
        joins=(
            f'{of_product()} LEFT JOIN "{User._meta.db_table}" reader ON reader.id = t.reader_id'
            f" LEFT JOIN {witnessed} ON first.id = t.witness_of_id"
        ),
        columns=(
            *key_columns(),
            *product_columns(),
            *columns_of(IdentityReading, ("step", "how", "matches")),
            *columns_of(IdentityReading, ("identifier_read", "participant_code_read", "said")),
            Column("reader", "reader.username", "text", _("User name of the reader"), free_text=True),
            Column("witness_of", "t.witness_of_id", "integer", _("Second reading to: record number")),
            Column(
                "minutes_after",
                "round(extract(epoch FROM t.read_at - first.read_at) / 60, 1)",
                "number",
                _("Minutes after the first reading"),
                unit="min",
            ),
            *columns_of(IdentityReading, ("read_at",)),
            Column("entered_at", moment("t.entered_at"), "datetime", _("Entered"), required=True),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )


def near_misses() -> Dataset:
    return Dataset(
        key="near-misses",
        title=_("Near misses"),
        description=_(
            "One row for each step with a product that was refused because it would have harmed. The participant is whose"
            " product it was."
        ),
        kind="table",
        table=NearMiss._meta.db_table,
        joins=f'{of_product()} LEFT JOIN "{User._meta.db_table}" person ON person.id = t.by_id',
        columns=(
            *key_columns(),
            *product_columns(),
            *bound(columns_of(NearMiss, ("step", "code"))),
            *columns_of(NearMiss, ("message", "said")),
            Column("by", "person.username", "text", _("User name of who was stopped"), free_text=True),
            *columns_of(NearMiss, ("at",)),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )


def release_evaluations() -> Dataset:
    """Criteria are kept as one list in each evaluation; here each is a row."""

    def of_criterion() -> Iterator[Column]:
        for name, label in (
            ("key", _("Criterion")), ("specification", _("Specification")), ("result", _("Result")),
            ("why", _("Why it cannot be judged")),
        ):  # fmt: skip
            yield Column(
                "criterion" if name == "key" else name,
                f"one.criterion ->> '{name}'",
                "text",
                label,
                derived=True,
            )

    newest = (
        f'(NOT EXISTS (SELECT FROM "{ReleaseEvaluation._meta.db_table}" later WHERE later.product_id = t.product_id'
        " AND later.id > t.id))::text"
    )
    return Dataset(
        key="release-evaluations",
        title=_("Evaluations of release criteria"),
        description=_(
            "One row per criterion of each evaluation of a product, as it stood then; evaluations are never changed."
        ),
        kind="table",
        table=ReleaseEvaluation._meta.db_table,
        joins=(
            f"{of_product()} CROSS JOIN LATERAL jsonb_array_elements(t.criteria) AS one (criterion)"
            f' LEFT JOIN "{User._meta.db_table}" person ON person.id = t.evaluated_by_id'
        ),
        columns=(
            *key_columns(),
            *product_columns(),
            Column("evaluation_id", "t.id", "integer", _("Evaluation: record number"), required=True),
            Column("newest", newest, "boolean", _("Of the newest evaluation of the product"), required=True),
            *of_criterion(),
            Column(
                "outcome",
                "one.criterion ->> 'outcome'",
                "code",
                _("Verdict"),
                codes=outcomes(),
                required=True,
            ),
            *bound(columns_of(ReleaseEvaluation, ("protocol_version",))),
            Column(
                "evaluated_by", "person.username", "text", _("User name of who evaluated"), free_text=True
            ),
            *columns_of(ReleaseEvaluation, ("evaluated_at",)),
        ),
    )


def outcomes() -> tuple[tuple[str, str], ...]:
    return (
        ("pass", _("Passes")),
        ("fail", _("Fails")),
        ("pending", _("Pending")),
        ("not_evaluable", _("Cannot be judged")),
    )
