"""What the page of one signature shows: the words to be signed, and what is asked beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from apps.consent.models import (
    AudioVisual,
    Capacity,
    ConsentDocumentText,
    DocumentKind,
    DocumentState,
    Kind,
    Method,
    Purpose,
    Signer,
)
from apps.consent.selectors import documents as register
from apps.consent.views import inputs, sheets
from apps.consent.views.choices import item_fields
from apps.consent.views.inputs import Errors, Section
from apps.consent.views.sitting import Sitting, language_name, own_name
from apps.enrolment.models import Group, Participant
from studyportal.access.models import Membership, User
from studyportal.access.permissions import Permission
from studyportal.access.roles import roles_with
from studyportal.crf.spec import ShowIf
from studyportal.ui.parts import FieldView, Tab
from studyportal.ui.templatetags.ui_tags import human_date_text

CANNOT_READ = ShowIf("signer_can_read", ("false",))
CONSENTS = (Kind.CONSENT, Kind.LAR_CONSENT)
ASSENTS = (Kind.ORAL_ASSENT, Kind.WRITTEN_ASSENT)


def tabs(sitting: Sitting, query: QueryDict) -> list[Tab]:
    """The languages in which the form is approved."""
    found = []
    for key in sitting.texts:
        own = query.copy()
        own["language"] = key
        own.pop("draft", None)
        found.append(Tab(own_name(key), f"?{own.urlencode()}", key == sitting.language))
    return found


def document_url(text: ConsentDocumentText | None) -> str:
    if text is None:
        return ""
    try:
        return reverse("consent:document", args=[text.document_id])
    except NoReverseMatch:
        return ""


def versions(sitting: Sitting) -> list[tuple[str, str]]:
    """Every text of the form that was ever approved at the site: a sheet may be older than the form of today."""
    rows = (
        register.texts()
        .filter(
            document__site=sitting.participant.site,
            document__purpose=sitting.asked.purpose,
            document__kind=DocumentKind.CONSENT_FORM,
        )
        .exclude(document__state=DocumentState.DRAFT)
        .order_by("-document__valid_from", "language")
    )
    return [
        (
            str(text.pk),
            _("Version %(version)s, %(language)s (from %(day)s)")
            % {
                "version": text.document.version_label,
                "language": language_name(text.language),
                "day": human_date_text(text.document.valid_from),
            },
        )
        for text in rows
    ]


def obtainers(participant: Participant) -> list[tuple[str, str]]:
    """Who is or was delegated at the site to obtain consent."""
    held = Membership.objects.filter(role__in=roles_with(Permission.RECORD_CONSENT)).filter(
        site__in=[participant.site_id]
    ) | Membership.objects.filter(role__in=roles_with(Permission.RECORD_CONSENT), site=None)
    people = User.objects.filter(pk__in=held.values("user_id")).order_by("username")
    return [(user.username, f"{user} ({user.username})") for user in people]


def sections_of(sitting: Sitting, typed: QueryDict, errors: Errors, *, may_keep_sheet: bool) -> list[Section]:
    """The parts of the form, in the order of the conversation."""
    found = [_signer(sitting, typed, errors)]
    if sitting.kind in CONSENTS and sitting.asked.session is None:
        found.append(_agreed(sitting, typed, errors))
    found += _beside(sitting, typed, errors)
    found += _signature(sitting, typed, errors, may_keep_sheet)
    found.append(_after(sitting, typed, errors))
    return [one for one in found if one.fields or one.part]


def _signer(sitting: Sitting, typed: QueryDict, errors: Errors) -> Section:
    fields: list[FieldView] = []
    if sitting.by_representative:
        fields += [
            inputs.shown(
                "signer",
                typed,
                errors,
                widget="radio",
                required=True,
                choices=[one for one in Signer.choices if one[0] != Signer.PARTICIPANT],
            ),
            inputs.shown("signer_relationship", typed, errors, show_if=ShowIf("signer", ("other",))),
            inputs.shown(
                "lar_relationship_proof",
                typed,
                errors,
                required=True,
                help=_("Which paper showed it, as “birth certificate”; no number and no name."),
            ),
        ]
        if not sitting.is_asked:
            fields.append(
                inputs.shown(
                    "capacity",
                    typed,
                    errors,
                    widget="radio",
                    required=True,
                    choices=Capacity.choices,
                    help=_("A representative signs for an adult only while the adult cannot decide."),
                )
            )
    if sitting.kind != Kind.ORAL_ASSENT:
        who = (
            _("The representative can read the form")
            if sitting.by_representative
            else _("The signer can read the form")
        )
        fields.append(inputs.shown("signer_can_read", typed, errors, label=who, required=True))
    fields.append(
        inputs.shown(
            "informed_at",
            typed,
            errors,
            label=_("Information given at"),
            help=_("When the sheet was explained. There was time to think and to ask."),
        )
    )
    return Section(_("Who signs"), fields)


def _agreed(sitting: Sitting, typed: QueryDict, errors: Errors) -> Section:
    fields: list[FieldView] = []
    if sitting.participant.group != Group.CONTROL:
        fields.append(
            FieldView(
                "item-procedure",
                Purpose.PROCEDURE.label,
                widget="yesno",
                value={"true": True, "false": False}.get(typed.get("item-procedure", "")),
                help=_("Yes: for every session. No: each session is asked for and signed by itself."),
                errors=errors.get("item-procedure", []),
            )
        )
    return Section(
        _("What is agreed to"),
        [*fields, *item_fields(typed, errors)],
        help=_(
            "The signature is for taking part: visits and data. Each of the following is asked, and may be"
            " declined without leaving the study."
        ),
    )


def _beside(sitting: Sitting, typed: QueryDict, errors: Errors) -> list[Section]:
    """Witness and recording, only where they are needed."""
    found = []
    if sitting.kind != Kind.ORAL_ASSENT:
        always = sitting.asked.witness
        found.append(
            Section(
                _("Impartial witness"),
                inputs.witness_fields(typed, errors),
                help=_(
                    "The signer cannot read: somebody who is not of the study hears the whole explanation, and signs too."
                ),
                show_if=None if always else CANNOT_READ,
            )
        )
    found.append(
        Section(
            _("Audio-visual recording"),
            [
                inputs.shown(
                    "audio_visual",
                    typed,
                    errors,
                    widget="radio",
                    required=True,
                    label=_("Recording of the conversation"),
                    choices=[
                        one
                        for one in AudioVisual.choices
                        if not sitting.asked.recording or one[0] != AudioVisual.NOT_REQUIRED
                    ],
                ),
                *inputs.recording_particulars(typed, errors),
            ],
            part="consent/_recording.html",
            help=_("The study asks for a recording of this signature.") if sitting.asked.recording else "",
            show_if=None if sitting.asked.recording or sitting.kind == Kind.ORAL_ASSENT else CANNOT_READ,
        )
    )
    if sitting.kind == Kind.ORAL_ASSENT and not sitting.asked.recording:
        found.pop()  # nobody reads, so nothing asks for one
    return found


def _signature(sitting: Sitting, typed: QueryDict, errors: Errors, may_keep_sheet: bool) -> list[Section]:
    if sitting.kind == Kind.ORAL_ASSENT:
        methods: tuple[str, ...] = (Method.SPOKEN, Method.PAPER)
    elif sitting.can_be_on_screen:
        methods = (Method.SCREEN, Method.PAPER)
    else:
        methods = (Method.PAPER,)
    who = (
        _("Signature of the representative")
        if sitting.by_representative
        else _("Signature of the participant")
    )
    found = sheets.signature_sections(typed, errors, who=who, methods=methods, may_keep_sheet=may_keep_sheet)
    if Method.SCREEN in methods and may_keep_sheet:
        witness = sheets.pad(
            "witness_drawing",
            _("Signature of the witness"),
            typed,
            errors,
            only_for_witness=not sitting.asked.witness,
        )
        found[1] = replace(found[1], more={"pads": [*found[1].more["pads"], witness]})
    of_sheet = found[-1]
    found[-1] = replace(
        of_sheet,
        fields=[
            FieldView(
                "document",
                _("Version on the sheet"),
                widget="select",
                value=typed.get("document", ""),
                choices=versions(sitting),
                errors=[*errors.get("document", []), *errors.get("document_version", [])],
                required=False,
            ),
            *of_sheet.fields,
            FieldView(
                "obtainer",
                _("Obtained by"),
                widget="select",
                value=typed.get("obtainer", ""),
                choices=obtainers(sitting.participant),
                errors=[*errors.get("obtainer", []), *errors.get("obtained_by", [])],
                help=_("Who explained it and took the signature; delegated and trained on that day."),
            ),
            inputs.shown(
                "as_it_happened",
                typed,
                errors,
                label=_("A rule was broken: what happened, and why"),
                help=_(
                    "Only when the form above refuses what really happened, such as a signature under an old version."
                    " It is then entered as it was, and becomes a finding. At least 10 characters."
                ),
            ),
        ],
    )
    return found


def _after(sitting: Sitting, typed: QueryDict, errors: Errors) -> Section:
    return Section(
        _("Afterwards"),
        [
            *(
                [
                    inputs.shown(
                        "copy_given",
                        typed,
                        errors,
                        label=_("A signed copy was given"),
                        help=_("“No” puts it on the worklist."),
                    )
                ]
                if sitting.kind != Kind.ORAL_ASSENT
                else []
            ),
            inputs.shown("note", typed, errors, help=_("No name and no address.")),
        ],
    )


def initial_of(sitting: Sitting, user: Any) -> QueryDict:
    """What is known before anything is typed. No answer of the person is chosen beforehand."""
    values: dict[str, Any] = {"signed_on": sitting.today.isoformat(), "obtainer": user.username}
    if sitting.kind == Kind.ORAL_ASSENT:
        values["method"] = Method.SPOKEN.value
    if not sitting.asked.recording:
        values["audio_visual"] = AudioVisual.NOT_REQUIRED.value
    if sitting.text is not None:
        values["document"] = str(sitting.text.pk)
    return inputs.filled(values)
