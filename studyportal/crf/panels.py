"""What other parts of the platform put on the page of a form: attachments, verification, locks.

    panels.register(panel)      # in ready() of an app above: (request, spec, record) -> Panel | None

A panel is a template with its context. It is asked once for each page of a saved record, with a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


History = Callable[[CrfSpec, Any], Iterable[Any]]

_histories: list[History] = []


def register_history(history: History) -> History:
    """Ask it for lines of a record's history (as `ui.parts.Change`) beside its changes: what was done to the record."""
    if history not in _histories:
        _histories.append(history)
    return history


def history_of(spec: CrfSpec, record: Any, lines: Iterable[Any]) -> list[Any]:
    """The lines of time of a record with those of the apps above in their places, newest first."""
    told = [line for history in _histories for line in history(spec, record)]
    return sorted([*told, *lines], key=lambda line: line.at, reverse=True)
