"""A serializer that takes what it knows and nothing else."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers


class StrictSerializer(serializers.Serializer):
    """Unknown members are refused, so that a misspelt one is not lost in silence and none is smuggled in."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = set(data) - {name for name, field in self.fields.items() if not field.read_only}
            if unknown:
                raise serializers.ValidationError(
                    {
                        str(name)[:80]: serializers.ErrorDetail(
                            _("There is no such member."), code="unknown_field"
                        )
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)
