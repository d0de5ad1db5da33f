"""What is asked about quality of life."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Finding
from studyportal.words import said

# The scale runs from worst to best, the score from no trouble to most: added up they lie near 100. This far off, one of
# them was probably read the wrong way round.
FAR = 60


def scale_against_score(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    overall, score = values.get("overall"), values.get("trouble_score")
    if overall is None or score is None:
        return
    if abs(overall + score - 100) >= FAR:
        yield Finding(
            "overall",
            "scale_against_score",
            said(
                "Health %(overall)s of 100, and trouble %(score)s of 100. Was the scale read the right way round?",
                overall=overall,
                score=f"{score:.0f}",
            ),
        )
