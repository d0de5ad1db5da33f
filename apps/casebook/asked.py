"""A visit as what a query can be about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.visits.models import Visit, VisitStatus
from studyportal.audit.selectors import Change, label_of
from studyportal.queries import subjects
from studyportal.ui.templatetags.ui_tags import human_date_text

# What of a visit can be asked about.
FIELDS = ("happened_on", "status", "missed_reason", "nominal_label")


def _value(record: Any, field: str) -> str:
    return str(getattr(record, field, None) or "")


def _in_words(changes: Iterable[Change]) -> list[Change]:
    """What the protocol derives from the date is left out: it follows."""
    return [
        replace(
            change,
            fields=tuple(
                replace(one, before=_word(one.name, one.before), after=_word(one.name, one.after))
                for one in change.fields
                if one.name in FIELDS
            ),
        )
        for change in changes
    ]


def _word(field: str, value: Any) -> str:
    if not value:
        return ""
    if field == "happened_on":
        return human_date_text(str(value))
    return str(dict(VisitStatus.choices).get(value, value)) if field == "status" else str(value)


@subjects.provide
def visit(form: str) -> subjects.Subject | None:
    if form != "visit":
        return None
    return subjects.Subject(
        form=form,
        title=_("Visit"),
        model=Visit,
        fields={name: label_of(Visit, name) for name in FIELDS},
        url=lambda query: (
            reverse("casebook:visit", args=[query.participant.code, query.object_id]) + f"#query-{query.pk}"
        ),
        value=_value,
        in_words=_in_words,
    )
