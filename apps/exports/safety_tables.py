"""The datasets of safety that are no forms: reports and the clocks that they stopped, alerts, deviations."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.exports.columns import bound, columns_of
from apps.exports.datasets import Dataset, coded, key_columns, moment
from apps.exports.product_tables import of_product, product_columns
from apps.safety.models import AdverseEvent, SafetyAlert, SafetyReport
from studyportal.access.models import User
from studyportal.crf.columns import Column
from studyportal.deviations.models import Deviation

# The fields that a dataset shows, in order. What is not named here never leaves the portal: not the content of a report,
# which holds whatever its PDF shows.
REPORT = ("number", "kind", "recipient", "recipient_label", "sent_at", "reference", "method", "late", "late_reason",
          "event_version", "protocol_version", "content_sha256")  # fmt: skip
CODES_OF_REPORT = ("recipient", "recipient_label", "protocol_version", "content_sha256")
DEVIATION = (
    "code", "kind", "classification", "found_classification", "occurred_on", "description", "form", "object_id", "state", "root_cause",
    "corrective_action", "preventive_action", "action_due_on", "responsible", "reported_to_committee_on",
    "committee_reference", "not_reported_because", "closing_note", "raised_at", "closed_at", "version",
)  # fmt: skip
CODES_OF_DEVIATION = ("code", "form")


# What a later version says of an earlier one.
CORRECTION = ("corrects", "correction_reason", "taken_back", "note")


def _corrections(*names: str) -> tuple[Column, ...]:
    """Columns that say what a report corrects, and whether the version stands."""
    stands = (
        f'(NOT t.taken_back AND NOT EXISTS (SELECT FROM "{SafetyReport._meta.db_table}" later'
        " WHERE later.corrects_id = t.id))::text"
    )
    return (
        *columns_of(SafetyReport, names),
        Column("stands", stands, "boolean", _("Neither corrected nor taken back"), required=True),
    )


def _of_event() -> str:
    return f'LEFT JOIN "{AdverseEvent._meta.db_table}" event ON event.id = t.event_id'


def _event_columns() -> tuple[Column, ...]:
    fields: list[Any] = [AdverseEvent._meta.get_field(name) for name in ("term", "grade")]
    return (
        Column("event_id", "t.event_id", "integer", _("Adverse event: record number")),
        *(
            Column(f"event_{field.name}", f"event.{field.name}", "code", str(field.label), codes=coded(field.codes))
            for field in fields
        ),
    )  # fmt: skip


def safety_reports() -> Dataset:
    own = [
        column
        for name in REPORT
        for column in (
            bound(columns_of(SafetyReport, (name,)))
            if name in CODES_OF_REPORT
            else columns_of(SafetyReport, (name,))
        )
    ]
    return Dataset(
        key="safety-reports",
        title=_("Safety reports"),
        description=_("One row per version of a report of an adverse event, as it was sent."),
        kind="table",
        table=SafetyReport._meta.db_table,
        joins=f'{_of_event()} LEFT JOIN "{User._meta.db_table}" person ON person.id = t.reported_by_id',
        columns=(
            *key_columns(),
            *_event_columns(),
            *own,
            *_corrections(*CORRECTION),
            Column("reported_by", "person.username", "text", _("User name of the reporter"), free_text=True),
            Column("recorded_at", moment("t.recorded_at"), "datetime", _("Entered"), required=True),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )


def safety_clocks() -> Dataset:
    """Hours as they are kept with the report: at least and at most, which are equal when the start is known."""

    def hours(start: str, bound_: int) -> str:
        return f"(clock.kept -> 'from_{start}_hours' ->> {bound_})::numeric"

    columns = [
        Column(
            f"from_{start}_hours_{word}", hours(start, number), "number", label % {"bound": said}, unit="h"
        )
        for start, label in (
            ("occurrence", _("From occurrence to the report, %(bound)s")),
            ("awareness", _("From awareness to the report, %(bound)s")),
        )
        for number, (word, said) in enumerate((("least", _("at least")), ("most", _("at most"))))
    ]
    return Dataset(
        key="safety-clocks",
        title=_("Reporting clocks"),
        description=_(
            "One row per clock that a report stopped, with the hours from occurrence and from awareness. Clocks that still"
            " run are on the page of safety and in its API."
        ),
        kind="table",
        table=SafetyReport._meta.db_table,
        joins=f"{_of_event()} CROSS JOIN LATERAL jsonb_array_elements(t.clocks) AS clock (kept)",
        columns=(
            *key_columns(),
            *_event_columns(),
            Column("report_id", "t.id", "integer", _("Report: record number"), required=True),
            *columns_of(SafetyReport, ("number", "kind")),
            *_corrections(),
            Column("clock", "clock.kept ->> 'key'", "text", _("Clock"), required=True),
            Column(
                "allowed_hours", "(clock.kept ->> 'allowed_hours')::numeric", "number", _("Allowed"), unit="h"
            ),
            *columns,
            Column(
                "late",
                "((clock.kept ->> 'late')::boolean)::text",
                "boolean",
                _("Late; empty: it cannot be said"),
            ),
            *columns_of(SafetyReport, ("sent_at",)),
        ),
    )


def safety_alerts() -> Dataset:
    return Dataset(
        key="safety-alerts",
        title=_("Safety alerts"),
        description=_("One row per alert that the portal raised, with what was done about it."),
        kind="table",
        table=SafetyAlert._meta.db_table,
        joins=f'{of_product()} LEFT JOIN "{User._meta.db_table}" person ON person.id = t.acknowledged_by_id',
        columns=(
            *key_columns(),
            *product_columns(),
            *columns_of(SafetyAlert, ("kind", "message", "raised_at", "acknowledged_at")),
            Column(
                "acknowledged_by",
                "person.username",
                "text",
                _("User name of who acknowledged"),
                free_text=True,
            ),
            *columns_of(SafetyAlert, ("what_is_done",)),
            Column("event_id", "t.event_id", "integer", _("Adverse event: record number")),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )


def deviations() -> Dataset:
    own = [
        column
        for name in DEVIATION
        for column in (
            bound(columns_of(Deviation, (name,)))
            if name in CODES_OF_DEVIATION
            else columns_of(Deviation, (name,))
        )
    ]
    return Dataset(
        key="deviations",
        title=_("Protocol deviations"),
        description=_("One row per deviation, raised by a rule or by a person, with what was done about it."),
        kind="table",
        table=Deviation._meta.db_table,
        joins=(
            f'LEFT JOIN "{User._meta.db_table}" raiser ON raiser.id = t.raised_by_id'
            f' LEFT JOIN "{User._meta.db_table}" closer ON closer.id = t.closed_by_id'
        ),
        columns=(
            *key_columns(),
            *own,
            Column(
                "raised_by",
                "raiser.username",
                "text",
                _("User name of who raised it; empty: a rule"),
                free_text=True,
            ),
            Column("closed_by", "closer.username", "text", _("User name of who closed it"), free_text=True),
            Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )
