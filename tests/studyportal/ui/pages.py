"""Pages rendered without a server or database, and served to a browser from memory."""

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.urls import include, path

from studyportal.ui.gallery import samples
from studyportal.ui.navigation import NavLink
from studyportal.ui.policy import POLICY
from studyportal.ui.views import gallery

ADDRESS = "http://portal.example.org"
signing = ([path("sign-in/", gallery, name="sign-in"), path("sign-out/", gallery, name="sign-out")], "access")
urlpatterns = [
    path("ui/", gallery, name="ui-gallery"),
    path("language/", gallery, name="set_language"),
    path("", include(signing)),
]

LINKS = [
    NavLink("Worklist", "/worklist/", "list", False, 7),
    NavLink("Participants", "/participants/", "people", False, None),
    NavLink("Cell sessions", "/sessions/", "syringe", False, None),
    NavLink("Queries", "/queries/", "query", False, 17),
    NavLink("Components", "/ui/", "table", True, None),
]


class Asha(SimpleNamespace):
    """Somebody signed in, without a database."""

    is_authenticated = True
    is_active = True
    display_name = "Asha Kulkarni"
    role_labels = ["Site coordinator"]

    def get_username(self) -> str:
        return "asha"

    def may(self, permission: str, site: Any = None) -> bool:
        # What stands at the sites of a person is asked of the database, which these pages have none of.
        return permission not in ("refused", "safety.view")

    def __str__(self) -> str:
        return self.display_name


def request_for(path: str = "/ui/", theme: str = "", user: Any = None) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user if user is not None else AnonymousUser()
    request._messages = []
    if theme:
        request.COOKIES["theme"] = theme
    return request


def page(template: str, context: Mapping[str, Any] | None = None, theme: str = "", path: str = "/ui/") -> str:
    with override_settings(ROOT_URLCONF=__name__):
        return render_to_string(
            template, {"navigation": LINKS, **(context or {})}, request=request_for(path, theme, Asha())
        )


def gallery_page(theme: str = "") -> str:
    return page("ui/gallery.html", samples(), theme)


def serve(browser_page: Any, pages: Mapping[str, str]) -> None:
    """Answer the browser from `pages` (path → HTML) and from the static files, under the strict policy."""

    def answer(route: Any) -> None:
        address = unquote(urlsplit(route.request.url).path)
        if address in pages:
            route.fulfill(
                status=200,
                content_type="text/html; charset=utf-8",
                headers={"Content-Security-Policy": POLICY},
                body=pages[address],
            )
            return
        found = finders.find(address.removeprefix("/static/"))
        if found is None:
            route.fulfill(status=404, body="")
            return
        kind = mimetypes.guess_type(str(found))[0] or "application/octet-stream"
        route.fulfill(status=200, content_type=kind, body=Path(str(found)).read_bytes())

    browser_page.route("**/*", answer)
