"""Escalation: who is told of a clock that runs or an alert that stands; each level once, and kept who was told."""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.safety import clock_mail
from apps.safety import clock_words as words
from apps.safety.actions.lateness import CODE, FORM, agree_lateness
from apps.safety.models import AdverseEvent, Reminder, SafetyAlert
from apps.safety.rules.clocks import Clock
from apps.safety.rules.reminders import ALERT_LEVELS, Level, level_due
from apps.safety.selectors.clocks import due_of, watched
from studyportal import protocol
from studyportal.access.models import Membership, User
from studyportal.access.selectors import in_force
from studyportal.deviations.models import Deviation, DeviationState

logger = logging.getLogger(__name__)


def levels() -> tuple[Level, ...]:
    """Those of the protocol."""
    return tuple(
        Level(level.key, level.label, level.relative_to, level.hours, level.roles)
        for level in protocol.current().safety.reminders.values()
    )


@dataclass
class People:
    """Who holds which role where, today: one query."""

    held: dict[str, list[tuple[int | None, User]]] = field(default_factory=dict)

    @classmethod
    def read(cls, today: dt.date) -> People:
        people = cls()
        rows = Membership.objects.filter(in_force(today), user__is_active=True).select_related("user")
        for membership in rows.order_by("user__username"):
            people.held.setdefault(membership.role, []).append((membership.site_id, membership.user))
        return people

    def of(self, roles: Iterable[str], site_id: int) -> list[User]:
        """Each person once, in the order of the roles."""
        found: dict[int, User] = {}
        for role in roles:
            for held_at, user in self.held.get(role, ()):
                if held_at is None or held_at == site_id:
                    found.setdefault(user.pk, user)
        return list(found.values())


@transaction.atomic
def remind(*, now: dt.datetime | None = None) -> int:
    """Tell whoever is to be told now; how many reminders were made. The caller stands behind no wall.

    A reminder is written with whom it is for, and its mails are handed over when that is committed. Without mail
    nothing is written, so that it is told as soon as there is mail. What has become late is a deviation either way.
    """
    now = now or timezone.now()
    with translation.override(settings.LANGUAGE_CODE):
        due = due_of(watched(AdverseEvent.objects.all()).prefetch_related("reminders"), now)
        _late_ones(due, now)
        if not clock_mail.is_wanted():
            return 0
        people = People.read(timezone.localdate(now, dt.UTC))
        every_level = levels()
        lines: dict[str, list[str]] = defaultdict(list)
        made = 0
        for one in due:
            for clock in one.running:
                sent = {told.level for told in one.event.reminders.all() if told.clock == clock.key}  # type: ignore[attr-defined]
                level = level_due(clock, every_level, sent, now)
                if level is None:
                    continue
                line = _line(one.event, clock, level, now)
                made += _told(one.event, clock.key, level.key, level.roles, people, line, lines)
        made += _alerts(people, lines, now)
    for address, said in lines.items():
        transaction.on_commit(lambda address=address, said=said: clock_mail.hand_over(address, said))  # type: ignore[misc]
    return made


def _late_ones(due: Iterable[Any], now: dt.datetime) -> None:
    """Deviations of clocks that have run out since the last time."""
    known = set(
        Deviation.objects.filter(form=FORM, code__startswith=CODE, raised_by__isnull=True)
        .exclude(state=DeviationState.WITHDRAWN)
        .values_list("object_id", "code")
    )
    for one in due:
        if one.undecided:
            continue
        overdue = {f"{CODE}{clock.key}" for clock in one.running if clock.state == "overdue"}
        if any((one.event.pk, code) not in known for code in overdue):
            agree_lateness(event=one.event, by=None, now=now)


def _line(event: AdverseEvent, clock: Clock, level: Level, now: dt.datetime) -> str:
    what = {
        "site": event.site.code,
        "participant": event.participant.code,  # type: ignore[attr-defined]
        "event": event.pk,
        "clock": clock.label,
        "due": words.due_text(clock, event.site),
        "left": words.left_text(clock, now),
        "level": level.label,
    }
    if clock.conditional:
        return (
            _(
                "%(site)s, %(participant)s, event %(event)d: it is not said yet whether it is serious. If it is, the last"
                " moment for “%(clock)s” is: %(due)s (%(left)s)."
            )
            % what
        )
    return (
        _(
            "%(level)s. %(site)s, %(participant)s, event %(event)d: %(clock)s. Last moment: %(due)s (%(left)s)."
        )
        % what
    )


def _told(
    event: AdverseEvent,
    clock: str,
    level: str,
    roles: Iterable[str],
    people: People,
    line: str,
    lines: dict[str, list[str]],
) -> int:
    """Write one reminder and put its line into the mails; 0 when another run was faster."""
    found = people.of(roles, event.site_id)
    reached = [user for user in found if user.email]
    unreached = [user.username for user in found if not user.email] or (
        [] if reached else [f"role:{role}" for role in roles]
    )
    try:
        with transaction.atomic():
            Reminder.objects.create(
                site_id=event.site_id,
                event=event,
                participant_id=event.participant_id,
                clock=clock[:40],
                level=level,
                recipients=[user.username for user in reached],
                unreached=unreached,
            )
    except IntegrityError:
        return 0
    if not reached:
        logger.warning("Reminder %s of event %s reached nobody: %s", level, event.pk, ", ".join(unreached))
    for user in reached:
        lines[user.email].append(line)
    return 1


def _alerts(people: People, lines: dict[str, list[str]], now: dt.datetime) -> int:
    """Alerts that nobody acknowledged: the last level that is reached, once."""
    made = 0
    standing = SafetyAlert.objects.filter(acknowledged_at__isnull=True, event__isnull=False)
    for alert in standing.select_related("event__site", "site", "participant").prefetch_related(
        "event__reminders"
    ):
        event: Any = alert.event
        clock = f"alert-{alert.pk}"
        sent = {one.level for one in event.reminders.all() if one.clock == clock}
        passed = [level for level in ALERT_LEVELS if alert.raised_at + dt.timedelta(hours=level[1]) <= now]
        if not passed or passed[-1][0] in sent:
            continue
        key, _hours, roles = passed[-1]
        participant: Any = alert.participant
        line = _(
            "%(site)s, %(participant)s, alert %(alert)d of %(at)s: %(kind)s. Nobody has acknowledged it yet."
        ) % {
            "site": alert.site.code,
            "participant": participant.code,
            "alert": alert.pk,
            "at": words.at_site(alert.raised_at, alert.site),
            "kind": alert.get_kind_display(),
        }
        made += _told(event, clock, key, roles, people, line, lines)
    return made
