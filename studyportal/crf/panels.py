"""What other parts of the platform put on the page of a form: attachments, verification, locks.

    panels.register(panel)      # in ready() of an app above: (request, spec, record) -> Panel | None

A panel is a template with its context. It is asked once for each page of a saved record, with a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.http import HttpRequest

from studyportal.crf.spec import CrfSpec

Place = Literal["head", "foot"]


@dataclass(frozen=True)
class Panel:
    """place: above the form (what changes what can be typed) or below it. template: included with `panel` and `request`."""

    key: str
    template: str
    place: Place = "foot"
    context: Mapping[str, Any] = field(default_factory=dict)


Asked = Callable[[HttpRequest, CrfSpec, Any], Panel | None]

_asked: list[Asked] = []


def register(panel: Asked) -> Asked:
    """Ask it on the page of every saved form."""
    if panel not in _asked:
        _asked.append(panel)
    return panel


def of(request: HttpRequest, spec: CrfSpec, record: Any) -> list[Panel]:
    """The panels of a saved record, in the order in which the apps were made ready."""
    found = (panel(request, spec, record) for panel in _asked)
    return [one for one in found if one is not None]
