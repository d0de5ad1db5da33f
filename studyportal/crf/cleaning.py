"""From what was typed or sent to typed values: one road for pages, API, imports and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from studyportal.crf.absence import AbsentReason
from studyportal.crf.fields import RowsField, RowsInvalid
from studyportal.crf.outcomes import Problem
from studyportal.crf.reasons import names_for
from studyportal.crf.spec import CrfSpec

# Members of a payload that are not fields of the form.
ENVELOPE = frozenset({"participant", "absent", "complete"})
READ_ONLY = frozenset(
    {"id", "url", "site", "status", "version", "created_at", "updated_at", "form", "queries"}
)


@dataclass
class Cleaned:
    """values and absent hold what is to be stored; problems say why nothing may be."""

    values: dict[str, Any] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, name: str | None, code: str, message: str) -> None:
        self.problems.append(Problem(name, code, message))


def clean(spec: CrfSpec, raw: Mapping[str, Any], *, record: Any = None, complete: bool = True) -> Cleaned:
    """Parse `raw` (field name → text or JSON value, `absent` → field name → reason).

    With a record, what `raw` does not name keeps the value of the record (a partial update).
    complete: every field that is asked needs a value or a reason.
    """
    cleaned = Cleaned()
    _take_values(cleaned, spec, raw, record)
    _take_reasons(cleaned, spec, raw, record)
    _settle_hidden(cleaned, spec, raw)
    if not cleaned.problems:
        for name, crf_field in spec.entered_fields.items():
            if (
                complete
                and crf_field.required
                and cleaned.values[name] is None
                and name not in cleaned.absent
                and spec.shown(name, cleaned.values)
            ):
                cleaned.refuse(name, "required", _("Give a value, or the reason why there is none."))
            if complete and isinstance(crf_field, RowsField) and spec.shown(name, cleaned.values):
                for place, code, message in crf_field.lacking(cleaned.values[name]):
                    cleaned.refuse(place, code, message)
    return cleaned


def check_rules(spec: CrfSpec, values: Mapping[str, Any]) -> list[Problem]:
    """The problems that the hard rules of the form find."""
    return [problem for rule in spec.rules for problem in rule(values)]


def _take_values(cleaned: Cleaned, spec: CrfSpec, raw: Mapping[str, Any], record: Any) -> None:
    for name in raw:
        if (
            name in spec.entered_fields
            or name in ENVELOPE
            or name == names_for(spec).text
            or name in spec.parents
        ):
            continue
        if name in spec.derived_fields:
            cleaned.refuse(name, "derived", _("This value is computed by the portal; leave it out."))
        elif name in READ_ONLY:
            cleaned.refuse(name, "read_only", _("This is set by the portal; leave it out."))
        else:
            cleaned.refuse(
                str(name)[:80],
                "unknown_field",
                _("The form “%(form)s” has no such field. Its fields: %(fields)s.")
                % {"form": spec.key, "fields": ", ".join(spec.entered_fields)},
            )
    for name, crf_field in spec.entered_fields.items():
        cleaned.values[name] = None if record is None else getattr(record, name)
        if name in raw:
            try:
                cleaned.values[name] = crf_field.parse(raw[name])
            except RowsInvalid as error:
                cleaned.values[name] = None
                for cell in error.cells:
                    cleaned.refuse(cell.field_of(name), cell.code, cell.message)
            except ValidationError as error:
                cleaned.values[name] = None
                cleaned.refuse(name, error.code or "invalid", error.messages[0])


def _take_reasons(cleaned: Cleaned, spec: CrfSpec, raw: Mapping[str, Any], record: Any) -> None:
    given = raw.get("absent")
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        cleaned.refuse("absent", "type", _("Give an object: field name → reason."))
        given = {}
    kept = {} if record is None else {n: r for n, r in record.absent.items() if n in spec.entered_fields}
    for name, reason in given.items():
        if name not in spec.entered_fields:
            cleaned.refuse(f"absent.{str(name)[:80]}", "unknown_field", _("The form has no such field."))
        elif reason in (None, ""):
            kept.pop(name, None)
        elif reason not in AbsentReason.values:
            cleaned.refuse(
                name,
                "absent_reason",
                _("“%(reason)s” is no reason. Reasons: %(reasons)s.")
                % {"reason": str(reason)[:60], "reasons": ", ".join(AbsentReason.values)},
            )
        else:
            kept[name] = reason
            if cleaned.values[name] is not None and name in raw:
                cleaned.refuse(
                    name,
                    "value_and_absent",
                    _("There is a value and a reason why there is none. Keep one of them."),
                )
            cleaned.values[name] = None
    cleaned.absent = {name: reason for name, reason in kept.items() if cleaned.values[name] is None}


def _settle_hidden(cleaned: Cleaned, spec: CrfSpec, raw: Mapping[str, Any]) -> None:
    """A field that is not asked holds nothing: sending a value for it is refused, keeping an old one is not."""
    for name in spec.show_if:
        if name in spec.derived_fields or spec.shown(name, cleaned.values):
            continue
        if name in raw and cleaned.values[name] is not None:
            rule = spec.show_if[name]
            cleaned.refuse(
                name,
                "not_asked",
                _("This is asked only when “%(field)s” is %(values)s. Leave it empty.")
                % {"field": spec.fields[rule.field].label, "values": ", ".join(rule.values)},
            )
        cleaned.values[name] = None
        cleaned.absent.pop(name, None)
