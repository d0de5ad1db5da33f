"""A small client of the portal's REST API, as a coordinator's own script would be. Standard library only."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

PREFIX = "/api/v1/"
TIMEOUT_S = 60


@dataclass(frozen=True)
class Answer:
    """Status, headers with lower-case names, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class Transport(Protocol):
    """Carries one request; the tests give one that needs no server."""

    def __call__(
        self, method: str, target: str, *, headers: Mapping[str, str], body: bytes | None
    ) -> Answer: ...


class ApiRefused(Exception):
    """The portal refused a request. `problem` is its problem+json; the text says what, where and why."""

    def __init__(self, method: str, target: str, answer: Answer) -> None:
        try:
            problem = answer.json()
        except ValueError:
            problem = None
        self.status = answer.status
        self.problem: dict[str, Any] = problem if isinstance(problem, dict) else {}
        detail = (
            self.problem.get("detail")
            or self.problem.get("title")
            or answer.body[:300].decode("utf-8", "replace")
        )
        lines = [f"{method} {target} was refused with {answer.status}: {detail}"]
        lines += [
            f"  {one.get('field') or 'form'}: {one.get('message')}"
            for one in self.problem.get("errors") or []
        ]
        super().__init__("\n".join(lines))


class HttpTransport:
    """One kept-alive connection to the portal at `url`; opened again once when the server closed it."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"“{url}” is no address of a portal. Write it as http://127.0.0.1:8000.")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._base = parts.path.rstrip("/")
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)

    def __call__(self, method: str, target: str, *, headers: Mapping[str, str], body: bytes | None) -> Answer:
        try:
            return self._send(method, target, headers, body)
        except (http.client.RemoteDisconnected, BrokenPipeError):
            # An idle connection was closed before the request arrived.
            self._connection.close()
            return self._send(method, target, headers, body)

    def _send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self._connection.request(method, self._base + target, body=body, headers=dict(headers))
        response = self._connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def close(self) -> None:
        self._connection.close()


@dataclass
class Client:
    """A signed-in user of the API. Use as a context manager: the token is taken back at the end."""

    transport: Transport
    username: str = ""
    _headers: dict[str, str] = field(default_factory=lambda: {"Accept": "application/json"})

    @classmethod
    def sign_in(cls, transport: Transport, username: str, password: str, *, name: str) -> Client:
        """Ask for a token of one day that reads and writes, named by what uses it."""
        client = cls(transport, username)
        asked = {"username": username, "password": password, "name": name, "days": 1, "access": "read_write"}
        given = client.post("tokens/", asked)
        client._headers["Authorization"] = f"Token {given['token']}"
        return client

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        if "Authorization" in self._headers:
            self.request("DELETE", "tokens/own/")
            del self._headers["Authorization"]

    def get(self, path: str, **query: Any) -> Any:
        return self.request("GET", path, query=query).json()

    def post(self, path: str, payload: Mapping[str, Any]) -> Any:
        return self.request("POST", path, payload=payload).json()

    def everything(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Every row of a list, page by page."""
        page = self.get(path, **{"limit": 500, **query})
        while True:
            yield from page["results"]
            if not page.get("next"):
                return
            following = urllib.parse.urlsplit(page["next"])
            page = self.get(path, **dict(urllib.parse.parse_qsl(following.query)))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> Answer:
        """path is relative to /api/v1/. Raises ApiRefused for anything but success."""
        target = PREFIX + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers, body = dict(self._headers), None
        if payload is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(payload, ensure_ascii=False).encode()
        answer = self.transport(method, target, headers=headers, body=body)
        if not 200 <= answer.status < 300:
            raise ApiRefused(method, target, answer)
        return answer
