"""Entering what a source states, whatever kind of entry it is: the past, a published case, an unusual sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.consent import actions, selectors
from apps.consent.models import ABOUT_A_SIGNATURE, OPTIONAL, ConsentEvent, Kind
from apps.consent.rules import SIGNATURES
from apps.consent.views import entry_page, frame, inputs, sheets
from apps.consent.views.inputs import Errors, Section
from apps.enrolment.selectors import participant_or_404
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf import drafts
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import ShowIf
from studyportal.ui.parts import FieldView

PAGE = frame.page("consent-new", "consent:new")

_SIGNED = (*SIGNATURES, Kind.RE_CONSENT, Kind.CORRECTION)
_WITH_CHOICES = (*_SIGNED, Kind.OPTIONAL_ITEMS)
# Asked only for the kinds named here; everything else for every kind.
ASKED_FOR: Mapping[str, tuple[str, ...]] = {
    "withdrawal_scopes": (Kind.WITHDRAWAL, Kind.CORRECTION),
    "data_retained": (Kind.WITHDRAWAL, Kind.CORRECTION),
    "purposes": _WITH_CHOICES,
    "declined": _WITH_CHOICES,
    "witness": (*_SIGNED, Kind.WITNESSED),
    "witness_relation": (*_SIGNED, Kind.WITNESSED),
    "audio_visual": (*_SIGNED, Kind.RECORDED),
    "recording_sha256": (*_SIGNED, Kind.RECORDED),
    "recording_reason": (*_SIGNED, Kind.RECORDED),
    "copy_given": (*_SIGNED, Kind.COPY_GIVEN),
    **dict.fromkeys(
        (
            "session_number",
            "document_version",
            "document_language",
            "ethics_approval_number",
            "ethics_approval_validity",
            "informed_at",
            "capacity",
            "signer_can_read",
            "lar_relationship_proof",
            "obtained_by",
            "as_it_happened",
        ),
        _SIGNED,
    ),
}


@drafts.keeps_what_was_typed
@requires(Permission.RECORD_CONSENT)
@require_http_methods(frame.METHODS)
def new(request: HttpRequest, code: str) -> HttpResponse:
    """Add an entry of any kind, with the reason of each value that the source does not state."""
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.RECORD_CONSENT)
    may_keep_sheet = user.may(Permission.EDIT_IDENTITY, participant.site_id)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        log = selectors.events_of(participant)

        def sections(typed: QueryDict, errors: Errors) -> list[Section]:
            fields = [
                *_which(typed, errors, log),
                *(_field(name, typed, errors) for name in ConsentEvent.fields_entered()),
            ]
            if may_keep_sheet:
                fields.append(inputs.sheet_field(errors))
            return [
                Section(_("Entry of the consent log"), fields, file_errors=errors.get("sheet", [])),
            ]

        def act(typed: QueryDict, ticket: str) -> tuple[str, str]:
            kind = typed.get("kind", "")
            problems = [] if kind else [Problem("kind", "required", _("Choose the kind of entry."))]
            names = {Kind.CORRECTION: "corrects"} | dict.fromkeys(ABOUT_A_SIGNATURE, "concerns")
            named: dict[str, Any] = {}
            control = names.get(kind)  # type: ignore[call-overload]
            if control and typed.get(control):
                found = next((one for one in log if str(one.pk) == typed[control]), None)
                if found is None:
                    problems.append(Problem(control, "not_found", _("This participant has no such entry.")))
                named[control] = found
            if problems:
                raise CrfInvalid(problems)
            asked = [name for name in ConsentEvent.fields_entered() if kind in ASKED_FOR.get(name, (kind,))]
            event = actions.record_event(
                participant=participant,
                kind=kind,
                by=user,
                sheet=sheets.scan_of(request.FILES),
                ticket=ticket,
                absent=inputs.reasons(typed, asked),
                **named,
                **{name: inputs.value_of(name, typed) for name in asked},
            )
            return _("“%s” is in the consent log.") % event.get_kind_display(), frame.home_url(participant)

        return frame.entered(
            request,
            participant=participant,
            page=PAGE,
            template="consent/form.html",
            initial=QueryDict(),
            sections=sections,
            act=act,
            title=_("Enter what a source states"),
            about=_(
                "For the past, for a published case, and for what no other page here foresees. An entry is final: it is"
                " never changed or deleted. Record what the document says; what it does not say stays empty, with the"
                " reason."
            ),
        )


def _which(typed: QueryDict, errors: Errors, log: list[ConsentEvent]) -> list[FieldView]:
    def choices(keep: Any) -> list[tuple[str, str]]:
        return [(str(one.pk), f"{one.pk}: {entry_page.in_words(one)}") for one in log if keep(one)]

    return [
        FieldView(
            "kind",
            _("Kind of entry"),
            widget="select",
            value=typed.get("kind", ""),
            choices=Kind.choices,
            errors=errors.get("kind", []),
        ),
        FieldView(
            "corrects",
            _("Entry that is corrected"),
            widget="select",
            value=typed.get("corrects", ""),
            choices=choices(lambda one: one.kind != Kind.CORRECTION),
            show_if=ShowIf("kind", (Kind.CORRECTION,)),
            errors=errors.get("corrects", []),
        ),
        FieldView(
            "concerns",
            _("Signature concerned"),
            widget="select",
            value=typed.get("concerns", ""),
            choices=choices(lambda one: one.kind in entry_page.SIGNED),
            show_if=ShowIf("kind", ABOUT_A_SIGNATURE),
            errors=errors.get("concerns", []),
        ),
    ]


def _field(name: str, typed: QueryDict, errors: Errors) -> FieldView:
    kinds = ASKED_FOR.get(name)
    more: dict[str, Any] = {"show_if": ShowIf("kind", kinds)} if kinds else {}
    if name == "declined":
        more["choices"] = [(one.value, one.label) for one in OPTIONAL]
    return inputs.shown(name, typed, errors, absent=True, **more)
