"""The dataset of the register of consent documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext as _

from apps.consent.models import ConsentDocument, ConsentDocumentText
from apps.enrolment.models import SiteApproval
from apps.exports.columns import bound, columns_of
from apps.exports.datasets import Dataset, moment
from studyportal.crf.columns import Column

# The fields that the dataset shows, in order. What is not named here never leaves the portal.
CODES = ("kind", "purpose", "state")
DAYS = ("valid_from", "reconsent_needed", "reconsent_from", "reconsent_whom", "withdrawn_from")
WORDS = ("what_changed", "withdrawn_because")


def _of_document(names: tuple[str, ...]) -> Iterator[Column]:
    """Columns of the document, which is joined as `doc`; the table itself is its languages."""
    for column in columns_of(ConsentDocument, names):
        yield replace(column, sql=column.sql.replace('t."', 'doc."'))


def consent_documents() -> Dataset:
    successor = (
        f'(SELECT min(n.valid_from) FROM "{ConsentDocument._meta.db_table}" n WHERE n.supersedes_id = doc.id'
        " AND n.state <> 'draft' AND (n.withdrawn_from IS NULL OR n.withdrawn_from > n.valid_from))"
    )
    return Dataset(
        key="consent-documents",
        title=_("Consent documents"),
        description=_(
            "One row per language of each version of an information sheet or consent form, with its hashes. It is about"
            " no participant: the filters for group and synthetic participants do not touch it."
        ),
        kind="table",
        table=ConsentDocumentText._meta.db_table,
        participant="",
        joins=(
            f'JOIN "{ConsentDocument._meta.db_table}" doc ON doc.id = t.document_id'
            f' LEFT JOIN "{SiteApproval._meta.db_table}" approval ON approval.id = doc.approval_id'
        ),
        columns=(
            Column("site", "s.code", "code", _("Site"), required=True),
            Column("document", "t.document_id", "integer", _("Document: record number"), required=True),
            *_of_document((*CODES, "version_label", "title")),
            *bound(columns_of(ConsentDocumentText, ("language",))),
            *_of_document(DAYS),
            Column("superseded_from", successor, "date", _("Superseded from")),
            Column("supersedes", "doc.supersedes_id", "integer", _("Supersedes: record number")),
            Column("approval_number", "approval.number", "text", _("Number of the approval"), free_text=True),
            *_of_document(WORDS),
            *bound(columns_of(ConsentDocumentText, ("file_sha256", "text_sha256"))),
            Column("approved_at", moment("doc.approved_at"), "datetime", _("Recorded as approved")),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
            Column("record_updated_at", moment("t.updated_at"), "datetime", _("Last changed"), required=True),
        ),
    )
