"""Every act of the review but signing: verify, take back, lock, unlock. Who may do it is asked by who calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal import protocol
from studyportal.access.models import User
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.queries.models import Query, QueryState
from studyportal.review import rules, selectors
from studyportal.review.kinds import Kind
from studyportal.review.models import Act, Lock, Mark, Source, Verification
from studyportal.review.rules import Needed, ReviewState
from studyportal.signatures.selectors import newest_entry

MAX_REASON = 500
MIN_REASON = 3


def verify(
    kind: Kind,
    *,
    record: Any,
    by: User,
    version_seen: int,
    fields: Sequence[str] = (),
    method: str = Source.ON_SITE,
    note: str = "",
) -> list[Verification]:
    """Say that a form, or some of its fields, agrees with its source as it was seen. fields: none for the whole form.

    Raises StaleVersion when it changed since, CrfInvalid for unknown fields, Refused for what is not complete.
    """
    problems: list[Problem] = []
    note = _text(note, "note", problems, required=False)
    names = _fields(kind, fields, problems)
    if method not in Source.values:
        problems.append(Problem("method", "choice", _("One of: %s.") % ", ".join(Source.values)))
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic():
        current = _held(kind, record, version_seen)
        _pass(_state(kind, current), rules.Act.VERIFY)
        return _marks(kind, current, names, by=by, act=Mark.VERIFIED, method=method, note=note)


def take_back(
    kind: Kind, *, record: Any, by: User, reason: str, fields: Sequence[str] = ()
) -> list[Verification]:
    """Take back what was verified: of the whole form (no fields), or of some. Raises CrfInvalid or Refused."""
    problems: list[Problem] = []
    reason = _text(reason, "reason", problems)
    names = _fields(kind, fields, problems)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic():
        current = _held(kind, record, None)
        _pass(_state(kind, current), rules.Act.TAKE_BACK)
        given = selectors.marked(kind.form, current.pk)
        if missing := [name for name in names if name not in given]:
            raise Refused(
                [
                    Problem(
                        name or None, "not_verified", _("This is not verified, so nothing is taken back.")
                    )
                    for name in missing
                ]
            )
        return _marks(
            kind, current, names, by=by, act=Mark.TAKEN_BACK, method=given[names[0]].method, note=reason
        )


def lock(kind: Kind, *, record: Any, by: User, version_seen: int | None = None, reason: str = "") -> Lock:
    """Close a record for changes. Raises StaleVersion, or Refused with all that stands in the way."""
    problems: list[Problem] = []
    reason = _text(reason, "reason", problems, required=False)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic():
        current = _held(kind, record, version_seen)
        _pass(_state(kind, current), rules.Act.LOCK, needed_by(kind, current.pk))
        return _lock(kind, current, Act.LOCKED, by=by, reason=reason)


def unlock(kind: Kind, *, record: Any, by: User, reason: str) -> Lock:
    """Open a locked record again, with the reason. Raises CrfInvalid or Refused."""
    problems: list[Problem] = []
    reason = _text(reason, "reason", problems)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic():
        current = _held(kind, record, None)
        _pass(_state(kind, current), rules.Act.UNLOCK)
        return _lock(kind, current, Act.UNLOCKED, by=by, reason=reason)


def needed_by(kind: Kind, pk: int) -> Needed:
    """What must stand before the record is locked: by the protocol, and the queries on it that are not closed."""
    asks = protocol.current().review
    return Needed(
        verified=kind.spec is not None and asks.asks_verification(kind.form, pk),
        signed=kind.spec is not None and asks.asks_signature(kind.form),
        open_queries=Query.objects.filter(form=kind.form, object_id=pk)
        .exclude(state=QueryState.CLOSED)
        .count(),
    )


# --- Parts -----------------------------------------------------------------------------------------------


def _held(kind: Kind, record: Any, version_seen: int | None) -> Any:
    """The record, its row locked: a save that is under way is waited for."""
    current = (
        kind.model._default_manager.select_for_update(of=("self",))
        .select_related("site", "participant")
        .get(pk=record.pk)
    )
    if version_seen is not None and current.version != version_seen:
        raise StaleVersion(current)
    return current


def _state(kind: Kind, record: Any) -> ReviewState:
    return selectors.states({kind.form: [record.pk]})[kind.form, record.pk]


def _pass(state: ReviewState, act: rules.Act, needed: Needed = rules.NOTHING) -> None:
    found = rules.bars(state, act, needed)
    if found:
        raise Refused([Problem(None, bar.code, bar.message) for bar in found])


def _fields(kind: Kind, fields: Sequence[str], problems: list[Problem]) -> list[str]:
    known = {} if kind.spec is None else kind.spec.entered_fields
    unknown = [name for name in fields if not isinstance(name, str) or name not in known]
    if unknown:
        problems.append(
            Problem(
                "fields",
                "unknown_field",
                _("This form has no such field to verify: %s.")
                % ", ".join(str(name)[:60] for name in unknown[:5]),
            )
        )
    return list(dict.fromkeys(fields)) or [""]


def _text(raw: Any, name: str, problems: list[Problem], *, required: bool = True) -> str:
    if raw is None:
        raw = ""
    if not isinstance(raw, str) or "\x00" in raw or any("\ud800" <= c <= "\udfff" for c in raw):
        problems.append(Problem(name, "type", _("Give plain text.")))
        return ""
    text = raw.strip()
    if len(text) > MAX_REASON:
        problems.append(Problem(name, "max_length", _("At most %d characters.") % MAX_REASON))
    elif required and len(text) < MIN_REASON:
        problems.append(Problem(name, "required", _("Say why, in a few words.")))
    return text


def _marks(
    kind: Kind, record: Any, names: Sequence[str], *, by: User, act: Mark, method: str, note: str
) -> list[Verification]:
    values, absent = _as_stored(kind, record.pk)
    common = _common(kind, record, by)
    return [
        Verification.objects.create(
            **common,
            act=act,
            field=name,
            value=values.get(name) if name else None,
            absent=absent.get(name) if name else None,
            method=method,
            note=note,
        )
        for name in names
    ]


def _as_stored(kind: Kind, pk: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Column → its text, and field → why it is absent, as the database writes them: the history is held against it."""
    sql = (
        "SELECT (SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(to_jsonb(rec))),"
        " (SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(rec.absent))"
        f" FROM {kind.table} rec WHERE rec.id = %s"
    )
    ((values, absent),) = selectors.fetch(sql, [pk])
    return _mapping(values), _mapping(absent)


def _mapping(value: Any) -> dict[str, Any]:
    return dict(json.loads(value) if isinstance(value, str) else value or {})


def _lock(kind: Kind, record: Any, act: Act, *, by: User, reason: str) -> Lock:
    return Lock.objects.create(**_common(kind, record, by), act=act, reason=reason)


def _common(kind: Kind, record: Any, by: User) -> dict[str, Any]:
    return {
        "site_id": record.site_id,
        "participant_id": record.participant_id,
        "form": kind.form,
        "object_id": record.pk,
        "record_version": record.version,
        "history_entry": newest_entry(record),
        "by": by,
        "by_name": str(by),
        "at": timezone.now(),
    }
