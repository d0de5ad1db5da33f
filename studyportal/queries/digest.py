"""The mail that tells a person once a day which queries wait: codes, forms and days, never what was asked or said.

A question that a person typed may hold a name; so no text of a query is in the mail, only where it stands.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from studyportal.access.clock import zone_for
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.mail import actions as mail
from studyportal.queries import selectors, subjects
from studyportal.queries.models import Query, QueryState

KIND = "queries.digest"
PERMISSIONS = (Permission.ENTER_DATA, Permission.MANAGE_QUERIES)
LINES = 15


@dataclass(frozen=True)
class Waiting:
    """mine: assigned to the person or a role of his or hers; free: to nobody; to_accept: answered.

    oldest: of mine, then of the free ones, those that wait longest.
    """

    mine: int
    free: int
    to_accept: int
    oldest: list[Query]

    def __bool__(self) -> bool:
        return bool(self.mine or self.free or self.to_accept)


def waiting_for(user: User) -> Waiting:
    """Three queries. What somebody else is to answer is left out: that person is told."""
    theirs = selectors.mine(user)
    free = Q(assigned_to__isnull=True, assigned_role="")
    opened = Query.objects.visible_to(user, Permission.ENTER_DATA).filter(state=QueryState.OPEN)
    counted = opened.aggregate(mine=Count("id", filter=theirs), free=Count("id", filter=free & ~theirs))
    oldest = selectors.to_answer(user).filter(theirs | free).select_related("participant", "site")[:LINES]
    return Waiting(counted["mine"], counted["free"], selectors.to_accept(user).count(), list(oldest))


def send_all(now: dt.datetime | None = None) -> int:
    """To everyone who may get it, wants it, has an address, and for whom something waits; how many mails went out.

    Acts for nobody: the caller opened the wall. Told once on a day, however often this runs.
    """
    if not mail.is_wanted():
        return 0
    moment = now or timezone.now()
    declined = mail.who_declined(KIND)
    sent = 0
    for user in User.objects.filter(is_active=True).exclude(email="").order_by("pk"):
        if user.pk in declined or not any(user.may(one) for one in PERMISSIONS):
            continue
        waiting = waiting_for(user)
        if waiting:
            with translation.override(settings.LANGUAGE_CODE):
                subject, body = written(waiting)
            day = moment.astimezone(zone_for(user)).date()
            sent += mail.tell(KIND, user=user, on=day, subject=subject, body=body)
    return sent


def written(waiting: Waiting) -> tuple[str, str]:
    """Subject and body, in the language in use."""
    to_answer = waiting.mine + waiting.free
    subject = _("Queries: %(answer)d to answer, %(accept)d to accept") % {
        "answer": to_answer,
        "accept": waiting.to_accept,
    }
    parts = []
    if waiting.mine:
        parts.append(
            ngettext("%(n)d query is assigned to you.", "%(n)d queries are assigned to you.", waiting.mine)
            % {"n": waiting.mine}
        )
    if waiting.free:
        parts.append(
            ngettext(
                "%(n)d query waits for whoever enters data at your site.",
                "%(n)d queries wait for whoever enters data at your site.",
                waiting.free,
            )
            % {"n": waiting.free}
        )
    if waiting.to_accept:
        parts.append(
            ngettext(
                "%(n)d answer waits to be accepted.", "%(n)d answers wait to be accepted.", waiting.to_accept
            )
            % {"n": waiting.to_accept}
        )
    if waiting.oldest:
        parts.append(_("The oldest:") + "\n" + "\n".join(_line(one) for one in waiting.oldest))
    parts.append(
        _(
            "Sign in to the portal and open “Queries”: there each is with what was asked, and there it is answered. This"
            " mail holds codes only; do not answer it with names. You can leave these mails on the page “Mails”."
        )
    )
    return subject, "\n\n".join(parts)


def _line(query: Query) -> str:
    days = ngettext("%(n)d day", "%(n)d days", query.age) % {"n": query.age}  # type: ignore[attr-defined]
    return f"- {query.site.code} {query.participant.code}: {subjects.title_of(query.form)}, {days}"
