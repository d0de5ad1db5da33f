"""Giving and ending roles: the delegation log. A membership is never deleted, and never begins in the past."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import pghistory
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access import standing
from studyportal.access.models import Membership, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.refusals import NotDone, Problem, refused, wrong
from studyportal.access.roles import AT_SITES, ROLES, STUDY_WIDE, roles_with

# How long a revocation waits for what the person is just writing.
PATIENCE = "20s"
JOINERS = "\u200c\u200d"


def grant(
    *,
    user: User,
    role: str,
    site: Site | None,
    by: User | None,
    reason: str,
    valid_from: dt.date | None = None,
    valid_until: dt.date | None = None,
) -> Membership:
    """Give a role at a site, or (site None) for the whole study. by None: the command at the server."""
    reason = reason_of(reason)
    today = timezone.localdate()
    first = valid_from or today
    if by is not None and user.pk == by.pk:
        raise refused("own_role", _("Nobody gives a role to himself or herself. Ask another administrator."))
    _check_role(role, site)
    if first < today:
        raise wrong(
            "valid_from",
            "past",
            _("A role begins today or later: the log would otherwise tell what was not so."),
        )
    if valid_until is not None and valid_until < first:
        raise wrong("valid_until", "order", _("The last day is before the first."))
    with alone(user), pghistory.context(reason=reason):
        holder = User.objects.select_for_update().get(pk=user.pk)
        if not holder.is_active:
            raise refused("not_active", _("This account is deactivated. Reactivate it first."), "user")
        if site is not None and not Site.objects.select_for_update().get(pk=site.pk).is_active:
            raise refused("inactive_site", _("The site %s no longer takes part.") % site.code, "site")
        same = Membership.objects.filter(user=holder, role=role, site=site, ended_at__isnull=True)
        clash = _overlapping(same, first, valid_until).first()
        if clash is not None:
            raise refused(
                "overlap",
                _("The person holds this role there already, from %(first)s until %(last)s.")
                % {"first": clash.valid_from, "last": clash.valid_until or _("further notice")},
                "role",
            )
        return Membership.objects.create(
            user=holder,
            role=role,
            site=site,
            valid_from=first,
            valid_until=valid_until,
            granted_by=by,
            granted_at=timezone.now(),
            reason=reason,
        )


def end_membership(
    *,
    membership: Membership,
    by: User,
    reason: str,
    last_day: dt.date | None = None,
    expected_version: int | None = None,
) -> Membership:
    """End a role: at once (last_day None; waits for what the person is just writing), or after a last day."""
    reason = reason_of(reason)
    if membership.user_id == by.pk:
        raise refused("own_role", _("Nobody changes a role of his or her own. Ask another administrator."))
    with alone(membership.user), pghistory.context(reason=reason):
        locked = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
        today = timezone.localdate()
        if expected_version is not None and locked.version != expected_version:
            raise NotDone(
                [
                    Problem(
                        "",
                        "stale_version",
                        _("Somebody changed this role meanwhile. Look at what stands now, then try again."),
                    )
                ],
                status=412,
            )
        if locked.ended_at is not None or (locked.valid_until is not None and locked.valid_until < today):
            raise refused("ended", _("This role has ended already."))
        _check_last_day(locked, last_day, today)
        if locked.role in roles_with(Permission.MANAGE_USERS):
            _keep_an_administrator(without=Q(pk=locked.pk), until=last_day)
        _end(locked, by=by, reason=reason, last_day=last_day)
        return locked


def end_all(*, user: User, by: User, reason: str) -> None:
    """End every role of a person at once; inside the transaction of who calls."""
    _keep_an_administrator(without=Q(user=user))
    today = timezone.localdate()
    lasting = Q(valid_until__isnull=True) | Q(valid_until__gte=today)
    for membership in Membership.objects.select_for_update(of=("self",)).filter(
        lasting, user=user, ended_at__isnull=True
    ):
        _end(membership, by=by, reason=reason, last_day=None)


def _end(membership: Membership, *, by: User, reason: str, last_day: dt.date | None) -> None:
    if last_day is None:
        membership.ended_at = timezone.now()
        last_day = max(timezone.localdate(), membership.valid_from)
    membership.valid_until = last_day
    membership.ended_by, membership.end_reason = by, reason
    membership.version += 1
    membership.save()


def _check_role(role: str, site: Site | None) -> None:
    if role not in ROLES:
        raise wrong("role", "unknown_role", _("Choose a role of the list: %s.") % ", ".join(ROLES))
    if site is None and role not in STUDY_WIDE:
        raise wrong("site", "needs_site", _("“%s” is held at a site. Name the site.") % ROLES[role].label)
    if site is not None and role not in AT_SITES:
        raise wrong(
            "site",
            "needs_no_site",
            _("“%s” is held for the whole study. Leave the site out.") % ROLES[role].label,
        )


def _check_last_day(membership: Membership, last_day: dt.date | None, today: dt.date) -> None:
    if last_day is None:
        return
    if last_day < today:
        raise wrong(
            "last_day", "past", _("The last day is today or later. To end the role now, leave it out.")
        )
    if last_day < membership.valid_from:
        raise wrong("last_day", "order", _("The last day is before the first, %s.") % membership.valid_from)
    if membership.valid_until is not None and last_day > membership.valid_until:
        raise wrong(
            "last_day",
            "prolongs",
            _("The role ends on %s. To prolong it, give it again from the day after.")
            % membership.valid_until,
        )


def _overlapping(
    memberships: QuerySet[Membership], first: dt.date, last: dt.date | None
) -> QuerySet[Membership]:
    found = memberships.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=first))
    return found if last is None else found.filter(valid_from__lte=last)


def _keep_an_administrator(*, without: Q, until: dt.date | None = None) -> None:
    """Refuse when nobody else would manage users: today, and once the role in question has ended.

    Two administrators who end each other's roles at the same moment queue here.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('studyportal.administrators'), 0)")
    today = timezone.localdate()
    others = administrators(today).exclude(without)
    if until is not None:
        others = others.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=until))
    losing = administrators(today).filter(without).exists()
    if losing and not others.exists():
        raise refused(
            "last_administrator",
            _("Nobody else could then manage users. Give the role to somebody else first."),
        )


def administrators(day: dt.date) -> QuerySet[Membership]:
    """Memberships in force on the day by which active people manage users."""
    return Membership.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=day),
        role__in=roles_with(Permission.MANAGE_USERS),
        user__is_active=True,
        ended_at__isnull=True,
        valid_from__lte=day,
    )


@contextmanager
def alone(user: User | None = None) -> Iterator[None]:
    """One transaction, after everything that the person is just writing. What cannot be had is a refusal:
    two who revoke each other, or a long write of the person's."""
    try:
        with transaction.atomic():
            if user is not None:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
                standing.wait_for_writes_of(user)
            yield
            if user is not None:
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        # 40P01: a deadlock, 55P03: the lock was not to be had in time.
        if getattr(error.__cause__, "pgcode", "") not in ("40P01", "55P03"):
            raise
        raise refused(
            "try_again",
            _("Somebody is changing or writing the same at this moment. Nothing was changed; try again."),
        ) from error
    except IntegrityError as error:
        # The rules above are read before they are written; the constraints stand whatever happens between.
        if getattr(error.__cause__, "pgcode", "") != "23505":
            raise
        raise refused(
            "unique", _("Somebody added the same at this moment. Look at what stands now.")
        ) from error


def reason_of(text: str) -> str:
    """The reason, on one line; refuses none."""
    reason = line(text)
    if not reason or len(reason) > 200:
        raise wrong("reason", "required", _("Say why, in at most 200 characters: it stands in the log."))
    return reason


def line(text: str) -> str:
    """Text on one line, without control characters. The joiners that Devanagari needs stay."""
    shown = "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp") or c in JOINERS else " " for c in text
    )
    return " ".join(unicodedata.normalize("NFC", shown).split())
