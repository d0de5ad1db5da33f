"""People, sites, and who may do what where."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from studyportal.access.narrowing import Narrowing
from studyportal.access.permissions import Permission
from studyportal.access.profiles import DEIDENTIFIED, PROFILES
from studyportal.access.roles import AT_SITES, ONLY_STUDY_WIDE, ROLES, STUDY_WIDE, roles_with
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
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class User(AbstractUser):
    """A person who signs in. What the person may do is in the memberships, never on the user."""

    display_name = models.CharField(_("name"), max_length=120, blank=True)
    password_is_temporary = models.BooleanField(
        _("password to be changed at the next sign-in"), default=False, editable=False
    )
    deactivated_at = models.DateTimeField(_("deactivated"), null=True, editable=False)
    deactivated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    deactivation_reason = models.CharField(
        _("why deactivated"), max_length=200, blank=True, default="", editable=False
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    # What the token of this request leaves of the person's rights; None: all of them.
    narrowing: Narrowing | None = None

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def grants(self) -> dict[str, frozenset[int] | AllSites]:
        """Role key → the sites of the memberships in force, as far as the token of this request reaches;
        read once per loaded user."""
        cached: dict[str, frozenset[int] | AllSites] | None = getattr(self, "_grants", None)
        if cached is None:
            cached = self._grants = self._read_grants()
        return cached

    def hold_grants(self) -> None:
        """Read the memberships under the lock that keeps them until the transaction ends (`standing`)."""
        self._grants = self._read_grants(hold=True)

    def _read_grants(self, *, hold: bool = False) -> dict[str, frozenset[int] | AllSites]:
        if not self.is_active:
            return {}
        return self._within_token(granted(memberships_in_force(self, hold=hold)))

    def _within_token(
        self, held: dict[str, frozenset[int] | AllSites]
    ) -> dict[str, frozenset[int] | AllSites]:
        """The grants at the sites of the token. A role of the whole study does not fit into some sites."""
        within = None if self.narrowing is None else self.narrowing.sites
        if within is None:
            return held
        reached = {
            role: within if isinstance(sites, AllSites) else sites & within
            for role, sites in held.items()
            if role not in ONLY_STUDY_WIDE
        }
        return {role: sites for role, sites in reached.items() if sites}

    def narrow(self, narrowing: Narrowing) -> None:
        """Leave this instance, for the life of a request or job, only what a token grants: never more."""
        self.narrowing = narrowing if self.narrowing is None else self.narrowing.within(narrowing)
        self.forget_grants()

    def without_token(self) -> User:
        """The person with all of his or her rights; to explain a refusal, never to admit."""
        return User(pk=self.pk, username=self.username, is_active=self.is_active)

    def forget_grants(self) -> None:
        """To be called when memberships changed within the life of this instance."""
        self.__dict__.pop("_grants", None)

    def sites_with(self, permission: Permission) -> frozenset[int] | AllSites:
        """Ids of the sites where the user holds the permission, or ALL_SITES."""
        if self.narrowing is not None and self.narrowing.drops(permission):
            return frozenset()
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
    granted_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("given by"),
    )
    granted_at = models.DateTimeField(_("given at"), default=timezone.now, editable=False)
    reason = models.CharField(_("why given"), max_length=200, blank=True, default="")
    ended_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("ended by"),
    )
    # Set when the role was taken away at once: from then on it does not hold, whatever the last day says.
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    end_reason = models.CharField(_("why ended"), max_length=200, blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["user", "site", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "site", "role", "valid_from"],
                condition=Q(ended_at__isnull=True),
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
            models.CheckConstraint(
                condition=Q(site__isnull=False) | Q(role__in=STUDY_WIDE),
                name="membership_role_study_wide",
                violation_error_message=_("This role is held at a site. Name the site."),
            ),
            models.CheckConstraint(
                condition=Q(site__isnull=True) | Q(role__in=AT_SITES),
                name="membership_role_at_site",
                violation_error_message=_("This role is held for the whole study. Leave the site out."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {ROLES[self.role].label}, {self.where}"

    @property
    def where(self) -> str:
        return self.site.code if self.site else str(_("whole study"))

    def state_on(self, day: dt.date) -> str:
        """ended, ahead, over or in_force: what the membership was, is or will be on a day."""
        if self.ended_at is not None and self.ended_at.date() <= day:
            return "ended"
        if day < self.valid_from:
            return "ahead"
        return "over" if self.valid_until is not None and self.valid_until < day else "in_force"


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
            " AND m.ended_at IS NULL AND (m.site_id IS NULL OR s.is_active)",
            [*([user.pk] if hold else []), user.pk, today := timezone.localdate(), today],
        )
        return list(cursor.fetchall())


class ApiToken(AbstractAuthToken):
    """A token for scripts: stored as a digest, named by its owner, ending on its own.

    It narrows its owner and never widens: what it grants is what both hold. No sites and no datasets named
    means all that the owner has.
    """

    class Access(models.TextChoices):
        READ = "read", _("read")
        READ_WRITE = "read_write", _("read and write")

    name = models.CharField(_("name"), max_length=80, default="", blank=True)
    access = models.CharField(_("may"), max_length=10, choices=Access, default=Access.READ)
    sites = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("sites"))
    datasets = ArrayField(
        models.CharField(max_length=60), default=list, blank=True, verbose_name=_("datasets")
    )
    export_profile = models.CharField(
        _("export profile"), max_length=12, choices=PROFILES, default=DEIDENTIFIED
    )
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    last_used_from = models.GenericIPAddressField(_("last used from"), null=True, editable=False)

    class Meta(AbstractAuthToken.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(access__in=["read", "read_write"]),
                name="token_known_access",
                violation_error_message=_("A token reads, or reads and writes."),
            ),
            models.CheckConstraint(
                condition=Q(export_profile__in=[key for key, _label in PROFILES]),
                name="token_known_profile",
                violation_error_message=_("Unknown export profile."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.token_key

    @property
    def narrowing(self) -> Narrowing:
        return Narrowing(
            token=str(self),
            writes=self.access == self.Access.READ_WRITE,
            sites=frozenset(self.sites) or None,
            datasets=frozenset(self.datasets) or None,
            profile=self.export_profile,
        )


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
