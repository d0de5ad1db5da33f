"""Opening, answering and closing queries. Every call is one transaction with its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.queries.models import Query, QueryMessage, QueryOrigin, QueryState
from studyportal.words import stored


class FindingLike(Protocol):
    """What a check gives: see studyportal.crf.outcomes.Finding."""

    @property
    def field(self) -> str | None: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...


class QueryRefused(Exception):
    """The query is not in a state for this; the message says what to do."""


# Always within the save of a record, whose fate it shares: no savepoint of its own.
@transaction.atomic(savepoint=False)
def reconcile(
    *,
    record: Any,
    form: str,
    findings: Iterable[FindingLike],
    values: Mapping[str, str],
    by: User | None,
    new: bool = False,
) -> list[Query]:
    """Make the queries of a record agree with what its checks found.

    New findings open a query; a finding that is gone closes its query; one that came back, or whose
    explained value changed, reopens it. values: field name → its value as text.
    new: the record was inserted in this transaction, so it has no queries yet.
    Returns the queries that are open or answered afterwards. At most one SELECT, and writes only where needed.
    """
    asked = Query.objects.filter(form=form, object_id=record.pk, origin=QueryOrigin.CHECK)
    known = {} if new else {(query.field, query.code): query for query in asked}
    standing: list[Query] = []
    for finding in findings:
        field = finding.field or ""
        query = known.pop((field, finding.code), None)
        if query is None:
            query = Query.objects.create(
                site_id=record.site_id,
                participant_id=record.participant_id,
                form=form,
                object_id=record.pk,
                field=field,
                code=finding.code,
                **_sentence(finding.message),
            )
            standing.append(query)
            continue
        explained = query.explained_value is not None and query.explained_value == values.get(field, "")
        if query.state != QueryState.OPEN and not explained:
            _move(
                query, QueryState.OPEN, _("The check fires again."), author=None, **_sentence(finding.message)
            )
        elif query.message != finding.message:
            for name, value in _sentence(finding.message).items():
                setattr(query, name, value)
            query.version += 1
            query.save(update_fields=["message", "template", "params", "version"])
        if query.state != QueryState.CLOSED:
            standing.append(query)
    for query in known.values():
        if query.state != QueryState.CLOSED:
            _move(
                query, QueryState.CLOSED, _("The check no longer fires."), author=None, explained_value=None
            )
    return standing


@transaction.atomic
def raise_query(
    *, participant: Any, message: str, by: User, form: str = "", object_id: int | None = None, field: str = ""
) -> Query:
    """A person asks about a field, a form or a participant."""
    with acting(user=by):
        return Query.objects.create(
            site_id=participant.site_id,
            participant=participant,
            form=form,
            object_id=object_id,
            field=field,
            code="person",
            origin=QueryOrigin.PERSON,
            message=message,
        )


@transaction.atomic
def answer(*, query: Query, text: str, value: str, by: User) -> Query:
    """Explain: value is the field's value as text, which the answer stands for."""
    query = _locked(query)
    if query.state == QueryState.CLOSED:
        raise QueryRefused(_("This query is closed. Reopen it first if there is more to say."))
    if not text.strip():
        raise QueryRefused(_("Write the explanation: an empty answer explains nothing."))
    with acting(user=by, reason=text):
        return _move(query, QueryState.ANSWERED, text, author=by, explained_value=value)


@transaction.atomic
def close(*, query: Query, text: str, by: User) -> Query:
    """Accept the answer. A closed query of a check reopens when the value changes and the check still fires."""
    query = _locked(query)
    if query.state == QueryState.CLOSED:
        raise QueryRefused(_("This query is already closed."))
    with acting(user=by, reason=text):
        return _move(query, QueryState.CLOSED, text or _("Accepted."), author=by)


@transaction.atomic
def reopen(*, query: Query, text: str, by: User) -> Query:
    """Ask again, with the reason."""
    query = _locked(query)
    if query.state == QueryState.OPEN:
        raise QueryRefused(_("This query is already open."))
    if not text.strip():
        raise QueryRefused(_("Say why the answer does not settle the question."))
    with acting(user=by, reason=text):
        return _move(query, QueryState.OPEN, text, author=by, explained_value=None)


def _sentence(message: str) -> dict[str, Any]:
    template, params = stored(message)
    return {"message": str(message), "template": template, "params": params}


def _locked(query: Query) -> Query:
    return Query.objects.select_for_update().get(pk=query.pk)


def _move(query: Query, state: QueryState, text: str, *, author: User | None, **changed: Any) -> Query:
    query.state = state
    query.closed_at = timezone.now() if state == QueryState.CLOSED else None
    query.version += 1
    for name, value in changed.items():
        setattr(query, name, value)
    query.save()
    QueryMessage.objects.create(site_id=query.site_id, query=query, author=author, text=text, state=state)
    return query
