"""The documents of the delegation log: listed, added, given back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from studyportal.access.declare import get_visible_or_404, requires
from studyportal.access.permissions import Permission
from studyportal.api.middleware import takes_files
from studyportal.files import actions, inputs
from studyportal.files.checks import FileRefused
from studyportal.files.models import DelegationDocument
from studyportal.files.serving import as_attachment
from studyportal.ui.parts import Cell
from studyportal.ui.templatetags.ui_tags import human_date_text

PAGE = 50


@requires(Permission.VIEW_DELEGATIONS)
@require_safe
def documents(request: HttpRequest) -> HttpResponse:
    """The documents about the sites whose delegation log the person may read."""
    visible = DelegationDocument.objects.visible_to(request.user).select_related(
        "user", "site", "recorded_by", "file"
    )
    page = Paginator(visible.defer("file__content"), PAGE).get_page(request.GET.get("page"))
    rows = [
        [
            Cell(str(one.user), detail=one.user.username),
            one.get_kind_display(),
            one.site.code if one.site else _("Whole study"),
            one.valid_from,
            one.valid_until,
            Cell(one.file.name, url=one.get_absolute_url(), detail=one.note),
            Cell(str(one.recorded_by), detail=human_date_text(timezone.localdate(one.recorded_at))),
        ]
        for one in page.object_list
    ]
    return render(
        request,
        "files/documents.html",
        {
            "rows": rows,
            "page": page,
            "columns": [
                _("Person"), _("Document"), _("Site"), _("Valid from"), _("Valid until"), _("File"), _("Recorded by"),
            ],
            "may_add": request.user.may(Permission.MANAGE_USERS),
        },
    )  # fmt: skip


@takes_files
@requires(Permission.MANAGE_USERS)
@require_http_methods(["GET", "POST"])
def new_document(request: HttpRequest) -> HttpResponse:
    """Add a document; what was typed is still there when it is refused, except the file itself."""
    problems: inputs.Problems = {}
    if request.method == "POST":
        values, problems = inputs.values(request.POST, request.FILES)
        if not problems:
            try:
                document = actions.add_delegation_document(by=request.user, **values)
            except FileRefused as error:
                problems = {"file": str(error)}
            else:
                messages.success(request, _("The document of %s is kept.") % document.user)
                return redirect("files:documents")
    fields = inputs.fields(request.POST, problems)
    labels: dict[str, Any] = {field.name: field.label for field in fields}
    return render(
        request,
        "files/document_new.html",
        {"fields": fields, "problems": [(name, labels[name], said) for name, said in problems.items()]},
        status=400 if problems else 200,
    )


@requires(Permission.VIEW_DELEGATIONS)
@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it came, to be saved and not to be shown."""
    found = get_visible_or_404(
        DelegationDocument.objects.select_related("file"), request.user, Permission.VIEW_DELEGATIONS, pk=pk
    )
    return as_attachment(found.file)
