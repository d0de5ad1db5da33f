"""`/api/v1/consent-documents/`: the register of what is signed, its files and words, approving and withdrawing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from apps.consent.actions import documents as actions
from apps.consent.actions import documents_approval
from apps.consent.api.documents_json import (
    ApproveSerializer,
    ConsentDocumentSerializer,
    FileSerializer,
    WithdrawSerializer,
    WordsSerializer,
    as_json,
)
from apps.consent.models import ConsentDocument, DocumentKind, DocumentPurpose, DocumentState
from apps.consent.rules import documents as rules
from apps.consent.selectors import documents as selectors
from apps.enrolment.models import SiteApproval
from studyportal.access.clock import today_at
from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, version_seen
from studyportal.api.filters import SinceFilter
from studyportal.api.middleware import takes_files
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.refusals import as_problems
from studyportal.files.serving import as_attachment

VIEW, MANAGE = Permission.VIEW_CONSENT_DOCUMENTS, Permission.MANAGE_CONSENT_DOCUMENTS
FIXED = ("id", "site", "kind", "purpose", "state", "standing", "superseded_from", "approval_number", "approved_at",
         "approved_by", "withdrawn_from", "withdrawn_because", "texts", "version", "created_at", "updated_at")  # fmt: skip


class ConsentDocumentFilters(filters.FilterSet):
    site = filters.CharFilter(field_name="site__code")
    kind = filters.ChoiceFilter(choices=DocumentKind.choices)
    purpose = filters.ChoiceFilter(choices=DocumentPurpose.choices)
    state = filters.ChoiceFilter(choices=DocumentState.choices)
    approval = filters.NumberFilter(field_name="approval_id")
    updated_since = SinceFilter("updated_at")

    class Meta:
        model = ConsentDocument
        fields: list[str] = []


class DocumentView(generics.GenericAPIView):
    serializer_class: Any = ConsentDocumentSerializer
    permissions = {"GET": VIEW, "POST": MANAGE, "PATCH": MANAGE, "PUT": MANAGE, "DELETE": MANAGE}

    @property
    def user(self) -> Any:
        return self.request.user

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return ConsentDocument.objects.none()
        return selectors.documents(self.user).order_by("id")

    def shown(self, rows: Iterable[ConsentDocument], on: dt.date | None = None) -> list[dict[str, Any]]:
        rows = list(rows)
        registers = selectors.register_of({row.site_id for row in rows})
        found = []
        for row in rows:
            seen = registers[row.site_id].document(row.pk)
            assert seen is not None
            found.append(as_json(row, seen, rules.judge(seen, on or today_at(row.site))))
        return found

    def respond(self, pk: int, status: int = 200) -> Response:
        fresh = selectors.document_or_404(self.user, pk)
        return Response(self.shown([fresh])[0], status=status, headers={"ETag": etag_of(fresh.version)})

    def managed(self, pk: int) -> ConsentDocument:
        return selectors.document_or_404(self.user, pk, MANAGE)

    def document_named(self, pk: Any, problems: list[Problem]) -> ConsentDocument | None:
        return _named(selectors.documents(self.user, MANAGE), "supersedes", pk, problems)

    def approval_named(self, pk: Any, problems: list[Problem]) -> SiteApproval | None:
        visible = SiteApproval.objects.visible_to(self.user, MANAGE).prefetch_related("suspensions")
        return _named(visible, "approval", pk, problems)


def _named(visible: Any, field: str, pk: Any, problems: list[Problem]) -> Any:
    """The row with this id among those that the user may name; None for null, and a problem for anything else."""
    if pk is None:
        return None
    if isinstance(pk, int) and not isinstance(pk, bool) and 0 < pk < 2**63:
        found = visible.filter(pk=pk).first()
        if found is not None:
            return found
    problems.append(
        Problem(field, "not_found", _("There is none with this id among those that you may name."))
    )
    return None


def _read_only(raw: dict[str, Any], names: Iterable[str]) -> list[Problem]:
    return [
        Problem(name, "read_only", _("This does not change here; leave it out."))
        for name in names
        if name in raw
    ]


def _text_keys(raw: dict[Any, Any]) -> dict[str, Any]:
    return {str(name)[:80]: value for name, value in raw.items()}


class ConsentDocuments(DocumentView):
    """List the consent documents of your sites; begin a draft, or (`supersedes`) the next version of one."""

    filterset_class = ConsentDocumentFilters
    permissions = {"GET": VIEW, "POST": MANAGE}

    @extend_schema(
        operation_id="consent_documents_list",
        responses=ConsentDocumentSerializer(many=True),
        tags=["consent-documents"],
    )
    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.shown(page or []))

    @extend_schema(
        operation_id="consent_documents_create",
        responses={201: ConsentDocumentSerializer},
        tags=["consent-documents"],
    )
    def post(self, request: Any) -> Response:
        raw = _text_keys(payload(request))
        with as_problems():
            problems = _read_only(raw, (n for n in FIXED if n not in ("site", "kind", "purpose")))
            site = self._site(raw.pop("site", None), problems)
            supersedes = self.document_named(raw.pop("supersedes", None), problems)
            if problems or site is None:
                raise CrfInvalid(problems)
            raw = _only(raw, actions.AT_ENTRY)
            made = actions.draft(site=site, by=request.user, supersedes=supersedes, **raw)
        return self.respond(made.pk, status=201)

    def _site(self, code: Any, problems: list[Problem]) -> Site | None:
        readable = isinstance(code, str) and code.isascii() and code.isprintable()
        site = Site.objects.filter(code=code).first() if readable else None
        if site is None or not self.user.may(MANAGE, site):
            problems.append(
                Problem("site", "not_found", _("Give the code of a site whose documents you may keep."))
            )
            return None
        return site


def _only(raw: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """Names that Python itself would take for something else of the action are no fields either."""
    problems = [
        Problem(name, "unknown_field", _("There is no such field. Fields: %s.") % ", ".join(known))
        for name in raw
        if name not in known
    ]
    if problems:
        raise CrfInvalid(problems)
    return raw


class ConsentDocumentDetail(DocumentView):
    """Read a document; change or discard a draft, naming the version that was seen."""

    permissions = {"GET": VIEW, "PATCH": MANAGE, "DELETE": MANAGE}

    @extend_schema(operation_id="consent_documents_retrieve", tags=["consent-documents"])
    def get(self, request: Any, pk: int) -> Response:
        return self.respond(pk)

    @extend_schema(operation_id="consent_documents_change", tags=["consent-documents"])
    def patch(self, request: Any, pk: int) -> Response:
        document = self.managed(pk)
        seen = version_seen(request)
        raw = _text_keys(payload(request))
        with as_problems():
            problems = _read_only(raw, FIXED)
            if "supersedes" in raw:
                raw["supersedes"] = self.document_named(raw["supersedes"], problems)
            if "approval" in raw:
                raw["approval"] = self.approval_named(raw["approval"], problems)
            if problems:
                raise CrfInvalid(problems)
            raw = _only(raw, (*actions.CHANGEABLE, "supersedes", "approval"))
            actions.change(document=document, by=request.user, expected_version=seen, **raw)
        return self.respond(pk)

    @extend_schema(
        operation_id="consent_documents_discard", responses={204: None}, tags=["consent-documents"]
    )
    def delete(self, request: Any, pk: int) -> Response:
        document = self.managed(pk)
        with as_problems():
            actions.discard(document=document, by=request.user, expected_version=version_seen(request))
        return Response(status=204)


@extend_schema(tags=["consent-documents"])
class ConsentDocumentWords(DocumentView):
    """The words of a document in one language: read them, write those of a draft, or take the language out of it."""

    serializer_class = WordsSerializer
    permissions = {"GET": VIEW, "PUT": MANAGE, "DELETE": MANAGE}

    @extend_schema(operation_id="consent_documents_words")
    def get(self, request: Any, pk: int, language: str) -> Response:
        text = selectors.text_or_404(request.user, pk, language)
        if not text.text:
            raise Http404(_("No words are kept in this language; the file is what is signed."))
        return Response({"language": text.language, "words": text.text, "text_sha256": text.text_sha256})

    @extend_schema(operation_id="consent_documents_write_words", responses=ConsentDocumentSerializer)
    def put(self, request: Any, pk: int, language: str) -> Response:
        document = self.managed(pk)
        seen = version_seen(request)
        with as_problems():
            raw = _only(_text_keys(payload(request)), ("words",))
            actions.put_text(
                document=document,
                language=language,
                by=request.user,
                words=raw.get("words", 0),
                expected_version=seen,
            )
        return self.respond(pk)

    @extend_schema(operation_id="consent_documents_remove_language", responses=ConsentDocumentSerializer)
    def delete(self, request: Any, pk: int, language: str) -> Response:
        document = self.managed(pk)
        with as_problems():
            actions.remove_text(
                document=document, language=language, by=request.user, expected_version=version_seen(request)
            )
        return self.respond(pk)


@extend_schema(tags=["consent-documents"])
class ConsentDocumentFile(DocumentView):
    """The file of a document in one language: download it, or keep that of a draft (member `file`)."""

    serializer_class = FileSerializer
    parser_classes = (MultiPartParser,)
    permissions = {"GET": VIEW, "PUT": MANAGE}

    @extend_schema(
        operation_id="consent_documents_file", responses={(200, "application/octet-stream"): bytes}
    )
    def get(self, request: Any, pk: int, language: str) -> HttpResponse:
        text = selectors.text_or_404(request.user, pk, language)
        if text.file is None:
            raise Http404(_("No file is kept in this language."))
        return as_attachment(text.file)

    @extend_schema(operation_id="consent_documents_keep_file", responses=ConsentDocumentSerializer)
    def put(self, request: Any, pk: int, language: str) -> Response:
        document = self.managed(pk)
        seen = version_seen(request)
        upload = request.FILES.get("file")
        with as_problems():
            if upload is None:
                raise CrfInvalid([Problem("file", "required", _("Send the document as the member “file”."))])
            actions.put_text(
                document=document, language=language, by=request.user, upload=upload, expected_version=seen
            )
        return self.respond(pk)


@extend_schema(tags=["consent-documents"])
class ConsentDocumentApproval(DocumentView):
    """Record that the ethics committee approved a draft: from then on nothing of it changes."""

    serializer_class = ApproveSerializer
    permissions = {"POST": MANAGE}

    @extend_schema(operation_id="consent_documents_approve", responses=ConsentDocumentSerializer)
    def post(self, request: Any, pk: int) -> Response:
        document = self.managed(pk)
        seen = version_seen(request)
        raw = _text_keys(payload(request))
        with as_problems():
            problems: list[Problem] = []
            approval = self.approval_named(raw.pop("approval", None), problems)
            if problems:
                raise CrfInvalid(problems)
            documents_approval.approve(
                document=document,
                by=request.user,
                approval=approval,
                expected_version=seen,
                **_only(raw, documents_approval.APPROVAL_FIELDS),
            )
        return self.respond(pk)


@extend_schema(tags=["consent-documents"])
class ConsentDocumentWithdrawal(DocumentView):
    """Record that an approved document may no longer be signed from a day on. Once, and for good."""

    serializer_class = WithdrawSerializer
    permissions = {"POST": MANAGE}

    @extend_schema(operation_id="consent_documents_withdraw", responses=ConsentDocumentSerializer)
    def post(self, request: Any, pk: int) -> Response:
        document = self.managed(pk)
        seen = version_seen(request)
        with as_problems():
            raw = _only(_text_keys(payload(request)), ("from_on", "because"))
            documents_approval.withdraw(
                document=document,
                by=request.user,
                from_on=raw.get("from_on"),
                because=raw.get("because"),
                expected_version=seen,
            )
        return self.respond(pk)


TEXT = "consent-documents/<int:pk>/texts/<slug:language>/"
api_urls = [
    path("consent-documents/", ConsentDocuments.as_view(), name="consent-documents"),
    path("consent-documents/<int:pk>/", ConsentDocumentDetail.as_view(), name="consent-document"),
    path(TEXT, ConsentDocumentWords.as_view(), name="consent-document-words"),
    path(f"{TEXT}file/", takes_files(ConsentDocumentFile.as_view()), name="consent-document-file"),
    path(
        "consent-documents/<int:pk>/approve/",
        ConsentDocumentApproval.as_view(),
        name="consent-document-approve",
    ),
    path(
        "consent-documents/<int:pk>/withdraw/",
        ConsentDocumentWithdrawal.as_view(),
        name="consent-document-withdraw",
    ),
]
