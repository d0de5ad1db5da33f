"""A reason in the description of the API."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from studyportal.audit.reasons import MAX_TEXT, ChangeReason


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "maxLength": MAX_TEXT, "description": "Another reason, in words"},
            {
                "type": "object",
                "properties": {
                    "code": {"type": "string", "enum": list(ChangeReason.values)},
                    "text": {"type": "string", "maxLength": MAX_TEXT},
                },
                "required": ["code"],
                "additionalProperties": False,
            },
        ],
    }
)
class ReasonField(serializers.JSONField):
    """Described only: what is sent is read by `audit.reasons.parse`."""

    def __init__(self, **more: object) -> None:
        super().__init__(**({"write_only": True, "required": False, "allow_null": True} | more))  # type: ignore[arg-type]
