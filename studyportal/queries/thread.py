"""A query from beginning to end: what was said, and between the words what its field held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from studyportal.queries import subjects
from studyportal.queries.models import Act, Query, QueryState

# Of a query about a whole record: its newest changes.
MOST_CHANGES = 50

ICONS = {
    Act.ANSWERED: ("info", "query"),
    Act.CLOSED: ("good", "check"),
    Act.REOPENED: ("attention", "query"),
    Act.WITHDRAWN: ("neutral", "check"),
    Act.ASSIGNED: ("neutral", "people"),
}


@dataclass(frozen=True)
class Step:
    """who: "" for the portal itself. fields: of a change, label with before and after in words."""

    at: dt.datetime
    who: str
    title: str
    text: str = ""
    fields: Sequence[Any] = ()
    reason: str = ""
    tone: str = "neutral"
    icon: str = "dot"


def of(query: Query) -> tuple[list[Step], int]:
    """The steps in order of time, and how many older changes of the record are left out. Two queries besides those that
    read the query itself: its record, and the history of that."""
    changes = subjects.changes_of(query)
    shown = changes[-MOST_CHANGES:]
    steps = [
        Step(
            at=change.at,
            who=change.by,
            title=_("Value") if query.field else _("Change of the record"),
            fields=[one for one in change.fields if not query.field or one.name == query.field],
            reason=change.reason,
            icon="pen",
        )
        for change in shown
    ]
    steps.append(
        Step(
            at=query.opened_at,
            who=str(query.raised_by or ""),
            title=_("Asked"),
            text=query.words,
            tone="attention",
            icon="query",
        )
    )
    for message in query.messages.all():
        tone, icon = ICONS.get(
            Act(message.act) if message.act else _act_of(message.state), ICONS[Act.ANSWERED]
        )
        steps.append(
            Step(
                at=message.at,
                who=str(message.author or ""),
                title=message.get_act_display() if message.act else message.get_state_display(),
                text=message.words,
                tone=tone,
                icon=icon,
            )
        )
    # Stable: a change stands before what was said of it in the same moment.
    return sorted(steps, key=lambda step: step.at), len(changes) - len(shown)


def _act_of(state: str) -> Act:
    return {QueryState.OPEN: Act.REOPENED, QueryState.CLOSED: Act.CLOSED}.get(QueryState(state), Act.ANSWERED)
