"""What is asked about symptoms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Finding
from studyportal.words import said

# From here on, on a scale of 0 to 10, pain in the belly asks whether ketoacidosis was looked for.
PAIN_STRONG = 8
# Micturitions in a night that go with polyuria.
NOCTURIA = 2


def fainting_asks_for_event(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("fainting") is True:
        yield Finding(
            "fainting",
            "fainting",
            said("Fainting is reported. Was it hypoglycaemia, and is the event recorded?"),
        )


def strong_pain_asks_for_ketones(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    strength = values.get("abdominal_pain_severity")
    if strength is not None and strength >= PAIN_STRONG:
        yield Finding(
            "abdominal_pain_severity",
            "pain_strong",
            said("Pain of %(strength)s of 10: were ketones looked for?", strength=strength),
        )


def nocturia_goes_with_polyuria(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    nights = values.get("nocturia_per_night")
    if nights is not None and nights >= NOCTURIA and values.get("polyuria") is False:
        yield Finding(
            "nocturia_per_night",
            "nocturia_without_polyuria",
            said("%(count)s times in a night, and no increased micturition. Is it right?", count=nights),
        )
