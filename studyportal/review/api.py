"""`/api/v1/review/…`: progress, what waits, where a record stands, and each act. The API does what the pages do."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.response import Response

from studyportal.access.declare import get_visible_or_404, refusal
from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.crf.refusals import as_problems
from studyportal.review import actions, closing, lists, page, progress, selectors
from studyportal.review.kinds import VISIT, Kind, kinds, visit_model
from studyportal.review.serializers import (
    FreezeListSerializer,
    FreezingSerializer,
    LockingSerializer,
    ProgressListSerializer,
    ProgressSerializer,
    ReasonSerializer,
    ReviewSerializer,
    TakeBackSerializer,
    VerifySerializer,
    VisitClosedSerializer,
    WaitingListSerializer,
    WaitingSerializer,
    review_json,
)

TAGS = ["review"]


class View(generics.GenericAPIView):
    @property
    def user(self) -> Any:
        return self.request.user

    def given(self) -> dict[str, Any]:
        serializer = self.get_serializer(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class Progress(View):
    """How many forms are expected, complete, verified, signed and locked, by site and form."""

    permission = page.SEE
    serializer_class = ProgressListSerializer

    @extend_schema(operation_id="review_progress", tags=TAGS)
    def get(self, request: Any) -> Response:
        rows = progress.by_form(lists.sites_for(self.user, page.SEE))
        return Response({"results": ProgressSerializer(rows, many=True).data})


class WaitingView(View):
    """Records that wait, the oldest first, at most fifty at once."""

    what = ""
    serializer_class = WaitingListSerializer

    def answer(self) -> Response:
        found = lists.waiting(self.what, self.user, page.choice_of(self.request.GET))
        return Response({"results": WaitingSerializer(found.rows, many=True).data, "after": found.after})


PARAMETERS = [OpenApiParameter(name, str) for name in ("site", "form", "visit", "participant", "after")]


class ToVerify(WaitingView):
    """Complete records that the protocol asks to compare with their source, and that are not verified."""

    what = "verify"
    permission = Permission.VERIFY_SOURCE

    @extend_schema(operation_id="review_to_verify", parameters=PARAMETERS, tags=TAGS)
    def get(self, request: Any) -> Response:
        return self.answer()


class ToSign(WaitingView):
    """Complete records that the protocol asks the investigator to sign, and that bear no signature that stands."""

    what = "sign"
    permission = Permission.SIGN_RECORDS

    @extend_schema(operation_id="review_to_sign", parameters=PARAMETERS, tags=TAGS)
    def get(self, request: Any) -> Response:
        return self.answer()


class ToLock(WaitingView):
    """Records of which nothing is missing before they are locked."""

    what = "lock"
    permission = Permission.LOCK_RECORDS

    @extend_schema(operation_id="review_to_lock", parameters=PARAMETERS, tags=TAGS)
    def get(self, request: Any) -> Response:
        return self.answer()


class OfRecord(View):
    """One record: found by those who hold the permission at its site."""

    def record(self, key: str, pk: int, *permissions: Permission) -> tuple[Kind, Any]:
        kind = kinds([key]).get(key)
        if kind is None or kind.spec is None:
            raise Http404(_("There is no such form."))
        records = kind.model._default_manager.select_related("participant", "site")
        for permission in permissions[:-1]:
            try:
                return kind, get_visible_or_404(records, self.user, permission, pk=pk)
            except Http404:
                continue
        return kind, get_visible_or_404(records, self.user, permissions[-1], pk=pk)

    def answer(self, kind: Kind, pk: int, status: int = 200) -> Response:
        body = review_json(kind.form, pk)
        return Response(body, status=status, headers={"ETag": etag_of(body["state"]["version"])})


class Review(OfRecord):
    """Where a record stands, and what was done to it."""

    permission = page.SEE
    serializer_class = ReviewSerializer

    @extend_schema(operation_id="review_record", tags=TAGS)
    def get(self, request: Any, key: str, pk: int) -> Response:
        kind, record = self.record(key, pk, *page.SEE)
        return self.answer(kind, record.pk)


class Verify(OfRecord):
    """Say that a record, or some of its fields, agrees with its source; If-Match: the version that was compared."""

    permission = Permission.VERIFY_SOURCE
    serializer_class = VerifySerializer

    @extend_schema(operation_id="review_verify", responses={201: ReviewSerializer}, tags=TAGS)
    def post(self, request: Any, key: str, pk: int) -> Response:
        kind, record = self.record(key, pk, Permission.VERIFY_SOURCE)
        seen, given = version_seen(request), self.given()
        with as_problems():
            actions.verify(
                kind,
                record=record,
                by=self.user,
                version_seen=seen,
                fields=given.get("fields", ()),
                method=given["method"],
                note=given["note"],
            )
        return self.answer(kind, pk, 201)


class TakeBack(OfRecord):
    """Take a verification back, with the reason."""

    permission = Permission.VERIFY_SOURCE
    serializer_class = TakeBackSerializer

    @extend_schema(operation_id="review_take_back", responses={201: ReviewSerializer}, tags=TAGS)
    def post(self, request: Any, key: str, pk: int) -> Response:
        kind, record = self.record(key, pk, Permission.VERIFY_SOURCE)
        given = self.given()
        with as_problems():
            actions.take_back(
                kind, record=record, by=self.user, reason=given["reason"], fields=given.get("fields", ())
            )
        return self.answer(kind, pk, 201)


class Locking(OfRecord):
    """Close a record for changes; If-Match: the version that was seen."""

    permission = Permission.LOCK_RECORDS
    serializer_class = LockingSerializer

    @extend_schema(operation_id="review_lock", responses={201: ReviewSerializer}, tags=TAGS)
    def post(self, request: Any, key: str, pk: int) -> Response:
        kind, record = self.record(key, pk, Permission.LOCK_RECORDS)
        seen, given = version_seen(request), self.given()
        with as_problems():
            actions.lock(kind, record=record, by=self.user, version_seen=seen, reason=given["reason"])
        return self.answer(kind, pk, 201)


class Unlocking(OfRecord):
    """Open a locked record again, with the reason."""

    permission = Permission.LOCK_RECORDS
    serializer_class = ReasonSerializer

    @extend_schema(operation_id="review_unlock", responses={201: ReviewSerializer}, tags=TAGS)
    def post(self, request: Any, key: str, pk: int) -> Response:
        kind, record = self.record(key, pk, Permission.LOCK_RECORDS)
        given = self.given()
        with as_problems():
            actions.unlock(kind, record=record, by=self.user, reason=given["reason"])
        return self.answer(kind, pk, 201)


class VisitView(View):
    """A visit: locked with its forms, or frozen; and opened again."""

    def visit(self, pk: int, permission: Permission) -> Any:
        model = visit_model()
        if model is None:
            raise Http404(_("There are no visits."))
        return get_visible_or_404(
            model._default_manager.select_related("participant", "site"), self.user, permission, pk=pk
        )

    def answer(self, pk: int, closed: closing.Closed | None = None) -> Response:
        state = selectors.states({VISIT: [pk]})[VISIT, pk]
        refused = [] if closed is None else closed.refused
        return Response(
            {
                "locked": state.locked,
                "frozen": state.frozen,
                "refused": [{"form": kind.form, "record": pk, "why": why} for kind, pk, why in refused],
            }
        )


class VisitLock(VisitView):
    """Lock every record of a visit that is ready, and the visit when all are; `refused` says what is missing of the rest."""

    permission = Permission.LOCK_RECORDS
    serializer_class = LockingSerializer

    @extend_schema(operation_id="review_lock_visit", request=None, responses=VisitClosedSerializer, tags=TAGS)
    def post(self, request: Any, pk: int) -> Response:
        visit = self.visit(pk, Permission.LOCK_RECORDS)
        with as_problems():
            closed = closing.lock_visit(visit=visit, by=self.user)
        return self.answer(pk, closed)


class VisitUnlock(VisitView):
    """Open a locked visit and its forms, with the reason."""

    permission = Permission.LOCK_RECORDS
    serializer_class = ReasonSerializer

    @extend_schema(operation_id="review_unlock_visit", responses=VisitClosedSerializer, tags=TAGS)
    def post(self, request: Any, pk: int) -> Response:
        visit, given = self.visit(pk, Permission.LOCK_RECORDS), self.given()
        with as_problems():
            closing.unlock_visit(visit=visit, by=self.user, reason=given["reason"])
        return self.answer(pk)


class VisitFreeze(VisitView):
    """Close all data of a visit for the time being, with the reason."""

    permission = Permission.FREEZE_RECORDS
    serializer_class = ReasonSerializer

    @extend_schema(operation_id="review_freeze_visit", responses=VisitClosedSerializer, tags=TAGS)
    def post(self, request: Any, pk: int) -> Response:
        visit, given = self.visit(pk, Permission.FREEZE_RECORDS), self.given()
        with as_problems():
            closing.freeze_visit(visit=visit, by=self.user, reason=given["reason"])
        return self.answer(pk)


class VisitLift(VisitView):
    """Lift the freeze of a visit, with the reason."""

    permission = Permission.FREEZE_RECORDS
    serializer_class = ReasonSerializer

    @extend_schema(operation_id="review_lift_visit", responses=VisitClosedSerializer, tags=TAGS)
    def post(self, request: Any, pk: int) -> Response:
        visit, given = self.visit(pk, Permission.FREEZE_RECORDS), self.given()
        with as_problems():
            closing.lift_visit(visit=visit, by=self.user, reason=given["reason"])
        return self.answer(pk)


class Freezes(View):
    """What is frozen now at your sites and in the whole study; freeze a place or lift its freeze."""

    permissions = {"GET": page.SEE, "POST": Permission.FREEZE_RECORDS}
    serializer_class = FreezingSerializer

    @extend_schema(operation_id="review_freezes", responses=FreezeListSerializer, tags=TAGS)
    def get(self, request: Any) -> Response:
        return self.answer(200)

    @extend_schema(operation_id="review_freeze", responses={201: FreezeListSerializer}, tags=TAGS)
    def post(self, request: Any) -> Response:
        given = self.given()
        site = None
        if given["site"]:
            held = self.user.sites_with(Permission.FREEZE_RECORDS)
            site = next((one for one in Site.objects.filter(code=given["site"]) if one.pk in held), None)
            if site is None:
                raise Http404(_("There is no such site."))
        elif not page.holds_everywhere(self.user, Permission.FREEZE_RECORDS):
            raise PermissionDenied(refusal(Permission.FREEZE_RECORDS))
        do = closing.freeze if given["act"] == "freeze" else closing.lift
        with as_problems():
            do(site=site, by=self.user, reason=given["reason"])
        return self.answer(201)

    def answer(self, status: int) -> Response:
        seen = {site.pk for site in lists.sites_for(self.user, page.SEE)}
        return Response(
            {
                "results": [
                    {
                        "site": one.site.code if one.site else None,
                        "by": one.by_name,
                        "at": one.at,
                        "reason": one.reason,
                    }
                    for pk, one in selectors.frozen_sites().items()
                    if pk is None or pk in seen
                ]
            },
            status=status,
        )


api_urls = [
    path("review/progress/", Progress.as_view(), name="review-progress"),
    path("review/to-verify/", ToVerify.as_view(), name="review-to-verify"),
    path("review/to-sign/", ToSign.as_view(), name="review-to-sign"),
    path("review/to-lock/", ToLock.as_view(), name="review-to-lock"),
    path("review/freezes/", Freezes.as_view(), name="review-freezes"),
    path("review/forms/<slug:key>/<int:pk>/", Review.as_view(), name="review-record"),
    path("review/forms/<slug:key>/<int:pk>/verify/", Verify.as_view(), name="review-verify"),
    path("review/forms/<slug:key>/<int:pk>/take-back/", TakeBack.as_view(), name="review-take-back"),
    path("review/forms/<slug:key>/<int:pk>/lock/", Locking.as_view(), name="review-lock"),
    path("review/forms/<slug:key>/<int:pk>/unlock/", Unlocking.as_view(), name="review-unlock"),
    path("review/visits/<int:pk>/lock/", VisitLock.as_view(), name="review-visit-lock"),
    path("review/visits/<int:pk>/unlock/", VisitUnlock.as_view(), name="review-visit-unlock"),
    path("review/visits/<int:pk>/freeze/", VisitFreeze.as_view(), name="review-visit-freeze"),
    path("review/visits/<int:pk>/lift/", VisitLift.as_view(), name="review-visit-lift"),
]
