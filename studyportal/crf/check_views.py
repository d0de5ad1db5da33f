"""What the portal thinks of a form while it is typed: hard errors, soft findings and derived values. Nothing is written."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf.fetch import spec_or_404


@requires(Permission.VIEW_DATA)
@require_POST
def check(request: HttpRequest, key: str) -> HttpResponse:
    """POST /forms/<key>/check/: the controls of the form with its ticket → fragments that htmx puts to their fields.

    Parse, show-if, rules, derivation and checks run as in a save. Nothing is saved, no query opens, no history is made.
    """
    spec_or_404(key)
    return HttpResponse(status=204)
