"""`/api/v1/matching/…`: runs, their sets, and what is done with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.matching import actions, rules, selectors, sets_file, words
from apps.matching.models import MatchingRun, UnmatchedCase
from apps.matching.statistics.design import LARGEST_SEED
from studyportal.access.permissions import Permission
from studyportal.api.files import CsvRenderer
from studyportal.api.pagination import CursorPagination
from studyportal.api.problems import ProblemError
from studyportal.audit.serializers import ReasonField
from studyportal.crf.api import payload
from studyportal.crf.refusals import as_problems

REVIEWERS = (Permission.RUN_MATCHING, Permission.FREEZE_MATCHING)
SETS = 100


class EventSerializer(serializers.Serializer):
    kind = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()
    note = serializers.CharField()
    version = serializers.IntegerField(allow_null=True)


class RunSerializer(serializers.Serializer):
    """A run with its parameters, summary and balance; no participant is named in it."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["proposed", "reviewed", "returned", "frozen", "superseded"])
    version = serializers.IntegerField(allow_null=True, help_text="Given when it was frozen.")
    method = serializers.CharField()
    design = serializers.DictField()
    include_synthetic = serializers.BooleanField()
    whole_study = serializers.BooleanField()
    note = serializers.CharField()
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()
    protocol_version = serializers.CharField()
    protocol_sha256 = serializers.CharField()
    code_version = serializers.CharField()
    inputs_sha256 = serializers.CharField()
    sets_sha256 = serializers.CharField()
    summary = serializers.DictField()
    events = EventSerializer(many=True)


class ControlSerializer(serializers.Serializer):
    code = serializers.CharField()
    site = serializers.CharField()
    place = serializers.IntegerField(help_text="1 is the nearest.")
    distance = serializers.FloatField()
    values = serializers.DictField(help_text="What was compared: [of the case, of the control].")


class SetSerializer(serializers.Serializer):
    set = serializers.IntegerField()
    case = serializers.CharField(allow_null=True, help_text="Null: of a site that you do not see.")
    index_date = serializers.DateField()
    size = serializers.IntegerField()
    of_other_sites = serializers.IntegerField(help_text="Controls that you do not see.")
    controls = ControlSerializer(many=True)


class UnmatchedSerializer(serializers.Serializer):
    case = serializers.CharField()
    index_date = serializers.DateField(allow_null=True)
    wanted = serializers.IntegerField()
    found = serializers.IntegerField()
    why = serializers.CharField()
    reasons = serializers.DictField()


class AskedSerializer(serializers.Serializer):
    """Parameters of a run; whatever is left out is the protocol's."""

    ratio = serializers.IntegerField(required=False, help_text="Controls per case.")
    method = serializers.CharField(required=False, help_text="optimal or greedy")
    with_replacement = serializers.BooleanField(required=False)
    match_site = serializers.BooleanField(required=False, help_text="Exact on the site too.")
    calipers = serializers.DictField(
        child=serializers.FloatField(), required=False, help_text="Key → width, above 0: age, hba1c …"
    )
    seed = serializers.IntegerField(
        required=False, min_value=0, max_value=LARGEST_SEED, help_text="Left out: drawn, and kept."
    )
    include_synthetic = serializers.BooleanField(required=False, default=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)


class PairSerializer(serializers.Serializer):
    case = serializers.CharField(max_length=40)
    control = serializers.CharField(max_length=40)
    set = serializers.CharField(max_length=40, required=False, allow_blank=True)


class GivenSerializer(serializers.Serializer):
    pairs = PairSerializer(many=True)
    with_replacement = serializers.BooleanField(required=False)
    match_site = serializers.BooleanField(required=False)
    calipers = serializers.DictField(child=serializers.FloatField(), required=False)
    include_synthetic = serializers.BooleanField(required=False, default=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)


class StartedSerializer(serializers.Serializer):
    job = serializers.IntegerField()
    url = serializers.CharField()


class NoteSerializer(serializers.Serializer):
    note = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class FreezeSerializer(NoteSerializer):
    reason = ReasonField(help_text="Why an index date moves from which visits are counted.")


class ChangedSetSerializer(serializers.Serializer):
    case = serializers.CharField()
    left = serializers.ListField(child=serializers.CharField())
    came = serializers.ListField(child=serializers.CharField())


class DifferencesSerializer(serializers.Serializer):
    """Beside the version before; version null: there is none."""

    version = serializers.IntegerField(allow_null=True)
    run = serializers.IntegerField(allow_null=True)
    unchanged = serializers.IntegerField()
    cases_gone = serializers.ListField(child=serializers.CharField())
    cases_new = serializers.ListField(child=serializers.CharField())
    controls_gone = serializers.ListField(child=serializers.CharField())
    controls_new = serializers.ListField(child=serializers.CharField())
    changed = ChangedSetSerializer(many=True)


def as_json(run: MatchingRun, state: rules.State) -> dict[str, Any]:
    return {
        "id": run.pk,
        "state": state.key,
        "version": state.version,
        "method": run.method,
        "design": run.design,
        "include_synthetic": run.include_synthetic,
        "whole_study": run.sites is None,
        "note": run.note,
        "proposed_by": run.proposed_by.username,
        "proposed_at": run.proposed_at,
        "protocol_version": run.protocol_version,
        "protocol_sha256": run.protocol_sha256,
        "code_version": run.code_version,
        "inputs_sha256": run.inputs_sha256,
        "sets_sha256": run.sets_sha256,
        "summary": run.summary,
        "events": [
            {
                "kind": event.kind,
                "by": event.by.username,
                "at": event.at,
                "note": event.note,
                "version": event.version,
            }
            for event in run.events.all()
        ],
    }


class NewestFirst(CursorPagination):
    ordering = "-id"


class Runs(generics.GenericAPIView):
    """The runs, newest first; ask for a new one."""

    permissions = {"GET": Permission.VIEW_MATCHING, "POST": Permission.RUN_MATCHING}
    serializer_class = RunSerializer
    pagination_class = NewestFirst
    queryset = MatchingRun.objects.none()

    @extend_schema(operation_id="matching_runs", responses=RunSerializer(many=True), tags=["matching"])
    def get(self, request: Any) -> Response:
        found = self.paginate_queryset(selectors.runs(request.user)) or []
        states = selectors.states_of(found)
        return self.get_paginated_response([as_json(run, states[run.pk]) for run in found])

    @extend_schema(
        operation_id="matching_start",
        request=AskedSerializer,
        responses={202: StartedSerializer},
        tags=["matching"],
    )
    def post(self, request: Any) -> Response:
        """Match as a job; follow it at the address that is given. Its result names the run."""
        with as_problems():
            job = actions.start(raw=payload(request), by=request.user)
        url = f"/api/v1/jobs/{job.pk}/"
        return Response({"job": job.pk, "url": url}, status=202, headers={"Location": url})


class Given(APIView):
    """Propose sets that were made elsewhere, as pairs of codes."""

    permission = Permission.RUN_MATCHING

    @extend_schema(
        operation_id="matching_given",
        request=GivenSerializer,
        responses={201: RunSerializer},
        tags=["matching"],
    )
    def post(self, request: Any) -> Response:
        """Every row that is wrong is named: `pairs.<place from 0>.<member>`."""
        with as_problems():
            run = actions.propose_given(raw=payload(request), by=request.user)
        return Response(as_json(run, selectors.state_of(run)), status=201)


class RunView(APIView):
    permission = Permission.VIEW_MATCHING

    def found(self, pk: int) -> MatchingRun:
        return selectors.run_or_404(self.request.user, pk)


class Run(RunView):
    """One run."""

    @extend_schema(operation_id="matching_run", responses=RunSerializer, tags=["matching"])
    def get(self, request: Any, pk: int) -> Response:
        run = self.found(pk)
        return Response(as_json(run, selectors.states_of([run])[run.pk]))


class Sets(RunView):
    """The sets of a run in which you see anybody, in order."""

    class Page(serializers.Serializer):
        count = serializers.IntegerField()
        next = serializers.IntegerField(allow_null=True, help_text="The next ?after=, null at the end.")
        results = SetSerializer(many=True)

    @extend_schema(operation_id="matching_sets", responses=Page, tags=["matching"])
    def get(self, request: Any, pk: int) -> Response:
        """`?after=<number of a set>`: a hundred sets after it."""
        run = self.found(pk)
        after = request.query_params.get("after", "0")
        if not after.isascii() or not after.isdigit() or len(after) > 9:
            raise ProblemError(400, "invalid", _("after: give the number of a set."))
        numbers = selectors.set_numbers(run, request.user)
        ahead = [number for number in numbers if number > int(after)]
        shown = selectors.sets(run, request.user, ahead[:SETS])
        return Response(
            {
                "count": len(numbers),
                "next": ahead[SETS - 1] if len(ahead) > SETS else None,
                "results": [
                    {
                        "set": one.number,
                        "case": None if one.case is None else one.case.participant.code,
                        "index_date": one.index_date,
                        "size": one.size,
                        "of_other_sites": one.hidden,
                        "controls": [
                            {
                                "code": control.participant.code,
                                "site": control.site.code,
                                "place": control.order,
                                "distance": control.distance,
                                "values": control.values,
                            }
                            for control in one.controls
                        ],
                    }
                    for one in shown
                ],
            }
        )


class SetsCsv(RunView):
    renderer_classes = (JSONRenderer, CsvRenderer)

    @extend_schema(
        operation_id="matching_sets_csv", responses={(200, "text/csv"): OpenApiTypes.STR}, tags=["matching"]
    )
    def get(self, request: Any, pk: int) -> HttpResponse:
        """The sets as CSV, one line per control that you see."""
        return sets_file.response(self.found(pk), request.user)


class Unmatched(generics.GenericAPIView):
    """Cases with fewer controls than were asked for, and what removed the candidates."""

    permission = Permission.VIEW_MATCHING
    serializer_class = UnmatchedSerializer
    queryset = UnmatchedCase.objects.none()

    @extend_schema(
        operation_id="matching_unmatched", responses=UnmatchedSerializer(many=True), tags=["matching"]
    )
    def get(self, request: Any, pk: int) -> Response:
        run = selectors.run_or_404(request.user, pk)
        names = words.labels(run.design)
        page = self.paginate_queryset(selectors.unmatched(run, request.user)) or []
        return self.get_paginated_response(
            [
                {
                    "case": one.participant.code,
                    "index_date": one.index_date,
                    "wanted": one.wanted,
                    "found": one.found,
                    "why": words.why(one.reasons, one.found, names),
                    "reasons": one.reasons,
                }
                for one in page
            ]
        )


class DifferencesView(RunView):
    """What changed since the version before."""

    @extend_schema(operation_id="matching_differences", responses=DifferencesSerializer, tags=["matching"])
    def get(self, request: Any, pk: int) -> Response:
        change = selectors.differences(self.found(pk), request.user)
        if change is None:
            nothing: list[str] = []
            return Response(
                {"version": None, "run": None, "unchanged": 0, "cases_gone": nothing, "cases_new": nothing,
                 "controls_gone": nothing, "controls_new": nothing, "changed": nothing}
            )  # fmt: skip
        return Response(
            {
                "version": change.version,
                "run": change.before.pk,
                "unchanged": change.unchanged,
                "cases_gone": change.cases_gone,
                "cases_new": change.cases_new,
                "controls_gone": change.controls_gone,
                "controls_new": change.controls_new,
                "changed": [
                    {"case": case, "left": left, "came": came}
                    for case, (left, came) in change.changed.items()
                ],
            }
        )


class Step(APIView):
    """A step of a run: the answer is the run as it stands then."""

    known: tuple[str, ...] = ("note",)

    def members(self, request: Any) -> dict[str, Any]:
        raw: Mapping[str, Any] = payload(request)
        unknown = [str(name)[:80] for name in raw if name not in self.known]
        if unknown:
            raise ProblemError(
                400,
                "invalid",
                _("Nothing was saved: see errors."),
                errors=[
                    {"field": name, "code": "unknown_field", "message": _("There is no such member.")}
                    for name in unknown
                ],
            )
        return {"note": raw.get("note", "")} | {name: raw[name] for name in self.known if name in raw}

    def answer(self, pk: int) -> Response:
        run = selectors.run_or_404(self.request.user, pk)
        return Response(as_json(run, selectors.states_of([run])[run.pk]))


class Review(Step):
    """Say that the run was looked at and may be frozen; not by who proposed it."""

    permission = REVIEWERS

    @extend_schema(
        operation_id="matching_review", request=NoteSerializer, responses=RunSerializer, tags=["matching"]
    )
    def post(self, request: Any, pk: int) -> Response:
        run = selectors.run_or_404(request.user, pk)
        with as_problems():
            actions.review(run=run, by=request.user, **self.members(request))
        return self.answer(pk)


class Return(Step):
    """Send the run back, with a note that says what is to be done differently."""

    permission = REVIEWERS

    @extend_schema(
        operation_id="matching_return", request=NoteSerializer, responses=RunSerializer, tags=["matching"]
    )
    def post(self, request: Any, pk: int) -> Response:
        run = selectors.run_or_404(request.user, pk)
        with as_problems():
            actions.return_(run=run, by=request.user, **self.members(request))
        return self.answer(pk)


class Freeze(Step):
    """Give the reviewed run the next version, and its controls their matched case and index date."""

    permission = Permission.FREEZE_MATCHING
    known = ("note", "reason")

    @extend_schema(
        operation_id="matching_freeze", request=FreezeSerializer, responses=RunSerializer, tags=["matching"]
    )
    def post(self, request: Any, pk: int) -> Response:
        run = selectors.run_or_404(request.user, pk)
        with as_problems():
            actions.freeze(run=run, by=request.user, **self.members(request))
        return self.answer(pk)


api_urls = [
    path("matching/runs/", Runs.as_view(), name="matching-runs"),
    path("matching/given/", Given.as_view(), name="matching-given"),
    path("matching/runs/<int:pk>/", Run.as_view(), name="matching-run"),
    path("matching/runs/<int:pk>/sets/", Sets.as_view(), name="matching-sets"),
    path("matching/runs/<int:pk>/sets.csv", SetsCsv.as_view(), name="matching-sets-csv"),
    path("matching/runs/<int:pk>/unmatched/", Unmatched.as_view(), name="matching-unmatched"),
    path("matching/runs/<int:pk>/differences/", DifferencesView.as_view(), name="matching-differences"),
    path("matching/runs/<int:pk>/review/", Review.as_view(), name="matching-review"),
    path("matching/runs/<int:pk>/return/", Return.as_view(), name="matching-return"),
    path("matching/runs/<int:pk>/freeze/", Freeze.as_view(), name="matching-freeze"),
]
