"""One entry of a person's log, and what is added about it later: the witness, a recording, a copy, a correction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_safe

from apps.consent import actions, selectors
from apps.consent.models import AudioVisual, Kind, Method
from apps.consent.rules import SIGNATURES
from apps.consent.views import entry_page, frame, inputs, sheets
from apps.consent.views.inputs import Errors, Section
from apps.consent.views.standing import original_of, standing
from apps.enrolment.selectors import participant_or_404
from studyportal.access.clock import today_at
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf import drafts
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import ShowIf
from studyportal.ui.parts import FieldView

WITNESS_PAGE = frame.page("consent-witness", "consent:entry-witness")
RECORDING_PAGE = frame.page("consent-recording", "consent:entry-recording")
COPY_PAGE = frame.page("consent-copy", "consent:entry-copy")
CORRECT_PAGE = frame.page("consent-correct", "consent:entry-correct")

CAN_BE_SIGNED = (*SIGNATURES, Kind.RE_CONSENT)


@requires(Permission.RECORD_CONSENT)
@require_safe
def entry(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Everything that one entry states, as it was entered and as it reads now."""
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.RECORD_CONSENT)
    found = frame.entry_or_404(participant, pk)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        return render(
            request,
            "consent/entry.html",
            entry_page.context_of(user, participant, found, selectors.events_of(participant)),
        )


def _about_a_signature(
    request: HttpRequest,
    code: str,
    pk: int,
    *,
    page: drafts.Page,
    kind: Kind,
    title: Any,
    about: Any,
    fields: Callable[[QueryDict, Errors, bool], list[Section]],
    names: tuple[str, ...],
    signs: bool = False,
) -> HttpResponse:
    """A further entry that concerns the signature."""
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.RECORD_CONSENT)
    concerns = frame.entry_or_404(participant, pk)
    if concerns.kind not in CAN_BE_SIGNED:
        raise Http404(_("This entry is no signature."))
    may_keep_sheet = user.may(Permission.EDIT_IDENTITY, participant.site_id)

    def act(typed: QueryDict, ticket: str) -> tuple[str, str]:
        stated = inputs.stated(typed, names)
        if signs:
            stated |= sheets.signed(typed, request.FILES)
        elif kind == Kind.COPY_GIVEN:
            stated["copy_given"] = True
        if kind == Kind.RECORDED and not stated.get("audio_visual"):
            raise CrfInvalid([Problem("audio_visual", "required", _("Say whether it was recorded."))])
        actions.record_event(
            participant=participant,
            kind=kind.value,
            by=user,
            concerns=concerns,
            obtainer=user,
            ticket=ticket,
            **stated,
        )
        return _("“%s” is in the consent log.") % kind.label, entry_page.url(participant, concerns)

    with timezone.override(ZoneInfo(participant.site.timezone)):
        return frame.entered(
            request,
            participant=participant,
            page=page,
            place=frame.place_of(pk=pk),
            template="consent/about_entry.html",
            initial=inputs.filled({"signed_on": today_at(participant.site).isoformat()}),
            sections=lambda typed, errors: fields(typed, errors, may_keep_sheet),
            act=act,
            title=title,
            about=about,
            concerns=entry_page.in_words(concerns),
            concerns_url=entry_page.url(participant, concerns),
            cancel_url=entry_page.url(participant, concerns),
        )


@drafts.keeps_what_was_typed
@requires(Permission.RECORD_CONSENT)
@require_http_methods(frame.METHODS)
def witness(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    def fields(typed: QueryDict, errors: Errors, may_keep_sheet: bool) -> list[Section]:
        return [
            Section(
                _("Impartial witness"),
                inputs.witness_fields(typed, errors),
            ),
            *sheets.signature_sections(
                typed,
                errors,
                who=_("Signature of the witness"),
                methods=(Method.SCREEN, Method.PAPER),
                may_keep_sheet=may_keep_sheet,
            ),
        ]

    return _about_a_signature(
        request,
        code,
        pk,
        page=WITNESS_PAGE,
        kind=Kind.WITNESSED,
        title=lazy("Signature of the witness"),
        about=lazy(
            "Somebody outside of the study who heard the whole explanation, because the signer cannot read."
        ),
        fields=fields,
        names=("witness", "witness_relation", "note"),
        signs=True,
    )


@drafts.keeps_what_was_typed
@requires(Permission.RECORD_CONSENT)
@require_http_methods(frame.METHODS)
def recording(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    def fields(typed: QueryDict, errors: Errors, _may_keep_sheet: bool) -> list[Section]:
        return [
            Section(
                _("Audio-visual recording"),
                [
                    inputs.shown(
                        "audio_visual",
                        typed,
                        errors,
                        widget="radio",
                        required=True,
                        choices=[one for one in AudioVisual.choices if one[0] != AudioVisual.NOT_REQUIRED],
                    ),
                    inputs.shown("signed_on", typed, errors, widget="date", label=_("Recorded on")),
                    *inputs.recording_particulars(typed, errors),
                ],
                part="consent/_recording.html",
            )
        ]

    return _about_a_signature(
        request,
        code,
        pk,
        page=RECORDING_PAGE,
        kind=Kind.RECORDED,
        title=lazy("Audio-visual recording"),
        about=lazy(
            "The portal keeps the SHA-256 of the recording, never the recording: the site keeps that."
        ),
        fields=fields,
        names=("audio_visual", "signed_on", "recording_sha256", "recording_reason", "note"),
    )


@drafts.keeps_what_was_typed
@requires(Permission.RECORD_CONSENT)
@require_http_methods(frame.METHODS)
def copy(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    def fields(typed: QueryDict, errors: Errors, _may_keep_sheet: bool) -> list[Section]:
        return [
            Section(
                _("Signed copy"),
                [
                    inputs.shown("signed_on", typed, errors, widget="date", label=_("Given on")),
                    inputs.shown("note", typed, errors, help=_("No name and no address.")),
                ],
            )
        ]

    return _about_a_signature(
        request,
        code,
        pk,
        page=COPY_PAGE,
        kind=Kind.COPY_GIVEN,
        title=lazy("Copy given"),
        about=lazy("The person took away a copy of what was signed."),
        fields=fields,
        names=("signed_on", "note"),
    )


@drafts.keeps_what_was_typed
@requires(Permission.RECORD_CONSENT)
@require_http_methods(frame.METHODS)
def correct(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """A further entry that states what was wrong in this one. Only what is changed here is stated in it."""
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.RECORD_CONSENT)
    found = frame.entry_or_404(participant, pk)
    log = selectors.events_of(participant)
    original = original_of(found, log)
    may_keep_sheet = user.may(Permission.EDIT_IDENTITY, participant.site_id)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        stands = {
            name: inputs.as_text(name, value)
            for name, value in standing(original, log).items()
            if name != "note"
        }
        names = entry_page.fields_of(original.kind)
        initial = inputs.filled({name: value for name, value in stands.items() if name in names})

        def sections(typed: QueryDict, errors: Errors) -> list[Section]:
            fields = [inputs.shown(name, typed, errors, required=False) for name in names]
            sheet = [inputs.sheet_field(errors, label=_("The right sheet"))] if may_keep_sheet else []
            return [
                Section(
                    _("What is wrong"),
                    [
                        FieldView(
                            "take_back",
                            _("The correction concerns"),
                            widget="radio",
                            value=typed.get("take_back", ""),
                            choices=[
                                ("values", _("Some of its values")),
                                ("whole", _("The whole entry: it should not have been made")),
                            ],
                            errors=errors.get("take_back", []),
                        )
                    ],
                ),
                Section(
                    _("As it reads now"),
                    [*fields, *sheet],
                    help=_(
                        "Change what is wrong and leave the rest. A value cannot be emptied, only replaced."
                    ),
                    file_errors=errors.get("sheet", []),
                    show_if=ShowIf("take_back", ("values",)),
                ),
                Section(
                    _("Why"),
                    [
                        inputs.shown(
                            "note",
                            typed,
                            errors,
                            label=_("Reason of the correction"),
                            required=True,
                            help=_(
                                "Both readings stay in the log, with this reason. No name and no address."
                            ),
                        )
                    ],
                ),
            ]

        def act(typed: QueryDict, ticket: str) -> tuple[str, str]:
            whole = typed.get("take_back") == "whole"
            changed = {
                name: inputs.value_of(name, typed)
                for name in names
                if any(typed.getlist(name)) and sorted(typed.getlist(name)) != sorted(initial.getlist(name))
            }
            sheet = sheets.scan_of(request.FILES)
            if whole:
                changed, sheet = {}, None
            elif typed.get("take_back") != "values":
                raise CrfInvalid([Problem("take_back", "required", _("Say what the correction concerns."))])
            elif not changed and sheet is None:
                raise CrfInvalid(
                    [Problem(None, "unchanged", _("Nothing was changed, so there is nothing to correct."))]
                )
            actions.record_event(
                participant=participant,
                kind=Kind.CORRECTION.value,
                by=user,
                corrects=found,
                sheet=sheet,
                ticket=ticket,
                **changed,
                **inputs.stated(typed, ("note",)),
            )
            return _("The correction is in the log, beside the entry that it corrects."), entry_page.url(
                participant, original
            )

        return frame.entered(
            request,
            participant=participant,
            page=CORRECT_PAGE,
            place=frame.place_of(pk=pk),
            template="consent/about_entry.html",
            initial=initial,
            sections=sections,
            act=act,
            title=_("Correct an entry"),
            about=_(
                "An entry is never changed. A correction is a further entry that names it, with its reason."
            ),
            concerns=entry_page.in_words(original),
            concerns_url=entry_page.url(participant, original),
            cancel_url=entry_page.url(participant, original),
        )
