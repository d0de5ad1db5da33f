"""What is asked about the screen for complications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.visits.rules.rows import rows
from studyportal.crf.outcomes import Finding
from studyportal.words import said

METHODS: Mapping[str, frozenset[str]] = {
    "retinopathy": frozenset({"fundus_photo", "ophthalmoscopy"}),
    "nephropathy": frozenset({"albuminuria", "blood", "biopsy"}),
    "neuropathy": frozenset({"monofilament", "nerve_conduction", "examination"}),
    "foot": frozenset({"examination", "monofilament", "pulses"}),
    "cardiovascular": frozenset({"examination", "ecg", "echo", "pulses"}),
    "skin": frozenset({"examination", "biopsy"}),
    "thyroid": frozenset({"blood", "examination"}),
    "coeliac": frozenset({"blood", "biopsy"}),
}


def new_finding_is_an_event(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    found = [row["domain"] for row in rows(values, "screens") if row.get("result") in ("new", "worse")]
    if found:
        yield Finding(
            "screens",
            "complication_new",
            said("New or worse: %(domains)s. Is each recorded as an adverse event?", domains=_listed(found)),
        )


def method_finds_domain(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    """A question alone does not exclude; what was not screened is absent with its reason."""
    odd = [
        row["domain"]
        for row in rows(values, "screens")
        if row.get("domain") in METHODS
        and row.get("method") not in (None, "other")
        and row["method"] not in METHODS[row["domain"]]
    ]
    if odd:
        yield Finding(
            "screens",
            "method_unusual",
            said("This method does not find or exclude it: %(domains)s. Is it right?", domains=_listed(odd)),
        )


def skin_against_injection_sites(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    skin = {row.get("result") for row in rows(values, "screens") if row.get("domain") == "skin"}
    if values.get("lipohypertrophy") is True and "none" in skin:
        yield Finding(
            "lipohypertrophy",
            "lipohypertrophy_not_found",
            said(
                "There is lipohypertrophy, and nothing was found at skin and injection sites. Which is right?"
            ),
        )


def _listed(domains: Iterable[str | None]) -> str:
    return ", ".join(str(domain) for domain in domains)
