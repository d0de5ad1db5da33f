"""The forms of the study as what a query can be about, and the queries on the page of a form."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from studyportal.crf import actions, display, panels
from studyportal.crf.registry import UnknownForm, get
from studyportal.crf.spec import CrfSpec
from studyportal.queries import cards, selectors, subjects
from studyportal.queries.models import QueryState


@subjects.provide
def subject_of(form: str) -> subjects.Subject | None:
    try:
        spec = get(form)
    except UnknownForm:
        return None
    return subjects.Subject(
        form=spec.key,
        title=spec.title,
        model=spec.model,
        fields={name: field.label for name, field in spec.fields.items()},
        url=lambda query: reverse("crf:edit", args=[query.form, query.object_id]) + f"#query-{query.pk}",
        value=lambda record, field: actions.as_texts(spec, record).get(field, ""),
        in_words=lambda changes: display.history_in_words(spec, changes),
    )


@panels.register
def panel_of(request: HttpRequest, spec: CrfSpec, record: Any) -> panels.Panel | None:
    """Below the form: what was asked and is closed, and the way to ask. What is not closed stands above the form."""
    user: Any = request.user
    closed = [one for one in selectors.of_record(spec.key, record.pk) if one.state == QueryState.CLOSED]
    asks = cards.may_ask(user, record.site_id)
    if not closed and not asks:
        return None
    address = reverse("queries:new", args=[record.participant.code])
    return panels.Panel(
        key="queries",
        template="queries/_of_record.html",
        context={
            "closed": closed,
            "ask_url": f"{address}?form={spec.key}&record={record.pk}" if asks else "",
        },
    )
