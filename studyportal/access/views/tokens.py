"""One's own tokens for scripts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from studyportal.access import tokens
from studyportal.access.clock import in_own_zone
from studyportal.access.declare import get_own_or_404, requires
from studyportal.access.models import ApiToken, Site, User
from studyportal.access.permissions import WRITING, Permission
from studyportal.access.profiles import CODED, DEIDENTIFIED, PROFILES
from studyportal.ui.parts import FieldView


@requires(Permission.SIGNED_IN)
@require_http_methods(["GET", "POST"])
@in_own_zone
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own tokens; a new one is shown once, in the answer to the request that made it."""
    secret, refusal = "", None
    posted = request.POST
    if request.method == "POST":
        try:
            _token, secret = tokens.issue(
                by=request.user,
                name=posted.get("name", ""),
                days=_days(posted.get("days", "")),
                access=posted.get("access") or ApiToken.Access.READ,
                sites=posted.getlist("sites"),
                datasets=posted.getlist("datasets"),
                export_profile=posted.get("export_profile") or DEIDENTIFIED,
            )
        except tokens.TokenRefused as error:
            refusal = error
    fields = _fields(request, refusal if not secret else None, blank=bool(secret))
    labels = {field.name: field.label for field in fields}
    datasets = [field for field in fields if field.name == "datasets"]
    codes = dict(Site.objects.values_list("pk", "code"))
    own = ApiToken.objects.filter(user=request.user).order_by("-created")
    answer = render(
        request,
        "access/tokens.html",
        {
            "tokens": [described(token, codes) for token in own],
            "secret": secret,
            "fields": [field for field in fields if field.name != "datasets"],
            "dataset_field": datasets[0] if datasets else None,
            "problems": [
                (
                    refusal.field if refusal.field in labels else "",
                    labels.get(refusal.field, ""),
                    str(refusal),
                )
            ]
            if refusal
            else [],
        },
        status=201 if secret else 400 if refusal else 200,
    )
    if secret:
        answer["Cache-Control"] = "no-store"
    return answer


@requires(Permission.SIGNED_IN)
@require_POST
def token_revoke(request: HttpRequest, digest: str) -> HttpResponse:
    tokens.revoke(token=get_own_or_404(ApiToken, request.user, token_key=digest), by=request.user)
    messages.success(request, _("The token no longer works."))
    return redirect("access:tokens")


def described(token: ApiToken, codes: Mapping[int, str]) -> dict[str, Any]:
    """A token as a page shows it: what it may, when it was used; never its secret."""
    return {
        "key": token.token_key,
        "begins": token.token_key[:6],
        "name": token.name,
        "access": token.get_access_display(),
        "sites": ", ".join(sorted(codes[pk] for pk in token.sites if pk in codes)) or _("all"),
        "datasets": ", ".join(token.datasets) or _("all"),
        "profile": str(token.get_export_profile_display()).split(":")[0],
        "last_used_at": token.last_used_at,
        "last_used_from": token.last_used_from,
        "expiry": token.expiry,
        "ended": token.expiry is not None and token.expiry < timezone.now(),
    }


def _fields(request: HttpRequest, refusal: tokens.TokenRefused | None, *, blank: bool) -> list[FieldView]:
    """The form, with what was typed; only what the person could be granted is offered."""
    user: Any = request.user
    posted = {} if blank else request.POST

    def errors(name: str) -> list[str]:
        return [str(refusal)] if refusal is not None and refusal.field == name else []

    fields = [
        FieldView(
            "name",
            _("What will use it"),
            value=posted.get("name", ""),
            placeholder=_("R script for the primary table"),
            errors=errors("name"),
        ),
        FieldView(
            "days",
            _("Days until it ends"),
            widget="number",
            value=posted.get("days", str(tokens.USUAL.days)),
            minimum=1,
            maximum=tokens.LONGEST.days,
            errors=errors("days"),
        ),
    ]
    if any(user.may(permission) for permission in WRITING):
        fields.append(
            FieldView(
                "access",
                _("It may"),
                widget="radio",
                value=posted.get("access", ApiToken.Access.READ),
                choices=ApiToken.Access.choices,
                errors=errors("access"),
            )
        )
    if user.may(Permission.EXPORT_DATA):
        allowed = [key for key, _words in PROFILES if key != CODED or user.may(Permission.EXPORT_CODED)]
        fields.append(
            FieldView(
                "export_profile",
                _("Files that it fetches"),
                widget="radio",
                value=posted.get("export_profile", DEIDENTIFIED),
                choices=[(key, words) for key, words in PROFILES if key in allowed],
                errors=errors("export_profile"),
            )
        )
    return [*fields, *_place_fields(user, request, blank, errors)]


def _place_fields(user: User, request: HttpRequest, blank: bool, errors: Any) -> list[FieldView]:
    def chosen(name: str) -> list[str]:
        return [] if blank else request.POST.getlist(name)

    found = []
    sites = tokens.sites_of(user)
    if len(sites) > 1:
        found.append(
            FieldView(
                "sites",
                _("Only at"),
                widget="multiselect",
                required=False,
                value=chosen("sites"),
                choices=[(site.code, f"{site.code} {site.name}") for site in sites],
                help=_("None chosen: at every site where you hold a role."),
                errors=errors("sites"),
            )
        )
    if user.may(Permission.EXPORT_DATA):
        found.append(
            FieldView(
                "datasets",
                _("Datasets"),
                widget="multiselect",
                required=False,
                value=chosen("datasets"),
                choices=[(key, title) for key, title in tokens.dataset_names().items()],
                errors=errors("datasets"),
            )
        )
    return found


def _days(text: str) -> dt.timedelta:
    """Days as typed; nothing typed is the usual time, and what is no number is refused as too long."""
    text = text.strip()
    if not text:
        return tokens.USUAL
    plain = text.isascii() and text.isdigit() and len(text) < 5
    return dt.timedelta(days=int(text)) if plain else tokens.LONGEST + dt.timedelta(days=1)
