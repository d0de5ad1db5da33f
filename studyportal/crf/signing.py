"""Signatures on forms: what of a record is signed, and which signatures on which records still stand."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.models import F
from django.utils.translation import gettext as _

from studyportal.access.declare import refusal
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit.selectors import Change, changes, event_model_of
from studyportal.crf import display
from studyportal.crf.errors import StaleVersion
from studyportal.crf.models import CrfRecord
from studyportal.crf.registry import UnknownForm, get
from studyportal.crf.spec import CrfSpec, SignedRows
from studyportal.signatures import actions, selectors
from studyportal.signatures.actions import ToSign
from studyportal.signatures.content import sha256_of
from studyportal.signatures.errors import NotPermitted, NotSigned
from studyportal.signatures.models import Meaning, Method, Signature
from studyportal.signatures.selectors import Shown, SignatureState, Standing, state_of, together

# What says when a row was written, and not what it says.
TECHNICAL = frozenset({"version", "created_at", "updated_at"})
PLAIN = (str, bool, int, Decimal, list, dict)
# Meanings that only those give who may enter the form; a review is any signer's.
OF_THOSE_WHO_ENTER = frozenset({Meaning.AUTHORED, Meaning.RELEASED})


# --- What is signed --------------------------------------------------------------------------------------


def content_of(spec: CrfSpec, record: Any) -> dict[str, Any]:
    """The content of a record as a signature binds it: see `studyportal.signatures.content` for its canonical form."""
    return _content(
        spec,
        record,
        participant=record.participant.code,
        site=record.site.code,
        rows=_signed_rows(spec, [record.pk]).get(record.pk, {}),
    )


def _content(
    spec: CrfSpec, record: Any, *, participant: str, site: str, rows: Mapping[str, Any]
) -> dict[str, Any]:
    values = {name: _plain(getattr(record, name)) for name in spec.fields}
    content: dict[str, Any] = {
        "form": spec.key,
        "record": record.pk,
        "site": site,
        "participant": participant,
        "status": record.status,
        # Parents of the form, and whatever else the record points at (who released, on which evaluation).
        "belongs_to": _present(
            {
                field.name: getattr(record, field.attname)
                for field in spec.model._meta.concrete_fields
                if field.is_relation and field.name not in ("site", "participant")
            }
        ),
        "values": _present(values | {name: getattr(record, name) for name in spec.entered_columns}),
        "absent": dict(record.absent),
    }
    return content | ({"rows": dict(rows)} if spec.signed_rows else {})


def _plain(value: Any) -> Any:
    """Days and moments are written by the canonical form; a value of a class of its own is its text."""
    if value is None or isinstance(value, PLAIN) or hasattr(value, "isoformat"):
        return value
    return str(value)


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def rows_of(signed: SignedRows, record: Any) -> list[Any]:
    return list(signed.model._default_manager.filter(**{signed.lookup: record.pk}).order_by("id"))


def _signed_rows(spec: CrfSpec, pks: Collection[int]) -> dict[int, dict[str, list[Any]]]:
    """Record → model → its rows that are signed with the record: one query for each model."""
    found: dict[int, dict[str, list[Any]]] = {}
    for signed in spec.signed_rows:
        name = signed.model._meta.model_name
        for pk in pks:
            found.setdefault(pk, {})[name] = []
        rows = signed.model._default_manager.filter(**{f"{signed.lookup}__in": list(pks)})
        for row in rows.annotate(_signed_with=F(signed.lookup)).order_by("id"):
            found[row._signed_with][name].append(
                _present(
                    {
                        field.name: _plain(getattr(row, field.attname))
                        for field in row._meta.concrete_fields
                        if field.name not in TECHNICAL | {"site", "participant"}
                    }
                )
            )
    return found


# --- Signing ---------------------------------------------------------------------------------------------


def may_sign(user: User, spec: CrfSpec, site_id: int) -> tuple[Meaning, ...]:
    """What the user's signature may say on this form at the site; empty for who may not sign."""
    if not user.may(Permission.SIGN_RECORDS, site_id):
        return ()
    enters = user.may(spec.permission, site_id)
    return tuple(one for one in spec.meanings if enters or one not in OF_THOSE_WHO_ENTER)


def sign(
    spec: CrfSpec,
    *,
    record: Any,
    meaning: str,
    by: User,
    request: Any,
    password: str = "",
    code: str = "",
    method: Method | None = None,
    version_seen: int,
    sha256_seen: str = "",
) -> Signature:
    """Sign a record of the form as it was seen: by its version, and by the hash of its content where that is given.

    method: the person was `confirmed` by the caller, whose transaction this is.

    Raises StaleVersion when it changed since, and what `studyportal.signatures.actions.sign` raises.
    """

    def read() -> ToSign:
        current = (
            spec.model._default_manager.select_for_update(of=("self",))
            .select_related("site", "participant", *spec.parents)
            .get(pk=record.pk)
        )
        content = content_of(spec, current)
        if current.version != version_seen or sha256_seen not in ("", sha256_of(content)):
            raise StaleVersion(current)
        return ToSign(current, content, current.is_complete, selectors.newest_entry(current))

    if meaning in Meaning.values and meaning not in spec.meanings:
        raise NotSigned("meaning", _("A signature on this form can mean: %s.") % ", ".join(spec.meanings))
    if meaning in OF_THOSE_WHO_ENTER and not by.may(spec.permission, record.site_id):
        raise NotPermitted("permission", refusal(spec.permission))
    return actions.sign(
        form=spec.key,
        site_id=record.site_id,
        read=read,
        meaning=meaning,
        by=by,
        request=request,
        password=password,
        code=code,
        method=method,
    )


def changes_since(spec: CrfSpec, record: Any, version: int) -> list[Change]:
    """What changed of the record after the version that a person saw, newest first, in words."""
    events = list(event_model_of(spec.model)._default_manager.filter(pgh_obj_id=record.pk).order_by("pgh_id"))
    told = zip(events, changes(spec.model, events), strict=True)
    since = [change for event, change in told if event.version > version]
    return display.history_in_words(spec, since[::-1])


# --- What stands -----------------------------------------------------------------------------------------


def signatures_of(spec: CrfSpec, record: Any) -> list[Shown]:
    """The signatures on one record, with what changed after each."""
    return selectors.signatures_of(record, form=spec.key, content=lambda: content_of(spec, record))


@dataclass(frozen=True)
class SignedRecord:
    """A record that bears a signature, as a list marks it. visit_id: None where it belongs to no visit."""

    form: str
    object_id: int
    visit_id: int | None
    state: SignatureState


def signed_records(participant_ids: Collection[int]) -> list[SignedRecord]:
    """Every signed record of the participants: two queries, and one for each kind of signed rows among them."""
    given: dict[tuple[str, int], list[Signature]] = {}
    for signature in selectors.on_participants(participant_ids):
        given.setdefault((signature.form, signature.object_id), []).append(signature)
    standing = standings(given)
    marked = []
    for (form, pk), signatures in given.items():
        found = standing.get((form, pk))
        state = together(state_of(one, found and found[0]) for one in signatures)
        assert state is not None
        marked.append(SignedRecord(form, pk, found[1] if found else None, state))
    return marked


def with_states(signatures: Iterable[Signature]) -> list[tuple[Signature, SignatureState]]:
    """Each signature with whether it stands: one query over all forms, whatever their number."""
    signatures = list(signatures)
    standing = standings({(one.form, one.object_id) for one in signatures})
    found = [(one, standing.get((one.form, one.object_id))) for one in signatures]
    return [(one, state_of(one, now and now[0])) for one, now in found]


def standings(records: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[Standing, int | None]]:
    """(form, record) → the record as it stands now, and its visit: made again from the rows themselves."""
    by_form: dict[str, list[int]] = {}
    for form, pk in records:
        by_form.setdefault(form, []).append(pk)
    specs = {form: spec for form in by_form if (spec := _known(form)) is not None}
    if not specs:
        return {}
    sql = " UNION ALL ".join(_branch(spec) for spec in specs.values())
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for form in specs for value in (form, by_form[form])])
        read = cursor.fetchall()
    rows = {form: _signed_rows(spec, by_form[form]) for form, spec in specs.items() if spec.signed_rows}
    found = {}
    for form, row, participant, site, newest in read:
        record = record_from(specs[form].model, row)
        content = _content(
            specs[form],
            record,
            participant=participant,
            site=site,
            rows=rows.get(form, {}).get(record.pk, {}),
        )
        standing = Standing(sha256_of(content), record.version, newest or 0)
        found[form, record.pk] = (standing, getattr(record, "visit_id", None))
    return found


def _known(form: str) -> CrfSpec | None:
    try:
        return get(form)
    except UnknownForm:
        return None


def _branch(spec: CrfSpec) -> str:
    quote = connection.ops.quote_name
    table = quote(spec.model._meta.db_table)
    events = quote(event_model_of(spec.model)._meta.db_table)
    participants = quote(apps.get_model(settings.PARTICIPANT_MODEL)._meta.db_table)
    return (
        f"SELECT %s::text, to_jsonb(t)::text, p.code, s.code,"
        f" (SELECT max(e.pgh_id) FROM {events} e WHERE e.pgh_obj_id = t.id)"
        f" FROM {table} t JOIN {participants} p ON p.id = t.participant_id"
        " JOIN access_site s ON s.id = t.site_id WHERE t.id = ANY(%s::bigint[])"
    )


def record_from(model: type[CrfRecord], row: str) -> Any:
    """A row as PostgreSQL writes it in JSON → the record, with the same values as if the ORM had read it."""
    columns = json.loads(row, parse_float=Decimal)
    return model(
        **{field.attname: _value(field, columns[field.column]) for field in model._meta.concrete_fields}
    )


def _value(field: models.Field, value: Any) -> Any:
    if value is None or isinstance(field, models.JSONField):
        return value
    if isinstance(field, models.DecimalField):
        return Decimal(value)
    return field.to_python(value)


# --- For datasets ----------------------------------------------------------------------------------------


def version_sql(specs: Sequence[CrfSpec]) -> str:
    """SQL: the version of the record today, of a signature with the alias t."""
    return _by_form(
        specs, lambda spec: f'(SELECT r.version FROM "{_table(spec.model)}" r WHERE r.id = t.object_id)'
    )


def changed_later_sql(specs: Sequence[CrfSpec]) -> str:
    """SQL: whether the history of what a signature (alias t) is on has a later entry, or the record is gone.

    It asks the history, which triggers write whoever changes a row, and not the hash: that is made again in Python.
    """
    return _by_form(specs, _changed_later)


def _changed_later(spec: CrfSpec) -> str:
    table, events = _table(spec.model), _table(event_model_of(spec.model))
    either = [
        f'NOT EXISTS (SELECT FROM "{table}" r WHERE r.id = t.object_id)',
        f'EXISTS (SELECT FROM "{events}" e WHERE e.pgh_obj_id = t.object_id AND e.pgh_id > t.history_entry)',
    ]
    for signed in spec.signed_rows:
        field = signed.model._meta.get_field(signed.lookup)
        of_record = (
            f'e."{field.column}" = t.object_id'
            if field.concrete
            else f'e.pgh_obj_id = (SELECT r."{field.field.column}" FROM "{table}" r WHERE r.id = t.object_id)'
        )
        rows = _table(event_model_of(signed.model))
        either.append(f'EXISTS (SELECT FROM "{rows}" e WHERE {of_record} AND e.pgh_created_at > t.signed_at)')
    return f"({' OR '.join(either)})"


def _by_form(specs: Sequence[CrfSpec], of: Any) -> str:
    branches = " ".join(f"WHEN '{spec.key}' THEN {of(spec)}" for spec in specs)
    return f"CASE t.form {branches} END"


def _table(model: Any) -> str:
    return str(model._meta.db_table)
