"""Answering a query whatever it is about: a form, a visit, or the participant."""

from __future__ import annotations

from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.crf.registry import UnknownForm, get
from studyportal.queries import actions as queries
from studyportal.queries.models import Query


def answer(*, query: Query, text: str, by: User) -> Query:
    """Explain a query. The answer stands for the value that the field has now.

    Raises QueryRefused when the query is closed or the text is empty.
    """
    return queries.answer(query=query, text=text, value=value_asked_about(query), by=by)


def value_asked_about(query: Query) -> str:
    """The value as the checks compare it: "" when the query is about no field."""
    if not query.object_id or not query.field:
        return ""
    if query.form == "visit":
        from apps.visits.models import Visit

        visit = Visit.objects.filter(pk=query.object_id, participant_id=query.participant_id).first()
        return "" if visit is None else str(getattr(visit, query.field, None) or "")
    try:
        spec = get(query.form)
    except UnknownForm:
        return ""
    record = spec.model._default_manager.filter(
        pk=query.object_id, participant_id=query.participant_id
    ).first()
    return "" if record is None else crf.as_texts(spec, record).get(query.field, "")
