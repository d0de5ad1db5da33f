from django.http import HttpResponse

from studyportal.ui.policy import POLICY, SecurityHeadersMiddleware
from tests.studyportal.ui.pages import request_for


def test_nothing_inline_and_nothing_from_elsewhere_is_allowed():
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert POLICY.startswith("default-src 'self'")


def test_every_answer_carries_the_policy():
    response = SecurityHeadersMiddleware(lambda request: HttpResponse("x"))(request_for())
    assert response["Content-Security-Policy"] == POLICY


def test_an_answer_may_bring_a_stricter_policy():
    strict = HttpResponse("x", headers={"Content-Security-Policy": "default-src 'none'"})
    response = SecurityHeadersMiddleware(lambda request: strict)(request_for())
    assert response["Content-Security-Policy"] == "default-src 'none'"
