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
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.access.urls import home

OUR_APPS = [config.name for config in apps.get_app_configs() if config.name.startswith(("studyportal.", "apps."))]


def pages() -> list[Any]:
    return [path("", include(f"{name}.urls")) for name in OUR_APPS if find_spec(f"{name}.urls")]


def endpoints() -> list[Any]:
    found: list[Any] = []
    for name in OUR_APPS:
        if find_spec(f"{name}.api"):
            routes = getattr(import_module(f"{name}.api"), "api_urls", [])
            found += routes() if callable(routes) else routes
    return found


class OpenApiDocument(SpectacularAPIView):
    permission = Permission.PUBLIC


favicon = requires(Permission.PUBLIC)(RedirectView.as_view(url=f"{settings.STATIC_URL}ui/favicon.svg", permanent=False))
ground = []
if find_spec("studyportal.ui.views"):
    gallery = requires(Permission.SIGNED_IN)(import_module("studyportal.ui.views").gallery)
    ground.append(path("ui/", gallery, name="ui-gallery"))
if find_spec("studyportal.protocol.views"):
    ground.append(path("protocol/", requires(Permission.VIEW_PROTOCOL)(import_module("studyportal.protocol.views").page), name="protocol"))

urlpatterns = [
    path("", home, name="home"),
    path("favicon.ico", favicon),
    *ground,
    *pages(),
    path("api/schema/", OpenApiDocument.as_view(), name="api-schema"),
    path("api/v1/", include((endpoints(), "api"), namespace="api")),
]

handler400 = "studyportal.api.handlers.bad_request"
handler403 = "studyportal.api.handlers.permission_denied"
handler404 = "studyportal.api.handlers.not_found"
handler500 = "studyportal.api.handlers.server_error"
