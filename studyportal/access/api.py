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

from studyportal.access import token_sign_in, tokens
from studyportal.access.models import ALL_SITES, ApiToken, Site
from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES
from studyportal.api.problems import ProblemError


class StrictSerializer(serializers.Serializer):
    """Unknown members are refused, so that a misspelt one is not lost in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = set(data) - set(self.fields)
            if unknown:
                raise serializers.ValidationError(
                    {
                        str(name)[:80]: serializers.ErrorDetail(
                            _("There is no such member."), code="unknown_field"
                        )
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)


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


class TokenSerializer(serializers.Serializer):
    """The secret, shown this once; send it as `Authorization: Token …`."""

    token = serializers.CharField()
    name = serializers.CharField()
    expires_at = serializers.DateTimeField()


class Tokens(APIView):
    """Sign in with a password (and the code of the second factor) and receive a token."""

    permission = Permission.PUBLIC
    authentication_classes: tuple[Any, ...] = ()
    rate = "tokens"

    @extend_schema(request=NewTokenSerializer, responses={201: TokenSerializer})
    def post(self, request: Any) -> Response:
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
            token, secret = tokens.issue(by=user, name=wanted["name"], days=dt.timedelta(days=wanted["days"]))
        except tokens.TokenRefused as error:
            raise ProblemError(400, "token_refused", str(error)) from None
        return Response({"token": secret, "name": token.name, "expires_at": token.expiry}, status=201)


class OwnTokenSerializer(serializers.ModelSerializer):
    key = serializers.CharField(source="token_key")

    class Meta:
        model = ApiToken
        fields = ["key", "name", "created", "expiry"]


class OwnTokens(APIView):
    """One's own tokens, without their secrets."""

    permission = Permission.SIGNED_IN

    @extend_schema(responses=OwnTokenSerializer(many=True), operation_id="own_tokens")
    def get(self, request: Any) -> Response:
        own = ApiToken.objects.filter(user=request.user).order_by("-created")
        return Response(OwnTokenSerializer(own, many=True).data)

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
        held = sorted({p.value for key in roles for p in ROLES[key].permissions})
        return Response({"username": user.username, "name": str(user), "roles": roles, "permissions": held})


class SiteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Site
        fields = ["code", "name", "timezone", "country", "is_active"]


class Sites(APIView):
    """The sites of the study."""

    permission = Permission.VIEW_PROTOCOL

    @extend_schema(responses=SiteSerializer(many=True))
    def get(self, request: Any) -> Response:
        return Response(SiteSerializer(Site.objects.all(), many=True).data)


api_urls = [
    path("tokens/", Tokens.as_view(), name="tokens"),
    path("tokens/own/", OwnTokens.as_view(), name="own-tokens"),
    path("me/", Me.as_view(), name="me"),
    path("sites/", Sites.as_view(), name="sites"),
]
