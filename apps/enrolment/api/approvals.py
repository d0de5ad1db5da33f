"""`/api/v1/site-approvals/`, their documents and suspensions, and `/api/v1/sites/<code>/start-up/`."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from apps.enrolment import actions, selectors
from apps.enrolment.api.approvals_json import (
    SiteApprovalSerializer,
    StartUpSerializer,
    SuspensionChangeSerializer,
    SuspensionSerializer,
    UploadSerializer,
    as_json,
    standing_json,
    suspension_json,
)
from apps.enrolment.models import ApprovalSuspension, SiteApproval
from studyportal.access.clock import today_at
from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.filters import SinceFilter
from studyportal.api.middleware import takes_files
from studyportal.api.problems import ProblemError
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems
from studyportal.files.serving import as_attachment

PERMISSIONS = {
    "GET": Permission.VIEW_APPROVALS,
    "POST": Permission.MANAGE_APPROVALS,
    "PATCH": Permission.MANAGE_APPROVALS,
    "PUT": Permission.MANAGE_APPROVALS,
}


class SiteApprovalFilters(filters.FilterSet):
    site = filters.CharFilter(field_name="site__code")
    kind = filters.CharFilter()
    waived = filters.BooleanFilter()
    in_error = filters.BooleanFilter()
    updated_since = SinceFilter("updated_at")

    class Meta:
        model = SiteApproval
        fields: list[str] = []


class ApprovalView(generics.GenericAPIView):
    serializer_class: Any = SiteApprovalSerializer
    permissions = PERMISSIONS

    @property
    def user(self) -> Any:
        return self.request.user

    def get_queryset(self) -> Any:
        return selectors.site_approvals(self.user)

    def respond(self, approval: SiteApproval, status: int = 200) -> Response:
        fresh = selectors.approval_or_404(self.user, approval.pk)
        return Response(as_json(fresh), status=status, headers={"ETag": etag_of(fresh.version)})

    def managed(self, pk: int) -> SiteApproval:
        return selectors.approval_or_404(self.user, pk, Permission.MANAGE_APPROVALS)


def _unknown(raw: Any, known: tuple[str, ...], read_only: tuple[str, ...] = ()) -> list[Problem]:
    return [
        Problem(str(name)[:80], "read_only", _("This does not change; leave it out."))
        if name in read_only
        else Problem(
            str(name)[:80], "unknown_field", _("There is no such field. Fields: %s.") % ", ".join(known)
        )
        for name in raw
        if name not in known
    ]


AT_ENTRY = (
    "site", "kind", "waived", "authority", "number", "waiver_reason", "approved_on", "valid_from", "valid_until",
    "without_end", "covers", "note", "supersedes",
)  # fmt: skip
FIXED = ("id", "site", "kind", "waived", "supersedes", "document", "suspensions", "error_reason", "version",
         "created_at", "updated_at")  # fmt: skip


class SiteApprovals(ApprovalView):
    """List the approvals of your sites; record an approval, a renewal or a waiver."""

    filterset_class = SiteApprovalFilters
    permissions = {"GET": Permission.VIEW_APPROVALS, "POST": Permission.MANAGE_APPROVALS}

    @extend_schema(
        operation_id="site_approvals_list",
        responses=SiteApprovalSerializer(many=True),
        tags=["site-approvals"],
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([as_json(approval) for approval in page or []])

    @extend_schema(
        operation_id="site_approvals_create", responses={201: SiteApprovalSerializer}, tags=["site-approvals"]
    )
    def post(self, request: Any) -> Response:
        raw = dict(payload(request))
        with as_problems():
            problems = _unknown(raw, AT_ENTRY)
            site = self._site(raw.pop("site", None), problems)
            supersedes = self._superseded(raw.pop("supersedes", None), problems)
            if problems or site is None:
                raise CrfInvalid(problems)
            approval = actions.record_approval(site=site, by=request.user, supersedes=supersedes, **raw)
        return self.respond(approval, status=201)

    def _site(self, code: Any, problems: list[Problem]) -> Site | None:
        readable = isinstance(code, str) and code.isascii() and code.isprintable()
        site = Site.objects.filter(code=code).first() if readable else None
        if site is None or not self.user.may(Permission.MANAGE_APPROVALS, site):
            problems.append(
                Problem("site", "not_found", _("Give the code of a site whose approvals you may record."))
            )
            return None
        return site

    def _superseded(self, pk: Any, problems: list[Problem]) -> SiteApproval | None:
        if pk is None:
            return None
        if isinstance(pk, int) and not isinstance(pk, bool) and 0 < pk < 2**63:
            found = selectors.site_approvals(self.user, Permission.MANAGE_APPROVALS).filter(pk=pk).first()
            if found is not None:
                return found  # type: ignore[no-any-return]
        problems.append(
            Problem("supersedes", "not_found", _("There is no such approval that you may renew."))
        )
        return None


class SiteApprovalDetail(ApprovalView):
    """Read an approval; correct it, or say that it was entered in error, naming the version that was seen."""

    permissions = {"GET": Permission.VIEW_APPROVALS, "PATCH": Permission.MANAGE_APPROVALS}

    @extend_schema(operation_id="site_approvals_retrieve", tags=["site-approvals"])
    def get(self, request: Any, pk: int) -> Response:
        return self.respond(selectors.approval_or_404(request.user, pk))

    @extend_schema(operation_id="site_approvals_change", tags=["site-approvals"])
    def patch(self, request: Any, pk: int) -> Response:
        approval = self.managed(pk)
        seen = version_seen(request)
        raw = dict(payload(request))
        with as_problems():
            reason = raw.pop("reason", None)
            known = actions.APPROVAL_CHANGEABLE
            if "in_error" in raw:
                _only_in_error(raw)
                approval = actions.enter_in_error(
                    approval=approval, by=request.user, reason=reason, expected_version=seen
                )
                return self.respond(approval)
            if problems := _unknown(raw, known, FIXED):
                raise CrfInvalid(problems)
            approval = actions.change_approval(
                approval=approval, by=request.user, reason=reason, expected_version=seen, **raw
            )
        return self.respond(approval)


def _only_in_error(raw: dict[str, Any]) -> None:
    """An entry in error is said alone, and only once."""
    if raw.get("in_error") is not True:
        raise CrfInvalid(
            [Problem("in_error", "boolean", _("Only true: what was entered in error is recorded anew."))]
        )
    if len(raw) > 1:
        raise CrfInvalid([Problem("in_error", "alone", _("Send in_error with its reason and nothing else."))])


@extend_schema(tags=["site-approvals"])
class SiteApprovalDocument(ApprovalView):
    """The document of an approval: download it, or keep one (`multipart/form-data`, member `file`)."""

    serializer_class = UploadSerializer
    parser_classes = (MultiPartParser,)
    permissions = {"GET": Permission.VIEW_APPROVALS, "PUT": Permission.MANAGE_APPROVALS}

    @extend_schema(
        operation_id="site_approvals_document", responses={(200, "application/octet-stream"): bytes}
    )
    def get(self, request: Any, pk: int) -> HttpResponse:
        approval = selectors.approval_or_404(request.user, pk)
        if approval.document is None:
            raise Http404(_("No document is kept with this approval."))
        return as_attachment(approval.document)

    @extend_schema(operation_id="site_approvals_keep_document", responses=SiteApprovalSerializer)
    def put(self, request: Any, pk: int) -> Response:
        approval = self.managed(pk)
        seen = version_seen(request)
        upload = request.FILES.get("file")
        with as_problems():
            if upload is None:
                raise CrfInvalid([Problem("file", "required", _("Send the document as the member “file”."))])
            approval = actions.change_approval(
                approval=approval,
                by=request.user,
                reason=request.data.get("reason") or None,
                expected_version=seen,
                upload=upload,
            )
        return self.respond(approval)


@extend_schema(tags=["site-approvals"])
class Suspensions(ApprovalView):
    """Record that the authority suspended or withdrew an approval."""

    serializer_class = SuspensionSerializer
    permissions = {"POST": Permission.MANAGE_APPROVALS}

    @extend_schema(operation_id="site_approvals_suspend", responses={201: SuspensionSerializer})
    def post(self, request: Any, pk: int) -> Response:
        approval = self.managed(pk)
        raw = dict(payload(request))
        known = ("kind", "from_on", "reason", "lifted_on", "lift_reason")
        with as_problems():
            if problems := _unknown(raw, known):
                raise CrfInvalid(problems)
            suspension = actions.suspend_approval(
                approval=approval, by=request.user, **{name: raw.get(name) for name in known}
            )
        return Response(
            suspension_json(suspension), status=201, headers={"ETag": etag_of(suspension.version)}
        )


@extend_schema(tags=["site-approvals"])
class SuspensionDetail(ApprovalView):
    """Read a suspension; lift it, or say that it was entered in error."""

    serializer_class = SuspensionChangeSerializer
    permissions = {"GET": Permission.VIEW_APPROVALS, "PATCH": Permission.MANAGE_APPROVALS}

    @extend_schema(operation_id="approval_suspensions_retrieve", responses=SuspensionSerializer)
    def get(self, request: Any, pk: int) -> Response:
        return self._answer(selectors.suspension_or_404(request.user, pk))

    @extend_schema(operation_id="approval_suspensions_change", responses=SuspensionSerializer)
    def patch(self, request: Any, pk: int) -> Response:
        suspension = selectors.suspension_or_404(request.user, pk, Permission.MANAGE_APPROVALS)
        seen = version_seen(request)
        raw = dict(payload(request))
        with as_problems():
            reason = raw.pop("reason", None)
            if "in_error" in raw:
                _only_in_error(raw)
                return self._answer(
                    actions.suspension_in_error(
                        suspension=suspension, by=request.user, reason=reason, expected_version=seen
                    )
                )
            if problems := _unknown(raw, ("lifted_on", "lift_reason", "in_error", "reason")):
                raise CrfInvalid(problems)
            lifted = actions.lift_suspension(
                suspension=suspension,
                by=request.user,
                lifted_on=raw.get("lifted_on"),
                reason=raw.get("lift_reason"),
                expected_version=seen,
            )
        return self._answer(lifted)

    @staticmethod
    def _answer(suspension: ApprovalSuspension) -> Response:
        return Response(suspension_json(suspension), headers={"ETag": etag_of(suspension.version)})


@extend_schema(tags=["site-approvals"])
class StartUp(ApprovalView):
    """Whether a site may enrol, today (by its own clock) or on a day."""

    serializer_class = StartUpSerializer
    permissions = {"GET": Permission.VIEW_APPROVALS}

    @extend_schema(
        operation_id="site_start_up",
        parameters=[OpenApiParameter("on", OpenApiTypes.DATE, description="The day; without it today.")],
    )
    def get(self, request: Any, code: str) -> Response:
        site = selectors.start_up_site_or_404(request.user, code)
        on = _day_asked(request.query_params.get("on", "")) or today_at(site)
        labels = dict(selectors.approval_kinds())
        stand = selectors.standings([site], on=on)[site.pk]
        return Response(
            {
                "site": site.code,
                "on": on,
                "may_enrol": all(one.holds for one in stand),
                "approvals": [standing_json(one, labels[one.kind]) for one in stand],
            }
        )


def _day_asked(text: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ProblemError(
            400,
            "invalid",
            _("“%s” is no day. Write it as 2026-11-03.") % text[:20],
            errors=[{"field": "on", "code": "invalid_date", "message": _("Write the day as 2026-11-03.")}],
        ) from None


api_urls = [
    path("site-approvals/", SiteApprovals.as_view(), name="site-approvals"),
    path("site-approvals/<int:pk>/", SiteApprovalDetail.as_view(), name="site-approval-detail"),
    path(
        "site-approvals/<int:pk>/document/",
        takes_files(SiteApprovalDocument.as_view()),
        name="site-approval-document",
    ),
    path("site-approvals/<int:pk>/suspensions/", Suspensions.as_view(), name="site-approval-suspensions"),
    path("approval-suspensions/<int:pk>/", SuspensionDetail.as_view(), name="approval-suspension-detail"),
    path("sites/<str:code>/start-up/", StartUp.as_view(), name="site-start-up"),
]
