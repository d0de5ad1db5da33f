"""The hospitals that take part."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from studyportal.access import selectors, sites
from studyportal.access.declare import requires
from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.access.refusals import NotDone
from studyportal.access.views.forms import form_page, reason_field
from studyportal.ui.parts import Cell, Column, FieldView
from studyportal.ui.posted import version_seen

METHODS = ["GET", "POST"]


@requires(Permission.MANAGE_USERS)
@require_safe
def site_list(request: HttpRequest) -> HttpResponse:
    rows = [
        [
            Cell(site.code, url=reverse("access:site", args=[site.code])),
            site.name,
            site.timezone,
            site.country,
            site.staff,  # type: ignore[attr-defined]
            Cell("", state="active" if site.is_active else "deactivated"),
        ]
        for site in selectors.sites()
    ]
    columns = [
        _("Code"),
        _("Name"),
        _("Time zone"),
        _("Country"),
        Column(_("People with a role there today"), numeric=True),
        _("State"),
    ]
    return render(request, "access/sites.html", {"columns": columns, "rows": rows})


@requires(Permission.MANAGE_USERS)
@require_http_methods(METHODS)
def site_new(request: HttpRequest) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            site = sites.add_site(code=request.POST.get("code", ""), by=_by(request), **_typed(request))
        except NotDone as error:
            refusal = error
        else:
            messages.success(request, _("%s takes part.") % site)
            return redirect("access:sites")
    code = FieldView(
        "code",
        _("Code"),
        value=request.POST.get("code", ""),
        placeholder="MUM",
        help=_("Two to six capital letters. It begins every participant code and can never be changed."),
    )
    return form_page(
        request,
        [code, *_fields(request, "", "Asia/Kolkata", "IN")],
        title=_("Add a site"),
        trail=[(_("Sites"), reverse("access:sites"))],
        save=_("Add"),
        cancel=reverse("access:sites"),
        refusal=refusal,
    )


@requires(Permission.MANAGE_USERS)
@require_http_methods(METHODS)
def site(request: HttpRequest, code: str) -> HttpResponse:
    """Change what a site is called and where its clock stands."""
    found = selectors.site_or_404(code)
    refusal = None
    if request.method == "POST":
        try:
            sites.change_site(
                site=found,
                by=_by(request),
                expected_version=version_seen(request.POST),
                **_typed(request),
            )
        except NotDone as error:
            refusal = error
            found.refresh_from_db()
        else:
            messages.success(request, _("%s is saved.") % code)
            return redirect("access:sites")
    return form_page(
        request,
        _fields(request, found.name, found.timezone, found.country),
        title=_("Site %s") % found,
        trail=[(_("Sites"), reverse("access:sites"))],
        lead=_standing(found),
        save=_("Save"),
        cancel=reverse("access:sites"),
        refusal=refusal,
        version=found.version,
        other=(
            _("End its part") if found.is_active else _("Let it take part again"),
            reverse("access:site-standing", args=[code]),
        ),
    )


@requires(Permission.MANAGE_USERS)
@require_http_methods(METHODS)
def site_standing(request: HttpRequest, code: str) -> HttpResponse:
    """End the part of a site, or let it take part again."""
    found = selectors.site_or_404(code)
    refusal = None
    if request.method == "POST":
        change = sites.deactivate_site if found.is_active else sites.reactivate_site
        try:
            changed = change(
                site=found,
                by=_by(request),
                reason=request.POST.get("reason", ""),
                expected_version=version_seen(request.POST),
            )
        except NotDone as error:
            refusal = error
            found.refresh_from_db()
        else:
            messages.success(request, _standing(changed))
            return redirect("access:sites")
    closing = found.is_active
    return form_page(
        request,
        [reason_field(request.POST)],
        title=(_("End the part of %s") if closing else _("Let %s take part again")) % found,
        trail=[(_("Sites"), reverse("access:sites")), (str(found), reverse("access:site", args=[code]))],
        lead=_("Nobody can then hold a role there. Its data stay, and study-wide roles still read them.")
        if closing
        else "",
        save=_("End its part") if closing else _("Let it take part"),
        cancel=reverse("access:site", args=[code]),
        refusal=refusal,
        danger=closing,
        version=found.version,
    )


def _standing(site: Site) -> str:
    return (_("%s takes part.") if site.is_active else _("%s no longer takes part.")) % site.code


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "") for name in ("name", "timezone", "country")}


def _fields(request: HttpRequest, name: str, timezone: str, country: str) -> list[FieldView]:
    return [
        FieldView("name", _("Name"), value=request.POST.get("name", name)),
        FieldView(
            "timezone",
            _("Time zone"),
            value=request.POST.get("timezone", timezone),
            help=_("A name such as Asia/Kolkata."),
        ),
        FieldView(
            "country",
            _("Country"),
            value=request.POST.get("country", country),
            help=_("Two letters, such as IN."),
        ),
    ]


def _by(request: HttpRequest) -> Any:
    return request.user
