"""`/api/v1/screening/<number>/eligibility/` and `…/overrides/`: answers, verdict, and what was set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.enrolment import actions
from apps.enrolment.actions.eligibility import StaleAnswers
from apps.enrolment.api.screening import READ, WORK, EntryView, members
from apps.enrolment.models import Answer, EligibilityAnswer, EligibilityOverride
from apps.enrolment.rules.eligibility import State, Verdict
from apps.enrolment.selectors import eligibility as selectors
from apps.enrolment.selectors.eligibility import Line, Sheet
from studyportal import protocol
from studyportal.access.permissions import Permission
from studyportal.api.problems import ProblemError
from studyportal.audit.looks import log_look
from studyportal.audit.serializers import ReasonField
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems
from studyportal.signatures.errors import NotPermitted, NotTheSigner
from studyportal.signatures.models import Method


class VerdictSerializer(serializers.Serializer):
    """Keys of criteria, in the order of the protocol."""

    state = serializers.ChoiceField(choices=[(one.value, one.value) for one in State])
    failing = serializers.ListField(child=serializers.CharField())
    unknown = serializers.ListField(child=serializers.CharField())
    overridden = serializers.ListField(child=serializers.CharField())


class KnownSerializer(serializers.Serializer):
    text = serializers.CharField()
    source = serializers.CharField()
    says = serializers.CharField(allow_blank=True, help_text="yes or no, where the value decides.")


class CriterionSerializer(serializers.Serializer):
    """One criterion with its answer; answer null: not answered. version 0: send it with the first answer."""

    criterion = serializers.CharField()
    kind = serializers.ChoiceField(choices=["inclusion", "exclusion"], allow_null=True)
    text = serializers.CharField(allow_null=True, help_text="null: the protocol has it no longer.")
    groups = serializers.ListField(child=serializers.CharField(), help_text="Empty: for all groups.")
    answer = serializers.ChoiceField(choices=Answer.choices, allow_null=True)
    evidence = serializers.CharField(allow_blank=True)
    explanation = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()
    protocol_version = serializers.CharField(allow_null=True)
    answered_by = serializers.CharField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    known = KnownSerializer(allow_null=True)
    question = serializers.CharField(allow_blank=True, help_text="What contradicts the answer, in words.")
    explained = serializers.BooleanField()
    override = serializers.IntegerField(allow_null=True, help_text="The override that stands.")
    broken_override = serializers.IntegerField(
        allow_null=True, help_text="The newest that fell with a later answer."
    )


class EligibilitySerializer(serializers.Serializer):
    screening = serializers.CharField()
    protocol_version = serializers.CharField()
    group = serializers.CharField(help_text="The group of `verdict`.")
    verdict = VerdictSerializer()
    verdicts = serializers.DictField(
        child=VerdictSerializer(), help_text="Every group that comes into question."
    )
    criteria = CriterionSerializer(many=True)


class AnswerSerializer(serializers.Serializer):
    answer = serializers.ChoiceField(choices=Answer.choices)
    evidence = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=500,
        help_text="Which source, and its date. Never a name.",
    )
    explanation = serializers.CharField(
        required=False, allow_blank=True, max_length=500, help_text="Why it differs from the known value."
    )
    version = serializers.IntegerField(
        min_value=0, required=False, help_text="Of the answer that you read; left out or 0: there was none."
    )


class AnswersSerializer(serializers.Serializer):
    answers = serializers.DictField(child=AnswerSerializer(), help_text="By criterion; some or all.")
    reason = ReasonField(help_text="Why an answer yes or no that was given before changes.")


class OverrideSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    screening = serializers.CharField()
    participant = serializers.CharField()
    criterion = serializers.CharField()
    criterion_text = serializers.CharField()
    answer = serializers.CharField(allow_blank=True)
    answer_version = serializers.IntegerField()
    reason = serializers.CharField()
    protocol_version = serializers.CharField()
    deviation = serializers.IntegerField()
    signer = serializers.CharField()
    signer_name = serializers.CharField()
    signer_role = serializers.CharField()
    statement = serializers.CharField()
    signed_at = serializers.DateTimeField()
    content_sha256 = serializers.CharField()
    content_format = serializers.CharField()
    method = serializers.ChoiceField(choices=Method.choices)
    stands = serializers.BooleanField(help_text="Whether the answer is still the one that it saw.")


class OverridesSerializer(serializers.Serializer):
    results = OverrideSerializer(many=True)


class OverridingSerializer(serializers.Serializer):
    criterion = serializers.CharField(max_length=60)
    reason = serializers.CharField(max_length=1000)
    version = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text="Of the answer that you read, 0 for none."
    )
    password = serializers.CharField(max_length=4096, trim_whitespace=False, write_only=True)
    code = serializers.CharField(max_length=20, required=False, allow_blank=True, default="", write_only=True)


def verdict_json(one: Verdict) -> dict[str, Any]:
    return {
        "state": one.state.value,
        "failing": list(one.failing),
        "unknown": list(one.unknown),
        "overridden": list(one.overridden),
    }


def line_json(line: Line) -> dict[str, Any]:
    said = line.answer
    return {
        "criterion": line.key,
        "kind": line.criterion.kind if line.criterion else None,
        "text": line.criterion.text if line.criterion else None,
        "groups": list(line.criterion.groups) if line.criterion else [],
        "answer": said.answer if said else None,
        "evidence": said.evidence if said else "",
        "explanation": said.explanation if said else "",
        "version": line.version,
        "protocol_version": said.protocol_version if said else None,
        "answered_by": said.answered_by.get_username() if said and said.answered_by else None,
        "answered_at": said.answered_at if said else None,
        "known": {"text": line.known.text, "source": line.known.source, "says": line.known.says}
        if line.known
        else None,
        "question": line.question,
        "explained": line.explained,
        "override": line.override.pk if line.override else None,
        "broken_override": line.broken.pk if line.broken else None,
    }


def sheet_json(sheet: Sheet) -> dict[str, Any]:
    return {
        "screening": sheet.entry.number,
        "protocol_version": protocol.current().version,
        "group": sheet.group,
        "verdict": verdict_json(sheet.verdict),
        "verdicts": {group: verdict_json(one) for group, one in sheet.verdicts.items()},
        "criteria": [line_json(line) for line in (*sheet.lines, *sheet.gone)],
    }


def override_json(one: EligibilityOverride, stands: bool) -> dict[str, Any]:
    return {
        "id": one.pk,
        "screening": one.entry.number,
        "participant": one.participant.code,
        "criterion": one.criterion,
        "criterion_text": one.criterion_text,
        "answer": one.answer,
        "answer_version": one.answer_version,
        "reason": one.reason,
        "protocol_version": one.protocol_version,
        "deviation": one.deviation_id,
        "signer": one.signer.get_username(),
        "signer_name": one.signer_name,
        "signer_role": one.signer_role,
        "statement": one.statement,
        "signed_at": one.signed_at,
        "content_sha256": one.content_sha256,
        "content_format": one.content_format,
        "method": one.method,
        "stands": stands,
    }


def told(error: StaleAnswers) -> ProblemError:
    """412 with the answers as they stand now."""
    return ProblemError(
        412,
        "stale_version",
        _("Somebody answered meanwhile. Read the answers below, and send yours again with their versions."),
        current={
            one.criterion: {"answer": one.answer, "evidence": one.evidence, "version": one.version}
            for one in error.answers
        },
    )


class Eligibility(EntryView):
    """The criteria with their answers and the verdict that follows; answer some or all."""

    permissions = {"GET": READ, "PUT": WORK}

    @extend_schema(operation_id="eligibility_retrieve", responses=EligibilitySerializer, tags=["screening"])
    def get(self, request: Any, number: str) -> Response:
        entry = self.entry(request, number, READ)
        if not request.user.may(WORK, entry.site_id):
            log_look(what="screening_entry", by=request.user, site=entry.site_id, detail=entry.number)
        return Response(sheet_json(selectors.sheet_of(entry)))

    @extend_schema(
        operation_id="eligibility_answer",
        request=AnswersSerializer,
        responses=EligibilitySerializer,
        tags=["screening"],
    )
    def put(self, request: Any, number: str) -> Response:
        entry = self.entry(request, number)
        with as_problems():
            raw = members(request, ("answers", "reason"))
            answers = raw.get("answers")
            if not isinstance(answers, Mapping) or not answers:
                said = _("Give the answers by criterion: {“t1dm”: {“answer”: “yes”}}.")
                raise CrfInvalid([Problem("answers", "required", said)])
            try:
                actions.eligibility.answer(
                    entry=entry, by=request.user, answers=answers, reason=raw.get("reason")
                )
            except StaleAnswers as error:
                raise told(error) from None
        return Response(sheet_json(selectors.sheet_of(self.entry(request, number))))


class Overrides(EntryView):
    """What was set aside, oldest first; set a criterion aside with your password, as an investigator of the site."""

    permissions = {"GET": READ, "POST": Permission.SIGN_RECORDS}

    @extend_schema(operation_id="overrides_list", responses=OverridesSerializer, tags=["screening"])
    def get(self, request: Any, number: str) -> Response:
        entry = self.entry(request, number, READ)
        versions = dict(EligibilityAnswer.objects.filter(entry=entry).values_list("criterion", "version"))
        found = (
            EligibilityOverride.objects.filter(entry=entry)
            .select_related("entry", "participant", "signer")
            .order_by("id")
        )
        return Response(
            {
                "results": [
                    override_json(one, versions.get(one.criterion, 0) == one.answer_version) for one in found
                ]
            }
        )

    @extend_schema(
        operation_id="overrides_create",
        request=OverridingSerializer,
        responses={201: OverrideSerializer},
        tags=["screening"],
    )
    def post(self, request: Any, number: str) -> Response:
        entry = self.entry(request, number, Permission.SIGN_RECORDS)
        asked = OverridingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        with as_problems():
            try:
                made = actions.overrides.override(
                    entry=entry,
                    criterion=given["criterion"],
                    reason=given["reason"],
                    by=request.user,
                    request=request,
                    password=given["password"],
                    code=given["code"],
                    version_seen=given["version"],
                )
            except StaleAnswers as error:
                raise told(error) from None
            except (NotPermitted, NotTheSigner) as error:
                raise ProblemError(403, error.code, str(error)) from None
        return Response(override_json(made, True), status=201)


api_urls = [
    path("screening/<str:number>/eligibility/", Eligibility.as_view(), name="screening-eligibility"),
    path("screening/<str:number>/overrides/", Overrides.as_view(), name="screening-overrides"),
]
