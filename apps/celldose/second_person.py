"""The second person of an identity check, who confirms on the first one's device who they are."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.access.signing_in import gate
from studyportal.access.signing_in.reauthentication import NotConfirmed, confirm
from studyportal.access.standing import settle


def confirmed(*, request: Any, username: str, password: str, code: str) -> User:
    """The person whose user name, password and one-time code these are; nobody is signed in by it.

    Wrong ones are counted as at the sign-in page, and an unknown name is answered as a wrong password. Raises NotConfirmed.
    """
    name = username.strip()
    if not name or len(name) > 150 or "\x00" in name + password + code:
        raise NotConfirmed(_("The second person gives their own user name and password. Nothing was done."))
    if name == request.user.get_username():
        raise NotConfirmed(
            _("An identity check takes two different people: the second signs in with another account.")
        )
    second = User.objects.filter(username=name, is_active=True).first()
    if second is None:
        # Costs and counts what a wrong password does, so that names cannot be tried out.
        authenticate(getattr(request, "_request", request), username=name, password=password)
        raise NotConfirmed(_("The password is wrong. Nothing was done."))
    confirm(request=request, user=second, password=password, code=code)
    duty = gate.duty_of(second)
    if duty is not None:
        raise NotConfirmed(
            _("%(name)s signs in once before that: %(duty)s") % {"name": second, "duty": duty.words}
        )
    # From here to the end of the request no role of the second person ends.
    settle(second, writing=True)
    return second
