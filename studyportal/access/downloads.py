"""Rows that leave as a file, behind the wall of whoever asked for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse

from studyportal.access import walls


def csv_answer(user: Any, lines: Iterator[str], name: str) -> StreamingHttpResponse:
    """lines: read when the answer is sent, after the request's transaction, behind the same wall."""

    def sent() -> Iterator[str]:
        with walls.opened(user):
            yield from lines

    return StreamingHttpResponse(
        sent(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )
