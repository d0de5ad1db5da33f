"""`/api/v1/consent-documents/in-force/`: what may be signed on a day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from apps.consent.api.documents import VIEW, DocumentView
from apps.consent.api.documents_json import InForceSerializer
from apps.consent.rules import documents as rules
from apps.consent.selectors import documents as selectors
from studyportal.access.clock import today_at
from studyportal.access.models import Site
from studyportal.api.problems import ProblemError


@extend_schema(tags=["consent-documents"])
class DocumentsInForce(DocumentView):
    """What may be signed on a day (without `on`: today, by each site's own day) at your sites, or at one of them."""

    serializer_class = InForceSerializer
    permissions = {"GET": VIEW}

    @extend_schema(
        operation_id="consent_documents_in_force",
        parameters=[
            OpenApiParameter(
                "site", OpenApiTypes.STR, description="Code of the site; without it all of yours."
            ),
            OpenApiParameter("on", OpenApiTypes.DATE, description="The day; without it today."),
        ],
    )
    def get(self, request: Any) -> Response:
        asked = request.query_params
        sites = selectors.document_sites(request.user)
        if code := asked.get("site", ""):
            sites = [one for one in sites if one.code == code]
            if not sites:
                raise _wrong("site", "not_found", _("Give the code of a site whose documents you may read."))
        on = None
        if text := asked.get("on", ""):
            try:
                on = dt.date.fromisoformat(text)
            except ValueError:
                raise _wrong("on", "invalid_date", _("Write the day as 2016-11-03.")) from None
        return Response({"sites": self._in_force(sites, on)})

    def _in_force(self, sites: list[Site], on: dt.date | None) -> list[dict[str, Any]]:
        registers = selectors.register_of([site.pk for site in sites])
        days = {site.pk: on or today_at(site) for site in sites}
        standing = {
            one.id
            for site in sites
            for one in rules.current(registers[site.pk].documents, days[site.pk], kind=None)
        }
        rows = selectors.documents(self.user).filter(pk__in=standing).order_by("purpose", "kind", "id")
        shown = self.shown(rows, on)
        return [
            {
                "site": site.code,
                "on": days[site.pk],
                "documents": [one for one in shown if one["site"] == site.code],
            }
            for site in sites
        ]


def _wrong(field: str, code: str, said: str) -> ProblemError:
    return ProblemError(400, "invalid", said, errors=[{"field": field, "code": code, "message": said}])


api_urls = [
    path("consent-documents/in-force/", DocumentsInForce.as_view(), name="consent-documents-in-force"),
]
