"""The mail of the morning: which visits are overdue, and which windows close or open this week. Codes only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.visits.selectors import DueLine, due_between, sites_of
from studyportal.access.clock import zone_for
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission
from studyportal.mail import actions as mail
from studyportal.ui.templatetags.ui_tags import human_date_text

KIND = "visits.reminder"
# From this hour of the morning at the person's place.
FROM_HOUR = 6
SOON, LINES = 7, 20
# A window that closed longer ago is on the worklist, and no news.
OVERDUE_FOR = 30


def remind(now: dt.datetime | None = None) -> int:
    """To everyone who enters data, wants it, and has a visit to arrange; how many mails went out. Told once a day.

    Acts for nobody: the caller opened the wall. Runs each hour, so that it is morning wherever a site lies.
    """
    if not mail.is_wanted():
        return 0
    moment = now or timezone.now()
    declined = mail.who_declined(KIND)
    sent = 0
    for user in User.objects.filter(is_active=True).exclude(email="").order_by("pk"):
        if user.pk in declined or not user.may(Permission.ENTER_DATA):
            continue
        here = moment.astimezone(zone_for(user))
        if here.hour < FROM_HOUR:
            continue
        lines = to_arrange(user, here.date(), now=moment)
        if lines:
            with translation.override(settings.LANGUAGE_CODE):
                subject, body = written(lines)
            sent += mail.tell(KIND, user=user, on=here.date(), subject=subject, body=body)
    return sent


def to_arrange(user: User, today: dt.date, *, now: dt.datetime | None = None) -> list[DueLine]:
    """Visits at the sites where the person enters data that are overdue, open, or open within a week; urgent ones first.

    Two queries. Who answers for the whole study is reminded of nothing: each site arranges its own visits.
    """
    if isinstance(user.sites_with(Permission.ENTER_DATA), AllSites):
        return []
    sites = sites_of(user, Permission.ENTER_DATA)
    lines = due_between(
        sites, today - dt.timedelta(days=OVERDUE_FOR), today + dt.timedelta(days=SOON), now=now
    )
    return sorted(lines, key=lambda line: (line.latest, line.code, line.target))


def written(lines: Sequence[DueLine]) -> tuple[str, str]:
    """Subject and body, in the language in use."""
    overdue = sum(line.state == "overdue" for line in lines)
    to_come = len(lines) - overdue
    subject = _("Visits: %(overdue)d overdue, %(soon)d to arrange") % {"overdue": overdue, "soon": to_come}
    parts = ["\n".join(_line(line) for line in lines[:LINES])]
    if len(lines) > LINES:
        more = len(lines) - LINES
        parts.append(
            ngettext("and %(n)d more on the worklist", "and %(n)d more on the worklist", more) % {"n": more}
        )
    parts.append(
        _(
            "Sign in to the portal and open “Worklist”. This mail holds codes only; do not answer it with names. You can"
            " leave these mails on the page “Mails”."
        )
    )
    return subject, "\n\n".join(parts)


def _line(line: DueLine) -> str:
    words = {"overdue": _("overdue since %(last)s"), "due": _("until %(last)s")}.get(
        line.state, _("from %(first)s to %(last)s")
    )
    return f"- {line.site} {line.code} {line.label}: " + words % {
        "first": human_date_text(line.earliest),
        "last": human_date_text(line.latest),
    }
