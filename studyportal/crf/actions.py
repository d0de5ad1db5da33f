"""Saving a form: the one road for pages, API, imports and jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.audit import Reason, acting
from studyportal.crf import afterwards, cleaning, gates, reasons, signals
from studyportal.crf.absence import NOT_DERIVABLE
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.models import CrfRecord, RecordStatus
from studyportal.crf.outcomes import Finding, NotDerivable, Problem
from studyportal.crf.spec import CrfSpec
from studyportal.queries import actions as queries


def save(
    spec: CrfSpec,
    *,
    raw: Mapping[str, Any],
    by: User,
    participant: Any = None,
    parents: Mapping[str, Any] | None = None,
    record: Any = None,
    expected_version: int | None = None,
    reason: Any = None,
    complete: bool = True,
    explanations: Mapping[tuple[str, str], str] | None = None,
) -> Any:
    """Save one form from what was typed or sent; all of it or nothing.

    A new record needs participant and the parents of the form; an existing one is given as record, with
    the version that the writer saw. reason: as `audit.reasons.parse` takes it. explanations: (field or "", code of a
    check) → why the value is right all the same; it answers the query that the check opens.
    Raises CrfInvalid, ReasonRequired, Refused or StaleVersion.
    Order: parse → show-if → rules → gates → derive → save with history → checks → queries.
    """
    problems: list[Problem] = []
    reason = reasons.taken(reason, problems, name=reasons.names_for(spec).text)
    if problems:
        raise CrfInvalid(problems)
    try:
        with transaction.atomic(), acting(user=by, reason=reason):
            created = record is None
            if created:
                record = _new(spec, participant, dict(parents or {}))
                _lock_around(spec, record)
            else:
                _lock_around(spec, record)
                record = _locked(spec, record, expected_version)
            return _save(
                spec,
                record,
                raw,
                by,
                reason=reason,
                complete=complete,
                created=created,
                explanations=explanations,
            )
    except Refused as error:
        if record is not None:
            _tell_refused(spec, record, error.problems, by)
        raise
    except _OtherParticipant as error:
        _tell_refused(spec, error.record, error.problems, by)
        raise CrfInvalid(error.problems) from None
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, spec.model)]) from error


def rederive(record: Any, *, reason: str) -> bool:
    """Compute derived values and checks again because something that they rest on changed.

    Returns whether anything changed. The history gives the reason.
    """
    from studyportal.crf.registry import spec_for

    spec = spec_for(type(record))
    with transaction.atomic(), acting(reason=reason):
        record = spec.model._default_manager.select_for_update().get(pk=record.pk)
        before = _stored(spec, record)
        values, context = derive(spec, record)
        changed = _stored(spec, record) != before
        if changed:
            record.version += 1
            record.save()
        _check(spec, record, values, context, by=None)
        return changed


def values_of(spec: CrfSpec, record: Any) -> dict[str, Any]:
    """What rules, checks and derivations see: fields, parents and participant."""
    values = {name: getattr(record, name) for name in spec.fields}
    values["participant"] = record.participant
    for parent in spec.parents:
        values[parent] = getattr(record, parent)
    return values


def as_texts(spec: CrfSpec, record: Any) -> dict[str, str]:
    """Field name → the value as text, or its reason of absence: what an explanation stands for.

    Times are those of the site: an explanation that is given there stands when a script saves from elsewhere.
    """
    with timezone.override(ZoneInfo(record.site.timezone)):
        return {
            name: f.as_text(getattr(record, name)) or record.absent_reason(name)
            for name, f in spec.fields.items()
        }


class _OtherParticipant(CrfInvalid):
    """A form was to be made of one participant under a parent of another."""

    def __init__(self, problems: Sequence[Problem], record: Any) -> None:
        super().__init__(problems)
        self.record = record


def _tell_refused(spec: CrfSpec, record: Any, problems: Sequence[Problem], by: User) -> None:
    afterwards.run(
        lambda: signals.record_refused.send(
            sender=spec.model, spec=spec, record=record, problems=tuple(problems), by=by
        )
    )


def _new(spec: CrfSpec, participant: Any, parents: dict[str, Any]) -> CrfRecord:
    missing = [name for name in spec.parents if name not in parents and name not in spec.optional_parents]
    if missing:
        raise CrfInvalid(
            [Problem(name, "required", _("Say to which one this form belongs.")) for name in missing]
        )
    owner = participant or next(iter(p.participant for p in parents.values() if p is not None), None)
    if owner is None:
        raise CrfInvalid([Problem("participant", "required", _("Say whose form this is."))])
    for name, parent in parents.items():
        if parent is not None and parent.participant_id != owner.pk:
            raise _OtherParticipant(
                [Problem(name, "other_participant", _("This belongs to another participant."))],
                spec.model(site=owner.site, participant=owner, **parents),
            )
    group = getattr(owner, "group", None)
    if group is not None and group not in spec.groups:
        raise Refused(
            [
                Problem(
                    None,
                    "group",
                    _("“%(form)s” is not a form for the group “%(group)s”.") % {"form": spec, "group": group},
                )
            ]
        )
    return spec.model(site=owner.site, participant=owner, **parents)


def _lock_around(spec: CrfSpec, record: Any) -> None:
    if spec.lock is not None:
        spec.lock(record)


def _locked(spec: CrfSpec, record: Any, expected_version: int | None) -> CrfRecord:
    current: CrfRecord = (
        spec.model._default_manager.select_for_update(of=("self",))
        .select_related("site", "participant", *spec.parents)
        .get(pk=record.pk)
    )
    if expected_version is not None and current.version != expected_version:
        raise StaleVersion(current)
    return current


def _save(
    spec: CrfSpec,
    record: Any,
    raw: Mapping[str, Any],
    by: User,
    *,
    reason: Reason | None,
    complete: bool,
    created: bool,
    explanations: Mapping[tuple[str, str], str] | None = None,
) -> Any:
    was_complete = not created and record.is_complete
    before = None if created else _stored(spec, record)
    # A moment typed without an offset is meant in the site's own time.
    with timezone.override(ZoneInfo(record.site.timezone)):
        cleaned = cleaning.clean(
            spec, raw, record=None if created else record, complete=complete or was_complete
        )
    if cleaned.problems:
        raise CrfInvalid(cleaned.problems)
    for name, value in cleaned.values.items():
        setattr(record, name, value)
    record.absent = cleaned.absent
    if complete:
        record.status = RecordStatus.COMPLETE
    seen = values_of(spec, record)
    if problems := cleaning.check_rules(spec, seen):
        raise CrfInvalid(problems)
    if blocks := gates.blocks(spec, record, by):
        raise Refused(blocks)
    values, context = derive(spec, record)
    if not created:
        after = _stored(spec, record)
        if before == after:
            if explanations:
                _check(spec, record, values, context, by=by, explanations=explanations)
            return record
        changed = [
            name
            for name in spec.entered_fields
            if before is not None
            and (before[0][name], before[1].get(name)) != (after[0][name], after[1].get(name))
        ]
        if was_complete and changed and not reason:
            raise ReasonRequired(
                [spec.fields[name].label for name in changed], name=reasons.names_for(spec).text
            )
        record.version += 1
    record.save()
    _check(spec, record, values, context, by=by, new=created, explanations=explanations)
    signals.record_saved.send(sender=spec.model, record=record, spec=spec, created=created, by=by)
    return record


def derive(spec: CrfSpec, record: Any) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Set the derived fields; a value that cannot be had is null with what is missing."""
    values = values_of(spec, record)
    context = spec.context(record) if spec.context else {}
    absent = {name: why for name, why in record.absent.items() if name not in spec.derived_fields}
    derived = spec.derive(values, context) if spec.derive else {}
    for name, crf_field in spec.derived_fields.items():
        value = derived.get(name)
        if isinstance(value, NotDerivable):
            absent[name] = f"{NOT_DERIVABLE}: {value.why}"
            value = None
        if value is not None:
            value = rounded(crf_field, value)
        values[name] = value
        setattr(record, name, value)
    record.absent = absent
    return values, context


def rounded(crf_field: Any, value: Any) -> Any:
    """A derived number in the decimals of its field."""
    places = getattr(crf_field, "decimal_places", None)
    if places is None or not isinstance(value, (Decimal, int)):
        return value
    return Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def _check(
    spec: CrfSpec,
    record: Any,
    values: Mapping[str, Any],
    context: Mapping[str, Any],
    *,
    by: User | None,
    new: bool = False,
    explanations: Mapping[tuple[str, str], str] | None = None,
) -> None:
    findings: list[Finding] = [finding for check in spec.checks for finding in check(values, context)]
    queries.reconcile(
        record=record,
        form=spec.key,
        findings=findings,
        values=as_texts(spec, record),
        by=by,
        new=new,
        explanations=explanations,
    )


def _stored(spec: CrfSpec, record: Any) -> tuple[dict[str, Any], dict[str, str], str]:
    return {name: getattr(record, name) for name in spec.fields}, dict(record.absent), record.status
