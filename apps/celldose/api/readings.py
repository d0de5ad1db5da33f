"""`/api/v1/products/<id>/readings/`: who read which label, and with a second person in the same request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.celldose import crfs, second_person, selectors
from apps.celldose.actions import readings
from apps.celldose.api.sessions import refuse_unknown
from apps.celldose.models import IdentityReading, IdentityStep
from apps.celldose.models.codes import HowRead
from apps.celldose.product_file import ProductFile
from studyportal.access.permissions import Permission
from studyportal.access.signing_in.reauthentication import NotConfirmed
from studyportal.api.problems import ProblemError
from studyportal.crf.api import CrfView, payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.fields import MomentField
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems

SENT = ("step", "identifier", "participant_code", "how", "read_at", "witness_of", "second")
OF_SECOND = ("username", "password", "code", "identifier", "participant_code")


class ReadingSerializer(serializers.Serializer):
    """What one signed-in person read at one step."""

    id = serializers.IntegerField(read_only=True)
    product = serializers.IntegerField(source="product_id", read_only=True)
    step = serializers.ChoiceField(choices=IdentityStep.choices)
    reader = serializers.CharField(source="reader.username", read_only=True)
    reader_name = serializers.CharField(read_only=True)
    reader_role = serializers.CharField(read_only=True)
    witness_of = serializers.IntegerField(source="witness_of_id", allow_null=True, required=False)
    how = serializers.ChoiceField(choices=HowRead.choices)
    identifier = serializers.CharField(source="identifier_read", max_length=80)
    participant_code = serializers.CharField(source="participant_code_read", max_length=80)
    matches = serializers.BooleanField(read_only=True)
    said = serializers.CharField(read_only=True)
    read_at = serializers.DateTimeField(required=False)
    entered_at = serializers.DateTimeField(read_only=True)


class SecondSerializer(serializers.Serializer):
    """The second person on the same device, who confirms with password and one-time code."""

    username = serializers.CharField()
    password = serializers.CharField()
    code = serializers.CharField(required=False, allow_blank=True)
    identifier = serializers.CharField(max_length=80)
    participant_code = serializers.CharField(max_length=80)


class CheckSerializer(serializers.Serializer):
    """What the readings of a step come to. matches: null while only one person has read."""

    step = serializers.ChoiceField(choices=IdentityStep.choices)
    matches = serializers.BooleanField(allow_null=True)
    said = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField(allow_null=True)
    people = serializers.ListField(child=serializers.CharField())
    by_readings = serializers.BooleanField()


class NewReadingSerializer(ReadingSerializer):
    """A reading that was made, and what the step comes to with it."""

    second = SecondSerializer(write_only=True, required=False)
    second_reading = ReadingSerializer(read_only=True, allow_null=True)
    check = CheckSerializer(read_only=True)


def check_json(file: ProductFile, step: str) -> dict[str, Any]:
    held = file.verified.get(step)
    return {
        "step": step,
        "matches": held.matches if held else None,
        "said": held.said if held else "",
        "at": held.at if held else None,
        "people": list(held.people) if held else [],
        "by_readings": held.by_readings if held else True,
    }


class Readings(CrfView):
    """The identity readings of a product in the order of their entry; record one, or both on one device.

    A first reading waits for another person's with `witness_of`; `second` records both at once. A reading that does not
    match is recorded (201) and bars the product until two people have read again.
    """

    spec = crfs.CELL_PRODUCT
    serializer_class = ReadingSerializer
    pagination_class = None
    filterset_class = None
    permissions = {"GET": Permission.VIEW_DATA, "POST": Permission.HANDLE_PRODUCTS}

    def get_queryset(self) -> Any:
        return IdentityReading.objects.visible_to(self.request.user).select_related("reader").order_by("id")

    @extend_schema(
        operation_id="identity_readings_list", responses=ReadingSerializer(many=True), tags=["custody"]
    )
    def get(self, request: Any, pk: int) -> Response:
        product = selectors.product_or_404(pk, request.user)
        return Response(ReadingSerializer(self.get_queryset().filter(product=product), many=True).data)

    @extend_schema(
        operation_id="identity_readings_create",
        request=NewReadingSerializer,
        responses={201: NewReadingSerializer},
        tags=["custody"],
    )
    def post(self, request: Any, pk: int) -> Response:
        product = selectors.product_or_404(pk, request.user, Permission.HANDLE_PRODUCTS)
        raw = payload(request)
        with as_problems():
            refuse_unknown(raw, SENT)
            common = {
                "product": product,
                "step": raw.get("step"),
                "by": request.user,
                "identifier": raw.get("identifier"),
                "participant_code": raw.get("participant_code"),
                "how": raw.get("how"),
                "read_at": _moment(raw.get("read_at")),
            }
            if raw.get("second") is not None:
                made, second = _together(request, common, raw)
            else:
                made, second = readings.read(**common, witness_of=_first(raw, product)), None
        file = ProductFile.of(selectors.product_or_404(pk, request.user, Permission.HANDLE_PRODUCTS))
        return Response(
            ReadingSerializer(made).data
            | {
                "second_reading": ReadingSerializer(second).data if second is not None else None,
                "check": CheckSerializer(check_json(file, made.step)).data,
            },
            status=201,
        )


def _together(
    request: Any, common: dict[str, Any], raw: Mapping[str, Any]
) -> tuple[IdentityReading, IdentityReading | None]:
    sent = raw["second"]
    if not isinstance(sent, Mapping):
        raise CrfInvalid([Problem("second", "type", _("Give an object: %s.") % ", ".join(OF_SECOND))])
    refuse_unknown(sent, OF_SECOND)
    if raw.get("witness_of") is not None:
        raise CrfInvalid([Problem("second", "contradiction", _("Give witness_of or second, not both."))])
    texts = {name: sent.get(name, "") for name in ("username", "password", "code")}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise CrfInvalid([Problem(f"second.{name}", "type", _("Give text."))])
    try:
        second = second_person.confirmed(request=request, **texts)
    except NotConfirmed as error:
        raise ProblemError(403, "not_confirmed", error.message) from None
    try:
        return readings.read_together(
            **common,
            second=second,
            second_identifier=sent.get("identifier") or "",
            second_participant_code=sent.get("participant_code") or "",
        )
    except readings.SecondInvalid as error:
        raise CrfInvalid([Problem(f"second.{p.field}", p.code, p.message) for p in error.problems]) from None


def _first(raw: Mapping[str, Any], product: Any) -> IdentityReading | None:
    named = raw.get("witness_of")
    if named is None:
        return None
    found = (
        IdentityReading.objects.filter(product=product, pk=named).first()
        if isinstance(named, int) and not isinstance(named, bool) and 0 < named < 2**62
        else None
    )
    if found is None:
        raise CrfInvalid(
            [Problem("witness_of", "not_found", _("The product has no reading with this identifier."))]
        )
    return found


def _moment(raw: Any) -> Any:
    try:
        return MomentField(_("Read at")).parse(raw)
    except ValidationError as error:
        raise CrfInvalid([Problem("read_at", error.code or "invalid", "; ".join(error.messages))]) from None
