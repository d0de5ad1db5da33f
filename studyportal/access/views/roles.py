"""The roles of the study: who may do what, and where."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from studyportal.access import matrix
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell


@requires(Permission.VIEW_PROTOCOL)
@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    found = matrix.lines()
    context = {
        "described": [(role.label, role.purpose, matrix.where(role)) for role in matrix.roles()],
        "columns": [_("Permission"), *(role.label for role in matrix.roles())],
        "rows": [
            [
                Cell(
                    line.words,
                    detail=line.permission.value + (" · " + _("changes data") if line.writes else ""),
                ),
                *(Cell("", state="held") if held else "" for held in line.held),
            ]
            for line in found
        ],
    }
    return render(request, "access/roles.html", context)
