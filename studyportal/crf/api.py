"""`/api/v1/forms/…`: one collection per declared form, none written by hand."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps as django_apps
from django.conf import settings
from django.urls import path
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from studyportal.access.declare import get_visible_or_404
from studyportal.access.permissions import Permission
from studyportal.api.concurrency import etag_of, stale, version_seen
from studyportal.api.filters import SinceFilter
from studyportal.api.problems import ProblemError
from studyportal.audit.selectors import history_of
from studyportal.crf import actions, display
from studyportal.crf.columns import Column
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.crf.reasons import names_for
from studyportal.crf.registry import all_specs
from studyportal.crf.serializers import ChangeSerializer, serializer_of
from studyportal.crf.signature_api import (
    Signatures,
    SignatureSerializer,
    SignaturesOfRecord,
    SignedContentSerializer,
    SigningSerializer,
)
from studyportal.crf.spec import CrfSpec
from studyportal.words import translated


def errors_of(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [{"field": p.field or "", "code": p.code, "message": translated(p.message)} for p in problems]


def payload(request: Any) -> Mapping[str, Any]:
    if not isinstance(request.data, Mapping):
        raise ProblemError(400, "malformed", _("Send one JSON object with the fields of the form."))
    return request.data


def saved(spec: CrfSpec, *, request: Any, raw: Mapping[str, Any], **target: Any) -> Any:
    """Call the one action; its refusals become problems."""
    complete = raw.get("complete", True)
    if not isinstance(complete, bool):
        raise ProblemError(
            400,
            "invalid",
            _("The form was not saved."),
            errors=[{"field": "complete", "code": "boolean", "message": _("Give true or false.")}],
        )
    try:
        return actions.save(
            spec, raw=raw, by=request.user, reason=raw.get(names_for(spec).text), complete=complete, **target
        )
    except CrfInvalid as error:
        raise ProblemError(
            400, "invalid", _("The form was not saved: see errors."), errors=errors_of(error.problems)
        ) from None
    except Refused as error:
        raise ProblemError(
            409,
            "refused",
            "; ".join(translated(p.message) for p in error.problems),
            errors=errors_of(error.problems),
        ) from None
    except StaleVersion as error:
        current = display.as_json(spec, error.current, error.current.participant.code)
        raise stale(error.current.version, current=current) from None


class CrfView(generics.GenericAPIView):
    """What the endpoints of one form share."""

    spec: CrfSpec
    # What a write asks for; None: what the form says.
    writing: Permission | None = None

    @property
    def asked(self) -> Permission:
        """The permission with which this request looks for records."""
        if self.request.method in ("GET", "HEAD"):
            return Permission.VIEW_DATA
        return self.writing or self.spec.permission

    def get_queryset(self) -> Any:
        return (
            self.spec.model._default_manager.visible_to(self.request.user, self.asked)
            .select_related("participant", "site")
            .order_by("id")
        )

    def record(self) -> Any:
        return get_visible_or_404(
            self.spec.model._default_manager.select_related("participant", "site"),
            self.request.user,
            self.asked,
            pk=self.kwargs["pk"],
        )

    def respond(self, record: Any, status: int = 200) -> Response:
        return Response(
            display.as_json(self.spec, record, record.participant.code),
            status=status,
            headers={"ETag": etag_of(record.version)},
        )

    def owner_and_parents(self, raw: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The participant and the parents that the payload names, each among what the user may enter for."""
        problems: list[Problem] = []
        participant, parents = None, {}
        if raw.get("participant") is not None:
            model = django_apps.get_model(settings.PARTICIPANT_MODEL)
            participant = self._named(model, "participant", problems, code=raw["participant"])
        for name in self.spec.parents:
            if raw.get(name) is not None:
                model = self.spec.model._meta.get_field(name).related_model
                identifier = raw[name]
                if (
                    isinstance(identifier, bool)
                    or not isinstance(identifier, (int, str))
                    or not str(identifier).isascii()
                ):
                    problems.append(Problem(name, "type", _("Give the identifier as a number.")))
                    continue
                parents[name] = self._named(model, name, problems, of=participant, pk=identifier)
        if problems:
            raise ProblemError(
                400, "invalid", _("The form was not saved: see errors."), errors=errors_of(problems)
            )
        return participant, parents

    def refuse_moves(self, raw: Mapping[str, Any], record: Any) -> None:
        """A saved form keeps its participant and its parents; naming others is refused, not ignored."""
        for name in ("participant", *self.spec.parents):
            if raw.get(name) is None:
                continue
            held = record.participant.code if name == "participant" else getattr(record, f"{name}_id")
            if str(raw[name]) != str(held):
                said = {"field": name, "code": "fixed", "message": _("A saved form does not move elsewhere.")}
                raise ProblemError(400, "invalid", _("The form was not saved: see errors."), errors=[said])

    def _named(self, model: Any, name: str, problems: list[Problem], *, of: Any = None, **lookup: Any) -> Any:
        """What the payload names; one of another site is answered exactly as one that does not exist.

        of: the participant already at hand, who is not read again with each of the parents.
        """
        value = next(iter(lookup.values()))
        if not isinstance(value, (int, str)) or "\x00" in str(value):
            problems.append(Problem(name, "type", _("This is no identifier.")))
            return None
        try:
            named = model._default_manager.visible_to(self.request.user, self.spec.permission)
            if of is None:
                related = "site" if name == "participant" else "participant__site"
                return named.select_related(related).get(**lookup)
            parent = named.get(**lookup)
            if parent.participant_id == of.pk:
                parent.participant = of
            return parent
        except (model.DoesNotExist, ValueError, OverflowError, UnicodeEncodeError):
            problems.append(
                Problem(
                    name,
                    "not_found",
                    _("There is none with this identifier among those that you may enter for."),
                )
            )
            return None


class CrfCollection(CrfView):
    """List and create."""

    def get(self, request: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        rows = [display.as_json(self.spec, record, record.participant.code) for record in page or []]
        return self.get_paginated_response(rows)

    def post(self, request: Any) -> Response:
        raw = payload(request)
        participant, parents = self.owner_and_parents(raw)
        record = saved(self.spec, request=request, raw=raw, participant=participant, parents=parents)
        return self.respond(record, status=201)


class CrfDetail(CrfView):
    """Read and change one record; a change names the version that it saw."""

    def get(self, request: Any, pk: int) -> Response:
        return self.respond(self.record())

    def put(self, request: Any, pk: int) -> Response:
        raw = dict(payload(request))
        blank = dict.fromkeys(self.spec.entered_fields)
        reasons = raw.get("absent") if isinstance(raw.get("absent"), Mapping) else {}
        whole = blank | raw
        if raw.get("absent") is None or reasons:
            whole["absent"] = dict.fromkeys(self.spec.entered_fields, "") | dict(reasons or {})
        return self._change(request, whole)

    def patch(self, request: Any, pk: int) -> Response:
        return self._change(request, payload(request))

    def _change(self, request: Any, raw: Mapping[str, Any]) -> Response:
        record = self.record()
        seen = version_seen(request)
        self.refuse_moves(raw, record)
        record = saved(self.spec, request=request, raw=raw, record=record, expected_version=seen)
        return self.respond(record)


class CrfHistory(CrfView):
    """Every change of one record, newest first."""

    pagination_class = None

    def get(self, request: Any, pk: int) -> Response:
        return Response(ChangeSerializer(history_of(self.record()), many=True).data)


class CrfSignatures(SignaturesOfRecord, CrfView):
    """The signatures of one record, and signing it: with a password, also by token."""

    permissions = {"GET": Permission.VIEW_DATA, "POST": Permission.SIGN_RECORDS}
    writing = Permission.SIGN_RECORDS
    pagination_class = None


class ColumnSerializer(serializers.Serializer):
    name = serializers.CharField()
    type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    unit = serializers.CharField()
    loinc = serializers.CharField()
    codes = serializers.DictField(child=serializers.CharField())
    required = serializers.BooleanField()  # type: ignore[assignment]
    derived = serializers.BooleanField()

    def to_representation(self, instance: Column) -> dict[str, Any]:
        return {
            "name": instance.name,
            "type": instance.type,
            "label": instance.label,
            "unit": instance.unit,
            "loinc": instance.loinc,
            "codes": dict(instance.codes),
            "required": instance.required,
            "derived": instance.derived,
        }


class FormSerializer(serializers.Serializer):
    """A form of the study, with its fields."""

    key = serializers.CharField()
    title = serializers.CharField()
    parents = serializers.ListField(child=serializers.CharField())
    repeats = serializers.BooleanField()
    fields = ColumnSerializer(many=True)  # type: ignore[assignment]


class Forms(APIView):
    """The forms of the study and their fields."""

    permission = Permission.VIEW_PROTOCOL

    @extend_schema(responses=FormSerializer(many=True), operation_id="forms_list")
    def get(self, request: Any) -> Response:
        return Response(
            [
                {
                    "key": spec.key,
                    "title": str(spec.title),
                    "parents": list(spec.parents),
                    "repeats": spec.repeats,
                    "fields": ColumnSerializer(spec.columns(), many=True).data,
                }
                for spec in all_specs()
            ]
        )


def filterset_of(spec: CrfSpec) -> type[filters.FilterSet]:
    members: dict[str, Any] = {
        "participant": filters.CharFilter(field_name="participant__code"),
        "site": filters.CharFilter(field_name="site__code"),
        "status": filters.ChoiceFilter(choices=spec.model._meta.get_field("status").choices),
        "updated_since": SinceFilter("updated_at"),
    }
    for parent in spec.parents:
        members[parent] = filters.NumberFilter(field_name=f"{parent}_id", min_value=0, max_value=2**62)
    meta = type("Meta", (), {"model": spec.model, "fields": []})
    return type(f"{spec.model.__name__}Filters", (filters.FilterSet,), members | {"Meta": meta})


def routes_of(spec: CrfSpec) -> list[Any]:
    """The routes of one form, described for the OpenAPI document."""
    name = spec.model.__name__
    serializer = serializer_of(spec.key)
    permissions = {"GET": Permission.VIEW_DATA} | dict.fromkeys(("POST", "PUT", "PATCH"), spec.permission)
    write = {"spec": spec, "serializer_class": serializer, "permissions": permissions}
    ident = spec.key.replace("-", "_")
    collection = extend_schema(tags=[spec.key])(
        type(
            f"{name}Collection",
            (CrfCollection,),
            {
                **write,
                "filterset_class": filterset_of(spec),
                "get": extend_schema(operation_id=f"{ident}_list", responses=serializer(many=True))(
                    _copy(CrfCollection.get)
                ),
                "post": extend_schema(
                    operation_id=f"{ident}_create", request=serializer, responses={201: serializer}
                )(_copy(CrfCollection.post)),
            },
        )
    )
    detail = extend_schema(tags=[spec.key])(
        type(
            f"{name}Detail",
            (CrfDetail,),
            {
                **write,
                "get": extend_schema(operation_id=f"{ident}_retrieve")(_copy(CrfDetail.get)),
                "put": extend_schema(operation_id=f"{ident}_update")(_copy(CrfDetail.put)),
                "patch": extend_schema(operation_id=f"{ident}_change")(_copy(CrfDetail.patch)),
            },
        )
    )
    history = extend_schema(tags=[spec.key])(
        type(
            f"{name}History",
            (CrfHistory,),
            {
                "spec": spec,
                "serializer_class": ChangeSerializer,
                "permission": Permission.VIEW_DATA,
                "get": extend_schema(operation_id=f"{ident}_history", responses=ChangeSerializer(many=True))(
                    _copy(CrfHistory.get)
                ),
            },
        )
    )
    signatures = extend_schema(tags=[spec.key])(
        type(
            f"{name}Signatures",
            (CrfSignatures,),
            {
                "spec": spec,
                "serializer_class": SignedContentSerializer,
                "get": extend_schema(operation_id=f"{ident}_signatures", responses=SignedContentSerializer)(
                    _copy(CrfSignatures.get)
                ),
                "post": extend_schema(
                    operation_id=f"{ident}_sign",
                    request=SigningSerializer,
                    responses={201: SignatureSerializer},
                )(_copy(CrfSignatures.post)),
            },
        )
    )
    return [
        path(f"forms/{spec.key}/", collection.as_view(), name=f"form-{spec.key}"),
        path(f"forms/{spec.key}/<int:pk>/", detail.as_view(), name=f"form-{spec.key}-detail"),
        path(f"forms/{spec.key}/<int:pk>/history/", history.as_view(), name=f"form-{spec.key}-history"),
        path(
            f"forms/{spec.key}/<int:pk>/signatures/",
            signatures.as_view(),
            name=f"form-{spec.key}-signatures",
        ),
    ]


def _copy(method: Any) -> Any:
    """extend_schema writes on the function that it is given; each form needs its own."""
    own = types.FunctionType(
        method.__code__, method.__globals__, method.__name__, method.__defaults__, method.__closure__
    )
    return functools.update_wrapper(own, method)


def api_urls() -> list[Any]:
    return [
        path("forms/", Forms.as_view(), name="forms"),
        path("signatures/", Signatures.as_view(), name="signatures"),
        *(route for spec in all_specs() for route in routes_of(spec)),
    ]
