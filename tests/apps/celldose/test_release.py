"""Release criteria: specification against result."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

from apps.celldose import release
from apps.celldose.release import Criterion, Cultures
from studyportal.crf.outcomes import NotDerivable

VIABILITY = Criterion("viability", "Viability", "≥ 70 %", "%", minimum=D("70"))
ENDOTOXIN = Criterion("endotoxin", "Endotoxin", "≤ 5 EU/kg", "{EU}/kg", maximum=D("5"))
GRAM = Criterion("gram_stain", "Gram stain", "negative", wanted="negative")
STERILITY = Criterion("sterility", "Sterility culture", "no growth at 14 days", days=14, may_be_pending=True)
CLEAR = {"aerobic": "no_growth", "anaerobic": "no_growth", "fungal": "no_growth"}


@pytest.mark.parametrize(
    ("criterion", "found", "outcome", "why"),
    [
        (VIABILITY, D("69.99"), "fail", ""),
        (VIABILITY, D("70"), "pass", ""),
        (VIABILITY, None, "not_evaluable", "no result recorded"),
        (ENDOTOXIN, D("5.0001"), "fail", ""),
        (ENDOTOXIN, D("5"), "pass", ""),
        (ENDOTOXIN, NotDerivable("same-day weight missing"), "not_evaluable", "same-day weight missing"),
        (GRAM, "positive", "fail", ""),
        (GRAM, "negative", "pass", ""),
        (GRAM, "pending", "not_evaluable", "result awaited"),
        (GRAM, None, "not_evaluable", "no result recorded"),
        (STERILITY, Cultures(CLEAR, 14), "pass", ""),
        (STERILITY, Cultures(CLEAR, 13), "pending", "final at day 14"),
        (STERILITY, Cultures(CLEAR, None), "pending", "day of sample or of reading missing"),
        (STERILITY, Cultures(CLEAR | {"fungal": "growth"}, 2), "fail", ""),
        (STERILITY, Cultures(CLEAR | {"fungal": "pending"}, None), "pending", "result awaited: fungal"),
        (STERILITY, Cultures(CLEAR | {"fungal": None}, 14), "not_evaluable", "not recorded: fungal"),
        (STERILITY, None, "not_evaluable", "no result recorded"),
    ],
)
def test_each_criterion(criterion: Criterion, found: Any, outcome: str, why: str) -> None:
    (judged,) = release.evaluate([criterion], {criterion.key: found})
    assert (judged.outcome, judged.why) == (outcome, why)
    assert judged.specification == criterion.specification


def test_a_culture_that_may_not_be_pending_bars_the_release() -> None:
    strict = Criterion("sterility", "Sterility", "no growth", may_be_pending=False)
    (judged,) = release.evaluate([strict], {"sterility": Cultures(dict.fromkeys(CLEAR, "pending"), None)})
    assert judged.outcome == "not_evaluable"


def test_evidence_survives_json_and_its_fingerprint_tells_a_changed_result() -> None:
    before = release.evaluate([VIABILITY, GRAM], {"viability": D("92.50"), "gram_stain": "negative"})
    assert release.from_json(release.as_json(before)) == before
    again = release.evaluate([VIABILITY, GRAM], {"viability": D("92.50"), "gram_stain": "negative"})
    after = release.evaluate([VIABILITY, GRAM], {"viability": D("92.51"), "gram_stain": "negative"})
    assert release.fingerprint(before) == release.fingerprint(again) != release.fingerprint(after)


@pytest.mark.parametrize(
    ("sampled", "read", "days"),
    [
        (dt.date(2024, 11, 12), dt.date(2024, 11, 26), 14),
        (None, dt.date(2024, 11, 26), None),
        (dt.date(2024, 11, 12), None, None),
    ],
)
def test_culture_days(sampled: Any, read: Any, days: Any) -> None:
    assert release.culture_days(sampled, read) == days
