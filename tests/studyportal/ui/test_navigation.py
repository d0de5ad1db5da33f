import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import override_settings

from studyportal.ui import navigation
from studyportal.ui.checks import navigation_points_somewhere
from studyportal.ui.context import shell
from studyportal.ui.navigation import NavItem, links_for, register
from tests.studyportal.ui.pages import Asha, request_for

pytestmark = [pytest.mark.urls("tests.studyportal.ui.pages")]


@pytest.fixture(autouse=True)
def empty_registry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(navigation, "_registered", {})


def test_nobody_sees_nothing():
    register(NavItem("Components", "ui-gallery"))
    assert links_for(request_for(user=AnonymousUser())) == []


def test_an_entry_without_the_permission_is_not_shown():
    register(NavItem("Components", "ui-gallery", permission="refused"))
    assert links_for(request_for(user=Asha())) == []


def test_an_entry_that_leads_nowhere_is_left_out_and_named_by_the_check():
    register(NavItem("Nowhere", "no-such-page", icon="no-such-icon"))
    assert links_for(request_for(user=Asha())) == []
    assert [message.id for message in navigation_points_somewhere()] == ["ui.W001", "ui.W002"]


def test_the_current_entry_is_marked_and_counted():
    register(
        NavItem("Components", "ui-gallery", permission="view_data", icon="table", count=lambda request: 4)
    )
    link = links_for(request_for("/ui/", user=Asha()))[0]
    assert (link.url, link.active, link.count) == ("/ui/", True, 4)
    assert not links_for(request_for("/other/", user=Asha()))[0].active


def test_entries_stand_in_their_order_and_replace_themselves():
    for label, order in (("Late", 90), ("Early", 1)):
        register(NavItem(label, f"page-{order}", order=order))
    register(NavItem("Later", "page-90", order=95))
    assert [item.label for item in navigation.registered()] == ["Early", "Later"]


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><script>', ""), ("", "")]
)
def test_only_known_themes_reach_the_page(cookie: str, theme: str):
    assert shell(request_for(theme=cookie))["ui_theme"] == theme


@override_settings(PROTOCOL_FILE="/nowhere.yaml", STUDY_NAME="")
def test_the_shell_draws_even_without_a_protocol(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("studyportal.ui.context._protocol", lambda: None)
    context = shell(request_for(user=Asha()))
    assert str(context["study_name"]) == "StudyPortal"
    assert str(context["protocol_version"]) == ""
    assert list(context["user_roles"]) == ["Site coordinator"]
