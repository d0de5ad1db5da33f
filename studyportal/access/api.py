"""Who am I, and tokens for scripts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from studyportal.access import tokens
from studyportal.access.models import ALL_SITES, ApiToken, Site
from studyportal.access.people_api import people_urls
from studyportal.access.permissions import Permission
from studyportal.access.profiles import DEIDENTIFIED, PROFILES
from studyportal.access.roles import ROLES
from studyportal.access.signing_in import token_sign_in
from studyportal.access.sites_api import sites_urls
from studyportal.api.problems import ProblemError
from studyportal.api.strict import StrictSerializer


class NewTokenSerializer(StrictSerializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=500, trim_whitespace=False)
    code = serializers.CharField(
        max_length=20,
        default="",
        allow_blank=True,
        help_text="For whom a second factor protects: a code of the authenticator app, or a recovery code.",
    )
    name = serializers.CharField(max_length=80, help_text="What uses the token.")
    days = serializers.IntegerField(min_value=1, max_value=365, default=90)
    access = serializers.ChoiceField(choices=ApiToken.Access.choices, default=ApiToken.Access.READ)
    sites = serializers.ListField(
        child=serializers.CharField(max_length=20),
        default=list,
        max_length=200,
        help_text="Codes; none: every site where you hold a role.",
    )
    datasets = serializers.ListField(
        child=serializers.CharField(max_length=60),
        default=list,
        max_length=500,
        help_text="Keys. A token for named datasets fetches those and opens nothing else; none: no such limit.",
    )
    export_profile = serializers.ChoiceField(choices=PROFILES, default=DEIDENTIFIED)


class TokenSerializer(serializers.Serializer):
    """The secret, shown this once; send it as `Authorization: Token …`."""

    token = serializers.CharField()
    name = serializers.CharField()
    expires_at = serializers.DateTimeField()
    access = serializers.CharField()
    sites = serializers.ListField(child=serializers.CharField())
    datasets = serializers.ListField(child=serializers.CharField())
    export_profile = serializers.CharField()


class Tokens(APIView):
    """Sign in with a password (and the code of the second factor) and receive a token."""

    permission = Permission.PUBLIC
    authentication_classes: tuple[Any, ...] = ()
    rate = "tokens"

    @extend_schema(request=NewTokenSerializer, responses={201: TokenSerializer})
    def post(self, request: Any) -> Response:
        if request.headers.get("Authorization", "").startswith("Token "):
            raise ProblemError(
                403,
                "token_cannot_issue",
                _("A token cannot make tokens. Send the request without Authorization, with your password."),
            )
        asked = NewTokenSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        user = token_sign_in.sign_in(
            request=request._request,
            username=wanted["username"],
            password=wanted["password"],
            code=wanted["code"],
        )
        try:
            token, secret = tokens.issue(
                by=user,
                name=wanted["name"],
                days=dt.timedelta(days=wanted["days"]),
                access=wanted["access"],
                sites=wanted["sites"],
                datasets=wanted["datasets"],
                export_profile=wanted["export_profile"],
            )
        except tokens.TokenRefused as error:
            raise token_problem(error) from None
        return Response(
            {
                "token": secret,
                "name": token.name,
                "expires_at": token.expiry,
                "access": token.access,
                "sites": sorted(set(wanted["sites"])),
                "datasets": token.datasets,
                "export_profile": token.export_profile,
            },
            status=201,
        )


def token_problem(error: tokens.TokenRefused) -> ProblemError:
    errors = [{"field": error.field, "code": error.code, "message": str(error)}] if error.field else []
    status = 403 if error.code == "token_cannot_issue" else 400
    return ProblemError(status, error.code, str(error), errors=errors)


class OwnTokenSerializer(serializers.ModelSerializer):
    key = serializers.CharField(source="token_key")
    sites = serializers.SerializerMethodField()

    def get_sites(self, token: ApiToken) -> list[str]:
        codes: dict[int, str] = self.context["codes"]
        return sorted(codes[pk] for pk in token.sites if pk in codes)

    class Meta:
        model = ApiToken
        fields = [
            "key", "name", "created", "expiry", "access", "sites", "datasets", "export_profile", "last_used_at",
            "last_used_from",
        ]  # fmt: skip


class OwnTokens(APIView):
    """One's own tokens, without their secrets."""

    permission = Permission.SIGNED_IN
    open_to_reading_tokens = ("DELETE",)

    @extend_schema(responses=OwnTokenSerializer(many=True), operation_id="own_tokens")
    def get(self, request: Any) -> Response:
        own = ApiToken.objects.filter(user=request.user).order_by("-created")
        codes = dict(Site.objects.values_list("pk", "code"))
        return Response(OwnTokenSerializer(own, many=True, context={"codes": codes}).data)

    @extend_schema(request=None, responses={204: None}, operation_id="own_token_revoke_current")
    def delete(self, request: Any) -> Response:
        """Revoke the token that this request was made with."""
        if not isinstance(request.auth, ApiToken):
            raise ProblemError(400, "no_token", _("This request was not made with a token."))
        tokens.revoke(token=request.auth, by=request.user)
        return Response(status=204)


class MeSerializer(serializers.Serializer):
    username = serializers.CharField()
    name = serializers.CharField()
    roles = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    permissions = serializers.ListField(child=serializers.CharField())
    token = serializers.DictField(
        allow_null=True, help_text="What the token of this request narrows; null when signed in otherwise."
    )


class Me(APIView):
    """Who the portal takes you for, and what you may do where."""

    permission = Permission.SIGNED_IN

    @extend_schema(responses=MeSerializer)
    def get(self, request: Any) -> Response:
        user = request.user
        codes = dict(Site.objects.values_list("pk", "code"))
        roles = {
            role: ["*"] if sites is ALL_SITES else sorted(codes[pk] for pk in sites)
            for role, sites in user.grants.items()
        }
        held = sorted({p.value for key in roles for p in ROLES[key].permissions if user.may(p)})
        through = None if user.narrowing is None else user.narrowing.as_json()
        if through is not None and through["sites"] is not None:
            through["sites"] = sorted(codes[pk] for pk in through["sites"] if pk in codes)
        return Response(
            {
                "username": user.username,
                "name": str(user),
                "roles": roles,
                "permissions": held,
                "token": through,
            }
        )


api_urls = [
    path("tokens/", Tokens.as_view(), name="tokens"),
    path("tokens/own/", OwnTokens.as_view(), name="own-tokens"),
    path("me/", Me.as_view(), name="me"),
    *people_urls,
    *sites_urls,
]
