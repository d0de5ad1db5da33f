"""The hospitals that take part. A site is never deleted: its code begins the codes of its participants."""

from __future__ import annotations

import re
import zoneinfo

import pghistory
from django.db.models import Q
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from studyportal.access.delegation import alone, line, reason_of
from studyportal.access.models import Membership, Site, User
from studyportal.access.people import stale
from studyportal.access.refusals import NotDone, Problem, refused

CODE = re.compile(r"[A-Z]{2,6}\Z")
COUNTRY = re.compile(r"[A-Z]{2}\Z")
TIMEZONES = zoneinfo.available_timezones()


def add_site(*, code: str, name: str, timezone: str, country: str = "IN", by: User) -> Site:
    """A new site. Its code can never be changed."""
    code = code.strip()
    problems = _problems(name, timezone, country)
    if not CODE.match(code):
        problems.append(Problem("code", "invalid", _("Two to six capital letters, such as MUM.")))
    elif Site.objects.filter(code=code).exists():
        problems.append(Problem("code", "unique", _("There is already a site with this code.")))
    if problems:
        raise NotDone(problems)
    with alone():
        return Site.objects.create(
            code=code, name=line(name), timezone=timezone.strip(), country=country.strip()
        )


def change_site(
    *,
    site: Site,
    by: User,
    expected_version: int,
    name: str | None = None,
    timezone: str | None = None,
    country: str | None = None,
) -> Site:
    """Change what a site is called and where its clock stands; None leaves it as it is."""
    with alone():
        locked = _locked(site, expected_version)
        locked.name = locked.name if name is None else line(name)
        locked.timezone = locked.timezone if timezone is None else timezone.strip()
        locked.country = locked.country if country is None else country.strip()
        if problems := _problems(locked.name, locked.timezone, locked.country):
            raise NotDone(problems)
        locked.version += 1
        locked.save()
    return locked


def deactivate_site(*, site: Site, by: User, reason: str, expected_version: int | None = None) -> Site:
    """The site takes part no more: nobody holds a role there; study-wide roles still read what it entered.

    Refused while somebody holds a role there, so that the delegation log says when and why each of them ended.
    """
    reason = reason_of(reason)
    with alone(), pghistory.context(reason=reason):
        locked = _locked(site, expected_version)
        if not locked.is_active:
            raise refused("inactive_site", _("The site %s no longer takes part.") % locked.code)
        lasting = Q(valid_until__isnull=True) | Q(valid_until__gte=localdate())
        held = Membership.objects.filter(lasting, site=locked, ended_at__isnull=True).count()
        if held:
            raise refused(
                "roles_held",
                _("%(n)d role(s) are still held at %(site)s. End them first.")
                % {"n": held, "site": locked.code},
            )
        locked.is_active = False
        locked.version += 1
        locked.save()
    return locked


def reactivate_site(*, site: Site, by: User, reason: str, expected_version: int | None = None) -> Site:
    """The site takes part again."""
    reason = reason_of(reason)
    with alone(), pghistory.context(reason=reason):
        locked = _locked(site, expected_version)
        if locked.is_active:
            raise refused("active", _("The site %s takes part.") % locked.code)
        locked.is_active = True
        locked.version += 1
        locked.save()
    return locked


def _locked(site: Site, expected_version: int | None) -> Site:
    locked = Site.objects.select_for_update().get(pk=site.pk)
    if expected_version is not None and locked.version != expected_version:
        raise stale()
    return locked


def _problems(name: str, timezone: str, country: str) -> list[Problem]:
    found = []
    if not (shown := line(name)) or len(shown) > 120:
        found.append(Problem("name", "required", _("Write the name of the site, in at most 120 characters.")))
    if timezone.strip() not in TIMEZONES:
        found.append(Problem("timezone", "timezone", _("Write a time zone such as Asia/Kolkata.")))
    if not COUNTRY.match(country.strip()):
        found.append(Problem("country", "invalid", _("Two capital letters, such as IN.")))
    return found
