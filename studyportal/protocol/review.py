"""What the protocol asks of the review of records: which are compared with their source, which are signed."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field, model_validator

from .base import FormKey, Frozen, FrozenMapping, Key, Sourced


class Verification(Frozen):
    """verify all: every value; critical_fields: the fields named for a form; percent: whole forms by lot, as many in a
    hundred. A form outside `forms` (empty: every form) is not verified."""

    verify: Literal["all", "critical_fields", "percent", "none"] = "none"
    percent: int = Field(default=100, ge=1, le=100)
    forms: tuple[FormKey, ...] = ()
    critical_fields: FrozenMapping[tuple[Key, ...]] = Field(default_factory=FrozenMapping)


class Review(Sourced):
    """sign: the forms that the investigator signs before they are locked."""

    verification: Verification = Field(default_factory=Verification)
    sign: tuple[FormKey, ...] = ()

    @model_validator(mode="after")
    def _fields_where_they_are_asked(self) -> Review:
        if self.verification.verify == "critical_fields" and not self.verification.critical_fields:
            raise ValueError("verify: critical_fields needs `critical_fields`: form → its fields")
        return self

    def asks_verification(self, form: str, record: int) -> bool:
        """Whether the record is one of those that are verified. The lot of a record does not change."""
        rule = self.verification
        if rule.forms and form not in rule.forms:
            return False
        if rule.verify == "percent":
            return lot(form, record) < rule.percent
        if rule.verify == "critical_fields":
            return form in rule.critical_fields
        return rule.verify == "all"

    def fields_asked(self, form: str) -> tuple[str, ...]:
        """The fields of the form that are verified one by one; empty: the form as a whole."""
        if self.verification.verify != "critical_fields":
            return ()
        return tuple(self.verification.critical_fields.get(form, ()))

    def asks_signature(self, form: str) -> bool:
        return form in self.sign


def lot(form: str, record: int) -> int:
    """0 to 99, the same for a record whenever it is asked (and in `studyportal.review.lists` by SQL)."""
    digest = hashlib.sha256(f"{form}:{record}".encode()).digest()
    return int.from_bytes(digest[:2]) % 100
