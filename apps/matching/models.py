"""Matched sets, proposed, reviewed and frozen. Everything here is added to and never changed."""

from __future__ import annotations

from typing import Any, NoReturn, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import AllSites, SiteScoped, User
from studyportal.access.permissions import Permission


class Method(models.TextChoices):
    OPTIMAL = "optimal", _("Optimal")
    GREEDY = "greedy", _("Greedy")
    GIVEN = "given", _("Made elsewhere")


class EventKind(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    REVIEWED = "reviewed", _("Reviewed")
    RETURNED = "returned", _("Returned")
    FROZEN = "frozen", _("Frozen")


class Final(models.Model):
    """Rows that are added and stay as they are: the database refuses anything else, and so does the model."""

    append_only = True

    class Meta:
        abstract = True
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Matched sets are final. Propose a new run instead.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Matched sets are never deleted.")


class MatchingRunQuerySet(models.QuerySet["MatchingRun"]):
    def visible_to(self, user: User, permission: Permission = Permission.VIEW_MATCHING) -> Self:
        """Runs over the whole study, and those over some sites for who holds the permission at each of them.

        A run holds counts and summaries; the rows that name participants stand behind the walls of their sites.
        """
        sites = user.sites_with(permission) if user.is_authenticated else frozenset()
        if isinstance(sites, AllSites):
            return self.all()
        if not sites:
            return self.none()
        return self.filter(Q(sites__isnull=True) | Q(sites__contained_by=sorted(sites)))


class MatchingRun(Final):
    """One run: what was asked, of which data, by whom, and what came out, without a participant's code in it."""

    design = models.JSONField(_("parameters"))
    method = models.CharField(_("method"), max_length=10, choices=Method)
    seed = models.PositiveIntegerField(_("seed"))
    include_synthetic = models.BooleanField(_("synthetic participants included"))
    sites = ArrayField(
        models.BigIntegerField(), null=True, verbose_name=_("sites"), help_text=_("Empty: the whole study.")
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("proposed by")
    )
    proposed_at = models.DateTimeField(_("proposed"), auto_now_add=True)
    job = models.OneToOneField(
        "jobs.Job", on_delete=models.PROTECT, null=True, related_name="matching_run", verbose_name=_("job")
    )
    protocol_version = models.CharField(_("protocol version"), max_length=20)
    protocol_sha256 = models.CharField(_("protocol SHA-256"), max_length=64)
    code_version = models.CharField(_("code version"), max_length=80)
    inputs_sha256 = models.CharField(_("inputs SHA-256"), max_length=64)
    sets_sha256 = models.CharField(_("sets SHA-256"), max_length=64)
    summary = models.JSONField(_("summary"))
    note = models.CharField(_("note"), max_length=500, blank=True)

    objects = MatchingRunQuerySet.as_manager()

    class Meta(Final.Meta):
        verbose_name = _("matching run")
        verbose_name_plural = _("matching runs")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(method__in=Method.values),
                name="matchingrun_known_method",
                violation_error_message=_("Unknown method."),
            )
        ]

    def __str__(self) -> str:
        return str(_("Run %d") % self.pk)

    def get_absolute_url(self) -> str:
        return reverse("matching:run", args=[self.pk])


class Placed(SiteScoped, Final):
    """A row about one participant. `user` is who proposed the run: the wall of logs asks who writes."""

    wall = "log"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )

    class Meta(Final.Meta):
        abstract = True


class MatchedSet(Placed):
    """A case with its controls. participant and site are the case's."""

    run = models.ForeignKey(MatchingRun, on_delete=models.PROTECT, related_name="sets")
    number = models.PositiveIntegerField(_("set"))
    index_date = models.DateField(_("index date"))
    size = models.PositiveSmallIntegerField(_("controls"))

    class Meta(Placed.Meta):
        verbose_name = _("matched set")
        verbose_name_plural = _("matched sets")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "number"],
                name="matchedset_number_once",
                violation_error_message=_("This run already has a set of this number."),
            ),
            models.UniqueConstraint(
                fields=["run", "participant"],
                name="matchedset_case_once",
                violation_error_message=_("A case has one set in a run."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Set %d") % self.number)


class MatchedControl(Placed):
    """A control of a set. participant and site are the control's; who sees this row need not see the case's."""

    run = models.ForeignKey(MatchingRun, on_delete=models.PROTECT, related_name="controls")
    matched_set = models.ForeignKey(MatchedSet, on_delete=models.PROTECT, related_name="controls")
    set_number = models.PositiveIntegerField(_("set"))
    set_size = models.PositiveSmallIntegerField(_("controls in the set"))
    order = models.PositiveSmallIntegerField(_("place"), help_text=_("1 is the nearest."))
    index_date = models.DateField(_("index date"), help_text=_("Day 0 of the case."))
    distance = models.FloatField(_("distance"))
    values = models.JSONField(
        _("values compared"),
        help_text=_("What was compared on the index date: of the case, and of the control."),
    )

    class Meta(Placed.Meta):
        verbose_name = _("matched control")
        verbose_name_plural = _("matched controls")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["matched_set", "participant"],
                name="matchedcontrol_once_in_set",
                violation_error_message=_("A control stands in a set once."),
            )
        ]
        indexes = [models.Index(fields=["run", "set_number", "order"], name="matchedcontrol_in_order")]

    def __str__(self) -> str:
        return str(_("Control %(order)d of set %(set)d") % {"order": self.order, "set": self.set_number})


class UnmatchedCase(Placed):
    """A case with fewer controls than were asked for, and what removed the candidates."""

    run = models.ForeignKey(MatchingRun, on_delete=models.PROTECT, related_name="unmatched")
    index_date = models.DateField(_("index date"), null=True)
    wanted = models.PositiveSmallIntegerField(_("controls asked for"))
    found = models.PositiveSmallIntegerField(_("controls found"))
    reasons = models.JSONField(_("reasons"))

    class Meta(Placed.Meta):
        verbose_name = _("unmatched case")
        verbose_name_plural = _("unmatched cases")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "participant"],
                name="unmatchedcase_once",
                violation_error_message=_("A case is listed once in a run."),
            )
        ]

    def __str__(self) -> str:
        return str(_("%(found)d of %(wanted)d controls") % {"found": self.found, "wanted": self.wanted})


class MatchingEvent(Final):
    """What became of a run. Its state is the fold of these (`rules.state_of`)."""

    run = models.ForeignKey(MatchingRun, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("what"), max_length=10, choices=EventKind)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    version = models.PositiveIntegerField(_("version"), null=True)

    class Meta(Final.Meta):
        verbose_name = _("event of a matching run")
        verbose_name_plural = _("events of matching runs")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=EventKind.values),
                name="matchingevent_known_kind",
                violation_error_message=_("Unknown kind of event."),
            ),
            models.CheckConstraint(
                condition=Q(kind=EventKind.FROZEN, version__isnull=False)
                | (~Q(kind=EventKind.FROZEN) & Q(version__isnull=True)),
                name="matchingevent_frozen_has_version",
                violation_error_message=_("A version is given when a run is frozen, and only then."),
            ),
            models.UniqueConstraint(
                fields=["version"],
                name="matchingevent_version_once",
                violation_error_message=_("This version is given already."),
            ),
            models.UniqueConstraint(
                fields=["run"],
                condition=Q(kind=EventKind.FROZEN),
                name="matchingevent_frozen_once",
                violation_error_message=_("This run is frozen already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())
