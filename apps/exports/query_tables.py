"""The datasets of queries: what was asked, and everything that was said about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from apps.exports.columns import columns_of
from apps.exports.datasets import Dataset, coded, key_columns
from studyportal.access.models import User
from studyportal.access.roles import ROLES
from studyportal.crf.columns import Column
from studyportal.queries.models import ASKED_ROLES, Act, ClosedBecause, Query, QueryMessage

QUERY = (
    "form", "object_id", "field", "code", "message", "state", "origin", "explained_value", "opened_at", "reopened_at",
    "closed_at",
)  # fmt: skip


def _optional(name: str, label: str, choices: Iterable[tuple[Any, Any]]) -> Column:
    """A code that may be empty: nothing then, not an empty text."""
    return Column(name, f"nullif(t.{name}, '')", "code", label, codes=coded(choices))


def queries() -> Dataset:
    people = User._meta.db_table
    return Dataset(
        key="queries",
        title=_("Queries"),
        description=_("One row per query, with the form, record and field that it is about."),
        kind="table",
        table=Query._meta.db_table,
        joins=(
            f'LEFT JOIN "{people}" asker ON asker.id = t.raised_by_id'
            f' LEFT JOIN "{people}" assignee ON assignee.id = t.assigned_to_id'
        ),
        columns=(
            *key_columns(),
            *columns_of(Query, QUERY),
            _optional("closed_because", _("Why closed"), ClosedBecause.choices),
            Column("raised_by", "asker.username", "text", _("User name of who asked"), free_text=True),
            Column(
                "assigned_to", "assignee.username", "text", _("User name of who is to answer"), free_text=True
            ),
            _optional(
                "assigned_role", _("Role that is to answer"), [(key, ROLES[key].label) for key in ASKED_ROLES]
            ),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )


def query_messages() -> Dataset:
    return Dataset(
        key="query-messages",
        title=_("Messages of queries"),
        description=_("One row per thing said in a query, by a person or by the portal itself, in order."),
        kind="table",
        table=QueryMessage._meta.db_table,
        participant=f'(SELECT q.participant_id FROM "{Query._meta.db_table}" q WHERE q.id = t.query_id)',
        joins=f'LEFT JOIN "{User._meta.db_table}" author ON author.id = t.author_id',
        columns=(
            *key_columns(),
            Column("query_id", "t.query_id", "integer", _("Query: record number"), required=True),
            _optional("act", _("What was done"), Act.choices),
            *columns_of(QueryMessage, ("state", "at", "text")),
            Column(
                "author", "author.username", "text", _("User name; empty: the portal itself"), free_text=True
            ),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )
