"""The page of one signature: the words in the signer's language, what is asked beside them, and the signature."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.consent import actions
from apps.consent.models import AudioVisual, ConsentDocumentText, Kind, Method, Purpose, Signer
from apps.consent.rules import SIGNATURES
from apps.consent.selectors import documents as register
from apps.consent.views import frame, inputs, sheets, signing_page
from apps.consent.views.choices import items_chosen
from apps.consent.views.inputs import Errors, Section
from apps.consent.views.sitting import Sitting, language_name, sitting_of, title_of
from apps.enrolment.models import Group
from apps.enrolment.selectors import participant_or_404
from studyportal.access.clock import today_at
from studyportal.access.declare import requires
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf import drafts
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.ui.posted import whole_number

PAGE = frame.page("consent-sign", "consent:sign")
MOST_SESSIONS = 20

STATED = (
    "signer_relationship", "lar_relationship_proof", "signer_can_read", "informed_at", "witness",
    "witness_relation", "audio_visual", "recording_sha256", "recording_reason", "copy_given", "note",
)  # fmt: skip


@drafts.keeps_what_was_typed
@requires(Permission.RECORD_CONSENT)
@require_http_methods(frame.METHODS)
def sign(request: HttpRequest, code: str, signature: str) -> HttpResponse:
    """Give one of the signatures. `?session=2` asks for one session; `?language=mr` shows the words in Marathi."""
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.RECORD_CONSENT)
    if signature not in SIGNATURES:
        raise Http404(_("There is no such signature."))
    session = whole_number(request.GET.get("session"), 0) or None
    if session is not None and session > MOST_SESSIONS:
        raise Http404(_("There is no such session."))
    with timezone.override(ZoneInfo(participant.site.timezone)):
        sitting = sitting_of(
            participant,
            signature,
            session=session,
            language=request.GET.get("language", ""),
            today=today_at(participant.site),
            by=user,
        )
        may_keep_sheet = user.may(Permission.EDIT_IDENTITY, participant.site_id)

        title = title_of(signature, session)

        def sections(typed: QueryDict, errors: Errors) -> list[Section]:
            return signing_page.sections_of(sitting, typed, errors, may_keep_sheet=may_keep_sheet)

        def act(typed: QueryDict, ticket: str) -> tuple[str, str]:
            actions.sign(by=user, ticket=ticket, **stated(sitting, typed, request, user))
            return _("“%s” is in the consent log.") % title, frame.home_url(participant)

        return frame.entered(
            request,
            participant=participant,
            page=PAGE,
            place=frame.place_of(signature=signature, session=session),
            template="consent/sign.html",
            initial=signing_page.initial_of(sitting, user),
            sections=sections,
            act=act,
            title=title,
            sitting=sitting,
            language_name=language_name(sitting.language),
            tabs=signing_page.tabs(sitting, request.GET),
            document_url=signing_page.document_url(sitting.text),
            save_label=_("Sign and add to the log"),
        )


def stated(sitting: Sitting, typed: QueryDict, request: HttpRequest, user: Any) -> dict[str, Any]:
    """What `actions.sign` takes. CrfInvalid with everything that the page itself can see to be missing."""
    problems: list[Problem] = []
    found: dict[str, Any] = {
        "participant": sitting.participant,
        "kind": sitting.kind,
        "signer": typed.get("signer", "") if sitting.by_representative else Signer.PARTICIPANT.value,
        "session_number": sitting.asked.session,
        **inputs.stated(typed, STATED),
    }
    if sitting.by_representative and not found["signer"]:
        problems.append(Problem("signer", "required", _("Say who signs for the participant.")))
    if sitting.kind != Kind.ORAL_ASSENT and "signer_can_read" not in found:
        problems.append(
            Problem("signer_can_read", "required", _("Ask: it decides whether a witness is needed."))
        )
    if sitting.asked.recording and "audio_visual" not in found:
        problems.append(
            Problem("audio_visual", "required", _("A recording is asked for: say whether it was made."))
        )
    if found.get("audio_visual") == AudioVisual.REQUIRED_NOT_DONE and "recording_reason" not in found:
        problems.append(Problem("recording_reason", "required", _("Say why there is no recording.")))
    if typed.get("capacity"):
        found["capacity"] = typed["capacity"]
    if sitting.kind in signing_page.CONSENTS:
        found |= _purposes(sitting, typed, problems)
    try:
        found |= sheets.signed(typed, request.FILES)
    except CrfInvalid as error:
        problems += error.problems
    if not typed.get("method"):
        problems.append(Problem("method", "required", _("Choose how it is signed.")))
    on_screen = typed.get("method") == Method.SCREEN
    if on_screen:
        found |= {"document": sitting.text, "obtainer": user}
        if sitting.text is None or not sitting.text.text:
            problems.append(
                Problem("method", "no_words", _("These words cannot be shown, so they are signed on paper."))
            )
        if typed.get("signer_can_read") == "false":
            try:
                found["witness_sheet"] = sheets.drawing_of(typed, "witness_drawing")
            except CrfInvalid as error:
                problems += error.problems
    else:
        found |= {
            "document": _document(sitting, typed, problems),
            "obtainer": _obtainer(sitting, typed, problems),
        }
        if typed.get("as_it_happened", "").strip():
            found["as_it_happened"] = typed["as_it_happened"]
    if typed.get("signer_can_read") == "false":
        problems += [
            Problem(name, "required", _("The signer cannot read: say who the impartial witness is."))
            for name in ("witness", "witness_relation")
            if name not in found
        ]
    elif not sitting.asked.witness:
        # What was typed before the answer changed is not meant.
        found = {name: value for name, value in found.items() if name not in ("witness", "witness_relation")}
    if problems:
        raise CrfInvalid(problems)
    return found


def _purposes(sitting: Sitting, typed: QueryDict, problems: list[Problem]) -> dict[str, Any]:
    if sitting.asked.session is not None:
        return {"purposes": [Purpose.PROCEDURE.value]}
    purposes = [Purpose.PARTICIPATION.value]
    declined: list[str] = []
    if sitting.participant.group != Group.CONTROL:
        answer = typed.get("item-procedure", "")
        if answer == "true":
            purposes.append(Purpose.PROCEDURE.value)
        elif answer != "false":
            problems.append(Problem("item-procedure", "required", _("Ask the person: yes or no.")))
    try:
        agreed, declined = items_chosen(typed)
        purposes += agreed
    except CrfInvalid as error:
        problems += error.problems
    return {"purposes": purposes, "declined": declined or None}


def _document(sitting: Sitting, typed: QueryDict, problems: list[Problem]) -> ConsentDocumentText | None:
    """The version that the sheet bears, among those of the site."""
    chosen = typed.get("document", "")
    if not chosen:
        return None
    found = register.texts().filter(document__site=sitting.participant.site, pk=whole_number(chosen)).first()
    if found is None:
        problems.append(Problem("document", "not_found", _("The site has no such version.")))
    return found


def _obtainer(sitting: Sitting, typed: QueryDict, problems: list[Problem]) -> User | None:
    known = dict(signing_page.obtainers(sitting.participant))
    chosen = typed.get("obtainer", "")
    if chosen not in known:
        problems.append(Problem("obtainer", "required", _("Choose who obtained it.")))
        return None
    return User.objects.get(username=chosen)
