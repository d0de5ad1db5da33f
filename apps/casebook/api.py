"""`/api/v1/queries/`: read queries; answer, close and reopen them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from apps.casebook import actions, life_api
from studyportal.access.declare import get_visible_or_404
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of
from studyportal.api.filters import SinceFilter
from studyportal.api.problems import ProblemError
from studyportal.crf.api import payload
from studyportal.queries import actions as query_actions
from studyportal.queries.models import Query, QueryState

LONGEST_TEXT = 2000


class QueryMessageSerializer(serializers.Serializer):
    """One thing said in a query; author null: the portal itself."""

    author = serializers.CharField(allow_null=True)
    text = serializers.CharField()
    state = serializers.ChoiceField(choices=QueryState.choices)
    at = serializers.DateTimeField()


class QuerySerializer(serializers.Serializer):
    """A question about a field, a form or a participant."""

    id = serializers.IntegerField()
    participant = serializers.CharField()
    site = serializers.CharField()
    form = serializers.CharField(help_text="Key of the form; “visit” for a visit, empty for the participant.")
    record = serializers.IntegerField(allow_null=True)
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    state = serializers.ChoiceField(choices=QueryState.choices)
    origin = serializers.CharField()
    explained_value = serializers.CharField(allow_null=True)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    messages = QueryMessageSerializer(many=True)


class QueryTextSerializer(serializers.Serializer):
    """What is said with the change of state."""

    text = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True)


def as_json(query: Query) -> dict[str, Any]:
    return {
        "id": query.pk,
        "participant": query.participant.code,
        "site": query.site.code,
        "form": query.form,
        "record": query.object_id,
        "field": query.field,
        "code": query.code,
        "message": query.words,
        "state": query.state,
        "origin": query.origin,
        "explained_value": query.explained_value,
        "opened_at": query.opened_at,
        "closed_at": query.closed_at,
        "version": query.version,
        "messages": [
            {
                "author": message.author.get_username() if message.author else None,
                "text": message.text,
                "state": message.state,
                "at": message.at,
            }
            for message in query.messages.all()
        ],
    }


class QueryFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    form = filters.CharFilter()
    record = filters.NumberFilter(field_name="object_id", min_value=0, max_value=2**62)
    state = filters.ChoiceFilter(choices=QueryState.choices)
    code = filters.CharFilter()
    opened_since = SinceFilter("opened_at")

    class Meta:
        model = Query
        fields: list[str] = []


class QueryView(generics.GenericAPIView):
    serializer_class = QuerySerializer
    permission = Permission.VIEW_DATA

    def get_queryset(self) -> Any:
        return (
            Query.objects.visible_to(self.request.user, Permission.VIEW_DATA)
            .select_related("participant", "site")
            .prefetch_related("messages__author")
            .order_by("id")
        )


class Queries(QueryView):
    """List the queries of your sites."""

    filterset_class = QueryFilters

    @extend_schema(operation_id="queries_list", responses=QuerySerializer(many=True), tags=["queries"])
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([as_json(query) for query in page or []])


class QueryDetail(QueryView):
    """Read one query with everything said in it."""

    @extend_schema(operation_id="queries_retrieve", responses=QuerySerializer, tags=["queries"])
    def get(self, request: Any, pk: int) -> Response:
        return answer_of(get_visible_or_404(self.get_queryset(), request.user, Permission.VIEW_DATA, pk=pk))


class QueryMove(generics.GenericAPIView):
    """What the three changes of state share."""

    serializer_class = QueryTextSerializer
    permission: Permission
    act: Callable[..., Query]

    def move(self, request: Any, pk: int) -> Response:
        queries = Query.objects.select_related("participant", "site")
        query = get_visible_or_404(queries, request.user, self.permission, pk=pk)
        raw = payload(request)
        unknown = [str(name)[:80] for name in raw if name != "text"]
        if unknown:
            raise ProblemError(
                400,
                "invalid",
                _("Nothing was saved: see errors."),
                errors=[
                    {"field": name, "code": "unknown_field", "message": _("Only “text” is taken.")}
                    for name in unknown
                ],
            )
        said = QueryTextSerializer(data=raw)
        said.is_valid(raise_exception=True)
        try:
            type(self).act(query=query, text=said.validated_data.get("text", ""), by=request.user)
        except query_actions.QueryRefused as error:
            raise ProblemError(409, "refused", str(error)) from None
        return answer_of(
            Query.objects.select_related("participant", "site")
            .prefetch_related("messages__author")
            .get(pk=query.pk)
        )


def answer_of(query: Query) -> Response:
    return Response(as_json(query), headers={"ETag": etag_of(query.version)})


def _close(**given: Any) -> Query:
    return query_actions.close(**given)


def _reopen(**given: Any) -> Query:
    return query_actions.reopen(**given)


class QueryAnswer(QueryMove):
    """Explain the value that was asked about."""

    permission = Permission.ENTER_DATA
    act = staticmethod(actions.answer)

    @extend_schema(operation_id="queries_answer", responses=QuerySerializer, tags=["queries"])
    def post(self, request: Any, pk: int) -> Response:
        return self.move(request, pk)


class QueryClose(QueryMove):
    """Accept the answer."""

    permission = Permission.MANAGE_QUERIES
    act = staticmethod(_close)

    @extend_schema(operation_id="queries_close", responses=QuerySerializer, tags=["queries"])
    def post(self, request: Any, pk: int) -> Response:
        return self.move(request, pk)


class QueryReopen(QueryMove):
    """Ask again, saying why."""

    permission = Permission.MANAGE_QUERIES
    act = staticmethod(_reopen)

    @extend_schema(operation_id="queries_reopen", responses=QuerySerializer, tags=["queries"])
    def post(self, request: Any, pk: int) -> Response:
        return self.move(request, pk)


api_urls = [
    path("queries/", Queries.as_view(), name="queries"),
    path("queries/<int:pk>/", QueryDetail.as_view(), name="query-detail"),
    path("queries/<int:pk>/answer/", QueryAnswer.as_view(), name="query-answer"),
    path("queries/<int:pk>/close/", QueryClose.as_view(), name="query-close"),
    path("queries/<int:pk>/reopen/", QueryReopen.as_view(), name="query-reopen"),
    *life_api.api_urls,
]
