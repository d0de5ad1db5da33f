"""`/api/v1/sessions/` and `/api/v1/products/`: the two things that are more than their form.

Every form of a session is also at `/api/v1/forms/<key>/`; these endpoints add what is derived from all of them: the
state of a product, its expiry, its evaluations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from apps.celldose import actions, crfs, selectors
from apps.celldose.lifecycle import State
from apps.celldose.models import CellProduct, CellSession, Component, ReleaseEvaluation
from apps.celldose.product_file import ProductFile
from studyportal.access.declare import get_visible_or_404
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.filters import SinceFilter
from studyportal.crf import display
from studyportal.crf.api import CrfView, payload, saved
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.crf.refusals import as_problems
from studyportal.crf.serializers import serializer_of

WRITES = {"GET": Permission.VIEW_DATA, "POST": Permission.ENTER_DATA, "PATCH": Permission.ENTER_DATA}


class ProductInSession(serializers.Serializer):
    id = serializers.IntegerField()
    component = serializers.ChoiceField(choices=Component.choices)
    product_identifier = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=[(one.value, one.value) for one in State])


class SessionSerializer(serializer_of(crfs.CELL_SESSION.key)):  # type: ignore[misc]
    """A cell therapy session. Sent without a number, it takes the next one; without a date, it is planned."""

    harvests = serializers.ListField(child=serializers.IntegerField(), read_only=True)
    products = ProductInSession(many=True, read_only=True)


class ProductSerializer(serializer_of(crfs.CELL_PRODUCT.key)):  # type: ignore[misc]
    """A cell product with its state, folded from its records."""

    session = serializers.IntegerField(read_only=True)
    session_number = serializers.IntegerField(read_only=True)
    state = serializers.ChoiceField(choices=[(one.value, one.value) for one in State], read_only=True)
    out_of_order = serializers.ListField(child=serializers.CharField(), read_only=True)
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    expiry_not_derivable = serializers.CharField(read_only=True, allow_blank=True)
    decision = serializers.CharField(read_only=True, allow_null=True)
    total_dose = serializers.CharField(read_only=True, allow_null=True)
    dose_per_kg = serializers.CharField(read_only=True, allow_null=True)


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


class SessionFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    number = filters.NumberFilter(min_value=0, max_value=100)
    updated_since = SinceFilter("updated_at")

    class Meta:
        model = CellSession
        fields: list[str] = []


class ProductFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    session = filters.NumberFilter(field_name="harvest__session_id", min_value=0, max_value=2**62)
    component = filters.ChoiceFilter(choices=Component.choices)
    product_identifier = filters.CharFilter()
    updated_since = SinceFilter("updated_at")

    class Meta:
        model = CellProduct
        fields: list[str] = []


def session_json(session: CellSession) -> dict[str, Any]:
    files = selectors.files_of_session(session)
    return display.as_json(crfs.CELL_SESSION, session, session.participant.code) | {
        "harvests": [harvest.pk for harvest in session.harvests.all()],
        "products": [
            {
                "id": file.product.pk,
                "component": file.product.component,
                "product_identifier": file.product.product_identifier,
                "state": file.life.state,
            }
            for file in files
        ],
    }


def product_json(file: ProductFile) -> dict[str, Any]:
    product, expiry = file.product, file.expires_at
    unknown = isinstance(expiry, NotDerivable)
    dose, per_kg = (file.infusion.total_dose, file.infusion.dose_per_kg) if file.infusion else (None, None)
    return display.as_json(crfs.CELL_PRODUCT, product, product.participant.code) | {
        "session": file.session.pk,
        "session_number": file.session.number,
        "state": file.life.state,
        "out_of_order": list(file.life.out_of_order),
        "expires_at": None if unknown else expiry,
        "expiry_not_derivable": expiry.why if isinstance(expiry, NotDerivable) else "",
        "decision": file.decision.decision if file.decision else None,
        "total_dose": None if dose is None else format(dose, "f"),
        "dose_per_kg": None if per_kg is None else format(per_kg, "f"),
    }


def refuse_unknown(raw: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raises CrfInvalid naming every member that the endpoint does not take."""
    problems = [
        Problem(str(name)[:80], "unknown_field", _("There is no such field. Fields: %s.") % ", ".join(known))
        for name in raw
        if name not in known
    ]
    if problems:
        raise CrfInvalid(problems)


class SessionView(CrfView):
    spec = crfs.CELL_SESSION
    serializer_class = SessionSerializer
    filterset_class = SessionFilters
    permissions = WRITES

    def get_queryset(self) -> Any:
        permission = WRITES.get(self.request.method or "", Permission.VIEW_DATA)
        return selectors.sessions(self.request.user, permission).order_by("id")

    def answer(self, pk: int, status: int = 200) -> Response:
        session = selectors.sessions(self.request.user).get(pk=pk)
        return Response(session_json(session), status=status, headers={"ETag": etag_of(session.version)})


class Sessions(SessionView):
    """List the sessions that you may see; plan or record one."""

    @extend_schema(operation_id="sessions_list", responses=SessionSerializer(many=True), tags=["sessions"])
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([session_json(session) for session in page or []])

    @extend_schema(operation_id="sessions_create", responses={201: SessionSerializer}, tags=["sessions"])
    def post(self, request: Any) -> Response:
        raw = payload(request)
        known = ("participant", "number", "planned_on", "performed_on", "remarks", "absent")
        with as_problems():
            refuse_unknown(raw, known)
            participant, _parents = self.owner_and_parents(raw)
            if participant is None:
                raise CrfInvalid([Problem("participant", "required", _("Say whose session this is."))])
            session = actions.plan_session(
                participant=participant,
                by=request.user,
                **{name: raw[name] for name in known[1:] if name in raw},
            )
        return self.answer(session.pk, status=201)


class SessionDetail(SessionView):
    """Read and change one session; a change names the version that it saw."""

    @extend_schema(operation_id="sessions_retrieve", tags=["sessions"])
    def get(self, request: Any, pk: int) -> Response:
        get_visible_or_404(CellSession.objects.all(), request.user, Permission.VIEW_DATA, pk=pk)
        return self.answer(pk)

    @extend_schema(operation_id="sessions_change", tags=["sessions"])
    def patch(self, request: Any, pk: int) -> Response:
        session = get_visible_or_404(
            CellSession.objects.select_related("participant"), request.user, Permission.ENTER_DATA, pk=pk
        )
        raw = dict(payload(request))
        self.refuse_moves(raw, session)
        # A session stays planned until its date, or the reason why there is none, is given.
        done = session.is_complete or raw.get("performed_on") is not None or "absent" in raw
        raw.setdefault("complete", done)
        saved(self.spec, request=request, raw=raw, record=session, expected_version=version_seen(request))
        return self.answer(pk)


class ProductView(CrfView):
    spec = crfs.CELL_PRODUCT
    serializer_class = ProductSerializer
    filterset_class = ProductFilters
    permissions = WRITES

    def get_queryset(self) -> Any:
        return selectors.products_of(
            self.request.user, WRITES.get(self.request.method or "", Permission.VIEW_DATA)
        )

    def answer(self, pk: int, status: int = 200) -> Response:
        product = selectors.products_of(self.request.user).get(pk=pk)
        return Response(
            product_json(ProductFile.of(product)), status=status, headers={"ETag": etag_of(product.version)}
        )


class Products(ProductView):
    """List the cell products that you may see; make the product of a harvest."""

    @extend_schema(operation_id="products_list", responses=ProductSerializer(many=True), tags=["products"])
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([product_json(ProductFile.of(product)) for product in page or []])

    @extend_schema(operation_id="products_create", responses={201: ProductSerializer}, tags=["products"])
    def post(self, request: Any) -> Response:
        raw = payload(request)
        known = ("participant", "harvest", "component", "product_identifier", "autologous_only", "absent")
        with as_problems():
            refuse_unknown(raw, known)
            participant, parents = self.owner_and_parents(raw)
            harvest = parents.get("harvest")
            if harvest is None:
                raise CrfInvalid(
                    [Problem("harvest", "required", _("Say of which harvest the product is made."))]
                )
            if participant is not None and participant.pk != harvest.participant_id:
                raise CrfInvalid(
                    [Problem("harvest", "other_participant", _("This belongs to another participant."))]
                )
            product = actions.create_product(
                harvest=harvest,
                product_identifier=raw.get("product_identifier"),
                by=request.user,
                **{name: raw[name] for name in ("autologous_only", "component", "absent") if name in raw},
            )
        return self.answer(product.pk, status=201)


class ProductDetail(ProductView):
    """Read and change one product; a change names the version that it saw."""

    @extend_schema(operation_id="products_retrieve", tags=["products"])
    def get(self, request: Any, pk: int) -> Response:
        get_visible_or_404(CellProduct.objects.all(), request.user, Permission.VIEW_DATA, pk=pk)
        return self.answer(pk)

    @extend_schema(operation_id="products_change", tags=["products"])
    def patch(self, request: Any, pk: int) -> Response:
        product = get_visible_or_404(
            CellProduct.objects.select_related("participant"), request.user, Permission.ENTER_DATA, pk=pk
        )
        raw = payload(request)
        self.refuse_moves(raw, product)
        saved(
            self.spec,
            request=request,
            raw=raw,
            record=product,
            expected_version=version_seen(request),
        )
        return self.answer(pk)


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


api_urls = [
    path("sessions/", Sessions.as_view(), name="sessions"),
    path("sessions/<int:pk>/", SessionDetail.as_view(), name="session"),
    path("products/", Products.as_view(), name="products"),
    path("products/<int:pk>/", ProductDetail.as_view(), name="product"),
    path("products/<int:pk>/evaluations/", Evaluations.as_view(), name="product-evaluations"),
]
