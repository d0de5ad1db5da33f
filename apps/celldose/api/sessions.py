"""`/api/v1/sessions/`: sessions with their harvests and products."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.celldose import actions, crfs, rules, selectors
from apps.celldose.lifecycle import State
from apps.celldose.models import CellSession, Component
from apps.celldose.pages.doses import together_of
from studyportal.access.declare import get_visible_or_404
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.filters import SinceFilter
from studyportal.crf import display
from studyportal.crf.api import CrfView, payload, saved
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.crf.refusals import as_problems
from studyportal.crf.serializers import serializer_of
from studyportal.words import translated

WRITES = {
    "GET": Permission.VIEW_DATA,
    "POST": Permission.HANDLE_PRODUCTS,
    "PATCH": Permission.HANDLE_PRODUCTS,
}


class ProductInSession(serializers.Serializer):
    id = serializers.IntegerField()
    component = serializers.ChoiceField(choices=Component.choices)
    product_identifier = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=[(one.value, one.value) for one in State])


class PlanInSession(serializers.Serializer):
    id = serializers.IntegerField()
    component = serializers.ChoiceField(choices=Component.choices, allow_null=True)
    planned_low = serializers.CharField(allow_null=True)
    planned_high = serializers.CharField(allow_null=True)
    within_protocol = serializers.BooleanField(allow_null=True)


class TogetherSerializer(serializers.Serializer):
    """What the session gave, its components together: doses in 10⁶, per kg in 10⁶/kg."""

    dose = serializers.CharField(allow_null=True)
    viable_dose = serializers.CharField(allow_null=True)
    dose_per_kg = serializers.CharField(allow_null=True)
    viable_dose_per_kg = serializers.CharField(allow_null=True)
    weights = serializers.ListField(child=serializers.DictField())
    components = serializers.ListField(child=serializers.CharField())
    without = serializers.ListField(child=serializers.CharField())
    not_derivable = serializers.DictField(child=serializers.CharField())


class SessionSerializer(serializer_of(crfs.CELL_SESSION.key)):  # type: ignore[misc]
    """A cell therapy session. Sent without a number, it takes the next one; without a date, it is planned."""

    harvests = serializers.ListField(child=serializers.IntegerField(), read_only=True)
    products = ProductInSession(many=True, read_only=True)
    plans = PlanInSession(many=True, read_only=True)
    together = TogetherSerializer(read_only=True)


class SessionFilters(filters.FilterSet):
    participant = filters.CharFilter(field_name="participant__code")
    site = filters.CharFilter(field_name="site__code")
    number = filters.NumberFilter(min_value=0, max_value=100)
    updated_since = SinceFilter("updated_at")

    class Meta:
        model = CellSession
        fields: list[str] = []


def session_json(session: CellSession) -> dict[str, Any]:
    files = selectors.files_of_session(session)
    return display.as_json(crfs.CELL_SESSION, session, session.participant.code) | {
        "harvests": [harvest.pk for harvest in session.harvests.all()],
        "products": [
            {
                "id": file.product.pk,
                "component": file.product.component,
                "product_identifier": file.product.product_identifier,
                "state": file.life.state,
            }
            for file in files
        ],
        "plans": [
            {
                "id": plan.pk,
                "component": plan.component,
                "planned_low": _text(plan.planned_low),
                "planned_high": _text(plan.planned_high),
                "within_protocol": plan.within_protocol,
            }
            for plan in sorted(session.dose_plans.all(), key=lambda one: one.component or "")
        ],
        "together": together_json(together_of(files)),
    }


def together_json(both: rules.Together) -> dict[str, Any]:
    sums = {
        "dose": both.dose,
        "viable_dose": both.viable,
        "dose_per_kg": both.per_kg,
        "viable_dose_per_kg": both.viable_per_kg,
    }
    return {
        **{name: None if isinstance(value, NotDerivable) else _text(value) for name, value in sums.items()},
        "weights": [{"kg": _text(one.kg), "on": one.on.isoformat()} for one in both.weights],
        "components": list(both.names),
        "without": list(both.without),
        "not_derivable": {
            name: translated(value.why) for name, value in sums.items() if isinstance(value, NotDerivable)
        },
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def refuse_unknown(raw: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raises CrfInvalid naming every member that the endpoint does not take."""
    problems = [
        Problem(str(name)[:80], "unknown_field", _("There is no such field. Fields: %s.") % ", ".join(known))
        for name in raw
        if name not in known
    ]
    if problems:
        raise CrfInvalid(problems)


class SessionView(CrfView):
    spec = crfs.CELL_SESSION
    serializer_class = SessionSerializer
    filterset_class = SessionFilters
    permissions = WRITES

    def get_queryset(self) -> Any:
        permission = WRITES.get(self.request.method or "", Permission.VIEW_DATA)
        return selectors.sessions(self.request.user, permission).order_by("id")

    def answer(self, pk: int, status: int = 200) -> Response:
        session = selectors.sessions(self.request.user).get(pk=pk)
        return Response(session_json(session), status=status, headers={"ETag": etag_of(session.version)})


class Sessions(SessionView):
    """List the sessions that you may see; plan or record one."""

    @extend_schema(operation_id="sessions_list", responses=SessionSerializer(many=True), tags=["sessions"])
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([session_json(session) for session in page or []])

    @extend_schema(operation_id="sessions_create", responses={201: SessionSerializer}, tags=["sessions"])
    def post(self, request: Any) -> Response:
        raw = payload(request)
        known = ("participant", "number", "planned_on", "performed_on", "remarks", "absent")
        with as_problems():
            refuse_unknown(raw, known)
            participant, _parents = self.owner_and_parents(raw)
            if participant is None:
                raise CrfInvalid([Problem("participant", "required", _("Say whose session this is."))])
            session = actions.plan_session(
                participant=participant,
                by=request.user,
                **{name: raw[name] for name in known[1:] if name in raw},
            )
        return self.answer(session.pk, status=201)


class SessionDetail(SessionView):
    """Read and change one session; a change names the version that it saw."""

    @extend_schema(operation_id="sessions_retrieve", tags=["sessions"])
    def get(self, request: Any, pk: int) -> Response:
        get_visible_or_404(CellSession.objects.all(), request.user, Permission.VIEW_DATA, pk=pk)
        return self.answer(pk)

    @extend_schema(operation_id="sessions_change", tags=["sessions"])
    def patch(self, request: Any, pk: int) -> Response:
        session = get_visible_or_404(
            CellSession.objects.select_related("participant"), request.user, Permission.HANDLE_PRODUCTS, pk=pk
        )
        raw = dict(payload(request))
        self.refuse_moves(raw, session)
        # A session stays planned until its date, or the reason why there is none, is given.
        done = session.is_complete or raw.get("performed_on") is not None or "absent" in raw
        raw.setdefault("complete", done)
        saved(self.spec, request=request, raw=raw, record=session, expected_version=version_seen(request))
        return self.answer(pk)
