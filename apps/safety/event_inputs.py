"""The fields of the pages on which an event is noticed and linked, and what was typed into them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.celldose.models import CellProduct, CellSession
from apps.safety.actions.events import NEEDED, NOTICE
from apps.safety.crfs import ADVERSE_EVENT
from apps.safety.models import AdverseEvent
from apps.visits.models import Visit
from studyportal.access.permissions import Permission
from studyportal.audit.reason_fields import field_views
from studyportal.crf import drafts, forms
from studyportal.crf.outcomes import Problem
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import errors_by_field, whole_number

LINKS = ("visit", "session", "product")
PAGE = drafts.register_page(
    drafts.Page(
        "adverse-event-notice",
        Permission.ENTER_DATA,
        (*NOTICE, *(f"absent-{name}" for name in NOTICE), *LINKS),
        lambda code, place: reverse("safety:notice", args=[code]),
    )
)


def raw_of(posted: QueryDict) -> dict[str, Any]:
    """What was typed, as `actions.events.notice` takes it."""
    whole = forms.raw_of(ADVERSE_EVENT, posted)
    raw = {name: whole[name] for name in NOTICE}
    return raw | {"absent": {name: why for name, why in whole["absent"].items() if name in NOTICE and why}}


def notice_fields(typed: Mapping[str, Any] | None, problems: Iterable[Problem]) -> list[FieldView]:
    """The fields of the form that a first notice has, in its order."""
    drawn = forms.build(ADVERSE_EVENT, typed=typed, problems=problems)
    by_name = {field.name: field for section in drawn.sections for field in section.fields}
    return [_needed(by_name[name]) for name in NOTICE]


def _needed(field: FieldView) -> FieldView:
    from dataclasses import replace

    return replace(field, required=field.name in NEEDED)


def linked(participant: Any, posted: QueryDict) -> tuple[dict[str, Any], list[Problem]]:
    """The visit, session and product that were chosen, each among the participant's own."""
    found: dict[str, Any] = {}
    problems = []
    for name, model in (("visit", Visit), ("session", CellSession), ("product", CellProduct)):
        text = posted.get(name, "")
        if not text:
            continue
        chosen = (
            model._default_manager.filter(participant=participant, pk=whole_number(text))
            .select_related("participant")
            .first()
        )
        if chosen is None:
            problems.append(Problem(name, "not_found", _("Choose one of the list.")))
        else:
            found[name] = chosen
    return found, problems


def link_fields(
    participant: Any, values: Mapping[str, Any], problems: Iterable[Problem], *, visit: bool = True
) -> list[FieldView]:
    """To what the event may be linked: three queries. Without any of a kind its field is left out."""
    errors = errors_by_field(problems)
    kinds: list[tuple[str, str, Any]] = [
        (
            "session",
            _("Cell session that it may come from"),
            CellSession.objects.filter(participant=participant).order_by("number", "id"),
        ),
        (
            "product",
            _("Cell product that it may come from"),
            CellProduct.objects.filter(participant=participant)
            .select_related("harvest__session")
            .order_by("id"),
        ),
    ]
    if visit:
        kinds.insert(
            0,
            (
                "visit",
                _("Reported at the visit"),
                Visit.objects.filter(participant=participant).order_by("-id"),
            ),
        )
    found = []
    for name, label, rows in kinds:
        choices = [(str(one.pk), _words(one)) for one in rows]
        if choices or errors.get(name):
            found.append(
                FieldView(
                    name,
                    label,
                    widget="select",
                    value=str(values.get(name, "")),
                    choices=[("", _("None")), *choices],
                    required=False,
                    errors=errors.get(name, []),
                )
            )
    return found


def _words(one: Any) -> str:
    if isinstance(one, Visit):
        return f"{one.label}, {one.happened_on.for_people()}" if one.happened_on else str(one.label)
    if isinstance(one, CellProduct):
        return f"{one} ({one.session})"
    return str(one)


def link_values(event: AdverseEvent, posted: QueryDict) -> dict[str, Any]:
    stands = {"session": event.session_id or "", "product": event.product_id or ""}
    return {name: posted.get(name, value) for name, value in stands.items()}


def reason_views(posted: QueryDict, problems: Iterable[Problem]) -> list[FieldView]:
    return field_views(posted, required=True, errors=errors_by_field(problems).get("reason", []))
