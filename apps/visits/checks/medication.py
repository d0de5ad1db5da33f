"""What is asked about concomitant medication."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Finding
from studyportal.words import said

INSULINS = "A10A"
# Other medicines against diabetes, corticosteroids, what acts on the immune system: they act on the endpoints.
ON_ENDPOINTS = ("A10B", "A10X", "H02", "L01", "L03", "L04")


def insulin_has_its_form(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if (values.get("atc") or "").startswith(INSULINS):
        yield Finding(
            "atc",
            "is_insulin",
            said("Insulins are recorded at each visit, in the form “Insulin”. Is it there?"),
        )


def acts_on_endpoints(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    code = values.get("atc") or ""
    if code.startswith(ON_ENDPOINTS):
        yield Finding(
            "atc",
            "acts_on_endpoints",
            said(
                "%(code)s acts on glucose or on the immune system. Does the investigator know of it?",
                code=code,
            ),
        )
