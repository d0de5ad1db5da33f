"""Where one goes after a form is saved: to the next one that is expected, as an app above knows it.

    onwards.register(step)      # in ready() of an app: (user, spec, record) -> Next | None

The platform knows forms, not visits. It asks each step when a form was saved with “Save and next form”; the first that
answers is followed, and without an answer the person goes back to where the form belongs (`record.home_url`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studyportal.access.models import User
from studyportal.crf.spec import CrfSpec


@dataclass(frozen=True)
class Next:
    """url: the page of the form, to begin or to finish. title: its name, as the person reads where one goes.

    done: nothing is left, and url is where one goes back to.
    """

    url: str
    title: str
    done: bool = False


Step = Callable[[User, CrfSpec, Any], Next | None]

_steps: list[Step] = []


def register(step: Step) -> Step:
    """Ask it after each save with “Save and next form”: a fixed number of queries."""
    if step not in _steps:
        _steps.append(step)
    return step


def after(user: User, spec: CrfSpec, record: Any) -> Next | None:
    """The next form after this record, None when nothing is left."""
    found = (step(user, spec, record) for step in _steps)
    return next((one for one in found if one is not None), None)


def known() -> bool:
    """Whether anybody knows the way on."""
    return bool(_steps)
