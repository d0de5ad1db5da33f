"""`/api/v1/sites/…`: the list for everybody, the changes for an administrator."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from studyportal.access import selectors, sites
from studyportal.access.models import Site
from studyportal.access.people_api import ReasonSerializer, given, refusals
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.strict import StrictSerializer


class NewSiteSerializer(StrictSerializer):
    code = serializers.CharField(max_length=6)
    name = serializers.CharField(max_length=120)
    timezone = serializers.CharField(max_length=40)
    country = serializers.CharField(max_length=2, default="IN")


class SiteChangeSerializer(StrictSerializer):
    name = serializers.CharField(max_length=120, required=False)
    timezone = serializers.CharField(max_length=40, required=False)
    country = serializers.CharField(max_length=2, required=False)


class SiteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Site
        fields = ["code", "name", "timezone", "country", "is_active", "version"]


def site_answer(site: Site, status: int = 200) -> Response:
    return Response(SiteSerializer(site).data, status=status, headers={"ETag": etag_of(site.version)})


class Sites(APIView):
    """The sites of the study."""

    permissions = {"GET": Permission.VIEW_PROTOCOL, "POST": Permission.MANAGE_USERS}

    @extend_schema(operation_id="sites_list", responses=SiteSerializer(many=True))
    def get(self, request: Any) -> Response:
        return Response(SiteSerializer(Site.objects.all(), many=True).data)

    @extend_schema(operation_id="sites_create", request=NewSiteSerializer, responses={201: SiteSerializer})
    def post(self, request: Any) -> Response:
        wanted = given(NewSiteSerializer, request.data)
        with refusals():
            return site_answer(sites.add_site(by=request.user, **wanted), 201)


class SiteDetail(APIView):
    permission = Permission.MANAGE_USERS

    @extend_schema(operation_id="sites_retrieve", responses=SiteSerializer)
    def get(self, request: Any, code: str) -> Response:
        return site_answer(selectors.site_or_404(code))

    @extend_schema(operation_id="sites_change", request=SiteChangeSerializer, responses=SiteSerializer)
    def patch(self, request: Any, code: str) -> Response:
        """Change name, time zone or country; If-Match names the version that was read."""
        site = selectors.site_or_404(code)
        seen = version_seen(request)
        wanted = given(SiteChangeSerializer, request.data, partial=True)
        with refusals():
            return site_answer(sites.change_site(site=site, by=request.user, expected_version=seen, **wanted))


class SiteDeactivate(APIView):
    permission = Permission.MANAGE_USERS

    @extend_schema(operation_id="sites_deactivate", request=ReasonSerializer, responses=SiteSerializer)
    def post(self, request: Any, code: str) -> Response:
        """The site takes part no more. Refused while somebody holds a role there."""
        site = selectors.site_or_404(code)
        wanted = given(ReasonSerializer, request.data)
        with refusals():
            return site_answer(sites.deactivate_site(site=site, by=request.user, reason=wanted["reason"]))


class SiteReactivate(APIView):
    permission = Permission.MANAGE_USERS

    @extend_schema(operation_id="sites_reactivate", request=ReasonSerializer, responses=SiteSerializer)
    def post(self, request: Any, code: str) -> Response:
        """The site takes part again."""
        site = selectors.site_or_404(code)
        wanted = given(ReasonSerializer, request.data)
        with refusals():
            return site_answer(sites.reactivate_site(site=site, by=request.user, reason=wanted["reason"]))


sites_urls = [
    path("sites/", Sites.as_view(), name="sites"),
    path("sites/<str:code>/", SiteDetail.as_view(), name="site"),
    path("sites/<str:code>/deactivate/", SiteDeactivate.as_view(), name="site-deactivate"),
    path("sites/<str:code>/reactivate/", SiteReactivate.as_view(), name="site-reactivate"),
]
