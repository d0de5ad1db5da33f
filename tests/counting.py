"""How many questions a request asks of the database, without what every request's transaction says for itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

OWN = ("SAVEPOINT", "RELEASE SAVEPOINT", "SELECT set_config('studyportal.", "SET LOCAL studyportal.")


@contextmanager
def questions() -> Iterator[list[str]]:
    """The statements, once the block has ended; savepoints and the words at the wall are left out."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as seen:
        yield found
    found += [query["sql"] for query in seen.captured_queries if not query["sql"].startswith(OWN)]
