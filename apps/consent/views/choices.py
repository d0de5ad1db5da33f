"""What may be agreed to or declined while taking part, and the dissent of a child."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from apps.consent import actions, rules, selectors
from apps.consent.models import OPTIONAL, Kind, Method, Purpose, Signer
from apps.consent.views import frame, inputs, sheets
from apps.consent.views.inputs import Errors, Section
from apps.enrolment.models import Participant
from apps.enrolment.selectors import participant_or_404
from studyportal.access.clock import today_at
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf import drafts
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import ShowIf
from studyportal.ui.parts import FieldView

ITEMS_PAGE = frame.page("consent-items", "consent:items")
DISSENT_PAGE = frame.page("consent-dissent", "consent:dissent")

ABOUT_ITEMS = {
    Purpose.SAMPLE_STORAGE: lazy("What is left of blood and cells is kept, and may be examined later."),
    Purpose.FUTURE_CONTACT: lazy("The study may get in touch after it has ended."),
    Purpose.DATA_SHARING: lazy("Coded data may be given to other researchers."),
    Purpose.IMAGES: lazy("Photographs or films may be taken in which the person may be recognised."),
}


def item_fields(typed: QueryDict, errors: Errors) -> list[FieldView]:
    """Yes or no to each optional item; neither is chosen beforehand."""
    return [
        FieldView(
            f"item-{item.value}",
            item.label,
            widget="yesno",
            value={"true": True, "false": False}.get(typed.get(f"item-{item.value}", "")),
            help=str(ABOUT_ITEMS[item]),
            errors=errors.get(f"item-{item.value}", []),
        )
        for item in OPTIONAL
    ]


def items_chosen(typed: QueryDict) -> tuple[list[str], list[str]]:
    """What was agreed to and what was declined. CrfInvalid for an item to which nothing was answered."""
    given = {item.value: typed.get(f"item-{item.value}", "") for item in OPTIONAL}
    silent = [key for key, answer in given.items() if answer not in ("true", "false")]
    if silent:
        raise CrfInvalid(
            [Problem(f"item-{key}", "required", _("Ask the person: yes or no.")) for key in silent]
        )
    return [k for k, a in given.items() if a == "true"], [k for k, a in given.items() if a == "false"]


def items_standing(participant: Participant) -> dict[str, bool]:
    """Optional item → what was said last, of those that were answered at all."""
    found: dict[str, bool] = {}
    for event in rules.effective_events(event.as_event() for event in selectors.events_of(participant)):
        for key in OPTIONAL:
            if key in (event.purposes or ()):
                found[key.value] = True
            elif key in event.declined:
                found[key.value] = False
    return found


@drafts.keeps_what_was_typed
@requires(Permission.RECORD_CONSENT)
@require_http_methods(frame.METHODS)
def items(request: HttpRequest, code: str) -> HttpResponse:
    """Change what is agreed to beside taking part."""
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.RECORD_CONSENT)
    may_keep_sheet = user.may(Permission.EDIT_IDENTITY, participant.site_id)

    def sections(typed: QueryDict, errors: Errors) -> list[Section]:
        return [
            Section(
                _("Optional items"),
                item_fields(typed, errors),
                help=_(
                    "Each may be declined without leaving the study. What is declined stops from that day."
                ),
            ),
            Section(
                _("Who decides"),
                [
                    inputs.shown("signer", typed, errors, widget="radio", required=True),
                    inputs.shown("signer_relationship", typed, errors, show_if=ShowIf("signer", ("other",))),
                ],
            ),
            *sheets.signature_sections(
                typed,
                errors,
                who=_("Signature of who decides"),
                methods=(Method.SCREEN, Method.PAPER),
                may_keep_sheet=may_keep_sheet,
            ),
        ]

    def act(typed: QueryDict, ticket: str) -> tuple[str, str]:
        agreed, declined = items_chosen(typed)
        actions.record_event(
            participant=participant,
            kind=Kind.OPTIONAL_ITEMS,
            by=user,
            obtainer=user,
            ticket=ticket,
            purposes=agreed or None,
            declined=declined or None,
            **inputs.stated(typed, ("signer", "signer_relationship", "note")),
            **sheets.signed(typed, request.FILES),
        )
        return _("The optional items are in the log."), frame.home_url(participant)

    with timezone.override(ZoneInfo(participant.site.timezone)):
        standing = {f"item-{key}": yes for key, yes in items_standing(participant).items()}
        return frame.entered(
            request,
            participant=participant,
            page=ITEMS_PAGE,
            template="consent/form.html",
            initial=inputs.filled(standing | {"signed_on": today_at(participant.site).isoformat()}),
            sections=sections,
            act=act,
            title=_("Optional items"),
            about=_("What the person agrees to beside taking part, as it stands now and as it shall be."),
        )


@drafts.keeps_what_was_typed
@requires(Permission.RECORD_CONSENT)
@require_http_methods(frame.METHODS)
def dissent(request: HttpRequest, code: str) -> HttpResponse:
    """A child says no. The representative's consent does not outweigh it."""
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.RECORD_CONSENT)

    def sections(typed: QueryDict, errors: Errors) -> list[Section]:
        return [
            Section(
                _("The child says no"),
                [
                    inputs.shown("signed_on", typed, errors, label=_("Said on"), widget="date"),
                    inputs.shown("signed_at", typed, errors, label=_("Day and time, if known"), help=""),
                    inputs.shown(
                        "note",
                        typed,
                        errors,
                        label=_("In the child's words, as far as they were said"),
                        help=_("No name and no address."),
                    ),
                ],
            )
        ]

    def act(typed: QueryDict, ticket: str) -> tuple[str, str]:
        actions.record_event(
            participant=participant,
            kind=Kind.DISSENT,
            by=user,
            obtainer=user,
            ticket=ticket,
            signer=Signer.PARTICIPANT.value,
            method=Method.SPOKEN.value,
            **inputs.stated(typed, ("signed_on", "signed_at", "note")),
        )
        return _("The dissent is in the log, and holds from the day on which it was said."), frame.home_url(
            participant
        )

    with timezone.override(ZoneInfo(participant.site.timezone)):
        return frame.entered(
            request,
            participant=participant,
            page=DISSENT_PAGE,
            template="consent/form.html",
            initial=inputs.filled({"signed_on": today_at(participant.site).isoformat()}),
            sections=sections,
            act=act,
            title=_("Dissent of the child"),
            about=_(
                "A child who does not want to take part, or not any more, is heard: nothing is done against it, whatever"
                " the representative signed. A later assent of the child opens it again."
            ),
        )
