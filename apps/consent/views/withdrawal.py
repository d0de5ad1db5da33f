"""Taking back what was agreed to, which is as easy as agreeing: one page, no reason asked, nothing in between."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from apps.consent import actions, selectors
from apps.consent.models import Kind, Method, Signer, WithdrawalScope
from apps.consent.views import frame, inputs, sheets
from apps.consent.views.inputs import Errors, Section
from apps.enrolment.selectors import participant_or_404
from studyportal.access.clock import today_at
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf import drafts
from studyportal.crf.spec import ShowIf

PAGE = frame.page("consent-withdraw", "consent:withdraw")

# What each scope stops, and what it leaves: read to the person before anything is ticked.
STOPS = {
    WithdrawalScope.TREATMENT: lazy(
        "No further harvest and no further infusion. Visits and data go on, so that what was given before is watched."
    ),
    WithdrawalScope.VISITS: lazy(
        "No further visit, harvest or infusion. Data that come up in ordinary care may still be entered."
    ),
    WithdrawalScope.NEW_DATA: lazy(
        "Nothing about days after this one is entered, from visits or from the hospital. Reports of harm are still made."
    ),
    WithdrawalScope.FUTURE_CONTACT: lazy("Nobody of the study calls, writes or visits any more."),
    WithdrawalScope.SAMPLE_USE: lazy("Stored samples are no longer examined or given on."),
    WithdrawalScope.ERASURE_REQUEST: lazy(
        "The person asks that the data be erased. The data manager decides what the law lets the study erase;"
        " until then nothing of it is analysed or given on."
    ),
}
BY_SIGNER = ShowIf("signer", tuple(one for one in Signer.values if one != Signer.PARTICIPANT))


@drafts.keeps_what_was_typed
@requires(Permission.RECORD_CONSENT)
@require_http_methods(frame.METHODS)
def withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Enter a withdrawal. It holds from the day on which the person said so."""
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.RECORD_CONSENT)
    may_keep_sheet = user.may(Permission.EDIT_IDENTITY, participant.site_id)
    gone = selectors.state_for(participant, today_at(participant.site)).withdrawn

    def sections(typed: QueryDict, errors: Errors) -> list[Section]:
        return [
            Section(
                _("What is taken back"),
                [
                    inputs.shown(
                        "withdrawal_scopes",
                        typed,
                        errors,
                        label=_("From now on"),
                        required=True,
                        choices=[
                            (scope.value, f"{scope.label}: {STOPS[scope]}") for scope in WithdrawalScope
                        ],
                    ),
                    inputs.shown(
                        "data_retained",
                        typed,
                        errors,
                        label=_("May the data collected so far be kept and analysed?"),
                        help=_("Ask the person. Left empty: not asked."),
                    ),
                ],
                help=_(
                    "Several may be ticked. Whatever is not ticked goes on. The person need give no reason,"
                    " and loses nothing of the ordinary care."
                ),
            ),
            Section(
                _("Who takes it back"),
                [
                    inputs.shown(
                        "signer", typed, errors, label=_("Taken back by"), widget="radio", required=True
                    ),
                    inputs.shown("signer_relationship", typed, errors, show_if=ShowIf("signer", ("other",))),
                    inputs.shown(
                        "note",
                        typed,
                        errors,
                        label=_("In the person's words, if they wish"),
                        help=_("No name and no address."),
                    ),
                ],
            ),
            *sheets.signature_sections(
                typed,
                errors,
                who=_("Signature of who takes it back"),
                methods=(Method.SPOKEN, Method.PAPER, Method.SCREEN),
                may_keep_sheet=may_keep_sheet,
                how=_("How it was said"),
                help=_("Spoken is enough, face to face or by telephone. Nobody has to sign a withdrawal."),
            ),
        ]

    def act(typed: QueryDict, ticket: str) -> tuple[str, str]:
        names = ("withdrawal_scopes", "data_retained", "signer", "signer_relationship", "note")
        actions.record_event(
            participant=participant,
            kind=Kind.WITHDRAWAL,
            by=user,
            obtainer=user,
            ticket=ticket,
            **inputs.stated(typed, names),
            **sheets.signed(typed, request.FILES),
        )
        return _(
            "The withdrawal is in the log, and holds from the day on which it was said."
        ), frame.home_url(participant)

    with timezone.override(ZoneInfo(participant.site.timezone)):
        initial = inputs.filled(
            {"signed_on": today_at(participant.site).isoformat(), "method": Method.SPOKEN.value}
        )
        return frame.entered(
            request,
            participant=participant,
            page=PAGE,
            template="consent/withdraw.html",
            initial=initial,
            sections=sections,
            act=act,
            title=_("Withdraw consent"),
            save_label=_("Withdraw"),
            save_kind="danger",
            gone=[WithdrawalScope(scope).label for scope in WithdrawalScope.values if scope in gone],
        )
