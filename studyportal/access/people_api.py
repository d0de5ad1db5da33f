"""`/api/v1/users/…`, `/api/v1/memberships/…`: what the pages of an administrator do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from studyportal.access import delegation, people, selectors
from studyportal.access.models import Membership, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.refusals import NotDone, wrong
from studyportal.access.roles import ROLES
from studyportal.access.selectors import LogChoice, PeopleChoice
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.pagination import CursorPagination
from studyportal.api.problems import ProblemError
from studyportal.api.strict import StrictSerializer
from studyportal.words import translated

# What an action calls by another name than the body does.
MEMBERS = {"display_name": "name"}


@contextmanager
def refusals() -> Iterator[None]:
    """What the actions refuse, as a problem with its errors by field."""
    try:
        yield
    except NotDone as refusal:
        first = refusal.problems[0]
        code = "invalid" if refusal.status == 400 else first.code
        errors = [
            {"field": MEMBERS.get(p.field, p.field), "code": p.code, "message": translated(p.message)}
            for p in refusal.problems
        ]
        raise ProblemError(refusal.status, code, str(refusal), errors=errors) from None


def given(serializer: type[StrictSerializer], data: Any, *, partial: bool = False) -> dict[str, Any]:
    """The members of the body, each as its type; an unknown one is refused."""
    asked = serializer(data=data, partial=partial)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def among(query: Any, name: str, allowed: list[str]) -> str:
    """A filter with a list of values; "" when it is not given."""
    value = str(query.get(name, ""))
    if value and value not in allowed:
        message = _("“%(value)s” is none of: %(choices)s.") % {
            "value": value[:40],
            "choices": ", ".join(allowed),
        }
        raise serializers.ValidationError({name: serializers.ErrorDetail(message, code="invalid_choice")})
    return value


# --- users -----------------------------------------------------------------------------------------------


class NewUserSerializer(StrictSerializer):
    username = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=120)
    email = serializers.CharField(max_length=254, required=False, allow_blank=True, default="")


class UserChangeSerializer(StrictSerializer):
    name = serializers.CharField(max_length=120, required=False)
    email = serializers.CharField(max_length=254, required=False, allow_blank=True)


class ReasonSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=200, help_text="Why; it stands in the delegation log.")


class UserSerializer(serializers.Serializer):
    username = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField()
    is_active = serializers.BooleanField()
    password_is_temporary = serializers.BooleanField()
    last_sign_in = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class UserWithPasswordSerializer(UserSerializer):
    temporary_password = serializers.CharField(help_text="Shown this once.")


class UserPageSerializer(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = UserSerializer(many=True)


def user_json(user: User, **more: Any) -> dict[str, Any]:
    return {
        "username": user.username,
        "name": str(user),
        "email": user.email,
        "is_active": user.is_active,
        "password_is_temporary": user.password_is_temporary,
        "last_sign_in": user.last_login,
        "version": user.version,
        **more,
    }


def user_answer(user: User, status: int = 200, **more: Any) -> Response:
    headers = {"ETag": etag_of(user.version)} | ({"Cache-Control": "no-store"} if more else {})
    return Response(user_json(user, **more), status=status, headers=headers)


class ByUsername(CursorPagination):
    ordering = "username"


class Users(APIView):
    """Everybody with an account; a new one."""

    permission = Permission.MANAGE_USERS

    @extend_schema(
        operation_id="users_list",
        responses=UserPageSerializer,
        parameters=[
            OpenApiParameter("q", str, description="Part of user name, name or e-mail"),
            OpenApiParameter("active", str, enum=["yes", "no"]),
            OpenApiParameter("role", str, enum=list(ROLES), description="Held today"),
            OpenApiParameter("site", str, description="Code of a site where a role is held today"),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
    )
    def get(self, request: Any) -> Response:
        query = request.query_params
        choice = PeopleChoice(
            q=query.get("q", "")[:150],
            active=among(query, "active", ["yes", "no"]),
            role=among(query, "role", list(ROLES)),
            site=query.get("site", "")[:20],
        )
        pages = ByUsername()
        found = pages.paginate_queryset(selectors.people(choice), request, view=self)
        return pages.get_paginated_response([user_json(user) for user in found or []])

    @extend_schema(
        operation_id="users_create", request=NewUserSerializer, responses={201: UserWithPasswordSerializer}
    )
    def post(self, request: Any) -> Response:
        """A new account without any role, with a temporary password that is shown this once."""
        wanted = given(NewUserSerializer, request.data)
        with refusals():
            user, password = people.add_user(
                username=wanted["username"],
                display_name=wanted["name"],
                email=wanted["email"],
                by=request.user,
            )
        return user_answer(user, 201, temporary_password=password)


class UserDetail(APIView):
    """One account."""

    permission = Permission.MANAGE_USERS

    @extend_schema(operation_id="users_retrieve", responses=UserSerializer)
    def get(self, request: Any, username: str) -> Response:
        return user_answer(selectors.person_or_404(username))

    @extend_schema(operation_id="users_change", request=UserChangeSerializer, responses=UserSerializer)
    def patch(self, request: Any, username: str) -> Response:
        """Change name or e-mail; If-Match names the version that was read."""
        user = selectors.person_or_404(username)
        seen = version_seen(request)
        wanted = given(UserChangeSerializer, request.data, partial=True)
        with refusals():
            changed = people.change_user(
                user=user,
                by=request.user,
                expected_version=seen,
                display_name=wanted.get("name"),
                email=wanted.get("email"),
            )
        return user_answer(changed)


class UserDeactivate(APIView):
    permission = Permission.MANAGE_USERS

    @extend_schema(operation_id="users_deactivate", request=ReasonSerializer, responses=UserSerializer)
    def post(self, request: Any, username: str) -> Response:
        """End the account at once: roles, sessions, tokens."""
        user = selectors.person_or_404(username)
        wanted = given(ReasonSerializer, request.data)
        with refusals():
            return user_answer(people.deactivate(user=user, by=request.user, reason=wanted["reason"]))


class UserReactivate(APIView):
    permission = Permission.MANAGE_USERS

    @extend_schema(
        operation_id="users_reactivate", request=ReasonSerializer, responses=UserWithPasswordSerializer
    )
    def post(self, request: Any, username: str) -> Response:
        """Open the account again, without any role, with a temporary password."""
        user = selectors.person_or_404(username)
        wanted = given(ReasonSerializer, request.data)
        with refusals():
            password = people.reactivate(user=user, by=request.user, reason=wanted["reason"])
        return user_answer(selectors.person_or_404(username), temporary_password=password)


class UserPassword(APIView):
    permission = Permission.MANAGE_USERS

    @extend_schema(operation_id="users_password", request=None, responses=UserWithPasswordSerializer)
    def post(self, request: Any, username: str) -> Response:
        """A temporary password, shown this once. Sessions and tokens of the person end."""
        user = selectors.person_or_404(username)
        with refusals():
            password = people.set_temporary_password(user=user, by=request.user)
        return user_answer(selectors.person_or_404(username), temporary_password=password)


# --- memberships -----------------------------------------------------------------------------------------


class NewMembershipSerializer(StrictSerializer):
    user = serializers.CharField(max_length=150, help_text="User name.")
    role = serializers.CharField(max_length=40)
    site = serializers.CharField(
        max_length=6, allow_null=True, default=None, help_text="Code; null for the whole study."
    )
    valid_from = serializers.DateField(required=False, allow_null=True, default=None)
    valid_until = serializers.DateField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=200)


class EndSerializer(StrictSerializer):
    last_day = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="Left out: at once."
    )
    reason = serializers.CharField(max_length=200)


class MembershipSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username")
    site = serializers.CharField(source="site.code", allow_null=True, default=None)
    granted_by = serializers.CharField(source="granted_by.username", allow_null=True, default=None)
    ended_by = serializers.CharField(source="ended_by.username", allow_null=True, default=None)

    class Meta:
        model = Membership
        fields = [
            "id", "user", "role", "site", "valid_from", "valid_until", "granted_by", "granted_at", "reason",
            "ended_by", "ended_at", "end_reason", "version",
        ]  # fmt: skip


class MembershipPageSerializer(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = MembershipSerializer(many=True)


class NewestFirst(CursorPagination):
    ordering = "-id"


class Memberships(APIView):
    """The delegation log; a role given."""

    permissions = {"GET": Permission.VIEW_DELEGATIONS, "POST": Permission.MANAGE_USERS}

    @extend_schema(
        operation_id="memberships_list",
        responses=MembershipPageSerializer,
        parameters=[
            OpenApiParameter("site", str),
            OpenApiParameter("person", str, description="Part of user name or name"),
            OpenApiParameter("role", str, enum=list(ROLES)),
            OpenApiParameter("on", str, description="Held on this day, YYYY-MM-DD"),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
    )
    def get(self, request: Any) -> Response:
        query = request.query_params
        day = serializers.DateField(allow_null=True, required=False)
        try:
            on = day.run_validation(query.get("on") or None)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"on": error.detail}) from None
        choice = LogChoice(
            on=on,
            site=query.get("site", "")[:20],
            person=query.get("person", "")[:150],
            role=among(query, "role", list(ROLES)),
        )
        pages = NewestFirst()
        found = pages.paginate_queryset(selectors.delegations(request.user, choice), request, view=self)
        return pages.get_paginated_response(MembershipSerializer(found, many=True).data)

    @extend_schema(
        operation_id="memberships_create",
        request=NewMembershipSerializer,
        responses={201: MembershipSerializer},
    )
    def post(self, request: Any) -> Response:
        """Give somebody a role. Nobody gives one to himself or herself."""
        wanted = given(NewMembershipSerializer, request.data)
        with refusals():
            made = delegation.grant(
                user=_named_user(wanted.pop("user")),
                site=None if wanted["site"] is None else _named_site(wanted["site"]),
                by=request.user,
                **{name: value for name, value in wanted.items() if name != "site"},
            )
        return Response(MembershipSerializer(made).data, status=201, headers={"ETag": etag_of(made.version)})


def _named_user(username: str) -> User:
    found = User.objects.filter(username=username).first()
    if found is None:
        raise wrong("user", "unknown_user", _("There is no person with this user name."))
    return found


def _named_site(code: str) -> Site:
    found = Site.objects.filter(code=code).first()
    if found is None:
        raise wrong("site", "unknown_site", _("There is no site with this code."))
    return found


class MembershipEnd(APIView):
    permission = Permission.MANAGE_USERS

    @extend_schema(operation_id="memberships_end", request=EndSerializer, responses=MembershipSerializer)
    def post(self, request: Any, pk: int) -> Response:
        """End a role, at once or after a last day. With If-Match, only the version that was read."""
        membership = selectors.membership_or_404(pk)
        wanted = given(EndSerializer, request.data)
        seen = version_seen(request) if request.headers.get("If-Match") else None
        with refusals():
            ended = delegation.end_membership(
                membership=membership, by=request.user, expected_version=seen, **wanted
            )
        return Response(MembershipSerializer(ended).data, headers={"ETag": etag_of(ended.version)})


people_urls = [
    path("users/", Users.as_view(), name="users"),
    path("users/<str:username>/", UserDetail.as_view(), name="user"),
    path("users/<str:username>/deactivate/", UserDeactivate.as_view(), name="user-deactivate"),
    path("users/<str:username>/reactivate/", UserReactivate.as_view(), name="user-reactivate"),
    path("users/<str:username>/password/", UserPassword.as_view(), name="user-password"),
    path("memberships/", Memberships.as_view(), name="memberships"),
    path("memberships/<int:pk>/end/", MembershipEnd.as_view(), name="membership-end"),
]
