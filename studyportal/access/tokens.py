"""Tokens for scripts: made, narrowed, used, and taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from studyportal.access import standing
from studyportal.access.delegation import line
from studyportal.access.models import ApiToken, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.profiles import CODED, DEIDENTIFIED, ORDER
from studyportal.access.roles import ONLY_STUDY_WIDE

USUAL = dt.timedelta(days=90)
LONGEST = dt.timedelta(days=365)
MOST_TOKENS = 50
# How often the last use of a token is written down.
RESOLUTION = dt.timedelta(minutes=1)


class TokenRefused(ValueError):
    """The token cannot be made or revoked as asked; the message says why."""

    def __init__(self, message: str, *, field: str = "", code: str = "token_refused") -> None:
        super().__init__(message)
        self.field = field
        self.code = code


@transaction.atomic
def issue(
    *,
    by: Any,
    name: str,
    days: dt.timedelta = USUAL,
    access: str = ApiToken.Access.READ,
    sites: Sequence[str] = (),
    datasets: Sequence[str] = (),
    export_profile: str = DEIDENTIFIED,
) -> tuple[ApiToken, str]:
    """A new token of the user: its record and its secret, which is stored nowhere and shown once.

    sites: codes, datasets: keys; none named means all that the user has. It never exceeds its owner, now or
    later: what it grants is what the token and the owner's roles of that moment both hold.
    """
    user: User = by
    if user.narrowing is not None:
        raise TokenRefused(
            _("A token cannot make tokens. Make one on the page “API tokens”, or with your password."),
            code="token_cannot_issue",
        )
    name = line(name)
    if not name or len(name) > 80:
        raise TokenRefused(_("Name the token by what uses it, in at most 80 characters."), field="name")
    if not dt.timedelta(days=1) <= days <= LONGEST:
        raise TokenRefused(_("A token lives from 1 to %d days.") % LONGEST.days, field="days")
    if access not in ApiToken.Access.values:
        raise TokenRefused(_("A token may “read”, or “read_write”."), field="access")
    if export_profile not in ORDER:
        raise TokenRefused(_("An export profile is one of: %s.") % ", ".join(ORDER), field="export_profile")
    if export_profile == CODED and not user.may(Permission.EXPORT_CODED):
        raise TokenRefused(
            _("Your roles do not allow you to download dates and free text: choose “deidentified”."),
            field="export_profile",
        )
    # A revocation of this person that is under way comes first, and then leaves nothing to make a token for.
    standing.hold(user)
    if not User.objects.filter(pk=user.pk, is_active=True).exists():
        raise TokenRefused(_("This account is deactivated."))
    if ApiToken.objects.filter(user=user).count() >= MOST_TOKENS:
        raise TokenRefused(_("You have %d tokens. Revoke those that you no longer use.") % MOST_TOKENS)
    return ApiToken.objects.create(
        user=user,
        expiry=days,
        name=name,
        access=access,
        sites=_site_ids(user, sites),
        datasets=_dataset_keys(user, datasets),
        export_profile=export_profile,
    )


def _site_ids(user: User, codes: Sequence[str]) -> list[int]:
    """Ids of the sites; one where the user holds nothing is as one that does not exist."""
    held = {site.code: site.pk for site in sites_of(user)}
    unknown = sorted(set(codes) - set(held))
    if unknown:
        raise TokenRefused(
            _("You hold no role at: %s. Choose among your own sites, or name none for all of them.")
            % ", ".join(code[:20] for code in unknown[:5]),
            field="sites",
        )
    return sorted({held[code] for code in codes})


def _dataset_keys(user: User, keys: Sequence[str]) -> list[str]:
    chosen = sorted(set(keys))
    known = dataset_names()
    unknown = [key for key in chosen if key not in known]
    if unknown:
        raise TokenRefused(
            _("There is no dataset: %s.") % ", ".join(key[:40] for key in unknown[:5]), field="datasets"
        )
    if chosen and not user.may(Permission.EXPORT_DATA):
        raise TokenRefused(
            _("Your roles do not allow you to download datasets: name none."), field="datasets"
        )
    return chosen


def sites_of(user: User) -> list[Site]:
    """The active sites to which a token of the user can be narrowed: those of roles that are held at a site."""
    reached = [sites for role, sites in user.grants.items() if role not in ONLY_STUDY_WIDE]
    return [
        site for site in Site.objects.filter(is_active=True) if any(site.pk in sites for sites in reached)
    ]


def dataset_names() -> dict[str, str]:
    """Key → title of every dataset, from the app that `TOKEN_DATASETS` names: access knows no datasets itself."""
    return dict(import_string(settings.TOKEN_DATASETS)())


def revoke(*, token: ApiToken, by: Any) -> None:
    """End the token at once: one's own, or anybody's for who manages users."""
    if token.user_id != by.pk and not by.may(Permission.MANAGE_USERS):
        raise TokenRefused(_("This token belongs to somebody else."))
    token.delete()


def note_use(token: ApiToken, address: str | None) -> None:
    """Write down when and from where the token was used, at most once a minute; nobody waits for it."""
    now = timezone.now()
    if token.last_used_at is not None and now - token.last_used_at < RESOLUTION:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE access_apitoken SET last_used_at = %s, last_used_from = %s WHERE digest ="
            " (SELECT digest FROM access_apitoken WHERE digest = %s FOR UPDATE SKIP LOCKED)",
            [now, address, token.pk],
        )
