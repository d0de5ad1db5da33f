"""`/api/v1/schedule/`: the visits of one participant, or what is to be held over some days at the user's sites."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.enrolment.selectors import participant_or_404
from apps.visits import selectors
from apps.visits.rules import VisitState
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.access.permissions import Permission
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems

MOST_DAYS = 366


class ScheduleSerializer(serializers.Serializer):
    """One visit in the schedule of a participant. The days are days of the calendar at the site."""

    participant = serializers.CharField()
    site = serializers.CharField()
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    state = serializers.ChoiceField(choices=[(one.value, one.value) for one in VisitState])
    earliest = serializers.DateField(allow_null=True, help_text="First day of the window; null: not dated.")
    target = serializers.DateField(allow_null=True)
    latest = serializers.DateField(allow_null=True, help_text="Last day of the window.")
    visit = serializers.IntegerField(allow_null=True, help_text="Its record; null: there is none.")
    anchor = serializers.CharField(
        required=False, help_text="With participant: the event from which it is counted."
    )
    number = serializers.IntegerField(
        required=False, help_text="With participant: counts unscheduled visits."
    )
    happened_on = serializers.CharField(required=False, allow_null=True, help_text="With participant.")
    forms_complete = serializers.IntegerField(required=False, help_text="With participant.")
    forms_expected = serializers.IntegerField(required=False, help_text="With participant.")
    of_protocol = serializers.BooleanField(
        required=False,
        help_text="With participant: false for a visit that was held and that the version of the participant lacks.",
    )


class ScheduleAnswer(serializers.Serializer):
    protocol_version = serializers.CharField(
        required=False, help_text="With participant: the version that counts."
    )
    results = ScheduleSerializer(many=True)


class Schedule(APIView):
    """The schedule, by its one definition.

    With `participant`: every visit of that participant, held or not, each with its state today at the site. With
    `from` and `to` (at most 366 days): the visits that are still to be held at your sites and whose window touches
    these days, of those who take part; visits that took place are under /visits/.
    """

    permissions = {"GET": Permission.VIEW_DATA}

    @extend_schema(
        operation_id="schedule_list",
        parameters=[
            OpenApiParameter("participant", str, description="Participant code."),
            OpenApiParameter("from", str, description="First day, such as 2026-01-01."),
            OpenApiParameter("to", str, description="Last day."),
            OpenApiParameter("site", str, description="Site code, with from and to."),
        ],
        responses=ScheduleAnswer,
        tags=["visits"],
    )
    def get(self, request: Any) -> Response:
        asked = request.query_params
        with as_problems():
            if "participant" in asked:
                return self._of_participant(request, asked["participant"])
            return self._between(request, asked)

    def _of_participant(self, request: Any, code: str) -> Response:
        participant = participant_or_404(request.user, code, Permission.VIEW_DATA)
        today = today_at(participant.site)
        rows = [_row(participant, row, today) for row in selectors.schedule(participant)]
        return Response({"protocol_version": protocol.of(participant).version, "results": rows})

    def _between(self, request: Any, asked: Any) -> Response:
        problems: list[Problem] = []
        first, last = (_day(name, asked.get(name), problems) for name in ("from", "to"))
        if first is not None and last is not None:
            if last < first:
                problems.append(Problem("to", "before_from", _("The last day lies before the first.")))
            elif (last - first).days > MOST_DAYS:
                problems.append(
                    Problem("to", "too_many_days", _("Ask for at most %d days at once.") % MOST_DAYS)
                )
        sites = selectors.sites_of(request.user, Permission.VIEW_DATA)
        if asked.get("site"):
            sites = [site for site in sites if site.code == asked["site"]]
            if not sites:
                problems.append(
                    Problem("site", "not_found", _("There is no site with this code that you may see."))
                )
        if problems or first is None or last is None:
            raise CrfInvalid(problems)
        lines = selectors.due_between(sites, first, last)
        return Response(
            {
                "results": [
                    {
                        "participant": line.code,
                        "site": line.site,
                        "key": line.key,
                        "label": line.label,
                        "state": line.state,
                        "earliest": line.earliest,
                        "target": line.target,
                        "latest": line.latest,
                        "visit": line.visit_id,
                    }
                    for line in lines
                ]
            }
        )


def _row(participant: Any, row: selectors.Scheduled, today: dt.date) -> dict[str, Any]:
    due, visit = row.due, row.visit
    return {
        "participant": participant.code,
        "site": participant.site.code,
        "key": row.key,
        "label": row.label,
        "state": row.state(today),
        "earliest": due.earliest if due else None,
        "target": due.target if due else None,
        "latest": due.latest if due else None,
        "visit": visit.pk if visit else None,
        "anchor": row.anchor,
        "number": visit.number if visit else 1,
        "happened_on": str(visit.happened_on) if visit and visit.happened_on else None,
        "forms_complete": row.forms.complete,
        "forms_expected": row.forms.expected,
        "of_protocol": row.of_plan,
    }


def _day(name: str, text: str | None, problems: list[Problem]) -> dt.date | None:
    if not text:
        problems.append(
            Problem(name, "required", _("Give participant, or from and to as days such as 2026-01-01."))
        )
        return None
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not 1900 <= found.year <= 2100:
        problems.append(Problem(name, "invalid_date", _("Give a day such as 2026-01-01.")))
        return None
    return found


api_urls = [path("schedule/", Schedule.as_view(), name="schedule")]
