"""/api/v1/jobs/: the jobs that the caller asked for. A job is started where its work is at home."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from studyportal.access.permissions import Permission
from studyportal.api.problems import ProblemError

from . import actions, selectors
from .errors import NotPossible, UnknownKind
from .models import Job


class JobSerializer(serializers.ModelSerializer):
    title = serializers.CharField(read_only=True)

    class Meta:
        model = Job
        fields = (
            "id",
            "kind",
            "title",
            "state",
            "done",
            "total",
            "message",
            "params",
            "result",
            "error",
            "attempts",
            "cancel_requested",
            "created_at",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields


class JobList(generics.ListAPIView):
    """Own jobs, in order of entry; `?state=running` and `?kind=…` narrow the list."""

    permission = Permission.SIGNED_IN
    serializer_class = JobSerializer
    filterset_fields = ("state", "kind")
    queryset = Job.objects.none()

    def get_queryset(self) -> QuerySet[Job]:
        if getattr(self, "swagger_fake_view", False):
            return Job.objects.none()
        return selectors.own(selectors.person(self.request))


class JobDetail(generics.RetrieveAPIView):
    permission = Permission.SIGNED_IN
    serializer_class = JobSerializer
    queryset = Job.objects.none()

    def get_object(self) -> Job:
        return selectors.own_or_404(selectors.person(self.request), self.kwargs["job_id"])


class JobCancel(APIView):
    """A waiting job ends at once, a running one at its next step; 409 when it has ended."""

    permission = Permission.SIGNED_IN

    @extend_schema(request=None, responses=JobSerializer)
    def post(self, request: Request, job_id: int) -> Response:
        return _answer(actions.cancel, selectors.own_or_404(selectors.person(request), job_id), request)


class JobRetry(APIView):
    """Run a failed or cancelled job again; 409 in any other state."""

    permission = Permission.SIGNED_IN

    @extend_schema(request=None, responses=JobSerializer)
    def post(self, request: Request, job_id: int) -> Response:
        return _answer(actions.retry, selectors.own_or_404(selectors.person(request), job_id), request)


def _answer(action: Any, job: Job, request: Request) -> Response:
    try:
        return Response(JobSerializer(action(job, by=selectors.person(request))).data)
    except (NotPossible, UnknownKind) as error:
        raise ProblemError(409, "job_state", str(error), title="Not possible in this state") from error


api_urls = [
    path("jobs/", JobList.as_view(), name="jobs"),
    path("jobs/<int:job_id>/", JobDetail.as_view(), name="job"),
    path("jobs/<int:job_id>/cancel/", JobCancel.as_view(), name="job-cancel"),
    path("jobs/<int:job_id>/retry/", JobRetry.as_view(), name="job-retry"),
]
