"""What is written although something was refused: after the refusal's own writes are rolled back, not with them.

A refused save raises, and every transaction that it is raised through takes back what was written inside. In a request,
what is handed to `run` waits until the view has answered, so that no transaction of an action is left around it; the
request's own keeps what a refusal (4xx) leaves and drops what a fault (5xx) does. Elsewhere (a job, a command) it runs
at once, and the caller sees to it that nothing is rolled back around it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger("studyportal.crf")

Deed = Callable[[], object]

_waiting: ContextVar[list[Deed] | None] = ContextVar("afterwards", default=None)


def run(deed: Deed) -> None:
    """Do it when nothing is rolled back around it any more."""
    waiting = _waiting.get()
    if waiting is None:
        deed()
    else:
        waiting.append(deed)


@contextmanager
def collecting() -> Iterator[list[Deed]]:
    """What `run` is given inside waits in the list."""
    waiting: list[Deed] = []
    token = _waiting.set(waiting)
    try:
        yield waiting
    finally:
        _waiting.reset(token)


class AfterwardsMiddleware:
    """Does what waited, when the view has answered. Within the audit context, so that it is attributed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with collecting() as waiting:
            response = self.get_response(request)
        if response.status_code < 500 and not transaction.get_connection().needs_rollback:
            for deed in waiting:
                self._do(deed)
        return response

    def _do(self, deed: Deed) -> None:
        """A deed that fails is our fault and told to us; the answer about the refusal stays what it was."""
        try:
            with transaction.atomic():
                deed()
        except Exception:
            logger.exception("What should have been kept of a refusal was not")
