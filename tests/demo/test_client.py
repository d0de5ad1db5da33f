"""The API client of the demo: refusals first, then a session from sign-in to sign-out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from demo.client import Answer, ApiRefused, Client, HttpTransport


class Scripted:
    """Gives the answers in order and keeps what was asked."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Mapping[str, str], Any]] = []

    def __call__(self, method: str, target: str, *, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self.asked.append((method, target, headers, json.loads(body) if body else None))
        status, said = self.answers.pop(0)
        return Answer(status, {}, said if isinstance(said, bytes) else json.dumps(said).encode())


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "", "http://"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"Write it as http://127\.0\.0\.1:8000"):
        HttpTransport(url)


def test_a_refusal_names_the_fields() -> None:
    problem = {"detail": "Nothing was saved.", "errors": [{"field": "dose", "message": "Give a number."}]}
    with pytest.raises(ApiRefused) as refused:
        Client(Scripted((400, problem))).post("forms/insulin/", {"dose": "ten"})
    assert str(refused.value).splitlines() == [
        "POST /api/v1/forms/insulin/ was refused with 400: Nothing was saved.",
        "  dose: Give a number.",
    ]
    assert refused.value.status == 400


def test_an_answer_that_is_no_problem_document() -> None:
    with pytest.raises(ApiRefused, match="502: <html>Bad gateway"):
        Client(Scripted((502, b"<html>Bad gateway</html>"))).get("me/")


def test_the_token_is_taken_back_after_an_error() -> None:
    transport = Scripted((201, {"token": "s3cret"}), (404, {"title": "Not found"}), (204, b""))
    with pytest.raises(ApiRefused), Client.sign_in(transport, "asha", "pw", name="a script") as client:
        client.get("visits/")
    asked = [(method, target) for method, target, _headers, _body in transport.asked]
    assert asked == [
        ("POST", "/api/v1/tokens/"),
        ("GET", "/api/v1/visits/"),
        ("DELETE", "/api/v1/tokens/own/"),
    ]
    assert transport.asked[0][3] == {
        "username": "asha",
        "password": "pw",
        "name": "a script",
        "days": 1,
        "access": "read_write",
    }
    assert transport.asked[1][2]["Authorization"] == "Token s3cret"


def test_every_page_of_a_list() -> None:
    first = {"next": "http://portal/api/v1/visits/?cursor=abc%3D&limit=500", "results": [{"id": 1}]}
    transport = Scripted((200, first), (200, {"next": None, "results": [{"id": 2}]}))
    assert [row["id"] for row in Client(transport).everything("visits/", participant="MUM-0001-7")] == [1, 2]
    assert transport.asked[1][1] == "/api/v1/visits/?cursor=abc%3D&limit=500"


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
        # The connection is dropped without a word, as a server does with an idle one.
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_over_the_network_also_when_the_server_dropped_the_connection(echo: str) -> None:
    transport = HttpTransport(echo)
    client = Client(transport)
    assert client.post("a/", {"é": 1}) == {"é": 1}
    assert client.post("a/", {"é": 2}) == {"é": 2}
    transport.close()
