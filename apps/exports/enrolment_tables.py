"""The datasets of enrolment that are no forms: who was screened, who takes part, in which group, matched to whom."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

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
from apps.exports.columns import bound, columns_of
from apps.exports.datasets import Dataset, coded, key_columns, moment
from apps.matching.models import MatchedControl, MatchedSet, MatchingEvent, MatchingRun, Method
from studyportal.crf.columns import Column
from studyportal.files.models import StoredFile

# The fields that a dataset shows, in order. What is not named here never leaves the portal.
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
        others=("matched",),
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
        others=("matched",),
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
        others=("matched",),
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
