"""How pages of forms find what an address names: what the person may not see is not there."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from studyportal.access.declare import get_visible_or_404, refusal
from studyportal.access.permissions import Permission
from studyportal.crf.registry import UnknownForm, get
from studyportal.crf.spec import CrfSpec


def spec_or_404(key: str) -> CrfSpec:
    try:
        return get(key)
    except UnknownForm as error:
        raise Http404(str(error)) from None


def record_or_404(
    request: HttpRequest, spec: CrfSpec, pk: int, permission: Permission = Permission.VIEW_DATA
) -> Any:
    records = spec.model._default_manager.select_related("participant__site", "site", *spec.parents)
    return get_visible_or_404(records, request.user, permission, pk=pk)


def may_enter_or_403(user: Any, spec: CrfSpec, site_id: int) -> None:
    if not user.may(spec.permission, site_id):
        raise PermissionDenied(refusal(spec.permission))


def place_or_404(request: HttpRequest, code: str, key: str) -> tuple[CrfSpec, Any, dict[str, Any]]:
    """The form, the participant and the parents (visit, session, …) that the address of a new record names."""
    spec = spec_or_404(key)
    model = apps.get_model(settings.PARTICIPANT_MODEL)
    participant = get_visible_or_404(
        model._default_manager.select_related("site"), request.user, Permission.VIEW_DATA, code=code
    )
    may_enter_or_403(request.user, spec, participant.site_id)
    related: dict[str, Any] = {name: spec.model._meta.get_field(name).related_model for name in spec.parents}
    parents = {
        name: get_visible_or_404(
            related[name]._default_manager.filter(participant=participant),
            request.user,
            Permission.VIEW_DATA,
            pk=request.GET[name],
        )
        for name in spec.parents
        if request.GET.get(name)
    }
    return spec, participant, parents
