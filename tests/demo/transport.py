"""The seam of demo.client: DRF's test client in the place of the network."""

from __future__ import annotations

from collections.abc import Mapping

from rest_framework.test import APIClient

from demo.client import Answer


class InProcess:
    """Requests are answered in this process; each stands alone, as over HTTP."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []

    def __call__(self, method: str, target: str, *, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self.requests.append((method, target))
        given = {name: value for name, value in headers.items() if name != "Content-Type"}
        response = APIClient().generic(
            method,
            target,
            body or b"",
            content_type=headers.get("Content-Type", "application/json"),
            headers=given,
        )
        return Answer(response.status_code, {k.lower(): v for k, v in response.items()}, response.content)
