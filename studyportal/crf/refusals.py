"""What an action refuses, as a problem of the API: in one place for every hand-written endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from studyportal.api.concurrency import stale
from studyportal.api.problems import ProblemError
from studyportal.crf.api import errors_of
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.words import translated


@contextmanager
def as_problems() -> Iterator[None]:
    """CrfInvalid → 400, Refused → 409, StaleVersion → 412, each with its errors by field."""
    try:
        yield
    except CrfInvalid as error:
        raise ProblemError(
            400, "invalid", _("Nothing was saved: see errors."), errors=errors_of(error.problems)
        ) from None
    except Refused as error:
        raise ProblemError(
            409,
            "refused",
            "; ".join(translated(p.message) for p in error.problems),
            errors=errors_of(error.problems),
        ) from None
    except StaleVersion as error:
        raise stale(error.current.version) from None
