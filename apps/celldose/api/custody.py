"""`/api/v1/products/<id>/custody/`, `…/labels/`, `/api/v1/donation-numbers/`, `/api/v1/near-misses/`."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from apps.celldose import crfs, selectors
from apps.celldose.actions import labels as printing
from apps.celldose.actions import numbers
from apps.celldose.api.readings import CheckSerializer, check_json
from apps.celldose.api.sessions import refuse_unknown
from apps.celldose.custody_contexts import chain_of
from apps.celldose.models import Aliquot, Container, DonationNumber, IdentityStep, LabelPrint, NearMiss
from apps.celldose.product_file import ProductFile
from apps.celldose.rules import identifiers
from apps.celldose.selectors import custody
from apps.celldose.views.labels import file_of
from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.api.filters import SinceFilter
from studyportal.crf.api import CrfView, payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems


class LinkSerializer(serializers.Serializer):
    """A hand-over in the chain, with what is not logged before it."""

    id = serializers.IntegerField()
    leg = serializers.CharField(allow_null=True)
    given_by = serializers.CharField(allow_null=True)
    from_place = serializers.CharField(allow_null=True)
    given_at = serializers.DateTimeField(allow_null=True)
    received_by = serializers.CharField(allow_null=True)
    to_place = serializers.CharField(allow_null=True)
    received_at = serializers.DateTimeField(allow_null=True)
    minutes = serializers.IntegerField(allow_null=True)
    gaps = serializers.ListField(child=serializers.CharField())


class AliquotInChain(serializers.Serializer):
    id = serializers.IntegerField()
    identifier = serializers.CharField()
    purpose = serializers.CharField(allow_null=True)
    volume_ml = serializers.CharField(allow_null=True)
    disposition = serializers.CharField(allow_null=True)


class ContainerInChain(serializers.Serializer):
    id = serializers.IntegerField()
    identifier = serializers.CharField()
    kind = serializers.CharField(allow_null=True)
    volume_ml = serializers.CharField(allow_null=True)
    aliquots = AliquotInChain(many=True)


class CustodySerializer(serializers.Serializer):
    """Whose a product is and where it has been."""

    product = serializers.IntegerField()
    product_identifier = serializers.CharField(allow_null=True)
    checks = CheckSerializer(many=True)
    hand_overs = LinkSerializer(many=True)
    gaps = serializers.ListField(child=serializers.CharField())
    holder = serializers.CharField(allow_blank=True)
    containers = ContainerInChain(many=True)


def _text(number: Any) -> str | None:
    return None if number is None else format(number, "f")


def custody_json(file: ProductFile) -> dict[str, Any]:
    chain = chain_of(file)
    legs = ("leg", "given_by", "from_place", "given_at", "received_by", "to_place", "received_at")
    return {
        "product": file.product.pk,
        "product_identifier": file.product.product_identifier,
        "checks": [check_json(file, step) for step in IdentityStep.values],
        "hand_overs": [
            {"id": link.hand_over.pk, "minutes": link.minutes, "gaps": list(link.gaps)}
            | {name: getattr(link.hand_over, name) for name in legs}
            for link in chain.links
        ],
        "gaps": list(chain.gaps),
        "holder": "" if file.infusion or file.discard else chain.holder,
        "containers": [
            {
                "id": one.pk,
                "identifier": one.identifier,
                "kind": one.kind,
                "volume_ml": _text(one.volume_ml),
                "aliquots": [
                    {
                        "id": part.pk,
                        "identifier": part.identifier,
                        "purpose": part.purpose,
                        "volume_ml": _text(part.volume_ml),
                        "disposition": part.disposition,
                    }
                    for part in one.aliquots.all()
                ],
            }
            for one in file.containers
        ],
    }


class Custody(CrfView):
    """The chain of custody of a product: identity checks, hand-overs with what is not logged, containers, aliquots."""

    spec = crfs.CELL_PRODUCT
    serializer_class = CustodySerializer
    pagination_class = None
    filterset_class = None
    permissions = {"GET": Permission.VIEW_DATA}

    @extend_schema(operation_id="custody_retrieve", responses=CustodySerializer, tags=["custody"])
    def get(self, request: Any, pk: int) -> Response:
        file = ProductFile.of(selectors.product_or_404(pk, request.user))
        return Response(CustodySerializer(custody_json(file)).data)


# --- labels -------------------------------------------------------------------------------------------------


class LabelPrintSerializer(serializers.ModelSerializer):
    """Labels that were printed."""

    printed_by = serializers.CharField(source="printed_by.username", read_only=True)
    container = serializers.IntegerField(write_only=True, required=False)
    aliquot = serializers.IntegerField(write_only=True, required=False)

    class Meta:
        model = LabelPrint
        fields = (
            "id", "product", "identifier", "size", "print_number", "copies", "reason", "file_sha256", "printed_by",
            "printed_at", "container", "aliquot",
        )  # fmt: skip
        read_only_fields = ("product", "identifier", "size", "print_number", "file_sha256", "printed_at")
        extra_kwargs = {"copies": {"required": False}, "reason": {"required": False}}


class Labels(CrfView):
    """What was printed for a product; print labels of it, of a container or of an aliquot: the answer is the PDF."""

    spec = crfs.CELL_PRODUCT
    serializer_class = LabelPrintSerializer
    pagination_class = None
    filterset_class = None
    permissions = {"GET": Permission.VIEW_DATA, "POST": Permission.HANDLE_PRODUCTS}

    @extend_schema(
        operation_id="label_prints_list", responses=LabelPrintSerializer(many=True), tags=["custody"]
    )
    def get(self, request: Any, pk: int) -> Response:
        product = selectors.product_or_404(pk, request.user)
        prints = product.label_prints.select_related("printed_by").order_by("id")
        return Response(LabelPrintSerializer(prints, many=True).data)

    @extend_schema(
        operation_id="labels_print",
        request=LabelPrintSerializer,
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
        tags=["custody"],
    )
    def post(self, request: Any, pk: int) -> Any:
        product = selectors.product_or_404(pk, request.user, Permission.HANDLE_PRODUCTS)
        raw = payload(request)
        with as_problems(), timezone.override(ZoneInfo(product.site.timezone)):
            refuse_unknown(raw, ("container", "aliquot", "copies", "reason"))
            copies, reason = raw.get("copies", 1), raw.get("reason") or ""
            if isinstance(copies, bool) or not isinstance(copies, int):
                raise CrfInvalid([Problem("copies", "type", _("Give a whole number."))])
            if not isinstance(reason, str) or "\x00" in reason:
                raise CrfInvalid([Problem("reason", "type", _("Give text."))])
            done = printing.print_labels(
                product=product,
                by=request.user,
                container=_of(Container.objects.filter(product=product), raw, "container"),
                aliquot=_of(Aliquot.objects.filter(container__product=product), raw, "aliquot"),
                copies=copies,
                reason=reason,
            )
        return file_of(product, done)


def _of(rows: Any, raw: Any, name: str) -> Any:
    named = raw.get(name)
    if named is None:
        return None
    found = (
        rows.filter(pk=named).first()
        if isinstance(named, int) and not isinstance(named, bool) and 0 < named < 2**62
        else None
    )
    if found is None:
        raise CrfInvalid([Problem(name, "not_found", _("The product has none with this identifier."))])
    return found


# --- donation numbers ---------------------------------------------------------------------------------------


class DonationNumberSerializer(serializers.Serializer):
    """A number that was given out. grouped: as it is printed."""

    id = serializers.IntegerField(read_only=True)
    site = serializers.CharField(source="site.code")
    number = serializers.CharField(read_only=True)
    grouped = serializers.SerializerMethodField()
    given_to = serializers.CharField(source="given_to.username", read_only=True)
    given_at = serializers.DateTimeField(read_only=True)

    def get_grouped(self, number: DonationNumber) -> str:
        return identifiers.grouped(number.number)


class DonationNumbers(generics.GenericAPIView):
    """Donation numbers that the portal gave out; ask for the next one of a site."""

    queryset = DonationNumber.objects.none()
    serializer_class = DonationNumberSerializer
    permissions = {"GET": Permission.HANDLE_PRODUCTS, "POST": Permission.HANDLE_PRODUCTS}

    def get_queryset(self) -> Any:
        return (
            DonationNumber.objects.visible_to(self.request.user, Permission.HANDLE_PRODUCTS)
            .select_related("site", "given_to")
            .order_by("id")
        )

    @extend_schema(
        operation_id="donation_numbers_list", responses=DonationNumberSerializer(many=True), tags=["custody"]
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(DonationNumberSerializer(page, many=True).data)

    @extend_schema(
        operation_id="donation_numbers_create", responses={201: DonationNumberSerializer}, tags=["custody"]
    )
    def post(self, request: Any) -> Response:
        raw = payload(request)
        with as_problems():
            refuse_unknown(raw, ("site",))
            given = numbers.allocate(site=_site(raw.get("site"), request.user), by=request.user)
        return Response(DonationNumberSerializer(given).data, status=201)


def _site(code: Any, user: Any) -> Site:
    found = Site.objects.filter(code=code).first() if isinstance(code, str) and "\x00" not in code else None
    if found is None or not user.may(Permission.HANDLE_PRODUCTS, found.pk):
        raise CrfInvalid(
            [Problem("site", "not_found", _("There is no such site among those whose products you handle."))]
        )
    return found


# --- near misses --------------------------------------------------------------------------------------------


class NearMissSerializer(serializers.Serializer):
    """What would have harmed and was stopped."""

    id = serializers.IntegerField()
    product = serializers.IntegerField(source="product_id")
    product_identifier = serializers.CharField(source="product.product_identifier", allow_null=True)
    participant = serializers.CharField(source="participant.code")
    site = serializers.CharField(source="site.code")
    step = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    said = serializers.CharField(allow_blank=True)
    by = serializers.CharField(source="by.username", allow_null=True, default=None)
    at = serializers.DateTimeField()


class NearMissFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    product = filters.NumberFilter(field_name="product_id", min_value=0, max_value=2**62)
    code = filters.CharFilter()
    since = SinceFilter("at")

    class Meta:
        model = NearMiss
        fields: list[str] = []


class NearMisses(generics.GenericAPIView):
    """The near misses of the sites whose safety you may see, in order of entry."""

    queryset = NearMiss.objects.none()
    serializer_class = NearMissSerializer
    filterset_class = NearMissFilters
    permissions = {"GET": Permission.VIEW_SAFETY}

    def get_queryset(self) -> Any:
        return custody.near_misses(self.request.user).order_by("id")

    @extend_schema(operation_id="near_misses_list", responses=NearMissSerializer(many=True), tags=["custody"])
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(NearMissSerializer(page, many=True).data)
