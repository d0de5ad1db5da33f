"""What the real server in front of the application makes of bodies of no or two lengths."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import servers
from tests.deploy.test_check import DEPLOYED

HEAD = "Host: portal.example.org\r\nX-Forwarded-Proto: https\r\nContent-Type: application/json\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """gunicorn as it is deployed, with a database that is not there: what is refused before it needs none."""
    address = tmp_path_factory.mktemp("g") / "s"
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "--bind", f"unix:{address}", "config.wsgi"],
        cwd=servers.BASE_DIR,
        env={"PATH": os.environ["PATH"], "WEB_WORKERS": "1", "WEB_THREADS": "2"} | DEPLOYED,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 40
        while not address.exists():
            assert process.poll() is None and time.monotonic() < deadline, "gunicorn did not start"
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def said(server: Path, request: str) -> str:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        line.connect(str(server))
        line.sendall(request.encode("latin-1"))
        answer = b""
        while part := line.recv(65536):
            answer += part
    return answer.decode("latin-1")


CHUNKED = "2\r\n{}\r\n0\r\n\r\n"


def test_a_body_in_chunks_is_refused_and_not_taken_for_an_empty_one(server: Path) -> None:
    answer = said(
        server, f"POST /api/v1/participants/ HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n{CHUNKED}"
    )
    assert answer.startswith("HTTP/1.1 411 ")
    assert "length_required" in answer


def test_one_request_cannot_hide_in_another(server: Path) -> None:
    for lengths in (
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "Content-Length: 4\r\nContent-Length: 90\r\n",
        "Transfer-Encoding: xchunked\r\n", "Content-Length: 4, 5\r\n", "Transfer-Encoding : chunked\r\n",
    ):  # fmt: skip
        hidden = "GET /api/v1/me/ HTTP/1.1\r\nHost: portal.example.org\r\n\r\n"
        answer = said(server, f"POST /api/v1/participants/ HTTP/1.1\r\n{HEAD}{lengths}\r\n{CHUNKED}{hidden}")
        assert answer[9:12] in ("400", "411", "501"), (lengths, answer[:200])
        assert answer.count("HTTP/1.1 ") == 1, lengths


def test_a_length_beyond_the_limit_is_refused_before_the_body_comes(server: Path) -> None:
    answer = said(server, f"POST /api/v1/participants/ HTTP/1.1\r\n{HEAD}Content-Length: 99999999\r\n\r\n{{")
    assert answer.startswith("HTTP/1.1 413 ")
    for header in (
        "content-security-policy",
        "strict-transport-security",
        "x-content-type-options",
        "permissions-policy",
    ):
        assert header in answer.lower()
