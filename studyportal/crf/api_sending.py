"""What a script sends along with a form: its key, its explanations, the record to copy from, and the version it saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter

from studyportal.api.concurrency import stale
from studyportal.api.problems import ProblemError
from studyportal.crf import conflicts, display, explanations, submissions
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec
from studyportal.words import translated

PARAMETERS = [
    OpenApiParameter(
        "Idempotency-Key",
        str,
        OpenApiParameter.HEADER,
        description="8 to 200 printable ASCII characters, kept for 30 days. The same content with the same key makes one"
        " record and gives the same answer; other content with the same key is refused (422).",
    ),
    OpenApiParameter(
        "copy_from",
        int,
        description="A record of the same form and participant: fields that the form allows to copy, and the payload does"
        " not name, are taken from it.",
    ),
]


def errors_of(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [{"field": p.field or "", "code": p.code, "message": translated(p.message)} for p in problems]


def refusal(problems: Iterable[Problem]) -> ProblemError:
    return ProblemError(400, "invalid", _("The form was not saved: see errors."), errors=errors_of(problems))


@contextmanager
def once(request: Any, spec: CrfSpec, content: Any) -> Iterator[submissions.Sent]:
    """As `submissions.once`, by the header of the request; its refusals as problems."""
    key = request.headers.get("Idempotency-Key", "").strip()
    try:
        with submissions.once(user=request.user, key=key, content=content, form=spec.key) as sent:
            yield sent
    except submissions.KeyRefused as error:
        raise ProblemError(400, error.code, str(error)) from None
    except submissions.KeyReused as error:
        raise ProblemError(422, error.code, str(error), form=error.form, id=error.object_id) from None


def source_of(spec: CrfSpec, request: Any, participant: Any, parents: Mapping[str, Any]) -> Any:
    """The record that `?copy_from=` names, None without it: of the participant for whom the new one is."""
    text = request.query_params.get("copy_from", "")
    if not text:
        return None
    if not spec.copies:
        raise refusal([Problem("copy_from", "not_copied", _("No field of this form may be copied."))])
    owner = participant or next((p.participant for p in parents.values() if p is not None), None)
    known = text.isascii() and text.isdigit() and len(text) < 19 and owner is not None
    source = (
        spec.model._default_manager.visible_to(request.user, spec.permission)
        .filter(pk=int(text), participant=owner)
        .first()
        if known
        else None
    )
    if source is None:
        raise refusal(
            [Problem("copy_from", "not_found", _("This participant has no such record of this form."))]
        )
    return source


def explained(raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], explanations.Explanations]:
    """The payload without its explanations, and those."""
    if "explanations" not in raw:
        return raw, {}
    problems: list[Problem] = []
    found = explanations.sent(raw["explanations"], problems)
    if problems:
        raise refusal(problems)
    return {name: value for name, value in raw.items() if name != "explanations"}, found


def stale_form(spec: CrfSpec, raw: Mapping[str, Any], current: Any, *, seen: int) -> ProblemError:
    """412 with the record as it is now, and field by field (`changed`) theirs, yours, and what stood before."""
    with timezone.override(ZoneInfo(current.site.timezone)):
        found = conflicts.differences(spec, raw, current, seen=seen, partial=True)
    return stale(
        current.version,
        current=display.as_json(spec, current, current.participant.code),
        changed=[one.as_json() for one in found],
    )
