"""`/api/v1/possible-duplicates/`: which participants may be one person, by code, and settling it.

Nothing of an identity is in it. There is no API for identities.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, stale, version_seen
from studyportal.api.problems import ProblemError
from studyportal.audit.serializers import ReasonField
from studyportal.identity import duplicates, settling
from studyportal.identity.duplicates import Seen
from studyportal.identity.errors import IdentityInvalid, StaleIdentity
from studyportal.identity.models import Agreement, DuplicateState, PossibleDuplicate, Strength
from studyportal.words import translated


class PossibleDuplicateSerializer(serializers.Serializer):
    """One participant who may be the same person as another. What concerns the other one is null for who may not see
    it: the staff of a site are told that there is one, at which site and by what agreement is a data manager's."""

    id = serializers.IntegerField()
    participant = serializers.CharField(help_text="Code of the participant.")
    site = serializers.CharField()
    other_participant = serializers.CharField(allow_null=True)
    other_site = serializers.CharField(allow_null=True)
    pair = serializers.UUIDField(allow_null=True)
    agreement = serializers.ListField(
        child=serializers.ChoiceField(choices=Agreement.choices), allow_null=True
    )
    strength = serializers.ChoiceField(choices=Strength.choices, allow_null=True)
    state = serializers.ChoiceField(choices=DuplicateState.choices)
    stays_in_analysis = serializers.BooleanField(allow_null=True)
    found_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    settled_because = serializers.CharField()
    version = serializers.IntegerField()


class SettlementSerializer(serializers.Serializer):
    """What a pair is: one person, of whose codes one stays in the analysis, or two."""

    decision = serializers.ChoiceField(
        choices=[(one.value, one.label) for one in settling.DECISIONS], help_text="What it is."
    )
    stays = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=20, help_text="Code, for the same person."
    )
    reason = ReasonField(help_text="Read by the staff of both sites: no code, no site.")


def as_json(one: Seen) -> dict[str, Any]:
    row, other = one.row, one.other
    return {
        "id": row.pk,
        "participant": row.participant.code,
        "site": row.site.code,
        "other_participant": other.participant.code if other else None,
        "other_site": other.site.code if other else None,
        "pair": row.pair if other else None,
        "agreement": row.agreement if other else None,
        "strength": row.strength if other else None,
        "state": row.state,
        "stays_in_analysis": row.stays_in_analysis,
        "found_at": row.found_at,
        "settled_at": row.settled_at,
        "settled_because": row.settled_because,
        "version": row.version,
    }


class DuplicateFilters(filters.FilterSet):
    state = filters.ChoiceFilter(choices=DuplicateState.choices)
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")

    class Meta:
        model = PossibleDuplicate
        fields: list[str] = []


class DuplicateView(generics.GenericAPIView):
    permissions: Any = {"GET": duplicates.SHOWN}
    serializer_class = PossibleDuplicateSerializer
    queryset = PossibleDuplicate.objects.none()

    def get_queryset(self) -> Any:
        return duplicates.visible(self.request.user)

    def one_or_404(self, pk: int) -> Seen:
        try:
            row = self.get_queryset().filter(pk=pk).first()
        except OverflowError:
            row = None
        if row is None:
            raise Http404(_("No possible duplicate with this identifier among those that you may see."))
        return duplicates.seen(self.request.user, [row])[0]


class PossibleDuplicates(DuplicateView):
    """Those of the participants that you may know: each participant of a pair is a line of its own."""

    filterset_class = DuplicateFilters

    @extend_schema(operation_id="possible_duplicates_list", tags=["participants"])
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(
            [as_json(one) for one in duplicates.seen(request.user, page or [])]
        )


class PossibleDuplicateDetail(DuplicateView):
    @extend_schema(operation_id="possible_duplicates_retrieve", tags=["participants"])
    def get(self, request: Any, pk: int) -> Response:
        one = self.one_or_404(pk)
        return Response(as_json(one), headers={"ETag": etag_of(one.row.version)})


class Settlement(DuplicateView):
    """Settle a pair, naming the version that was seen; both participants of the pair are settled."""

    permissions = {"POST": Permission.RESOLVE_DUPLICATES}

    @extend_schema(
        operation_id="possible_duplicates_settle",
        request=SettlementSerializer,
        responses=PossibleDuplicateSerializer,
        tags=["participants"],
    )
    def post(self, request: Any, pk: int) -> Response:
        one = self.one_or_404(pk)
        if not one.may_settle:
            raise Http404(_("No pair with this identifier among those that you settle."))
        version = version_seen(request)
        given = SettlementSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            settling.settle(
                pair=one.row.pair,
                decision=given.validated_data["decision"],
                stays=given.validated_data["stays"],
                by=request.user,
                reason=request.data.get("reason"),
                expected_version=version,
            )
        except IdentityInvalid as error:
            errors = [
                {"field": p.field or "", "code": p.code, "message": translated(p.message)}
                for p in error.problems
            ]
            raise ProblemError(400, "invalid", _("Nothing was saved: see errors."), errors=errors) from None
        except StaleIdentity as error:
            raise stale(error.version) from None
        fresh = self.one_or_404(pk)
        return Response(as_json(fresh), headers={"ETag": etag_of(fresh.row.version)})


api_urls = [
    path("possible-duplicates/", PossibleDuplicates.as_view(), name="possible-duplicates"),
    path("possible-duplicates/<int:pk>/", PossibleDuplicateDetail.as_view(), name="possible-duplicate"),
    path("possible-duplicates/<int:pk>/settle/", Settlement.as_view(), name="possible-duplicate-settlement"),
]
