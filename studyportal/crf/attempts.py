"""One act of a page: tried when it was posted, and what came of it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest

from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.files import checks
from studyportal.ui.posted import stale_said


def attempt(request: HttpRequest, act: Callable[[], str]) -> tuple[list[Problem], int, str | None]:
    """Problems, status, and (when it was posted and done) what to say."""
    if request.method != "POST":
        return [], 200, None
    try:
        return [], 200, act()
    except CrfInvalid as error:
        return list(error.problems), 400, None
    except Refused as error:
        return list(error.problems), 409, None
    except StaleVersion:
        return [Problem(None, "stale_version", stale_said())], 412, None


def accepted_file(
    upload: checks.Upload | None, problems: list[Problem], *, field: str
) -> checks.Accepted | None:
    """The file that was sent, judged by its content; None when there is none, or when its problem was added."""
    if upload is None:
        return None
    try:
        return checks.accept(upload, limit=settings.UPLOAD_LIMIT)
    except checks.FileRefused as error:
        problems.append(Problem(field, error.code, str(error)))
        return None
