"""Copying forward: what seldom changes is taken over from the record before, and nothing of it counts until confirmed.

A copy is a draft, as if somebody had typed it: it writes no record and opens no query. A form that repeats (the insulin
products of a visit) is copied row by row, one draft each. A copied value that still says the same must be ticked
(`confirm-<field>`); one that was changed or cleared needs no tick. `CrfSpec.copies` says which fields may be copied.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.crf.conflicts import as_typed
from studyportal.crf.models import Draft
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec

FROM = "copied_from"
CONFIRM = "confirm-"


@dataclass(frozen=True)
class Copied:
    """One copied value on the page of the new form: ticked when the person says that it still holds."""

    name: str
    label: str
    text: str
    confirmed: bool

    @property
    def control(self) -> str:
        return f"{CONFIRM}{self.name}"


def sources(spec: CrfSpec, participant: Any, parents: Mapping[str, Any]) -> list[Any]:
    """The records that a new form may be copied from: the one before, or all rows of the visit before.

    Before is by the day of the parent where it has one, else by the order of entry. At most two queries.
    """
    if not spec.copies:
        return []
    records = spec.model._default_manager.filter(participant=participant).select_related(*spec.parents)
    if not spec.parents:
        return list(records.order_by("-id")[:1])
    name = spec.parents[0]
    here = parents.get(name)
    if here is None:
        return []
    earlier = [
        one for one in records if (parent := getattr(one, name)) is not None and _precedes(parent, here)
    ]
    if not earlier:
        return []
    last = max(earlier, key=lambda one: (_day(getattr(one, name)), one.pk))
    parent_id = getattr(last, f"{name}_id")
    rows = [one for one in earlier if getattr(one, f"{name}_id") == parent_id]
    return sorted(rows, key=lambda one: one.pk) if spec.repeats else [last]


def _day(parent: Any) -> str:
    return str(getattr(parent, "happened_on", "") or "")


def _precedes(parent: Any, here: Any) -> bool:
    if parent.pk == here.pk:
        return False
    mine, other = _day(here), _day(parent)
    return other <= mine if mine and other else parent.pk < here.pk


def values_to_copy(spec: CrfSpec, source: Any) -> dict[str, Any]:
    """Field name → what would be typed for it: only of the fields that may be copied, and only what has a value."""
    found: dict[str, Any] = {}
    for name in spec.copies:
        value = getattr(source, name)
        if value is not None:
            found[name] = as_typed(spec.fields[name], value)
    return found


def make_drafts(
    spec: CrfSpec, *, participant: Any, parents: Mapping[str, Any], parents_text: str, by: User
) -> list[Draft]:
    """One draft for each record before, with its copied values; none when there is nothing to copy."""
    made = []
    for source in reversed(sources(spec, participant, parents)):
        values = values_to_copy(spec, source)
        if not values:
            continue
        made.append(
            Draft.objects.create(
                user=by,
                site_id=participant.site_id,
                participant=participant,
                form=spec.key,
                parents=parents_text,
                page=secrets.token_hex(16),
                data={name: value if isinstance(value, list) else [value] for name, value in values.items()}
                | {FROM: [str(source.pk)]},
            )
        )
    return made


def source_of(spec: CrfSpec, participant: Any, posted: Mapping[str, Any]) -> Any:
    """The record that a posted form says it was copied from: among the participant's own, else None."""
    text = str(posted.get(FROM) or "")
    if not spec.copies or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return spec.model._default_manager.filter(participant=participant, pk=int(text)).first()


def copied_of(spec: CrfSpec, source: Any, raw: Mapping[str, Any], posted: Mapping[str, Any]) -> list[Copied]:
    """The values of a form that still say what the record before said."""
    absent = raw.get("absent") or {}
    return [
        Copied(
            name,
            spec.fields[name].label,
            spec.fields[name].for_people(getattr(source, name)),
            bool(posted.get(f"{CONFIRM}{name}")),
        )
        for name, value in values_to_copy(spec, source).items()
        if raw.get(name) not in (None, "")
        and not absent.get(name)
        and _same(spec.fields[name], raw[name], value)
    ]


def _same(crf_field: Any, raw: Any, value: Any) -> bool:
    try:
        return bool(crf_field.parse(raw) == crf_field.parse(value))
    except ValidationError:
        return False


def unconfirmed(copied: list[Copied]) -> list[Problem]:
    """A copied value that nobody looked at is not saved."""
    return [
        Problem(
            one.name,
            "copied_unconfirmed",
            _("Copied from the record before. Tick it below if it still holds, or change it."),
        )
        for one in copied
        if not one.confirmed
    ]


def into_payload(spec: CrfSpec, source: Any, raw: Mapping[str, Any]) -> dict[str, Any]:
    """For scripts: the payload with what the record before says of the copied fields that it does not name.

    Asking for the copy is the confirmation; a script reads the answer.
    """
    absent = raw.get("absent")
    named = absent if isinstance(absent, Mapping) else {}
    return {n: v for n, v in values_to_copy(spec, source).items() if n not in named} | dict(raw)


def rest_of_copy(user: User, spec: CrfSpec, participant: Any, parents_text: str) -> Draft | None:
    """Another row of the same copy that waits to be confirmed."""
    return (
        Draft.objects.filter(
            user=user,
            form=spec.key,
            participant=participant,
            object_id=None,
            parents=parents_text,
            data__has_key=FROM,
        )
        .order_by("-updated_at", "-id")
        .select_related("participant")
        .first()
    )


def is_copy(posted: QueryDict | Mapping[str, Any]) -> bool:
    return bool(posted.get(FROM))
