"""How a signature reaches the portal: drawn on the screen, or as the scan of a sheet. And how a sheet is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.consent.models import Method
from apps.consent.views import inputs
from apps.consent.views.drawing import drawn
from apps.consent.views.frame import entry_or_404
from apps.consent.views.inputs import Errors, Section, sheet_field, shown
from apps.enrolment.selectors import participant_or_404
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import ShowIf
from studyportal.files.checks import Accepted, FileRefused, accept
from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.papers import opened_paper

ON_PAPER = ShowIf("method", (Method.PAPER,))
ON_SCREEN = ShowIf("method", (Method.SCREEN,))


def scan_of(files: Mapping[str, Any], name: str = "sheet") -> Accepted | None:
    """The scan that was sent, by its content; CrfInvalid when it is no document."""
    upload = files.get(name)
    if upload is None:
        return None
    try:
        return accept(upload, limit=settings.UPLOAD_LIMIT)
    except FileRefused as error:
        raise CrfInvalid([Problem(name, error.code, str(error))]) from error


def drawing_of(typed: QueryDict, name: str = "drawing") -> Accepted:
    """The drawn signature; CrfInvalid when there is none."""
    found = drawn(typed.get(name, ""), field=name, name=f"{name.replace('_', '-')}.png")
    if isinstance(found, Problem):
        raise CrfInvalid([found])
    return found


def signed(typed: QueryDict, files: Mapping[str, Any]) -> dict[str, Any]:
    """Method, sheet, day and time of a signature, as `actions.record_event` takes them.

    On the screen it is signed now, which the action says; on paper, or spoken, when the sheet says.
    """
    if typed.get("method") == Method.SCREEN:
        return {"method": Method.SCREEN.value, "sheet": drawing_of(typed)}
    found = inputs.stated(typed, ("method", "signed_on", "signed_at"))
    sheet = scan_of(files)
    return found if sheet is None else found | {"sheet": sheet}


@dataclass(frozen=True)
class Pad:
    """A field to sign in; only_for_witness: shown only when the signer cannot read."""

    name: str
    label: str
    value: str
    errors: Sequence[str]
    only_for_witness: bool = False


def pad(name: str, label: str, typed: QueryDict, errors: Errors, *, only_for_witness: bool = False) -> Pad:
    return Pad(name, label, typed.get(name, ""), errors.get(name, []), only_for_witness)


def signature_sections(
    typed: QueryDict,
    errors: Errors,
    *,
    who: str,
    methods: tuple[str, ...] = (Method.SCREEN, Method.PAPER),
    may_keep_sheet: bool = True,
    help: str = "",
    how: str = "",
) -> list[Section]:
    """The parts in which somebody signs: how, the field to sign in, and the sheet."""
    words = dict(Method.choices)
    kept = methods if may_keep_sheet else tuple(one for one in methods if one != Method.SCREEN)
    first = Section(
        _("Signature"),
        [
            shown(
                "method",
                typed,
                errors,
                label=how or _("How it was signed"),
                widget="radio",
                required=True,
                choices=[(one, words[one]) for one in kept],
            )
        ],
        help=help,
    )
    sections = [first]
    if Method.SCREEN in kept:
        sections.append(
            Section(
                _("Sign here"),
                part="consent/_pad.html",
                show_if=ON_SCREEN,
                more={"pads": [pad("drawing", who, typed, errors)]},
            )
        )
    others = tuple(one for one in kept if one != Method.SCREEN)
    sections.append(
        Section(
            _("As the sheet says") if Method.SPOKEN not in kept else _("When it was"),
            [
                shown("signed_on", typed, errors, widget="date", label=_("Day"), help=""),
                shown(
                    "signed_at",
                    typed,
                    errors,
                    label=_("Day and time, if known"),
                    help=_("Needed to show what came first when something is done on the same day."),
                ),
                *(
                    [sheet_field(errors, show_if=ON_PAPER if Method.SPOKEN in kept else None)]
                    if may_keep_sheet
                    else []
                ),
            ],
            show_if=ShowIf("method", others),
            file_errors=errors.get("sheet", []),
            help=""
            if may_keep_sheet
            else _("Scans are attached by those who may record who a participant is."),
        )
    )
    return sections


@requires(Permission.VIEW_IDENTITY)
@require_safe
def sheet(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The signed sheet of an entry, opened. The look is logged, and the sheet shows who the person is."""
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.VIEW_IDENTITY)
    entry = entry_or_404(participant, pk)
    if entry.paper_id is None:
        raise Http404(_("This entry has no signed sheet."))
    try:
        opened = opened_paper(entry.paper_id, by=user, purpose=f"consent entry {entry.pk}")
    except CannotBeOpened as error:
        messages.error(request, error.message)
        return redirect("consent:entry", participant.code, entry.pk)
    ending = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}.get(
        opened.content_type, "bin"
    )
    return HttpResponse(
        opened.content,
        content_type=opened.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{participant.code}-consent-{entry.pk}.{ending}"',
            "Cache-Control": "no-store",
        },
    )
