"""`/api/v1/consent-log/feed/`: the log in the order of its chain, for whoever follows it.

A number is given under a lock that is held until the entry is committed, so none becomes visible after a higher one: a
client that asks for what is after the last number that it has seen misses nothing and sees nothing twice.
"""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.consent import selectors
from apps.consent.api.events import ConsentEventView
from apps.consent.api.shapes import ConsentEventSerializer, as_json
from studyportal.access.permissions import Permission
from studyportal.api.problems import ProblemError

USUAL, MOST = 100, 500


class ConsentFeedSerializer(serializers.Serializer):
    """Entries after a number, in the order of the chain."""

    results = ConsentEventSerializer(many=True)
    after = serializers.IntegerField(help_text="Ask for what is after this number next.")
    more = serializers.BooleanField(help_text="Whether there is more now.")
    next = serializers.CharField(allow_null=True, help_text="The address of what is more.")


class ConsentFeed(ConsentEventView):
    """Follow the log: what was entered after a number of the chain, corrections and withdrawals included."""

    permissions = {"GET": (Permission.RECORD_CONSENT, Permission.VIEW_CONSENT_LOG)}
    serializer_class = ConsentFeedSerializer
    pagination_class = None

    @extend_schema(
        operation_id="consent_log_feed",
        parameters=[
            OpenApiParameter("after", int, description="The last number that you have; 0 or left out: all."),
            OpenApiParameter("limit", int, description=f"At most so many entries, {USUAL} if left out."),
        ],
        tags=["consent-log"],
    )
    def get(self, request: Any) -> Response:
        after = _whole(request, "after", 0, least=0, most=2**63 - 1)
        limit = _whole(request, "limit", USUAL, least=1, most=MOST)
        entries = list(selectors.feed(request.user, after=after, limit=limit + 1))
        shown, more = entries[:limit], len(entries) > limit
        last = shown[-1].sequence if shown else after
        here = request.build_absolute_uri(request.path)
        return Response(
            {
                "results": [as_json(event) for event in shown],
                "after": last,
                "more": more,
                "next": f"{here}?after={last}&limit={limit}" if more else None,
            }
        )


def _whole(request: Any, name: str, otherwise: int, *, least: int, most: int) -> int:
    text = request.query_params.get(name, "").strip()
    if not text:
        return otherwise
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    if not least <= number <= most:
        said = {
            "field": name,
            "code": "out_of_range",
            "message": _("Give a whole number from %(least)d to %(most)d.") % {"least": least, "most": most},
        }
        raise ProblemError(400, "invalid", said["message"], errors=[said])
    return number


api_urls = [path("consent-log/feed/", ConsentFeed.as_view(), name="consent-log-feed")]
