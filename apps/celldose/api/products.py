"""`/api/v1/products/`: products with their state, folded from their records."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.celldose import actions, crfs, rules, selectors
from apps.celldose.api.sessions import WRITES, refuse_unknown
from apps.celldose.lifecycle import State
from apps.celldose.models import CellProduct, Component
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
from studyportal.words import translated


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
    viable_dose = serializers.CharField(read_only=True, allow_null=True)
    dose_per_kg = serializers.CharField(read_only=True, allow_null=True)
    viable_dose_per_kg = serializers.CharField(read_only=True, allow_null=True)
    weight_kg = serializers.CharField(read_only=True, allow_null=True)
    weight_on = serializers.DateField(read_only=True, allow_null=True)
    against_plan = serializers.ChoiceField(
        choices=[(one, one) for one in ("within", "below", "above", "unknown")], read_only=True
    )
    not_derivable = serializers.DictField(child=serializers.CharField(), read_only=True)
    """Name of a dose → why it cannot be had, such as "same-day weight missing"."""


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


DOSES = ("total_dose", "viable_dose", "dose_per_kg", "viable_dose_per_kg", "weight_kg")


def product_json(file: ProductFile) -> dict[str, Any]:
    product, expiry = file.product, file.expires_at
    unknown = isinstance(expiry, NotDerivable)
    return display.as_json(crfs.CELL_PRODUCT, product, product.participant.code) | {
        "session": file.session.pk,
        "session_number": file.session.number,
        "state": file.life.state,
        "out_of_order": list(file.life.out_of_order),
        "expires_at": None if unknown else expiry,
        "expiry_not_derivable": translated(expiry.why) if isinstance(expiry, NotDerivable) else "",
        "decision": file.decision.decision if file.decision else None,
        **_doses(file),
    }


def _doses(file: ProductFile) -> dict[str, Any]:
    """What was given, by which weight, and against the planned range. Doses in 10⁶, per kg in 10⁶/kg, weight in kg."""
    infusion = file.infusion
    values = {name: getattr(infusion, name) if infusion else None for name in DOSES}
    low, high = file.product.planned_dose_low, file.product.planned_dose_high
    planned = None if low is None or high is None else (low, high)
    return {
        **{name: None if value is None else format(value, "f") for name, value in values.items()},
        "weight_on": infusion.weight_on if infusion else None,
        "against_plan": rules.compared(values["total_dose"], planned).state,
        "not_derivable": {
            name: infusion.absent_reason(name) if infusion else "not infused"
            for name, value in values.items()
            if value is None
        },
    }


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
            CellProduct.objects.select_related("participant"), request.user, Permission.HANDLE_PRODUCTS, pk=pk
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
