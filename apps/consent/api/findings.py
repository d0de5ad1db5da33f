"""`/api/v1/consent-findings/`: the sixteen questions, answered from the records as they are: counts, and the findings."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import urlencode

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.consent.rules.findings import BY_NUMBER, NUMBERS
from apps.consent.selectors import findings as selectors
from apps.consent.selectors.findings import SEVERITIES, Choice, ParticipantFinding, Place
from studyportal.access.permissions import Permission
from studyportal.api.problems import ProblemError
from studyportal.audit.looks import log_look
from studyportal.words import translated

VERDICTS = ("fail", "indeterminate")
SIZE, LARGEST = 50, 500


class AboutSerializer(serializers.Serializer):
    model = serializers.CharField(help_text="Such as consent.consentevent or visits.visit.")
    id = serializers.CharField(help_text="Key of the record; of the screening log, the screening number.")


class ConsentFindingSerializer(serializers.Serializer):
    participant = serializers.CharField(
        allow_null=True, help_text="Participant code; null: a person of the screening log, named in `about`."
    )
    site = serializers.CharField()
    synthetic = serializers.BooleanField()
    number = serializers.IntegerField(help_text="Which of the sixteen questions.")
    question = serializers.CharField()
    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=SEVERITIES)
    verdict = serializers.ChoiceField(
        choices=VERDICTS, help_text="indeterminate: the record shows neither that it is met nor broken."
    )
    message = serializers.CharField()
    about = AboutSerializer(allow_null=True, help_text="The record; null: the participant as a whole.")


class FindingsPageSerializer(serializers.Serializer):
    next = serializers.CharField(allow_null=True, help_text="Address of the next page.")
    results = ConsentFindingSerializer(many=True)


class CountsByVerdictSerializer(serializers.Serializer):
    failed = serializers.IntegerField()
    undecided = serializers.IntegerField()


class CountedQuestionSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    question = serializers.CharField()
    definition = serializers.CharField()
    limits = serializers.CharField(help_text="What no record of the portal can show.", allow_blank=True)
    severity = serializers.ChoiceField(choices=SEVERITIES, help_text="The gravest that a finding can be.")
    critical = serializers.IntegerField()
    major = serializers.IntegerField()
    minor = serializers.IntegerField()
    undecided = serializers.IntegerField()
    participants = serializers.IntegerField()
    sites = serializers.DictField(child=CountsByVerdictSerializer())


class FindingCountsSerializer(serializers.Serializer):
    participants = serializers.IntegerField(help_text="Who was looked at.")
    with_a_finding = serializers.IntegerField()
    questions = CountedQuestionSerializer(many=True)


class AmendmentSerializer(serializers.Serializer):
    document = serializers.IntegerField()
    site = serializers.CharField()
    title = serializers.CharField()
    version = serializers.CharField()
    signed_anew_from = serializers.DateField(allow_null=True)
    concerned = serializers.IntegerField()
    signed = serializers.IntegerField()
    in_time = serializers.IntegerField(help_text="Signed within the days of the protocol.")
    late = serializers.IntegerField()
    due = serializers.IntegerField(help_text="Not signed, and still in time.")
    overdue = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True, help_text="Per cent of those concerned who signed.")
    median_lag_days = serializers.FloatField(allow_null=True)
    longest_lag_days = serializers.IntegerField(allow_null=True)


SITE = OpenApiParameter("site", str, description="Code of a site")
NUMBER = OpenApiParameter("number", int, description="One of the sixteen questions")
PARAMETERS = [
    SITE,
    NUMBER,
    OpenApiParameter("verdict", str, enum=VERDICTS),
    OpenApiParameter("severity", str, enum=SEVERITIES),
    OpenApiParameter("participant", str, description="Participant code"),
]
PAGING = [
    OpenApiParameter("limit", int, description=f"Findings of a page, at most {LARGEST}; default {SIZE}"),
    OpenApiParameter("cursor", str, description="Where the page goes on, from `next`"),
]


class FindingsView(APIView):
    permissions = {"GET": Permission.VIEW_FINDINGS}
    # Names of the query that the view understands; others are refused, so that a misspelt one is not lost in silence.
    names: tuple[str, ...] = tuple(one.name for one in PARAMETERS)

    def choice(self) -> Choice:
        asked: dict[str, str] = {name: value for name, value in self.request.query_params.items() if value}
        errors = [
            {
                "field": str(name)[:80],
                "code": "unknown_parameter",
                "message": _("There is no such parameter."),
            }
            for name in asked
            if name not in self.names
        ]
        for name, known in (("verdict", VERDICTS), ("severity", SEVERITIES)):
            if asked.get(name, known[0]) not in known:
                errors.append(_wrong(name, _("One of: %s.") % ", ".join(known)))
        number = asked.get("number", "")
        if number and number not in {str(one) for one in NUMBERS}:
            errors.append(_wrong("number", _("A question from 1 to 16.")))
        errors += [
            _wrong(name, _("This is no code."))
            for name in ("site", "participant")
            if not (asked.get(name, "").isascii() and asked.get(name, "").isprintable())
        ]
        if errors:
            raise ProblemError(400, "invalid", _("The query is not understood."), errors=errors)
        return Choice(
            site=asked.get("site", ""),
            numbers=frozenset({int(number)}) if number else NUMBERS,
            verdict=asked.get("verdict", ""),
            severity=asked.get("severity", ""),
            participant=asked.get("participant", ""),
        )

    def looked(self, choice: Choice, what: str) -> None:
        said: dict[str, Any] = {"of": what, "site": choice.site, "verdict": choice.verdict}
        if len(choice.numbers) == 1:
            said["number"] = next(iter(choice.numbers))
        log_look(
            what="consent_findings_api",
            by=self.request.user,
            participant_code=choice.participant[:16],
            detail=said,
        )


def _wrong(field: str, message: str) -> dict[str, str]:
    return {"field": field, "code": "invalid", "message": message}


class ConsentFindings(FindingsView):
    """The findings, in order of participants and questions; then those of the screening log."""

    names = (*FindingsView.names, *(one.name for one in PAGING))

    @extend_schema(
        operation_id="consent_findings_list",
        parameters=[*PARAMETERS, *PAGING],
        responses=FindingsPageSerializer,
        tags=["consent-findings"],
    )
    def get(self, request: Any) -> Response:
        choice, size = self.choice(), self._size()
        rows, after = selectors.page(request.user, choice, self._place(), size)
        self.looked(choice, "list")
        return Response(
            {"next": self._address(after) if after else None, "results": [as_json(one) for one in rows]}
        )

    def _size(self) -> int:
        text = self.request.query_params.get("limit", "") or str(SIZE)
        if not (text.isascii() and text.isdigit() and int(text[:6]) > 0 and len(text) < 7):
            raise ProblemError(
                400, "invalid", _("The query is not understood."), errors=[_wrong("limit", _("A number from 1 on."))]
            )  # fmt: skip
        return min(int(text), LARGEST)

    def _place(self) -> Place:
        text = self.request.query_params.get("cursor", "")
        if not text:
            return Place()
        try:
            log, pk, seen = base64.urlsafe_b64decode(text.encode()).decode().split(".")
            if log not in "pl" or len(pk) > 18 or len(seen) > 9:
                raise ValueError
            return Place(log == "l", int(pk), int(seen))
        except (ValueError, binascii.Error) as error:
            message = _("Take the cursor from `next` as it is.")
            raise ProblemError(
                400, "invalid_cursor", _("The query is not understood."), errors=[_wrong("cursor", message)]
            ) from error

    def _address(self, place: Place) -> str:
        text = f"{'l' if place.of_log else 'p'}.{place.pk}.{place.seen}"
        asked = self.request.query_params.dict() | {
            "cursor": base64.urlsafe_b64encode(text.encode()).decode()
        }
        return str(self.request.build_absolute_uri(f"{self.request.path}?{urlencode(asked)}"))


class ConsentFindingCounts(FindingsView):
    """The sixteen questions counted, as they are now."""

    @extend_schema(
        operation_id="consent_findings_counts",
        parameters=PARAMETERS,
        responses=FindingCountsSerializer,
        tags=["consent-findings"],
    )
    def get(self, request: Any) -> Response:
        choice = self.choice()
        tally = selectors.tally(request.user, choice)
        self.looked(choice, "counts")
        return Response(
            {
                "participants": tally.looked_at,
                "with_a_finding": tally.people,
                "questions": [
                    {
                        "number": number,
                        "question": BY_NUMBER[number].title,
                        "definition": BY_NUMBER[number].definition,
                        "limits": BY_NUMBER[number].limits,
                        "severity": BY_NUMBER[number].severity,
                        **{severity: one.failed[severity] for severity in SEVERITIES},
                        "undecided": one.undecided,
                        "participants": one.participants,
                        "sites": {
                            code: {"failed": failed, "undecided": undecided}
                            for code, (failed, undecided) in sorted(one.sites.items())
                        },
                    }
                    for number, one in tally.questions.items()
                ],
            }
        )


class ConsentAmendments(FindingsView):
    """Each amendment that asks for a new signature: how many it concerns, how many signed, and with what lag."""

    names = (SITE.name,)

    @extend_schema(
        operation_id="consent_findings_amendments",
        parameters=[SITE],
        responses=AmendmentSerializer(many=True),
        tags=["consent-findings"],
    )
    def get(self, request: Any) -> Response:
        choice = self.choice()
        rows = selectors.amendments(request.user, choice)
        self.looked(choice, "amendments")
        return Response(
            [
                {
                    "document": one.document.id,
                    "site": one.site_code,
                    "title": one.document.title,
                    "version": one.document.version_label,
                    "signed_anew_from": one.document.reconsent_from or one.document.valid_from,
                    "concerned": one.concerned,
                    "signed": one.signed,
                    "in_time": one.states["signed"],
                    "late": one.states["late"],
                    "due": one.states["due"],
                    "overdue": one.states["overdue"],
                    "share": one.share,
                    "median_lag_days": one.median_lag,
                    "longest_lag_days": one.longest_lag,
                }
                for one in rows
            ]
        )


def as_json(one: ParticipantFinding) -> dict[str, Any]:
    found = one.finding
    return {
        "participant": one.participant.code if one.participant.participant else None,
        "site": one.participant.site_code,
        "synthetic": one.participant.synthetic,
        "number": found.number,
        "question": found.title,
        "code": found.code,
        "severity": found.severity,
        "verdict": found.verdict,
        "message": translated(found.message),
        "about": {"model": found.about.model, "id": str(found.about.key)} if found.about else None,
    }


api_urls = [
    path("consent-findings/", ConsentFindings.as_view(), name="consent-findings"),
    path("consent-findings/counts/", ConsentFindingCounts.as_view(), name="consent-finding-counts"),
    path("consent-findings/amendments/", ConsentAmendments.as_view(), name="consent-finding-amendments"),
]
