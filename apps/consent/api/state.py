"""`/api/v1/participants/<code>/consent-state/` and `…/consent-to-sign/`: what is in force, and who must sign."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from apps.consent import selectors
from apps.consent.models import DocumentPurpose, Kind, Purpose, Signer, WithdrawalScope
from apps.consent.rules.due import Due
from apps.consent.selectors.signers import to_sign
from apps.enrolment.models import Participant
from studyportal.access.clock import today_at
from studyportal.access.models import AllSites
from studyportal.access.permissions import Permission
from studyportal.api.problems import ProblemError
from studyportal.crf.partial_date import PartialDate, PartialDateError
from studyportal.words import translated

VERDICTS = ("yes", "no", "indeterminate")
ON = OpenApiParameter(
    "on",
    str,
    description="The day, as far as it is known (2026-11-03, 2026-11, 2026); left out: today at the site.",
)


class DueSerializer(serializers.Serializer):
    """Something that is to be signed, or is missing beside a signature."""

    kind = serializers.CharField(
        help_text="birthday, capacity, representative, reconsent, session, copy, recording or witness."
    )
    signature = serializers.CharField(help_text="The kind of entry that is asked for.")
    from_on = serializers.DateField(allow_null=True)
    by_on = serializers.DateField(allow_null=True, help_text="The last day in time.")
    overdue = serializers.BooleanField()
    why = serializers.CharField()
    concerns = serializers.IntegerField(allow_null=True, help_text="The entry that it is about.")
    document = serializers.IntegerField(allow_null=True, help_text="The document that is to be signed.")
    session = serializers.IntegerField(allow_null=True)
    ahead = serializers.BooleanField(help_text="It cannot be signed yet.")


class ConsentStateSerializer(serializers.Serializer):
    """What may be said of consent on a day. What only dates cannot tell is indeterminate."""

    participant = serializers.CharField()
    on = serializers.CharField()
    in_force = serializers.ChoiceField(choices=VERDICTS, help_text="For taking part.")
    procedure = serializers.ChoiceField(choices=VERDICTS, help_text="For harvest and infusion.")
    all_sessions = serializers.BooleanField()
    for_sessions = serializers.ListField(child=serializers.IntegerField())
    purposes = serializers.DictField(
        child=serializers.ChoiceField(choices=VERDICTS),
        help_text="Purpose → verdict: " + ", ".join(Purpose.values),
    )
    phase = serializers.CharField(help_text="in_force, due, overdue or none.")
    until = serializers.DateField(
        allow_null=True, help_text="Last day on which it is in force, as far as known."
    )
    representative = serializers.ChoiceField(choices=Signer.choices, allow_null=True)
    missing = serializers.ListField(child=serializers.CharField())
    withdrawn = serializers.ListField(child=serializers.ChoiceField(choices=WithdrawalScope.choices))
    why = serializers.ListField(child=serializers.CharField())
    due = DueSerializer(many=True)


class TextToSignSerializer(serializers.Serializer):
    document = serializers.CharField(help_text="Send this as `document` of the entry.")
    version = serializers.CharField()
    file_sha256 = serializers.CharField()
    text_sha256 = serializers.CharField()


class ToSignSerializer(serializers.Serializer):
    """One signature that is asked for."""

    signature = serializers.ChoiceField(choices=Kind.choices)
    by_representative = serializers.BooleanField()
    purpose = serializers.ChoiceField(choices=DocumentPurpose.choices, help_text="The form that is signed.")
    session = serializers.IntegerField(allow_null=True)
    texts = serializers.DictField(child=TextToSignSerializer(), help_text="Language → what is signed in it.")
    signed = serializers.IntegerField(allow_null=True, help_text="The entry that gives it already.")
    to_be_signed = serializers.BooleanField()
    certain = serializers.BooleanField(
        help_text="False: the age is not known well enough to tell whether this signature is needed."
    )
    witness = serializers.BooleanField()
    recording = serializers.BooleanField()
    due = DueSerializer(allow_null=True)


def due_json(due: Due) -> dict[str, Any]:
    return {
        name: getattr(due, name)
        for name in (
            "kind",
            "signature",
            "from_on",
            "by_on",
            "overdue",
            "why",
            "concerns",
            "document",
            "session",
            "ahead",
        )
    }


class OfParticipant(generics.GenericAPIView):
    """What is asked of one participant on a day."""

    permissions: Any = {}
    pagination_class = None
    queryset = Participant.objects.none()

    def participant(self, code: str) -> Participant:
        """Among those of the sites where the person holds one of the permissions that this endpoint asks for."""
        asked = self.permissions["GET"]
        people = Participant.objects.select_related("site").filter(code=code.replace("\x00", ""))
        user: Any = self.request.user
        for found in people:
            for permission in asked if isinstance(asked, tuple) else (asked,):
                sites = user.sites_with(permission)
                if isinstance(sites, AllSites) or found.site_id in sites:
                    return found
        raise Http404(_("There is no participant with this code among those that you may see."))

    def day(self, participant: Participant) -> PartialDate:
        text = self.request.query_params.get("on", "").strip()  # type: ignore[attr-defined]
        if not text:
            return PartialDate.of(today_at(participant.site))
        try:
            day = PartialDate.parse(text[:40])
        except PartialDateError as error:
            said = {"field": "on", "code": error.code, "message": str(error)}
            raise ProblemError(400, "invalid", str(error), errors=[said]) from None
        if day.earliest is None:
            said = {"field": "on", "code": "day_needed", "message": _("Give a day, a month or a year.")}
            raise ProblemError(400, "invalid", said["message"], errors=[said])
        return day


class ConsentStateOf(OfParticipant):
    """What is in force for a participant on a day, for what, and what is missing."""

    serializer_class = ConsentStateSerializer
    permissions = {"GET": (Permission.VIEW_DATA, Permission.RECORD_CONSENT, Permission.VIEW_CONSENT_LOG)}

    @extend_schema(operation_id="consent_state", parameters=[ON], tags=["consent-events"])
    def get(self, request: Any, code: str) -> Response:
        participant = self.participant(code)
        day = self.day(participant)
        state = selectors.state_for(participant, day.exact or day, by=request.user)
        return Response(
            {
                "participant": participant.code,
                "on": str(day),
                "in_force": state.in_force,
                "procedure": state.procedure,
                "all_sessions": state.all_sessions,
                "for_sessions": sorted(state.for_sessions),
                "purposes": dict(state.purposes),
                "phase": state.phase,
                "until": state.until,
                "representative": state.representative,
                "missing": list(state.missing),
                "withdrawn": sorted(state.withdrawn),
                "why": [translated(one) for one in state.why],
                "due": [due_json(one) for one in state.due],
            }
        )


class ConsentToSign(OfParticipant):
    """Who must sign for a participant on a day, under which words, and what is signed already."""

    serializer_class = ToSignSerializer
    permissions = {"GET": Permission.RECORD_CONSENT}

    @extend_schema(
        operation_id="consent_to_sign",
        parameters=[ON],
        responses=ToSignSerializer(many=True),
        tags=["consent-events"],
    )
    def get(self, request: Any, code: str) -> Response:
        participant = self.participant(code)
        day = self.day(participant)
        if day.exact is None:
            said = {"field": "on", "code": "day_needed", "message": _("Give the day: it says who signs.")}
            raise ProblemError(400, "invalid", said["message"], errors=[said])
        return Response(
            [
                {
                    "signature": one.signature,
                    "by_representative": one.by_representative,
                    "purpose": one.purpose,
                    "session": one.session,
                    "texts": {
                        language: {
                            "document": str(text.pk),
                            "version": text.document.version_label,
                            "file_sha256": text.file_sha256,
                            "text_sha256": text.text_sha256,
                        }
                        for language, text in one.texts.items()
                    },
                    "signed": None if one.signed is None else one.signed.id,
                    "to_be_signed": one.to_be_signed,
                    "certain": one.certain,
                    "witness": one.witness,
                    "recording": one.recording,
                    "due": None if one.due is None else due_json(one.due),
                }
                for one in to_sign(participant, day.exact, by=request.user)
            ]
        )


api_urls = [
    path("participants/<str:code>/consent-state/", ConsentStateOf.as_view(), name="consent-state"),
    path("participants/<str:code>/consent-to-sign/", ConsentToSign.as_view(), name="consent-to-sign"),
]
