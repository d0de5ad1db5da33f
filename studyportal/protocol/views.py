"""Pages and answers about the protocol.

Undecorated: the protocol lies below `access`. config/urls.py wraps each with Permission.VIEW_PROTOCOL.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from . import presentation
from .loader import current
from .models import ProtocolVersion
from .selectors import json_schema, versions


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """GET /protocol/: the protocol as people read it."""
    protocol = current()
    registered = list(versions()[:50])
    return render(
        request,
        "protocol/page.html",
        {
            "protocol": protocol,
            "study": presentation.study(protocol),
            "sections": presentation.sections(protocol),
            "versions": registered,
            "is_registered": any(version.sha256 == protocol.sha256 for version in registered),
        },
    )


@require_safe
def version_text(request: HttpRequest, sha256: str) -> HttpResponse:
    """GET /protocol/versions/<sha256>/: a registered version's file, as it was loaded."""
    version = ProtocolVersion.objects.filter(sha256=sha256).first()
    if version is None:
        raise Http404(_("No version of the protocol has this hash."))
    response = HttpResponse(version.text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="{version.key}-{version.version}.yaml"'
    return response


def protocol_json(request: HttpRequest) -> HttpResponse:
    """GET /api/v1/protocol/: the protocol in force, with its hash."""
    protocol = current()
    response = JsonResponse({"sha256": protocol.sha256, **protocol.model_dump(mode="json")})
    response["ETag"] = f'"{protocol.sha256}"'
    return response


def schema_json(request: HttpRequest) -> HttpResponse:
    """GET /api/v1/protocol/schema.json: JSON Schema of the protocol file."""
    return JsonResponse(json_schema(), content_type="application/schema+json")
