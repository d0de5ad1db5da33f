"""A small HTTP/1.1 client for measurements: one kept connection per client, little work per request."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Request = tuple[str, str, bytes | None]  # method, path, body


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    seconds: float


class Client:
    """One connection, opened anew when the server closed it."""

    def __init__(self, host: str, port: int, headers: dict[str, str]) -> None:
        self.headers = headers
        self.connection = http.client.HTTPConnection(host, port, timeout=60)

    def send(self, method: str, path: str, body: bytes | None = None) -> Answer:
        began = time.perf_counter()
        headers = self.headers | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.connection.close()
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
        content = response.read()
        return Answer(response.status, content, time.perf_counter() - began)


@dataclass(frozen=True)
class Load:
    latencies: list[float]
    seconds: float
    refused: list[Answer]


def run(
    make_client: Callable[[], Client], requests: Callable[[], Request], *, clients: int, seconds: float
) -> Load:
    """`clients` threads send what `requests` gives (it is asked under a lock) for `seconds`."""
    lock = threading.Lock()
    latencies: list[float] = []
    refused: list[Answer] = []
    stop_at = time.perf_counter() + seconds

    def work() -> None:
        client = make_client()
        while time.perf_counter() < stop_at:
            with lock:
                request = requests()
            answer = client.send(*request)
            if answer.status >= 400:
                refused.append(answer)
            else:
                latencies.append(answer.seconds)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(latencies, time.perf_counter() - began, refused)
