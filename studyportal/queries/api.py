"""`/api/v1/queries/`: the list, asking, and each act. The API does what the pages do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.api import concurrency
from studyportal.api.concurrency import etag_of
from studyportal.api.filters import SinceFilter
from studyportal.api.problems import ProblemError
from studyportal.api.strict import StrictSerializer
from studyportal.queries import actions, selectors
from studyportal.queries.actions import LONGEST, QueryRefused, QueryStale
from studyportal.queries.models import ClosedBecause, Query, QueryOrigin, QueryState
from studyportal.queries.rules import BANDS, Age

TAGS = ["queries"]
LARGEST = 2**63 - 1
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=False,
    description="The ETag that was read. With it the act is refused (412) when somebody said something meanwhile.",
)


class QueryMessageSerializer(serializers.Serializer):
    """One thing said in a query; author null: the portal itself. act: empty for what was said before acts were kept."""

    author = serializers.CharField(allow_null=True)
    act = serializers.CharField()
    text = serializers.CharField()
    state = serializers.ChoiceField(choices=QueryState.choices)
    at = serializers.DateTimeField()


class QuerySerializer(serializers.Serializer):
    """A question about a field, a form, a visit or a participant. age_days: null when it is closed."""

    id = serializers.IntegerField()
    participant = serializers.CharField()
    site = serializers.CharField()
    form = serializers.CharField(help_text="Key of the form; “visit” for a visit, empty for the participant.")
    record = serializers.IntegerField(allow_null=True)
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    state = serializers.ChoiceField(choices=QueryState.choices)
    origin = serializers.ChoiceField(choices=QueryOrigin.choices)
    raised_by = serializers.CharField(allow_null=True, help_text="User name; null: a check.")
    assigned_to = serializers.CharField(allow_null=True, help_text="User name.")
    assigned_role = serializers.CharField(help_text="Key of the role, empty for none.")
    explained_value = serializers.CharField(allow_null=True)
    opened_at = serializers.DateTimeField()
    open_since = serializers.DateTimeField(help_text="When it was last asked; its age counts from then.")
    age_days = serializers.IntegerField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_because = serializers.ChoiceField(choices=ClosedBecause.choices, allow_blank=True)
    version = serializers.IntegerField()
    messages = QueryMessageSerializer(many=True)


class TextSerializer(StrictSerializer):
    """What is said with the act."""

    text = serializers.CharField(max_length=LONGEST, required=False, allow_blank=True, default="")


class AssignSerializer(StrictSerializer):
    """Who is to answer: a person (user name), a role, or neither for whoever enters data at the site."""

    assigned_to = serializers.CharField(max_length=150, required=False, allow_null=True, default=None)
    assigned_role = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=LONGEST, required=False, allow_blank=True, default="")


class AskSerializer(StrictSerializer):
    """A question. form, record, field: what it is about; left out, it is about the participant."""

    participant = serializers.CharField(max_length=20)
    message = serializers.CharField(max_length=LONGEST)
    form = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    record = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=LARGEST
    )
    field = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    assigned_to = serializers.CharField(max_length=150, required=False, allow_null=True, default=None)
    assigned_role = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")


def as_json(query: Query) -> dict[str, Any]:
    """query: from `selectors.shown(selectors.with_age(…))`."""
    return {
        "id": query.pk,
        "participant": query.participant.code,
        "site": query.site.code,
        "form": query.form,
        "record": query.object_id,
        "field": query.field,
        "code": query.code,
        "message": query.message,
        "state": query.state,
        "origin": query.origin,
        "raised_by": query.raised_by.get_username() if query.raised_by else None,
        "assigned_to": query.assigned_to.get_username() if query.assigned_to else None,
        "assigned_role": query.assigned_role,
        "explained_value": query.explained_value,
        "opened_at": query.opened_at,
        "open_since": query.open_since,
        "age_days": None if query.state == QueryState.CLOSED else query.age,  # type: ignore[attr-defined]
        "closed_at": query.closed_at,
        "closed_because": query.closed_because,
        "version": query.version,
        "messages": [
            {
                "author": message.author.get_username() if message.author else None,
                "act": message.act,
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
    field = filters.CharFilter()
    state = filters.ChoiceFilter(choices=QueryState.choices)
    origin = filters.ChoiceFilter(choices=QueryOrigin.choices)
    code = filters.CharFilter()
    assigned_to = filters.CharFilter(
        method="answered_by", help_text="A user name, “me” (with one's roles) or “nobody”."
    )
    age = filters.ChoiceFilter(
        choices=[(one.age.value, one.age.value) for one in BANDS],
        method="as_old_as",
        help_text="Of what is not closed: week 0–7 days, fortnight 8–14, month 15–30, older.",
    )
    opened_since = SinceFilter("opened_at")

    class Meta:
        model = Query
        fields: list[str] = []

    def answered_by(self, found: Any, _name: str, value: str) -> Any:
        return selectors.answered_by(found, self.request.user, value)

    def as_old_as(self, found: Any, _name: str, value: str) -> Any:
        return selectors.as_old_as(found, Age(value))


class QueryView(generics.GenericAPIView):
    serializer_class: Any = QuerySerializer
    queryset = Query.objects.none()

    def answer(self, pk: int, status: int = 200) -> Response:
        query = selectors.query_or_404(self.request.user, pk, selectors.SEES)
        return Response(as_json(query), status=status, headers={"ETag": etag_of(query.version)})


class Queries(QueryView):
    """List the queries of your sites; ask."""

    permissions = {"GET": selectors.SEES, "POST": selectors.ASKS}
    filterset_class = QueryFilters

    def get_queryset(self) -> Any:
        mine = Query.objects.visible_to(self.request.user, selectors.SEES)
        return selectors.shown(selectors.with_age(mine)).order_by("id")

    @extend_schema(operation_id="queries_list", responses=QuerySerializer(many=True), tags=TAGS)
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([as_json(query) for query in page or []])

    @extend_schema(
        operation_id="queries_ask",
        request=AskSerializer,
        responses={201: QuerySerializer},
        tags=TAGS,
        description="Ask about a participant, a record or a field of it. The same question sent twice is asked once.",
    )
    def post(self, request: Any) -> Response:
        given = given_by(AskSerializer, request.data)
        participant = _participant(request.user, given["participant"])
        made = as_told(
            actions.raise_query,
            participant=participant,
            by=request.user,
            message=given["message"],
            form=given["form"],
            object_id=given["record"],
            field=given["field"],
            assigned_to=_person(given["assigned_to"]),
            assigned_role=given["assigned_role"],
        )
        return self.answer(made.pk, 201)


def _participant(user: Any, code: str) -> Any:
    found = apps.get_model(settings.PARTICIPANT_MODEL)._default_manager.all()
    try:
        return selectors.one_or_404(found, user, *selectors.ASKS, code=code.replace("\x00", ""))
    except Http404:
        raise fault(
            "participant", "does_not_exist", _("There is no such participant at your sites.")
        ) from None


def _person(username: str | None) -> User | None:
    """Somebody who may not answer at the site and somebody who is not there are answered alike (by the action)."""
    if not username:
        return None
    return User.objects.filter(username=username.replace("\x00", "")).first() or User(username="")


def fault(field: str, code: str, message: str) -> ProblemError:
    return ProblemError(
        400,
        "invalid",
        _("Nothing was saved: see errors."),
        errors=[{"field": field, "code": code, "message": message}],
    )


def given_by(serializer: type[StrictSerializer], data: Any) -> dict[str, Any]:
    asked = serializer(data=data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def as_told(action: Callable[..., Query], **given: Any) -> Query:
    """Run the action; what it refuses is told as a problem: 409 for the state, 412 for a version, 400 for what was sent."""
    try:
        with transaction.atomic():
            return action(**given)
    except QueryStale as error:
        raise concurrency.stale(error.version) from None
    except QueryRefused as error:
        if error.field in ("", "text"):
            raise ProblemError(409, "refused", str(error)) from None
        raise fault(error.field, "invalid", str(error)) from None


class QueryDetail(QueryView):
    """Read one query with everything said in it."""

    permission = selectors.SEES

    @extend_schema(operation_id="queries_retrieve", responses=QuerySerializer, tags=TAGS)
    def get(self, request: Any, pk: int) -> Response:
        return self.answer(pk)


class QueryAct(QueryView):
    """An act on one query. If-Match is honoured when it is sent: what is said stands beside what others said."""

    takes: type[StrictSerializer] = TextSerializer
    of: tuple[Permission, ...]
    run: Callable[..., Query]

    def act(self, request: Any, pk: int) -> Response:
        query = selectors.query_or_404(request.user, pk, *self.of)
        seen = concurrency.version_seen(request) if request.headers.get("If-Match") else None
        given = given_by(self.takes, request.data)
        if self.takes is AssignSerializer:
            given = {
                "to": _person(given["assigned_to"]),
                "role": given["assigned_role"],
                "text": given["text"],
            }
        as_told(type(self).run, query=query, by=request.user, expected_version=seen, **given)
        return self.answer(pk)


def _act(
    key: str,
    permissions: tuple[Permission, ...],
    run: Callable[..., Query],
    about: str,
    takes: type[StrictSerializer] = TextSerializer,
) -> Any:
    """The endpoint of one act, described on its own in the schema."""

    @extend_schema(
        operation_id=f"queries_{key}",
        request=takes,
        responses=QuerySerializer,
        parameters=[IF_MATCH],
        tags=TAGS,
        description=about,
    )
    def post(self: QueryAct, request: Any, pk: int) -> Response:
        return self.act(request, pk)

    view: Any = type(
        f"Query{key.title()}",
        (QueryAct,),
        {
            "permissions": {"POST": permissions},
            "of": permissions,
            "takes": takes,
            "run": staticmethod(run),
            "serializer_class": takes,
            "post": post,
            "__doc__": about,
        },
    )
    return path(f"queries/<int:pk>/{key}/", view.as_view(), name=f"query-{key}")


MANAGES = (Permission.MANAGE_QUERIES,)
api_urls = [
    path("queries/", Queries.as_view(), name="queries"),
    path("queries/<int:pk>/", QueryDetail.as_view(), name="query-detail"),
    _act("answer", (Permission.ENTER_DATA,), actions.answer, "Explain the value that was asked about."),
    _act("close", MANAGES, actions.close, "Accept the answer."),
    _act("reopen", MANAGES, actions.reopen, "Ask again, saying why."),
    _act("withdraw", selectors.ASKS, actions.withdraw, "Take back your own question, saying why."),
    _act("assign", selectors.ASSIGNS, actions.assign, "Say who is to answer.", AssignSerializer),
]
