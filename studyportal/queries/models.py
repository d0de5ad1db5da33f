"""Questions about data, and what was said about them."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import SiteScoped
from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES, roles_with
from studyportal.audit import tracked
from studyportal.words import again, translated


class QueryState(models.TextChoices):
    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered")
    CLOSED = "closed", _("Closed")


class QueryOrigin(models.TextChoices):
    CHECK = "check", _("Check")
    PERSON = "person", _("Person")


class ClosedBecause(models.TextChoices):
    """Why a query is closed; empty for one that is not, or was closed before this was kept."""

    ACCEPTED = "accepted", _("Accepted")
    PUT_RIGHT = "put_right", _("The check no longer fires")
    WITHDRAWN = "withdrawn", _("Withdrawn by who asked")


class Act(models.TextChoices):
    """What was done with a message. Empty: before this was kept, when its state tells it."""

    ANSWERED = "answered", _("Answered")
    CLOSED = "closed", _("Closed")
    REOPENED = "reopened", _("Asked again")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    ASSIGNED = "assigned", _("Assigned")


# The roles that can be asked: those who enter data at a site.
ASKED_ROLES = tuple(key for key in ROLES if key in roles_with(Permission.ENTER_DATA))


@tracked
class Query(SiteScoped):
    """A question on a field, a form, a visit or a participant. One of a check opens and closes itself."""

    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="queries"
    )
    form = models.CharField(_("form"), max_length=60, blank=True)
    object_id = models.BigIntegerField(_("record"), null=True, blank=True)
    field = models.CharField(_("field"), max_length=80, blank=True)
    code = models.CharField(_("code"), max_length=80)
    message = models.TextField(_("question"))
    # How the sentence was made (`studyportal.words`), to be said in other languages; empty: typed by a person.
    template = models.TextField(editable=False, blank=True)
    params = models.JSONField(editable=False, default=dict, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=QueryState, default=QueryState.OPEN)
    origin = models.CharField(_("origin"), max_length=10, choices=QueryOrigin, default=QueryOrigin.CHECK)
    # What the field held when a person explained it: while it stands, the query stays answered.
    explained_value = models.TextField(_("explained value"), null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assigned to"),
        help_text=_("Empty: whoever enters data at the site."),
    )
    assigned_role = models.CharField(
        _("assigned to the role"), max_length=40, blank=True, help_text=_("Key of the role.")
    )
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("asked by"),
        help_text=_("Empty: a check of the portal."),
    )
    opened_at = models.DateTimeField(_("opened at"), auto_now_add=True)
    # When it was asked again, the last time; its age counts from then.
    reopened_at = models.DateTimeField(_("asked again at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_because = models.CharField(_("why closed"), max_length=12, blank=True, choices=ClosedBecause)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("query")
        verbose_name_plural = _("queries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["form", "object_id", "field", "code"],
                condition=Q(origin="check"),
                name="query_once_per_check",
                violation_error_message=_("This check already has its query."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=QueryState.values),
                name="query_known_state",
                violation_error_message=_("Unknown state."),
            ),
            models.CheckConstraint(
                condition=Q(assigned_to__isnull=True) | Q(assigned_role=""),
                name="query_one_assignee",
                violation_error_message=_("A query is assigned to a person or to a role, not to both."),
            ),
        ]
        indexes = [
            models.Index(fields=["participant", "state"]),
            models.Index(fields=["site", "state", "id"]),
            models.Index(fields=["assigned_to", "state"]),
        ]

    def __str__(self) -> str:
        return self.message

    @property
    def words(self) -> str:
        """The question in the language of who reads it."""
        return translated(again(self.message, self.template, self.params))

    @property
    def open_since(self) -> dt.datetime:
        """When the question was last asked: from then its age counts."""
        return self.reopened_at or self.opened_at

    @property
    def assignee(self) -> str:
        """The person or the role that is asked, in words; "" for whoever enters data at the site."""
        if self.assigned_to_id is not None:
            return str(self.assigned_to)
        return str(ROLES[self.assigned_role].label) if self.assigned_role in ROLES else self.assigned_role


@tracked
class QueryMessage(SiteScoped):
    """One thing said in a query, by a person or by the portal itself (author empty)."""

    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="messages")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    text = models.TextField(_("text"))
    # How a sentence of the portal was made, as in the query; empty: typed by a person.
    template = models.TextField(editable=False, blank=True)
    params = models.JSONField(editable=False, default=dict, blank=True)
    act = models.CharField(_("act"), max_length=10, blank=True, choices=Act)
    state = models.CharField(_("state after"), max_length=10, choices=QueryState)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("message of a query")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text

    @property
    def words(self) -> str:
        """What was said: as it was typed, or, by the portal, in the language of who reads it."""
        return translated(again(self.text, self.template, self.params))
