"""`/api/v1/products/<id>/evaluations/` and `…/release/`: the criteria as they stood, and the signed decision."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from apps.celldose import actions, crfs, gates, selectors
from apps.celldose.api.sessions import refuse_unknown
from apps.celldose.lifecycle import State
from apps.celldose.models import CellProduct, Decision, Informed, ReleaseEvaluation
from apps.celldose.product_file import ProductFile
from apps.celldose.release import as_json
from studyportal import protocol
from studyportal.access.declare import get_visible_or_404
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.problems import ProblemError
from studyportal.crf import display
from studyportal.crf.api import CrfView, errors_of, payload
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.refusals import as_problems
from studyportal.crf.serializers import serializer_of
from studyportal.signatures.errors import NotPermitted, NotSigned, NotTheSigner
from studyportal.words import translated


class CriterionSerializer(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    specification = serializers.CharField()
    result = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["pass", "fail", "pending", "not_evaluable"])
    why = serializers.CharField(allow_blank=True)


class EvaluationSerializer(serializers.Serializer):
    """The release criteria of a product as they stood at one moment."""

    id = serializers.IntegerField()
    product = serializers.IntegerField(source="product_id")
    evaluated_at = serializers.DateTimeField()
    evaluated_by = serializers.CharField(source="evaluated_by.username")
    protocol_version = serializers.CharField()
    fingerprint = serializers.CharField()
    criteria = CriterionSerializer(many=True)


class Evaluations(CrfView):
    """The evaluations of a product's release criteria, newest first; evaluate them now."""

    spec = crfs.CELL_PRODUCT
    serializer_class = EvaluationSerializer
    pagination_class = None
    filterset_class = None
    permissions = {"GET": Permission.VIEW_DATA, "POST": Permission.RELEASE_PRODUCTS}

    def get_queryset(self) -> Any:
        return (
            ReleaseEvaluation.objects.visible_to(self.request.user)
            .select_related("evaluated_by")
            .order_by("-id")
        )

    @extend_schema(
        operation_id="evaluations_list", responses=EvaluationSerializer(many=True), tags=["products"]
    )
    def get(self, request: Any, pk: int) -> Response:
        product = get_visible_or_404(CellProduct.objects.all(), request.user, Permission.VIEW_DATA, pk=pk)
        return Response(EvaluationSerializer(self.get_queryset().filter(product=product), many=True).data)

    @extend_schema(
        operation_id="evaluations_create",
        request=inline_serializer("EvaluateNow", {}),
        responses={201: EvaluationSerializer},
        tags=["products"],
    )
    def post(self, request: Any, pk: int) -> Response:
        product = get_visible_or_404(
            CellProduct.objects.all(), request.user, Permission.RELEASE_PRODUCTS, pk=pk
        )
        with as_problems():
            evaluation = actions.evaluate_release(product=product, by=request.user)
        return Response(EvaluationSerializer(evaluation).data, status=201)


class PossibleSerializer(serializers.Serializer):
    """A decision, and what stands against it now: none when it can be taken."""

    decision = serializers.ChoiceField(choices=Decision.choices)
    bars = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


class ReleaseStateSerializer(serializers.Serializer):
    """Where the release of a product stands: criteria as the results are now, the decision, and what it is worth."""

    product = serializers.IntegerField()
    state = serializers.ChoiceField(choices=[(one.value, one.value) for one in State])
    quarantine = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    expires_at = serializers.DateTimeField(allow_null=True)
    expiry_not_derivable = serializers.CharField(allow_blank=True)
    protocol_version = serializers.CharField()
    criteria = CriterionSerializer(many=True)
    evaluation = EvaluationSerializer(allow_null=True)
    outdated = serializers.CharField(allow_blank=True)
    decision = serializer_of(crfs.RELEASE.key)(allow_null=True)
    signed = serializers.BooleanField()
    grown_late = serializers.ListField(child=serializers.CharField())
    possible = PossibleSerializer(many=True)


class DecidingSerializer(serializers.Serializer):
    """A decision that is signed at once. version (or If-Match): of the decision that is changed by this one."""

    decision = serializers.ChoiceField(choices=Decision.choices)
    released_at = serializers.DateTimeField()
    grounds = serializers.CharField(required=False)
    conditions = serializers.CharField(required=False)
    exceptional_reason = serializers.CharField(required=False)
    exceptional_informed = serializers.ListField(
        child=serializers.ChoiceField(choices=Informed.choices), required=False
    )
    use_by = serializers.DateTimeField(required=False)
    reason_rejected = serializers.CharField(required=False)
    absent = serializers.DictField(child=serializers.CharField(), required=False)
    reason = serializers.CharField(required=False)
    version = serializers.IntegerField(required=False, min_value=1)
    password = serializers.CharField(max_length=4096, trim_whitespace=False, write_only=True)
    code = serializers.CharField(max_length=20, required=False, allow_blank=True, write_only=True)


def release_json(file: ProductFile) -> dict[str, Any]:
    expiry, decision = file.expires_at, file.decision
    return {
        "product": file.product.pk,
        "state": file.life.state,
        "quarantine": errors_of(file.quarantine),
        "expires_at": None if isinstance(expiry, NotDerivable) else expiry,
        "expiry_not_derivable": translated(expiry.why) if isinstance(expiry, NotDerivable) else "",
        "protocol_version": protocol.current().version,
        "criteria": as_json(file.judged),
        "evaluation": EvaluationSerializer(file.evaluation).data if file.evaluation else None,
        "outdated": file.outdated,
        "decision": display.as_json(crfs.RELEASE, decision, file.product.participant.code)
        if decision
        else None,
        "signed": file.is_signed,
        "grown_late": list(file.grown_late),
        "possible": [
            {"decision": decision, "bars": errors_of(bars)}
            for decision, bars in gates.decisions_now(file).items()
        ],
    }


class ReleaseOfProduct(CrfView):
    """Read where the release of a product stands; decide and sign in one step."""

    spec = crfs.RELEASE
    serializer_class = ReleaseStateSerializer
    pagination_class = None
    filterset_class = None
    permissions = {"GET": Permission.VIEW_DATA, "POST": Permission.RELEASE_PRODUCTS}

    def answer(self, pk: int, status: int = 200) -> Response:
        file = ProductFile.of(selectors.product_or_404(pk, self.request.user))
        headers = {"ETag": etag_of(file.decision.version)} if file.decision else {}
        return Response(release_json(file), status=status, headers=headers)

    @extend_schema(operation_id="product_release_retrieve", tags=["products"])
    def get(self, request: Any, pk: int) -> Response:
        return self.answer(pk)

    @extend_schema(
        operation_id="product_release_decide",
        request=DecidingSerializer,
        responses={201: ReleaseStateSerializer},
        tags=["products"],
    )
    def post(self, request: Any, pk: int) -> Response:
        product = selectors.product_or_404(pk, request.user, Permission.RELEASE_PRODUCTS)
        raw = dict(payload(request))
        with as_problems():
            refuse_unknown(raw, tuple(DecidingSerializer().fields))
        said = {name: raw.pop(name, "") for name in ("decision", "password", "code")}
        asked = _Asked(data=said | {"version": raw.pop("version", None)})
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        version = given.pop("version", None)
        if version is None and request.headers.get("If-Match"):
            version = version_seen(request)
        with as_problems():
            try:
                actions.decide(
                    product=product,
                    by=request.user,
                    request=request,
                    expected_version=version,
                    **given,
                    **raw,
                )
            except (NotPermitted, NotTheSigner) as error:
                raise ProblemError(403, error.code, str(error)) from None
            except NotSigned as error:
                raise ProblemError(409, error.code, str(error)) from None
        return self.answer(pk, status=201)


class _Asked(serializers.Serializer):
    """What of the request is not a field of the form; the form itself judges the rest."""

    decision = serializers.CharField(max_length=40)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    code = serializers.CharField(max_length=20, allow_blank=True)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, allow_null=True)
