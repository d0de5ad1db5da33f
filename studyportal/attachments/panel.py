"""The attachments of a record, as its page shows them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from studyportal.crf.panels import Panel
from studyportal.crf.spec import CrfSpec


def panel_of(request: HttpRequest, key: str, record: Any) -> Panel:
    """The panel of any record that is a form or a registered place (`visit`): two queries.

    A page that is no form's includes it by itself: `{% include panel.template %}` with `panel` and `request`.
    """
    return Panel("attachments", "attachments/_panel.html", "foot", {"form": key, "record": record})


def of_form(request: HttpRequest, spec: CrfSpec, record: Any) -> Panel:
    """For `crf.panels`."""
    return panel_of(request, spec.key, record)
