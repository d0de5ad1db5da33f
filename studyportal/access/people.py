"""Who has an account. Every write of an account is here; the roles are in `delegation`, the sites in `sites`.

An account is never deleted: what it entered keeps its name. It is deactivated, and then signs nobody in.
"""

from __future__ import annotations

import re
import secrets

import pghistory
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from studyportal.access import delegation
from studyportal.access.delegation import alone, line, reason_of
from studyportal.access.models import ApiToken, User
from studyportal.access.refusals import NotDone, Problem, refused

# Small letters, digits and . _ - of ASCII: no two names that look alike.
USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,39}\Z")
# What stands in the place of a user name in the portal's own addresses.
TAKEN = frozenset({"new", "me", "own"})
# No letter or digit that is taken for another when it is read aloud or copied by hand.
LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def add_user(*, username: str, display_name: str, email: str = "", by: User | None) -> tuple[User, str]:
    """A new account without any role, and its temporary password, which is shown once. by None: the command."""
    username = username.strip()
    problems = [*_problems_of_person(display_name, email)]
    if not USERNAME.match(username) or username in TAKEN:
        problems.append(
            Problem(
                "username",
                "invalid",
                _("2 to 40 small letters, digits, dots, hyphens or underscores, beginning with a letter."),
            )
        )
    elif User.objects.filter(username__iexact=username).exists():
        problems.append(Problem("username", "unique", _("There is already a person with this user name.")))
    if problems:
        raise NotDone(problems)
    user = User(username=username, display_name=line(display_name), email=email.strip())
    password = _give_temporary_password(user)
    with alone():
        user.save()
    return user, password


def change_user(
    *, user: User, by: User, expected_version: int, display_name: str | None = None, email: str | None = None
) -> User:
    """Change what a person is called and where the person is reached; None leaves it as it is."""
    with alone():
        locked = _locked(user, expected_version)
        name = locked.display_name if display_name is None else line(display_name)
        address = locked.email if email is None else email.strip()
        if problems := list(_problems_of_person(name, address)):
            raise NotDone(problems)
        locked.display_name, locked.email = name, address
        locked.version += 1
        locked.save(update_fields=["display_name", "email", "version"])
    return locked


def set_temporary_password(*, user: User, by: User) -> str:
    """A new password, shown once, to be changed at the next sign-in. Sessions and tokens of the person end."""
    if user.pk == by.pk:
        raise refused("own_password", _("Change your own password under your account."))
    with alone(user):
        locked = _locked(user)
        if not locked.is_active:
            raise refused("not_active", _("This account is deactivated. Reactivate it first."))
        password = _give_temporary_password(locked)
        locked.version += 1
        locked.save(update_fields=["password", "password_is_temporary", "version"])
        _end_sessions_and_tokens(locked)
    return password


def deactivate(*, user: User, by: User, reason: str, expected_version: int | None = None) -> User:
    """End the account at once: roles, sessions and tokens. Waits for what the person is just writing."""
    reason = reason_of(reason)
    if user.pk == by.pk:
        raise refused(
            "own_account", _("Nobody deactivates his or her own account. Ask another administrator.")
        )
    with alone(user), pghistory.context(reason=reason):
        locked = _locked(user, expected_version)
        if not locked.is_active:
            raise refused("not_active", _("This account is deactivated already."))
        delegation.end_all(user=locked, by=by, reason=reason)
        locked.is_active = False
        locked.deactivated_at, locked.deactivated_by = timezone.now(), by
        locked.deactivation_reason = reason
        # A session signs its person in by a digest of the password: none of them can come back to life.
        locked.set_unusable_password()
        locked.version += 1
        locked.save()
        _end_sessions_and_tokens(locked)
    return locked


def reactivate(*, user: User, by: User, reason: str, expected_version: int | None = None) -> str:
    """Open the account again, without any role, with a temporary password that is shown once."""
    reason = reason_of(reason)
    if user.pk == by.pk:
        raise refused("own_account", _("Nobody reactivates his or her own account."))
    with alone(user), pghistory.context(reason=reason):
        locked = _locked(user, expected_version)
        if locked.is_active:
            raise refused("active", _("This account is active."))
        locked.is_active = True
        locked.deactivated_at = locked.deactivated_by = None
        locked.deactivation_reason = ""
        password = _give_temporary_password(locked)
        locked.version += 1
        locked.save()
    return password


def _locked(user: User, expected_version: int | None = None) -> User:
    """The account as it is now, locked. Refuses when it is not the version that was seen."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    if expected_version is not None and locked.version != expected_version:
        raise stale()
    return locked


def stale() -> NotDone:
    return NotDone(
        [
            Problem(
                "",
                "stale_version",
                _(
                    "Somebody changed this meanwhile. Look at what stands now, and change it again if need be."
                ),
            )
        ],
        status=412,
    )


def _problems_of_person(display_name: str, email: str) -> list[Problem]:
    problems = []
    if not (name := line(display_name)) or len(name) > 120:
        problems.append(
            Problem("display_name", "required", _("Write the person's name, in at most 120 characters."))
        )
    if email := email.strip():
        try:
            if len(email) > 254:
                raise ValidationError("")
            validate_email(email)
        except ValidationError:
            problems.append(
                Problem("email", "invalid", _("Write the address as name@hospital.example, or leave it out."))
            )
    return problems


def _give_temporary_password(user: User) -> str:
    """About 93 bits, in groups that can be read out."""
    password = "-".join("".join(secrets.choice(LETTERS) for _i in range(4)) for _j in range(4))
    user.set_password(password)
    user.password_is_temporary = True
    return password


def _end_sessions_and_tokens(user: User) -> None:
    ApiToken.objects.filter(user=user).delete()
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    for key in _session_keys(user):
        store(session_key=key).delete()


def _session_keys(user: User) -> list[str]:
    """Keys of the person's sessions. Each is opened to see whose it is: no list of them is complete."""
    open_sessions = Session.objects.filter(expire_date__gt=timezone.now())
    return [
        s.session_key for s in open_sessions.iterator() if s.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
