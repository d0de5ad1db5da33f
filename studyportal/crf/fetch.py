"""How pages of forms find what an address names: what the person may not see is not there."""

from __future__ import annotations

from typing import Any

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
