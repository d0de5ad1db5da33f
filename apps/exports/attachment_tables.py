"""Attachments as a dataset: that there is one, beside what, and its hash; never the picture."""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.exports.columns import bound, columns_of
from apps.exports.datasets import Dataset, key_columns, moment
from studyportal.access.models import User
from studyportal.attachments.models import Attachment, AttachmentWithdrawal
from studyportal.crf.columns import Column


def attachments() -> Dataset:
    gone = AttachmentWithdrawal._meta.db_table
    return Dataset(
        key="attachments",
        title=_("Attachments"),
        description=_(
            "One row per photo or scan beside a record, with the hash by which a copy is recognised; no picture."
        ),
        kind="table",
        table=Attachment._meta.db_table,
        joins=(
            f'LEFT JOIN "{User._meta.db_table}" adder ON adder.id = t.added_by_id'
            f' LEFT JOIN "{gone}" gone ON gone.attachment_id = t.id'
        ),
        columns=(
            *key_columns(),
            *bound(columns_of(Attachment, ("form", "object_id", "number"))),
            Column("caption", "nullif(t.caption, '')", "text", _("Caption"), free_text=True),
            *bound(
                columns_of(
                    Attachment, ("content_type", "size", "width", "height", "sha256", "original_sha256")
                )
            ),
            Column("added_by", "adder.username", "text", _("User name of who attached it"), free_text=True),
            Column("added_at", moment("t.added_at"), "datetime", _("Added"), required=True),
            Column("withdrawn", "(gone.id IS NOT NULL)::text", "boolean", _("Withdrawn"), required=True),
            Column("withdrawn_reason", "gone.reason", "text", _("Why withdrawn"), free_text=True),
            Column("record_id", "t.id", "integer", _("Record number"), required=True),
        ),
    )
