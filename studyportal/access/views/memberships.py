"""Giving a person a role, and ending it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from studyportal.access import delegation, selectors
from studyportal.access.declare import requires
from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.access.refusals import NotDone, wrong
from studyportal.access.views.forms import day_of, form_page, reason_field
from studyportal.access.views.people import acting_user, trail_of
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import version_seen
from studyportal.ui.templatetags.ui_tags import human_date_text

METHODS = ["GET", "POST"]
WHOLE_STUDY = "whole-study"


@requires(Permission.MANAGE_USERS)
@require_http_methods(METHODS)
def role_new(request: HttpRequest, username: str) -> HttpResponse:
    """Give the person a role, at a site or for the whole study."""
    user = selectors.person_or_404(username)
    sites = list(Site.objects.filter(is_active=True).order_by("code"))
    refusal = None
    if request.method == "POST":
        try:
            delegation.grant(
                user=user,
                role=request.POST.get("role", ""),
                site=_site_of(request.POST.get("site", ""), sites),
                by=acting_user(request),
                valid_from=day_of(request.POST, "valid_from"),
                valid_until=day_of(request.POST, "valid_until"),
                reason=request.POST.get("reason", ""),
            )
        except NotDone as error:
            refusal = error
        else:
            messages.success(request, _("The role is given; it stands in the delegation log."))
            return redirect("access:person", username)
    posted = request.POST
    fields = [
        FieldView(
            "role",
            _("Role"),
            widget="select",
            value=posted.get("role", ""),
            choices=selectors.role_choices(),
        ),
        FieldView(
            "site",
            _("Where"),
            widget="select",
            value=posted.get("site", ""),
            choices=[*((s.code, f"{s.code} {s.name}") for s in sites), (WHOLE_STUDY, _("whole study"))],
        ),
        FieldView(
            "valid_from",
            _("From"),
            widget="date",
            required=False,
            value=posted.get("valid_from", ""),
            help=_("Empty: from today."),
        ),
        FieldView(
            "valid_until",
            _("Last day"),
            widget="date",
            required=False,
            value=posted.get("valid_until", ""),
            help=_("Empty: until further notice."),
        ),
        reason_field(posted),
    ]
    return form_page(
        request,
        fields,
        title=_("Give %s a role") % user,
        trail=trail_of(user),
        save=_("Give the role"),
        cancel=reverse("access:person", args=[username]),
        refusal=refusal,
    )


def _site_of(given: str, sites: list[Site]) -> Site | None:
    if given == WHOLE_STUDY:
        return None
    for site in sites:
        if site.code == given:
            return site
    raise wrong("site", "unknown_site", _("Choose a site, or the whole study."))


@requires(Permission.MANAGE_USERS)
@require_http_methods(METHODS)
def role_end(request: HttpRequest, username: str, pk: int) -> HttpResponse:
    """End a role: at once, or after a last day."""
    membership = selectors.membership_or_404(pk)
    if membership.user.username != username:
        raise Http404(_("There is no such entry in the delegation log."))
    refusal = None
    if request.method == "POST":
        try:
            delegation.end_membership(
                membership=membership,
                by=acting_user(request),
                last_day=day_of(request.POST, "last_day"),
                reason=request.POST.get("reason", ""),
                expected_version=version_seen(request.POST),
            )
        except NotDone as error:
            refusal = error
            membership.refresh_from_db()
        else:
            messages.success(request, _("The end of the role stands in the delegation log."))
            return redirect("access:person", username)
    fields = [
        FieldView(
            "last_day",
            _("Last day"),
            widget="date",
            required=False,
            value=request.POST.get("last_day", ""),
            help=_("Empty: the role ends at once."),
        ),
        reason_field(request.POST),
    ]
    return form_page(
        request,
        fields,
        title=_("End a role"),
        trail=trail_of(membership.user),
        lead=_("%(membership)s, from %(first)s until %(last)s.")
        % {
            "membership": membership,
            "first": human_date_text(membership.valid_from),
            "last": human_date_text(membership.valid_until)
            if membership.valid_until
            else _("further notice"),
        },
        save=_("End the role"),
        cancel=reverse("access:person", args=[username]),
        refusal=refusal,
        danger=True,
        version=membership.version,
    )
