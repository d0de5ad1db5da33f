"""`manage.py check --deploy` with the settings of a deployment: not one warning."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from config import servers

DEPLOYED = {
    "DATABASE_URL": "postgres://studyportal_app@db:5432/studyportal",
    "REDIS_URL": "redis://redis:6379/0",
    "SECRET_KEY": "a-key-of-this-test-only/" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "ALLOWED_HOSTS": "portal.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://portal.example.org",
    "IDENTITY": "closed",
}


def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, *command], cwd=servers.BASE_DIR, env=clean | DEPLOYED | more, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_deployment_check_is_clean() -> None:
    done = run(
        "manage.py",
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        "--tag",
        "security",
        "--tag",
        "caches",
        "--tag",
        "urls",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout + done.stderr


def test_cookies_and_transport_of_a_deployment() -> None:
    show = """
import json, django
from django.conf import settings as s
names = [n for n in dir(s) if n.startswith(("SESSION_COOKIE", "CSRF_COOKIE", "LANGUAGE_COOKIE", "SECURE_", "SILENCED"))]
print(json.dumps({n: getattr(s, n) for n in names}, default=str))
"""
    found = json.loads(run("-c", show).stdout)
    for cookie in ("SESSION", "CSRF", "LANGUAGE"):
        assert found[f"{cookie}_COOKIE_SECURE"] and found[f"{cookie}_COOKIE_HTTPONLY"]
        assert found[f"{cookie}_COOKIE_SAMESITE"] in ("Lax", "Strict")
    assert found["CSRF_COOKIE_NAME"] == "__Host-csrftoken"
    assert found["SESSION_COOKIE_NAME"] == "__Host-sessionid"
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000 and found["SECURE_HSTS_INCLUDE_SUBDOMAINS"]
    assert found["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
    assert set(found["SILENCED_SYSTEM_CHECKS"]) <= {"security.W008", "security.W021"}, (
        "each is explained in the settings"
    )


def test_preloading_is_the_owners_to_decide() -> None:
    show = "from django.conf import settings as s; print(s.SECURE_HSTS_PRELOAD, s.SILENCED_SYSTEM_CHECKS)"
    assert run("-c", show).stdout.startswith("False")
    assert run("-c", show, HSTS_PRELOAD="on").stdout.strip() == "True ['security.W008']"


def test_the_proxy_says_nothing_against_the_portal() -> None:
    """Headers are the portal's own to set; the proxy removes what tells of itself and believes no client."""
    proxy = (servers.BASE_DIR / "deploy" / "Caddyfile").read_text()
    assert "-Server" in proxy
    assert "X-Forwarded-For {remote_host}" in proxy and "X-Forwarded-Proto https" in proxy
    for header in (
        "Content-Security-Policy",
        "Strict-Transport-Security",
        "X-Frame-Options",
        "Referrer-Policy",
    ):
        assert header not in proxy
    assert "max_size 13MB" in proxy, "a little more than settings.UPLOAD_LIMIT and a form beside it"
