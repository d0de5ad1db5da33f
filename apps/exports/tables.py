"""The other datasets that are no forms: visits, consent events, glucose readings, signatures."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from apps.consent.models import ConsentEvent
from apps.consent.rules.uses import Use
from apps.exports.columns import absence, bound, columns_of
from apps.exports.datasets import Dataset, key_columns, moment
from apps.labs.models import GlucoseChart, GlucoseReading
from apps.visits.models import Visit
from studyportal.access.models import User
from studyportal.crf.columns import Column
from studyportal.crf.dating import first_day
from studyportal.crf.registry import all_specs
from studyportal.crf.signing import changed_later_sql, version_sql
from studyportal.signatures.models import Signature

# The fields that a dataset shows, in order. What is not named here never leaves the portal.
CONSENT_EVENT = (
    "kind", "purposes", "declined", "session_number", "document_version", "document_language", "ethics_approval_number",
    "ethics_approval_validity", "informed_at", "signed_on", "signed_at", "age_at_signature", "capacity", "signer",
    "signer_relationship", "signer_can_read", "method", "lar_relationship_proof", "obtained_by", "witness",
    "witness_relation", "audio_visual", "recording_sha256", "recording_reason", "copy_given", "withdrawal_scopes",
    "data_retained", "as_it_happened", "note",
)  # fmt: skip
VISIT = (
    "key", "number", "status", "happened_on", "missed_code", "missed_reason", "anchor", "nominal_label", "day_number",
    "day_from", "day_to", "window_state", "protocol_version",
)  # fmt: skip


def visits() -> Dataset:
    own = [column for name in VISIT for column in (*columns_of(Visit, (name,)), *absence(Visit, name))]
    renamed = {"key": "visit", "number": "visit_number", "status": "visit_status"}
    return Dataset(
        key="visits",
        title=_("Visits"),
        description=_("One row per visit, with its day from the anchor and its place in the window."),
        kind="table",
        table=Visit._meta.db_table,
        day=first_day(Visit._meta.get_field("happened_on"), "t"),
        uses=(Use.VISIT,),
        columns=(
            *key_columns(),
            *(replace(column, name=renamed.get(column.name, column.name)) for column in own),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
            Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
        ),
    )


def consent_events() -> Dataset:
    own = [
        column
        for name in CONSENT_EVENT
        for column in (*columns_of(ConsentEvent, (name,)), *absence(ConsentEvent, name))
    ]
    return Dataset(
        key="consent-events",
        title=_("Consent log"),
        description=_(
            "One row per entry of the append-only consent log; a correction names the entry it corrects."
        ),
        kind="table",
        table=ConsentEvent._meta.db_table,
        joins=f'LEFT JOIN "{User._meta.db_table}" obtainer ON obtainer.id = t.obtainer_id',
        columns=(
            *key_columns(),
            *own,
            Column("document", "t.document_id", "integer", _("Document of the register: record number")),
            Column(
                "document_sha256", "nullif(t.document_sha256, '')", "text", _("SHA-256 of what was signed")
            ),
            Column(
                "obtainer", "obtainer.username", "text", _("User name of who obtained it"), free_text=True
            ),
            Column(
                "has_sheet",
                "(t.paper_id IS NOT NULL)::text",
                "boolean",
                _("A signed sheet is kept"),
                required=True,
            ),
            Column("concerns", "t.concerns_id", "integer", _("Signature that it is about: record number")),
            Column("corrects", "t.corrects_id", "integer", _("Entry corrected: record number")),
            Column("sequence", "t.sequence", "integer", _("Number in the chain of the log")),
            Column("sha256", "t.sha256", "text", _("SHA-256 of the entry in the chain")),
            Column("entered_at", moment("t.entered_at"), "datetime", _("Entered"), required=True),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )


def glucose_readings() -> Dataset:
    table, charts = GlucoseReading._meta.db_table, GlucoseChart._meta.db_table
    return Dataset(
        key="glucose-readings",
        title=_("Glucose readings"),
        description=_(
            "One row per reading of a self-monitored glucose chart, in the unit that the meter showed."
        ),
        kind="table",
        table=table,
        day="t.measured_on",
        uses=(Use.NEW_DATA,),
        joins=(
            f'LEFT JOIN "{charts}" chart ON chart.id = t.chart_id'
            f' LEFT JOIN "{Visit._meta.db_table}" visit ON visit.id = chart.visit_id'
        ),
        columns=(
            *key_columns(),
            Column("visit", "visit.key", "code", _("Visit of the protocol")),
            Column("chart_id", "t.chart_id", "integer", _("Glucose chart: record number"), required=True),
            *columns_of(GlucoseReading, ("measured_on", "slot", "value", "unit")),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
            Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
        ),
    )


def signatures() -> Dataset:
    """Whether a signature stands is asked of the history of what was signed, which knows of every later change."""
    specs = all_specs()
    state = f"CASE WHEN {changed_later_sql(specs)} IS FALSE THEN 'signed' ELSE 'broken' END"
    return Dataset(
        key="signatures",
        title=_("Signatures"),
        description=_(
            "One row per electronic signature, with the hash of what was signed and whether it has changed since."
        ),
        kind="table",
        table=Signature._meta.db_table,
        joins=f'LEFT JOIN "{User._meta.db_table}" signer ON signer.id = t.signer_id',
        columns=(
            *key_columns(),
            *bound(columns_of(Signature, ("form", "object_id", "record_version", "meaning"))),
            Column("signer", "signer.username", "text", _("User name of the signer"), free_text=True),
            *bound(columns_of(Signature, ("signed_at", "method", "content_sha256", "content_format"))),
            Column(
                "state",
                state,
                "code",
                _("Whether the signature stands"),
                codes=(("signed", _("Signed")), ("broken", _("Broken by a later change"))),
                required=True,
            ),
            Column("version_now", version_sql(specs), "integer", _("Version of the record today")),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )
