"""A person at a browser, and a script with a token: what the end-to-end tests act through."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect

PASSWORD = "studyportal-demo"
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Scheme = Literal["light", "dark"]


@dataclass
class Person:
    """Somebody signed in, at one tab of the browser. What the browser complains about is in `complaints`."""

    name: str
    page: Page
    url: str
    shots: Path
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def _on_console(self, message: ConsoleMessage) -> None:
        # A browser reports a breach of the content security policy as an error of the console, too.
        if message.type == "error":
            self.complaints.append(f"{self.page.url}: {message.text}")

    def visit(self, path: str, status: int = 200) -> Page:
        answer = self.page.goto(path if path.startswith("http") else self.url + path)
        assert answer is not None
        assert answer.status == status, f"{self.name} at {path}: {answer.status}, not {status}"
        return self.page

    def refused(self, path: str) -> int:
        """The status with which a page answers, without leaving the one that is open."""
        return self.page.request.get(self.url + path, max_redirects=0).status

    def posting(self, path: str) -> int:
        """The status of an empty post as the person's own pages would send it, token against forgery included."""
        token = next((c["value"] for c in self.page.context.cookies() if c["name"] == "csrftoken"), "")
        answer = self.page.request.post(
            self.url + path,
            headers={"X-CSRFToken": token, "Origin": self.url, "Referer": self.url + path},
            max_redirects=0,
        )
        return answer.status

    def press_for(self, keys: str) -> Response:
        """Press keys that send a form; the answer to the request that they caused."""
        with self.page.expect_response(lambda r: r.request.method == "POST") as sent:
            self.page.keyboard.press(keys)
        self.page.wait_for_load_state()
        return sent.value

    def shot(self, name: str, *, both: bool = False) -> None:
        """Screenshots for people to look at: wide and light; with `both` also narrow and dark."""
        self._shoot(name, WIDE, "light")
        if both:
            self._shoot(name, NARROW, "dark")
        self._look(WIDE, "light")

    def _shoot(self, name: str, size: Any, scheme: Scheme) -> None:
        # The window grows to the page, so that what sticks to its edges covers nothing.
        self._look(size, scheme)
        height = self.page.evaluate("document.scrollingElement.scrollHeight")
        self._look(size | {"height": min(max(height, size["height"]), 8000)}, scheme)
        self.page.screenshot(path=self.shots / f"{name}-{size['width']}-{scheme}.png")

    def _look(self, size: Any, scheme: Scheme) -> None:
        self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme=scheme)


@dataclass
class Entrance:
    """Lets people in: the first time through the sign-in page, later with the cookies of that time."""

    browser: Browser
    url: str
    shots: Path
    states: dict[str, Any] = field(default_factory=dict)
    contexts: list[BrowserContext] = field(default_factory=list)

    def stranger(self, state: Any = None) -> Person:
        context = self.browser.new_context(
            viewport=WIDE, reduced_motion="reduce", storage_state=state, accept_downloads=True, locale="en-GB"
        )
        self.contexts.append(context)
        return Person("nobody", context.new_page(), self.url, self.shots)

    def sign_in(self, name: str) -> Person:
        if name in self.states:
            person = self.stranger(self.states[name])
        else:
            person = self.stranger()
            type_in(person, name)
            self.states[name] = person.page.context.storage_state()
        person.name = name
        return person

    def close(self) -> None:
        while self.contexts:
            with suppress(Exception):
                self.contexts.pop().close()


def type_in(person: Person, name: str, password: str = PASSWORD) -> None:
    """Sign in through the page."""
    page = person.visit("/sign-in/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Script:
    """A script with a token, of the standard library alone."""

    url: str
    token: str

    def __call__(self, path: str, body: Any = None, *, method: str | None = None, **headers: str) -> Answer:
        sent = {"Authorization": f"Token {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, data=data, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())


def token_of(url: str, name: str) -> Script:
    """A script of the person's, with a token from the API."""
    answer = Script(url, "")(
        "/api/v1/tokens/",
        {
            "username": name,
            "password": PASSWORD,
            "name": "End-to-end test",
            "days": 1,
            "access": "read_write",
        },
    )
    assert answer.status == 201, answer.body
    return Script(url, answer.json()["token"])


Scripts = Callable[[str], Script]
