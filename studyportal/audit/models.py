"""The log of looks, who read what; and the history of access. Both grow, and are never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import pghistory
import pgtrigger
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from pghistory.core import create_event_model

from studyportal.access.models import ApiToken, Membership, ScopedQuerySet, Site, User


class Look(models.Model):
    """One look at what is read with care (identity, logs, findings) or left the portal (exports).

    A look about many participants, or about none, has no site. `what` is a code that `audit.looks` knows.
    """

    append_only = True
    wall = "log"

    at = models.DateTimeField(_("at"), auto_now_add=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who")
    )
    what = models.CharField(_("what"), max_length=40, validators=[RegexValidator(r"^[a-z][a-z0-9_]*\Z")])
    participant_code = models.CharField(_("participant"), max_length=16, blank=True)
    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("site")
    )
    detail = models.CharField(_("narrowed to"), max_length=200, blank=True)
    road = models.CharField(_("road"), max_length=10, blank=True)
    request = models.CharField(_("request"), max_length=32, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("look")
        verbose_name_plural = _("looks")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(what__regex=r"^[a-z][a-z0-9_]*$"),
                name="look_what_is_a_code",
                violation_error_message=_("What was looked at is named by a code."),
            )
        ]
        indexes = [
            models.Index(fields=["user", "id"], name="look_by_user"),
            models.Index(fields=["what", "id"], name="look_by_what"),
            models.Index(fields=["at", "id"], name="look_by_time"),
            # Found by the beginning of a code.
            models.Index(
                fields=["participant_code"], name="look_by_participant", opclasses=["varchar_pattern_ops"]
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.what} {self.participant_code}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A look that was logged stays as it was logged.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A look that was logged is never deleted.")


# --- History of access: who could do what, and when ------------------------------------------------------
#
# `access` lies below, so its models are tracked from here. What is secret (a password's hash, a token's digest) and
# what changes at every sign-in is not kept.


def _history_of(model: type[models.Model], *, exclude: Sequence[str] = (), **more: Any) -> Any:
    return create_event_model(
        model,
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=list(exclude),
        app_label="audit",
        **more,
    )


class UserEvent(_history_of(User, exclude=("password", "last_login"), model_name="BaseUserEvent")):  # type: ignore[misc]
    pass


class SiteEvent(_history_of(Site, model_name="BaseSiteEvent")):  # type: ignore[misc]
    pass


class MembershipEvent(_history_of(Membership, model_name="BaseMembershipEvent")):  # type: ignore[misc]
    pass


class ApiTokenEvent(  # type: ignore[misc]
    # The digest is the key of the table: its history has no reference to the row.
    _history_of(
        ApiToken,
        exclude=("digest", "last_used_at", "last_used_from"),
        obj_field=None,
        model_name="BaseApiTokenEvent",
    )
):
    pass


class SecondFactor(Authenticator):
    """A second factor of a person, as far as its history goes: that there is one, of which kind, never its secret."""

    class Meta:
        proxy = True
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")


class SecondFactorEvent(  # type: ignore[misc]
    _history_of(SecondFactor, exclude=("data", "last_used_at"), model_name="BaseSecondFactorEvent")
):
    pass
