"""One query as every page shows it: the question, what was said, and what the reader may do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.queries import selectors, subjects
from studyportal.queries.models import Query, QueryState


@dataclass(frozen=True)
class Card:
    """form and field: in words; url: the page of the record. typed: what came back of a refused act, with its fault."""

    query: Query
    form: str
    field: str
    url: str
    whose: str
    may_answer: bool
    may_manage: bool
    may_withdraw: bool
    may_assign: bool
    typed: str = ""
    fault: str = ""

    @property
    def is_asked(self) -> bool:
        """Whether the reader is one of those who are to answer now."""
        return self.may_answer and self.query.state == QueryState.OPEN

    @property
    def acts(self) -> Sequence[tuple[str, str, str]]:
        """(name of the address, label, icon) of each act on the text, the usual one first."""
        state, found = self.query.state, []
        if self.is_asked:
            found.append(("queries:answer", _("Answer"), ""))
        if self.may_manage and state != QueryState.CLOSED:
            found.append(("queries:close", _("Close"), "check"))
        if self.may_answer and state == QueryState.ANSWERED:
            found.append(("queries:answer", _("Add to the answer"), ""))
        if self.may_manage and state != QueryState.OPEN:
            found.append(("queries:reopen", _("Ask again"), ""))
        if self.may_withdraw and state != QueryState.CLOSED:
            found.append(("queries:withdraw", _("Take back"), ""))
        return found

    @property
    def asks_for(self) -> str:
        """The label of the text."""
        if self.query.state == QueryState.CLOSED:
            return _("Why the answer does not settle it")
        if self.query.state == QueryState.ANSWERED:
            return _("Remark")
        if self.may_answer and self.may_manage:
            return _("Explanation, or why it is closed")
        return _("Explain, if the value is right") if self.may_answer else _("Why it is closed")


def card(user: User, query: Query, *, typed: str = "", fault: str = "") -> Card:
    """No query of the database for one that was read by `selectors.shown`."""
    site = query.site_id
    return Card(
        query=query,
        form=subjects.title_of(query.form),
        field=subjects.field_of(query.form, query.field),
        url=subjects.url_of(query),
        whose=whose(user, query),
        may_answer=user.may(Permission.ENTER_DATA, site),
        may_manage=user.may(Permission.MANAGE_QUERIES, site),
        may_withdraw=query.raised_by_id == user.pk and any(user.may(one, site) for one in selectors.ASKS),
        may_assign=query.state != QueryState.CLOSED and any(user.may(one, site) for one in selectors.ASSIGNS),
        typed=typed,
        fault=fault,
    )


def whose(user: User, query: Query) -> str:
    """Who is to answer, in words; "" for whoever enters data at the site."""
    if query.assigned_to_id == user.pk:
        return _("you")
    return query.assignee


def may_ask(user: User, site_id: int) -> bool:
    """Whether the person may ask the site a question of his or her own."""
    return any(user.may(one, site_id) for one in selectors.ASKS)
