"""The list of attachments as its page shows it: that there is one, beside what, whose hand, which hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.attachments import selectors
from studyportal.attachments.models import Attachment
from studyportal.attachments.places import label_of
from studyportal.ui.paging import page_by_key
from studyportal.ui.parts import Cell, Column, Row
from studyportal.ui.posted import whole_number
from studyportal.ui.templatetags.ui_tags import human_date_text


def list_page(user: User, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Newest first, of one participant with `?participant=`; a fixed number of queries."""
    found = selectors.attachments(user)
    code = str(asked.get("participant", "")).replace("\x00", "")
    if code:
        found = found.filter(participant__code=code)
    page = page_by_key(
        found, after=whole_number(asked.get("after")), before=whole_number(asked.get("before"))
    )
    narrowed = {"participant": code} if code else {}
    return {
        "columns": [
            Column(_("Attachment")), Column(_("Participant")), Column(_("Beside")), Column(_("Added")),
            Column(_("State")), Column("SHA-256"),
        ],
        "rows": [_row(one, user) for one in page.rows],
        "next_url": "?" + urlencode(narrowed | {"after": page.after}) if page.after else "",
        "previous_url": "?" + urlencode(narrowed | {"before": page.before}) if page.before else "",
        "participant_code": code,
    }  # fmt: skip


def _row(one: Attachment, user: User) -> Row:
    reads = user.may(Permission.VIEW_DATA, one.site_id)
    withdrawn = getattr(one, "withdrawal", None)
    return Row(
        [
            Cell(
                one.name,
                url=reverse("attachments:record", args=[one.form, one.object_id]) if reads else "",
                detail=one.caption,
            ),
            Cell(one.participant.code, nowrap=True),
            Cell(label_of(one.form), detail=str(one.object_id)),
            Cell(human_date_text(timezone.localtime(one.added_at)), detail=str(one.added_by)),
            Cell(_("Withdrawn"), detail=f"{withdrawn.reason} ({withdrawn.by})")
            if withdrawn is not None
            else Cell(_("Attached")),
            Cell(one.sha256, code=True),
        ]
    )
