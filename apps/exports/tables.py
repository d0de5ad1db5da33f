"""The datasets that are no forms: the screening log, participants, visits, consent events, queries, approvals and more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from apps.consent.models import ConsentEvent
from apps.enrolment.models import (
    ApprovalSuspension,
    EligibilityAnswer,
    EligibilityOverride,
    GroupEvent,
    Participant,
    ScreeningEntry,
    SiteApproval,
)
from apps.enrolment.selectors import approval_kinds
from apps.exports.datasets import Dataset, coded, key_columns, moment
from apps.labs.models import GlucoseChart, GlucoseReading
from apps.matching.models import MatchedControl, MatchedSet, MatchingEvent, MatchingRun, Method
from apps.visits.models import Visit
from studyportal.access.models import User
from studyportal.crf.columns import Column
from studyportal.crf.fields import CrfField
from studyportal.crf.registry import all_specs
from studyportal.crf.signing import changed_later_sql, version_sql
from studyportal.files.models import StoredFile
from studyportal.queries.models import Query
from studyportal.signatures.models import Signature

# The fields that a dataset shows, in order. What is not named here never leaves the portal.
CONSENT_EVENT = (
    "kind", "purposes", "session_number", "document_version", "document_language", "ethics_approval_number",
    "ethics_approval_validity", "signed_on", "signed_at", "age_at_signature", "signer", "lar_relationship_proof",
    "obtained_by", "witness", "audio_visual", "copy_given", "withdrawal_scopes", "note",
)  # fmt: skip
VISIT = (
    "key", "number", "status", "happened_on", "missed_reason", "anchor", "nominal_label", "day_number", "day_from",
    "day_to", "window_state",
)  # fmt: skip
SITE_APPROVAL = (
    "authority", "number", "waiver_reason", "approved_on", "valid_from", "valid_until", "without_end", "covers", "note",
    "error_reason",
)  # fmt: skip
SCREENING = (
    "source_key", "screened_on", "age", "sex", "referral", "considered_for", "outcome", "outcome_on", "reason_code",
    "reason_text", "note", "retrospective",
)  # fmt: skip
GROUP_EVENT = ("kind", "group", "effective_on", "previous_group", "previous_index_date")
GROUP_EVENT_NAMES = {"group": "to_group"}  # `group` is that of today, as in every dataset
QUERY = ("form", "object_id", "field", "code", "message", "state", "origin", "opened_at", "closed_at")


def columns_of(model: type[models.Model], names: Sequence[str], *, prefix: str = "") -> Iterator[Column]:
    """Columns of ordinary model fields; a name that the model does not have is an error of this file."""
    for name in names:
        field: Any = model._meta.get_field(name)
        if isinstance(field, CrfField):
            yield from field.columns()
            continue
        expression, label = f't."{field.column}"', str(field.verbose_name)
        codes = coded(field.flatchoices) if field.flatchoices else ()
        type_, free = "text", False
        if isinstance(field, models.BooleanField):
            type_, expression = "boolean", f"{expression}::text"
        elif isinstance(field, models.DateTimeField):
            type_, expression = "datetime", moment(expression)
        elif isinstance(field, models.DateField):
            type_ = "date"
        elif isinstance(field, models.ForeignKey | models.IntegerField | models.AutoField):
            type_ = "integer"
        elif isinstance(field, models.DecimalField | models.FloatField):
            type_ = "number"
        elif codes:
            type_ = "code"
        else:
            expression, free = f"{expression}::text", True
        yield Column(
            prefix + name, expression, type_, label, codes=codes, required=not field.null, free_text=free
        )


def bound(columns: Iterator[Column]) -> Iterator[Column]:
    """Columns whose text the portal writes itself: keys and hashes, nothing that a person typed."""
    return (replace(column, free_text=False) for column in columns)


def participants() -> Dataset:
    own = columns_of(
        Participant, ("status", "status_since", "retrospective", "label", "index_date", "enrolled_on")
    )
    return Dataset(
        key="participants",
        title=_("Participants"),
        description=_("One row per participant. The code is all that names a person here."),
        kind="table",
        table=Participant._meta.db_table,
        participant="t.id",
        joins=f'LEFT JOIN "{Participant._meta.db_table}" matched ON matched.id = t.matched_case_id',
        columns=(
            *key_columns(),
            *own,
            Column("matched_case", "matched.code", "text", _("Matched case")),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
            Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
        ),
    )


def group_events() -> Dataset:
    return Dataset(
        key="group-events",
        title=_("Changes of group"),
        description=_(
            "One row per change of group, oldest first; a control who was treated later is “crossed_over” on that day."
        ),
        kind="table",
        table=GroupEvent._meta.db_table,
        joins=f'LEFT JOIN "{Participant._meta.db_table}" matched ON matched.id = t.previous_matched_case_id',
        columns=(
            *key_columns(),
            *(
                replace(column, name=GROUP_EVENT_NAMES.get(column.name, column.name))
                for column in columns_of(GroupEvent, GROUP_EVENT)
            ),
            Column("previous_matched_case", "matched.code", "text", _("Matched case before, of a control")),
            *columns_of(GroupEvent, ("reason",)),
            Column("entered_at", moment("t.recorded_at"), "datetime", _("Entered"), required=True),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
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
        columns=(
            *key_columns(),
            *own,
            Column("corrects", "t.corrects_id", "integer", _("Entry corrected: record number")),
            Column("entered_at", moment("t.entered_at"), "datetime", _("Entered"), required=True),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )


def absence(model: type[models.Model], name: str) -> tuple[Column, ...]:
    """The reason of absence of a form field; an ordinary field has none."""
    field: Any = model._meta.get_field(name)
    if not isinstance(field, CrfField):
        return ()
    return (
        Column(f"{name}_absent", f"t.absent ->> '{name}'", "code", f"{field.label}: why absent", field=name),
    )


def visits() -> Dataset:
    own = [column for name in VISIT for column in (*columns_of(Visit, (name,)), *absence(Visit, name))]
    renamed = {"key": "visit", "number": "visit_number", "status": "visit_status"}
    return Dataset(
        key="visits",
        title=_("Visits"),
        description=_("One row per visit, with its day from the anchor and its place in the window."),
        kind="table",
        table=Visit._meta.db_table,
        columns=(
            *key_columns(),
            *(replace(column, name=renamed.get(column.name, column.name)) for column in own),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
            Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
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


def queries() -> Dataset:
    return Dataset(
        key="queries",
        title=_("Queries"),
        description=_("One row per query, with the form, record and field that it is about."),
        kind="table",
        table=Query._meta.db_table,
        columns=(
            *key_columns(),
            *columns_of(Query, QUERY),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
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


def site_approvals() -> Dataset:
    """Suspensions are counted, not listed: each row is one approval."""
    stands = f'FROM "{ApprovalSuspension._meta.db_table}" h WHERE h.approval_id = t.id AND NOT h.in_error'
    return Dataset(
        key="site-approvals",
        title=_("Approvals of sites"),
        description=_(
            "One row per approval of a site, or the waiver of one, with its validity. It is about no participant: the"
            " filters for group and synthetic participants do not touch it."
        ),
        kind="table",
        table=SiteApproval._meta.db_table,
        participant="",
        joins=f'LEFT JOIN "{StoredFile._meta.db_table}" file ON file.id = t.document_id',
        columns=(
            Column("site", "s.code", "code", _("Site"), required=True),
            Column("kind", "t.kind", "code", _("Approval"), codes=coded(approval_kinds()), required=True),
            *columns_of(SiteApproval, ("waived",)),
            *columns_of(SiteApproval, SITE_APPROVAL),
            Column(
                "suspensions", f"(SELECT count(*) {stands})", "integer", _("Times suspended or withdrawn")
            ),
            Column(
                "suspended_from",
                f"(SELECT min(h.from_on) {stands} AND h.lifted_on IS NULL)",
                "date",
                _("Suspended or withdrawn from, if it still is"),
            ),
            Column("supersedes", "t.supersedes_id", "integer", _("Renewal of: record number")),
            Column("document_sha256", "file.sha256", "text", _("SHA-256 of the document"), free_text=True),
            *columns_of(SiteApproval, ("in_error", "version")),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
            Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
        ),
    )


def matched_sets() -> Dataset:
    """One row per control: participant is the control. A case that the reader's sites do not show is empty."""
    run, sets, events = (model._meta.db_table for model in (MatchingRun, MatchedSet, MatchingEvent))
    newest = f'(SELECT max(version) FROM "{events}")'
    version = f'(SELECT version FROM "{events}" e WHERE e.run_id = t.run_id AND e.version IS NOT NULL)'
    last = f'(SELECT kind FROM "{events}" e WHERE e.run_id = t.run_id ORDER BY e.id DESC LIMIT 1)'
    state = f"CASE WHEN {version} < {newest} THEN 'superseded' WHEN {version} IS NOT NULL THEN 'frozen' ELSE {last} END"
    states = [
        ("proposed", _("Proposed")), ("reviewed", _("Reviewed")), ("returned", _("Returned")),
        ("frozen", _("Frozen")), ("superseded", _("Superseded")),
    ]  # fmt: skip
    return Dataset(
        key="matched-sets",
        title=_("Matched sets"),
        description=_(
            "One row per control of a matched set, of every run: keep those whose state is frozen for the sets in force."
        ),
        kind="table",
        table=MatchedControl._meta.db_table,
        joins=(
            f'JOIN "{run}" run ON run.id = t.run_id LEFT JOIN "{sets}" own ON own.id = t.matched_set_id'
            f' LEFT JOIN "{Participant._meta.db_table}" matched ON matched.id = own.participant_id'
        ),
        columns=(
            *key_columns(),
            Column("run", "t.run_id", "integer", _("Run"), required=True),
            Column("version", version, "integer", _("Version of the frozen sets")),
            Column("state", state, "code", _("State of the run"), codes=coded(states), required=True),
            Column("method", "run.method", "code", _("Method"), codes=coded(Method.choices), required=True),
            Column("set", "t.set_number", "integer", _("Set"), required=True),
            Column("case", "matched.code", "text", _("Matched case")),
            *columns_of(MatchedControl, ("order", "set_size", "index_date", "distance")),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )


def screening_log() -> Dataset:
    """Everyone screened; most of them never became participants, so most rows have no code and no group."""
    return Dataset(
        key="screening-log",
        title=_("Screening log"),
        description=_(
            "One row per person screened, with what came of it; whoever was not registered has no participant code."
        ),
        kind="table",
        table=ScreeningEntry._meta.db_table,
        optional=True,
        synthetic="t.synthetic",
        columns=(
            *key_columns(optional=True, synthetic="t.synthetic"),
            *bound(columns_of(ScreeningEntry, ("number",), prefix="screening_")),
            *columns_of(ScreeningEntry, SCREENING),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
            Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
        ),
    )


def eligibility_answers() -> Dataset:
    entries, overrides = ScreeningEntry._meta.db_table, EligibilityOverride._meta.db_table
    set_aside = (
        f'EXISTS (SELECT FROM "{overrides}" o WHERE o.entry_id = t.entry_id AND o.criterion = t.criterion'
        " AND o.answer_version = t.version)::text"
    )
    return Dataset(
        key="eligibility-answers",
        title=_("Answers to the eligibility criteria"),
        description=_(
            "One row per criterion and person screened, with whether an investigator set that answer aside."
        ),
        kind="table",
        table=EligibilityAnswer._meta.db_table,
        participant=f'(SELECT e.participant_id FROM "{entries}" e WHERE e.id = t.entry_id)',
        optional=True,
        synthetic="entry.synthetic",
        joins=f'JOIN "{entries}" entry ON entry.id = t.entry_id',
        columns=(
            *key_columns(optional=True, synthetic="entry.synthetic"),
            Column("screening_number", "entry.number", "text", _("Screening number"), required=True),
            *bound(columns_of(EligibilityAnswer, ("criterion", "answer"))),
            *columns_of(EligibilityAnswer, ("evidence", "explanation")),
            Column("overridden", set_aside, "boolean", _("Overridden by an investigator"), required=True),
            *bound(columns_of(EligibilityAnswer, ("protocol_version", "answered_at"))),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
            Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
        ),
    )


def all_tables() -> list[Dataset]:
    return [
        screening_log(),
        eligibility_answers(),
        participants(),
        group_events(),
        visits(),
        consent_events(),
        glucose_readings(),
        queries(),
        signatures(),
        site_approvals(),
        matched_sets(),
    ]
