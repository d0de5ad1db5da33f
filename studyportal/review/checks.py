"""At start-up: what the protocol says of the review names forms and fields that there are."""

from __future__ import annotations

from typing import Any

from django.core.checks import Error, register

from studyportal import protocol
from studyportal.crf.registry import all_specs


@register
def protocol_names_what_there_is(app_configs: Any, **kwargs: Any) -> list[Error]:
    specs = {spec.key: spec for spec in all_specs()}
    asked = protocol.current().review
    rule = asked.verification
    named = dict.fromkeys([*asked.sign, *rule.forms, *rule.critical_fields])
    found = [
        Error(f"The protocol's review names the form {form!r}; there is none.", id="review.E001")
        for form in named
        if form not in specs
    ]
    return found + [
        Error(f"The protocol's review names {form}.{name}; no such field is entered.", id="review.E002")
        for form, names in rule.critical_fields.items()
        if form in specs
        for name in names
        if name not in specs[form].entered_fields
    ]
