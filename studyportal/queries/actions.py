"""Opening, answering and closing queries. Every call is one transaction with its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.access.roles import ROLES
from studyportal.audit import acting
from studyportal.queries import selectors, subjects
from studyportal.queries.models import (
    ASKED_ROLES,
    Act,
    ClosedBecause,
    Query,
    QueryMessage,
    QueryOrigin,
    QueryState,
)
from studyportal.words import Said, said, stored

LONGEST = 2000  # characters of what is said
MOST_AT_ONCE = 200


class FindingLike(Protocol):
    """What a check gives: see studyportal.crf.outcomes.Finding."""

    @property
    def field(self) -> str | None: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...


class QueryRefused(Exception):
    """The query is not in a state for this, or what was said will not do; the message says how to mend it.

    field: the name of the argument at fault; "" for the query itself, which is then in a state that forbids it.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class QueryStale(QueryRefused):
    """Somebody said something meanwhile; version: of today."""

    def __init__(self, message: str, version: int) -> None:
        super().__init__(message)
        self.version = version


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
    explanations: Mapping[tuple[str, str], str] | None = None,
) -> list[Query]:
    """Make the queries of a record agree with what its checks found.

    New findings open a query; a finding that is gone closes its query; one that came back, or whose
    explained value changed, reopens it. values: field name → its value as text.
    new: the record was inserted in this transaction, so it has no queries yet.
    explanations: (field name, "" for the form as a whole; code of the check) → what `by` wrote beside the finding before
    saving. It answers the query of that finding, for the value that is saved; one whose finding is gone is dropped, and
    an empty one explains nothing.
    Returns the queries that are open or answered afterwards. At most one SELECT, and writes only where needed.
    """
    explained_now = {key: text.strip() for key, text in (explanations or {}).items() if text.strip()}
    asked = Query.objects.filter(form=form, object_id=record.pk, origin=QueryOrigin.CHECK)
    known = {} if new else {(query.field, query.code): query for query in asked}
    standing: list[Query] = []
    for finding in findings:
        field = finding.field or ""
        now = values.get(field, "")
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
        else:
            _meet(query, finding.message, now)
        text = explained_now.get((field, finding.code), "")
        if text and query.state == QueryState.OPEN and by is not None:
            _move(query, QueryState.ANSWERED, Act.ANSWERED, text[:LONGEST], author=by, explained_value=now)
        if query.state != QueryState.CLOSED:
            standing.append(query)
    for (field, _code), query in known.items():
        if query.state != QueryState.CLOSED:
            _move(
                query,
                QueryState.CLOSED,
                Act.CLOSED,
                _why_closed(field, values.get(field, "")),
                author=None,
                because=ClosedBecause.PUT_RIGHT,
                explained_value=None,
            )
    return standing


def _meet(query: Query, message: str, now: str) -> None:
    """The check fires, and its query is there already."""
    explained = query.explained_value is not None and query.explained_value == now
    if query.state != QueryState.OPEN and not explained:
        _move(
            query,
            QueryState.OPEN,
            Act.REOPENED,
            _why_again(query, now),
            author=None,
            **_sentence(message),
        )
    elif query.message != message:
        for name, value in _sentence(message).items():
            setattr(query, name, value)
        query.version += 1
        query.save(update_fields=["message", "template", "params", "version"])


def _why_again(query: Query, now: str) -> Said:
    if query.explained_value is None or not query.field:
        return said("The check fires again.")
    return said(
        "The check fires again: what was explained was %(before)s, and now there is %(now)s.",
        before=_value(query.explained_value),
        now=_value(now),
    )


def _why_closed(field: str, now: str) -> Said:
    if not field:
        return said("The check no longer fires.")
    return said("The check no longer fires: now there is %(now)s.", now=_value(now))


def _value(text: str) -> str:
    return text if text else said("no value")


@transaction.atomic
def raise_query(
    *,
    participant: Any,
    message: str,
    by: User,
    form: str = "",
    object_id: int | None = None,
    field: str = "",
    assigned_to: User | None = None,
    assigned_role: str = "",
) -> Query:
    """A person asks about a field, a form, a visit or a participant.

    form: key of the form, "visit" for a visit; field: of that form. The same question by the same person about the same,
    while it is open, is the one that is there already: sent twice it is asked once. Raises QueryRefused with its field.
    """
    message = _typed(message, "message", _("Write the question: an empty one cannot be answered."))
    if form or object_id is not None or field:
        _check_subject(participant, form, object_id, field)
    _check_assignee(participant.site_id, assigned_to, assigned_role)
    # One at a time for a participant, so that a question sent twice at once is asked once.
    type(participant)._default_manager.select_for_update(no_key=True).get(pk=participant.pk)
    same = Query.objects.filter(
        participant=participant,
        form=form,
        object_id=object_id,
        field=field,
        message=message,
        origin=QueryOrigin.PERSON,
        raised_by=by,
        state=QueryState.OPEN,
    ).first()
    if same is not None:
        return same
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
            raised_by=by,
            assigned_to=assigned_to,
            assigned_role=assigned_role,
        )


def _check_subject(participant: Any, form: str, object_id: int | None, field: str) -> None:
    subject = subjects.of(form)
    if subject is None:
        raise QueryRefused(_("There is no form with this key."), "form")
    if subject.record_of(participant.pk, object_id) is None:
        raise QueryRefused(_("This participant has no such record."), "record")
    if field and field not in subject.fields:
        raise QueryRefused(
            _("“%(form)s” has no field “%(field)s”.") % {"form": subject.title, "field": field[:80]}, "field"
        )


@transaction.atomic
def answer(
    *, query: Query, text: str, by: User, value: str | None = None, expected_version: int | None = None
) -> Query:
    """Explain. The answer stands for what the field holds now; value: that as text, where the caller has it.

    Raises QueryRefused when the query is closed or the text is empty.
    """
    query = _locked(query, expected_version)
    if query.state == QueryState.CLOSED:
        raise QueryRefused(_("This query is closed. Reopen it first if there is more to say."))
    text = _typed(text, "text", _("Write the explanation: an empty answer explains nothing."))
    explained = subjects.value_of(query) if value is None else value
    with acting(user=by, reason=text):
        return _move(query, QueryState.ANSWERED, Act.ANSWERED, text, author=by, explained_value=explained)


@transaction.atomic
def close(*, query: Query, text: str, by: User, expected_version: int | None = None) -> Query:
    """Accept the answer. A closed query of a check reopens when the value changes and the check still fires."""
    query = _locked(query, expected_version)
    if query.state == QueryState.CLOSED:
        raise QueryRefused(_("This query is already closed."))
    text = _typed(text, "text", "")
    with acting(user=by, reason=text):
        return _move(
            query,
            QueryState.CLOSED,
            Act.CLOSED,
            text or said("Accepted."),
            author=by,
            because=ClosedBecause.ACCEPTED,
        )


@transaction.atomic
def close_many(*, ids: Iterable[int], text: str, by: User, within: Any) -> tuple[int, int]:
    """Accept the answers of several at once. within: the queries that `by` manages.

    Returns how many were closed, and how many were left because they are not answered (any more) or not theirs.
    Raises QueryRefused without a reason, or for more than MOST_AT_ONCE.
    """
    asked = set(ids)
    text = _typed(text, "text", _("Say why they are closed: the reason stands in each of them."))
    if not asked:
        raise QueryRefused(_("Choose the queries that are to be closed."), "ids")
    if len(asked) > MOST_AT_ONCE:
        raise QueryRefused(_("Close at most %(most)d queries at once.") % {"most": MOST_AT_ONCE}, "ids")
    found = list(
        within.filter(pk__in=asked, state=QueryState.ANSWERED).select_for_update(of=("self",)).order_by("pk")
    )
    with acting(user=by, reason=text):
        for query in found:
            _move(query, QueryState.CLOSED, Act.CLOSED, text, author=by, because=ClosedBecause.ACCEPTED)
    return len(found), len(asked) - len(found)


@transaction.atomic
def reopen(*, query: Query, text: str, by: User, expected_version: int | None = None) -> Query:
    """Ask again, with the reason."""
    query = _locked(query, expected_version)
    if query.state == QueryState.OPEN:
        raise QueryRefused(_("This query is already open."))
    text = _typed(text, "text", _("Say why the answer does not settle the question."))
    with acting(user=by, reason=text):
        return _move(query, QueryState.OPEN, Act.REOPENED, text, author=by, explained_value=None)


@transaction.atomic
def withdraw(*, query: Query, text: str, by: User, expected_version: int | None = None) -> Query:
    """Take back one's own question, with the reason. What a check asked is put right or explained."""
    query = _locked(query, expected_version)
    if query.raised_by_id != by.pk:
        raise QueryRefused(_("Only who asked takes a question back; it can be answered or closed."))
    if query.state == QueryState.CLOSED:
        raise QueryRefused(_("This query is already closed."))
    text = _typed(text, "text", _("Say why the question is taken back."))
    with acting(user=by, reason=text):
        return _move(
            query, QueryState.CLOSED, Act.WITHDRAWN, text, author=by, because=ClosedBecause.WITHDRAWN
        )


@transaction.atomic
def assign(
    *,
    query: Query,
    by: User,
    to: User | None = None,
    role: str = "",
    text: str = "",
    expected_version: int | None = None,
) -> Query:
    """Say who is to answer: a person who may at the site, a role, or (neither) whoever enters data there."""
    query = _locked(query, expected_version)
    if query.state == QueryState.CLOSED:
        raise QueryRefused(_("This query is closed. Reopen it first."))
    text = _typed(text, "text", "")
    _check_assignee(query.site_id, to, role)
    if (query.assigned_to_id, query.assigned_role) == (None if to is None else to.pk, role):
        return query
    with acting(user=by, reason=text or None):
        return _move(
            query,
            QueryState(query.state),
            Act.ASSIGNED,
            _assigned(to, role, text),
            author=by,
            assigned_to=to,
            assigned_role=role,
        )


def _check_assignee(site_id: int, to: User | None, role: str) -> None:
    if to is not None and role:
        raise QueryRefused(_("Assign it to a person or to a role, not to both."), "assigned_to")
    if role and role not in ASKED_ROLES:
        raise QueryRefused(
            _("This role answers no queries. Roles: %(roles)s.") % {"roles": ", ".join(ASKED_ROLES)},
            "assigned_role",
        )
    if to is not None and to.pk not in {one.pk for one in selectors.assignees(site_id)}:
        raise QueryRefused(_("This person answers no queries at the site."), "assigned_to")


def _assigned(to: User | None, role: str, note: str) -> Said:
    if to is None and not role:
        whom: str = said("whoever enters data at the site")
    elif to is not None:
        whom = str(to)
    else:
        with translation.override("en"):
            whom = Said(str(ROLES[role].label), {})
    if note:
        return said("Assigned to %(whom)s: %(note)s", whom=whom, note=note)
    return said("Assigned to %(whom)s.", whom=whom)


def _typed(text: str, field: str, missing: str) -> str:
    """What a person wrote, without blanks around it. missing: what is said of an empty one; "" when it may be empty."""
    text = text.strip()
    if not text and missing:
        raise QueryRefused(missing, field)
    if "\x00" in text:
        raise QueryRefused(_("Remove the NUL character: it cannot be stored."), field)
    if len(text) > LONGEST:
        raise QueryRefused(
            _("This is %(n)d characters long; write at most %(most)d.") % {"n": len(text), "most": LONGEST},
            field,
        )
    return text


def _sentence(message: str) -> dict[str, Any]:
    template, params = stored(message)
    return {"message": str(message), "template": template, "params": params}


def _locked(query: Query, expected_version: int | None = None) -> Query:
    found = Query.objects.select_for_update().get(pk=query.pk)
    if expected_version is not None and found.version != expected_version:
        raise QueryStale(
            _(
                "Somebody changed this query while you were writing. Read what was said, then send yours again."
            ),
            found.version,
        )
    return found


def _move(
    query: Query,
    state: QueryState,
    act: Act,
    text: str,
    *,
    author: User | None,
    because: ClosedBecause | str = "",
    **changed: Any,
) -> Query:
    now = timezone.now()
    if state != query.state or state == QueryState.CLOSED:
        query.closed_at = now if state == QueryState.CLOSED else None
        query.closed_because = because
        if state == QueryState.OPEN:
            query.reopened_at = now
    query.state = state
    query.version += 1
    for name, value in changed.items():
        setattr(query, name, value)
    query.save()
    template, params = stored(text)
    QueryMessage.objects.create(
        site_id=query.site_id,
        query=query,
        author=author,
        text=str(text),
        template=template,
        params=params,
        act=act,
        state=state,
    )
    return query
