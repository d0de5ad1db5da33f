"""Every address of the portal.

An app's `urls.py` is mounted at the root and its `api.py` (`api_urls`) below /api/v1/, so a new app needs no
line here. Each view declares its permission; what declares none is refused by middleware and by the tests.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.views import APIView

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.access.urls import home
from studyportal.api import docs as api_docs
from studyportal.protocol import views as protocol_views
from studyportal.ui import views as ui_views

OUR_APPS = [
    config.name for config in apps.get_app_configs() if config.name.startswith(("studyportal.", "apps."))
]


def pages() -> list[Any]:
    return [path("", include(f"{name}.urls")) for name in OUR_APPS if find_spec(f"{name}.urls")]


def endpoints() -> list[Any]:
    found: list[Any] = []
    for name in OUR_APPS:
        if find_spec(f"{name}.api"):
            routes = getattr(import_module(f"{name}.api"), "api_urls", [])
            found += routes() if callable(routes) else routes
    found += [
        path("protocol/", ProtocolDocument.as_view(), name="protocol"),
        path("protocol/schema.json", ProtocolSchema.as_view(), name="protocol-schema"),
    ]
    return found


class OpenApiDocument(SpectacularAPIView):
    permission = Permission.PUBLIC


class ProtocolDocument(APIView):
    """The protocol in force, with its hash."""

    permission = Permission.VIEW_PROTOCOL

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Any) -> HttpResponse:
        return protocol_views.protocol_json(request)


class ProtocolSchema(APIView):
    """JSON Schema of the protocol file."""

    permission = Permission.VIEW_PROTOCOL

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Any) -> HttpResponse:
        return protocol_views.schema_json(request)


favicon = requires(Permission.PUBLIC)(
    RedirectView.as_view(url=f"{settings.STATIC_URL}ui/favicon.svg", permanent=False)
)
# Packages on the ground know no permissions, so theirs are declared here.
GROUND = [
    path("ui/", requires(Permission.SIGNED_IN)(ui_views.gallery), name="ui-gallery"),
    path("protocol/", requires(Permission.VIEW_PROTOCOL)(protocol_views.page), name="protocol"),
    path(
        "protocol/versions/<str:sha256>/",
        requires(Permission.VIEW_PROTOCOL)(protocol_views.version_text),
        name="protocol-version",
    ),
    path("api/docs/", requires(Permission.PUBLIC)(api_docs.page), name="api-docs"),
    path("api/docs/problems/", requires(Permission.PUBLIC)(api_docs.problems_page), name="api-problems"),
]

urlpatterns = [
    path("", home, name="home"),
    path("favicon.ico", favicon),
    path("language/", requires(Permission.PUBLIC)(set_language), name="set_language"),
    *GROUND,
    path("", include("studyportal.access.signing_in.urls")),
    *pages(),
    path("api/schema/", OpenApiDocument.as_view(), name="api-schema"),
    path("api/v1/", include((endpoints(), "api"), namespace="api")),
]

handler400 = "studyportal.api.handlers.bad_request"
handler403 = "studyportal.api.handlers.permission_denied"
handler404 = "studyportal.api.handlers.not_found"
handler429 = "studyportal.access.views.sign_in.too_many_requests"
handler500 = "studyportal.api.handlers.server_error"
