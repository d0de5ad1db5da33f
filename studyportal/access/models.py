"""People, sites, and who may do what where."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from typing import Self

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES, roles_with
from studyportal.access.standing import HOLD


class AllSites:
    """Every site, now and later: what a study-wide membership reaches."""

    def __contains__(self, site_id: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return "ALL_SITES"


ALL_SITES = AllSites()


def known_timezone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(name)s” is no time zone; use a name such as Asia/Kolkata."),
            params={"name": name},
            code="timezone",
        )


class Site(models.Model):
    """A hospital that takes part. Its code begins every participant code."""

    code = models.CharField(
        _("code"),
        max_length=6,
        unique=True,
        validators=[RegexValidator(r"^[A-Z]{2,6}\Z", _("Two to six capital letters."))],
    )
    name = models.CharField(_("name"), max_length=120)
    timezone = models.CharField(_("time zone"), max_length=40, validators=[known_timezone])
    country = models.CharField(_("country"), max_length=2, default="IN")
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class User(AbstractUser):
    """A person who signs in. What the person may do is in the memberships, never on the user."""

    display_name = models.CharField(_("name"), max_length=120, blank=True)

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def grants(self) -> dict[str, frozenset[int] | AllSites]:
        """Role key → the sites of the memberships in force today; read once per loaded user."""
        cached: dict[str, frozenset[int] | AllSites] | None = getattr(self, "_grants", None)
        if cached is None:
            cached = self._grants = granted(memberships_in_force(self)) if self.is_active else {}
        return cached

    def hold_grants(self) -> None:
        """Read the memberships under the lock that keeps them until the transaction ends (`standing`)."""
        self._grants = granted(memberships_in_force(self, hold=True)) if self.is_active else {}

    def forget_grants(self) -> None:
        """To be called when memberships changed within the life of this instance."""
        self.__dict__.pop("_grants", None)

    def sites_with(self, permission: Permission) -> frozenset[int] | AllSites:
        """Ids of the sites where the user holds the permission, or ALL_SITES."""
        reached: frozenset[int] = frozenset()
        for role in roles_with(permission):
            sites = self.grants.get(role, frozenset())
            if isinstance(sites, AllSites):
                return ALL_SITES
            reached |= sites
        return reached

    def may(self, permission: Permission, site: Site | int | None = None) -> bool:
        """Whether the user holds the permission: at that site, or (site None) at any."""
        if permission == Permission.PUBLIC:
            return True
        if permission == Permission.SIGNED_IN:
            return self.is_active
        sites = self.sites_with(permission)
        if site is None:
            return bool(sites)
        return (site.pk if isinstance(site, Site) else site) in sites

    @property
    def role_labels(self) -> list[str]:
        return [str(ROLES[key].label) for key in ROLES if key in self.grants]


class Membership(models.Model):
    """A role held by a user at a site (or study-wide) from one day until another: the delegation log."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    site = models.ForeignKey(
        Site,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="memberships",
        help_text=_("Empty: every site of the study."),
    )
    role = models.CharField(
        _("role"), max_length=40, choices=[(key, role.label) for key, role in ROLES.items()]
    )
    valid_from = models.DateField(_("valid from"), default=timezone.localdate)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    class Meta:
        ordering = ["user", "site", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "site", "role", "valid_from"],
                nulls_distinct=False,
                name="membership_once",
                violation_error_message=_("This person already holds this role there from that day."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=models.F("valid_from")),
                name="membership_ends_after_start",
                violation_error_message=_("The last day is before the first."),
            ),
            models.CheckConstraint(
                condition=Q(role__in=list(ROLES)),
                name="membership_known_role",
                violation_error_message=_("Unknown role."),
            ),
        ]

    def __str__(self) -> str:
        where = self.site.code if self.site else _("study-wide")
        return f"{self.user}: {ROLES[self.role].label}, {where}"


def granted(memberships: Iterable[tuple[str, int | None]]) -> dict[str, frozenset[int] | AllSites]:
    """Role key → sites, from role and site (None: every site) of each membership."""
    grants: dict[str, frozenset[int] | AllSites] = {}
    for role, site_id in memberships:
        held = grants.get(role, frozenset())
        if site_id is None or isinstance(held, AllSites):
            grants[role] = ALL_SITES
        else:
            grants[role] = held | {site_id}
    return grants


def memberships_in_force(user: User, *, hold: bool = False) -> list[tuple[str, int | None]]:
    """Role and site of each membership in force today. Every request asks, so it is asked in plain SQL:
    building the same statement with the ORM cost more than the rest of the sign-in. hold: under the lock of
    `standing`, taken in the same round trip by a statement of its own, so that what is read is what stands then."""
    with connection.cursor() as cursor:
        cursor.execute(
            (f"{HOLD}; " if hold else "")
            + "SELECT m.role, m.site_id FROM access_membership m LEFT JOIN access_site s ON s.id = m.site_id"
            " WHERE m.user_id = %s AND m.valid_from <= %s AND (m.valid_until IS NULL OR m.valid_until >= %s)"
            " AND (m.site_id IS NULL OR s.is_active)",
            [*([user.pk] if hold else []), user.pk, today := timezone.localdate(), today],
        )
        return list(cursor.fetchall())


class ApiToken(AbstractAuthToken):
    """A token for scripts: stored as a digest, named by its owner, ending on its own."""

    name = models.CharField(_("name"), max_length=80, default="", blank=True)

    def __str__(self) -> str:
        return self.name or self.token_key


class ScopedQuerySet(models.QuerySet):
    """Rows that belong to a site."""

    def visible_to(self, user: User, permission: Permission = Permission.VIEW_DATA) -> Self:
        """The rows of the sites where the user holds the permission: none for a stranger."""
        sites = user.sites_with(permission) if user.is_authenticated else frozenset()
        if isinstance(sites, AllSites):
            return self.all()
        return self.filter(site_id__in=sites)


class SiteScoped(models.Model):
    """A row at participant level: it carries its site, so that every wall can stand on the row itself."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True
