"""The serializer of each form, made from its declaration: it describes, the cleaning decides."""

from __future__ import annotations

from functools import cache
from typing import Any

from rest_framework import serializers

from studyportal.audit.serializers import ReasonField
from studyportal.crf import fields as f
from studyportal.crf.absence import AbsentReason
from studyportal.crf.models import RecordStatus
from studyportal.crf.reasons import names_for
from studyportal.crf.registry import get
from studyportal.crf.spec import CrfSpec


def described(crf_field: f.CrfField) -> serializers.Field:
    """The DRF field that documents a field of a form."""
    common: dict[str, Any] = {
        "required": False,
        "allow_null": True,
        "label": crf_field.label,
        "help_text": " ".join(
            part
            for part in (
                str(crf_field.help_text),
                f"Unit: {crf_field.unit}." if crf_field.unit else "",
                f"LOINC {crf_field.loinc}." if crf_field.loinc else "",
            )
            if part
        ),
        "read_only": crf_field.derived,
    }
    if crf_field.derived:
        common.pop("required")
    match crf_field:
        case f.RowsField():
            members = {name: described(cell) for name, cell in crf_field.cells.items()}
            name = f"{crf_field.model.__name__}{crf_field.name.title().replace('_', '')}Row"
            row = type(
                name, (serializers.Serializer,), {**members, "absent": AbsentSerializer(required=False)}
            )
            return row(many=True, **{k: v for k, v in common.items() if v is not None})
        case f.QuantityField():
            return serializers.DecimalField(
                max_digits=crf_field.max_digits,
                decimal_places=crf_field.decimal_places,
                min_value=crf_field.minimum,
                max_value=crf_field.maximum,
                **common,
            )
        case f.CountField():
            return serializers.IntegerField(
                min_value=crf_field.minimum, max_value=crf_field.maximum, **common
            )
        case f.CodedField():
            return serializers.ChoiceField(choices=crf_field.code_labels, **common)
        case f.MultiCodedField():
            return serializers.ListField(
                child=serializers.ChoiceField(choices=crf_field.code_labels), **common
            )
        case f.YesNoField():
            return serializers.BooleanField(**common)
        case f.DayField():
            return serializers.DateField(**common)
        case f.MomentField():
            return serializers.DateTimeField(**common)
        case _:
            return serializers.CharField(
                max_length=getattr(crf_field, "limit", None) or crf_field.max_length, **common
            )


class AbsentSerializer(serializers.DictField):
    """Field name → why it has no value."""

    child = serializers.ChoiceField(choices=AbsentReason.choices)


@cache
def serializer_of(key: str) -> type[serializers.Serializer]:
    spec: CrfSpec = get(key)
    members: dict[str, Any] = {
        "id": serializers.IntegerField(read_only=True),
        "form": serializers.CharField(read_only=True),
        "participant": serializers.CharField(help_text="Participant code.", required=not spec.parents),
        "site": serializers.CharField(read_only=True),
    }
    for parent in spec.parents:
        members[parent] = serializers.IntegerField(
            required=parent not in spec.optional_parents, allow_null=parent in spec.optional_parents
        )
    members |= {name: described(crf_field) for name, crf_field in spec.fields.items()}
    members |= {
        "absent": AbsentSerializer(required=False),
        "complete": serializers.BooleanField(
            write_only=True, default=True, help_text="false: save as incomplete, with values still to come."
        ),
        names_for(spec).text: ReasonField(help_text="Why a complete form changes."),
        "status": serializers.ChoiceField(choices=RecordStatus.choices, read_only=True),
        "version": serializers.IntegerField(read_only=True),
        "created_at": serializers.DateTimeField(read_only=True),
        "updated_at": serializers.DateTimeField(read_only=True),
    }
    return type(f"{spec.model.__name__}Form", (serializers.Serializer,), members)


class FieldChangeSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class ChangeSerializer(serializers.Serializer):
    """One change of a record, newest first."""

    at = serializers.DateTimeField()
    label = serializers.CharField()
    by = serializers.CharField()
    source = serializers.CharField()
    reason = serializers.CharField()
    reason_code = serializers.CharField()
    request = serializers.CharField()
    fields = FieldChangeSerializer(many=True)  # type: ignore[assignment]
