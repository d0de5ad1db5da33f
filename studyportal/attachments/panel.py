"""The attachments of a record, as its page shows them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from studyportal.attachments import actions, selectors
from studyportal.attachments.places import Place, get_place
from studyportal.crf.panels import Panel
from studyportal.crf.spec import CrfSpec
from studyportal.files.checks import ENDINGS

ACCEPT = ",".join((*actions.KINDS, *(ending for kind in actions.KINDS for ending in ENDINGS[kind])))


def panel_of(request: HttpRequest, key: str, record: Any) -> Panel:
    """The panel of any record that is a form or a registered place (`visit`): one query.

    A page that is no form's includes it by itself: `{% include panel.template %}` with `panel` and `request`.
    """
    return Panel(
        "attachments", "attachments/_panel.html", "foot", context_of(request, get_place(key), record)
    )


def of_form(request: HttpRequest, spec: CrfSpec, record: Any) -> Panel:
    """For `crf.panels`."""
    return panel_of(request, spec.key, record)


def context_of(request: HttpRequest, place: Place, record: Any) -> dict[str, Any]:
    """What `_panel.html` draws: the attachments with those that stand first, and what the person may do."""
    user: Any = request.user
    found = selectors.of_record(place.key, record.pk)
    return {
        "form": place.key,
        "record": record,
        "attachments": sorted(found, key=lambda one: hasattr(one, "withdrawal")),
        "standing": sum(not hasattr(one, "withdrawal") for one in found),
        "may_see": selectors.may_see(user, record.site_id),
        "may_attach": actions.may_attach(user, place, record.site_id),
        "may_withdraw": user.may(place.permission, record.site_id),
        "accept": ACCEPT,
        "longest": actions.LONGEST_CAPTION,
    }
