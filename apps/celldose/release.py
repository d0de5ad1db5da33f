"""Release criteria of a cell product: specification against result, each with its outcome in words. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from apps.celldose.rules import CULTURES
from studyportal.crf.outcomes import NotDerivable
from studyportal.words import said

PASS, FAIL, PENDING, NOT_EVALUABLE = "pass", "fail", "pending", "not_evaluable"

# What can grow, in words.
GROWN = {
    "aerobic": "aerobic culture",
    "anaerobic": "anaerobic culture",
    "fungal": "fungal culture",
    "gram_stain": "Gram stain",
}


@dataclass(frozen=True)
class Criterion:
    """One criterion of the protocol; its key names the measure that it judges.

    minimum and maximum are inclusive; wanted is the code that passes, for a coded result; days: for cultures,
    when the reading is final. may_be_pending: the product may be released conditionally meanwhile.
    """

    key: str
    label: str
    specification: str
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    wanted: str = ""
    days: int = 14
    may_be_pending: bool = False


@dataclass(frozen=True)
class Evaluated:
    """A criterion with its result as it stood: the evidence that a release keeps."""

    key: str
    label: str
    specification: str
    result: str
    outcome: str
    why: str = ""


@dataclass(frozen=True)
class Cultures:
    """Day-14 cultures: each pending, no_growth, growth or None; days from sample to reading, if known."""

    results: Mapping[str, str | None]
    days: int | None


Measured = Decimal | str | NotDerivable | Cultures | None


def evaluate(criteria: Sequence[Criterion], results: Mapping[str, Measured]) -> tuple[Evaluated, ...]:
    """Judge every criterion. results: key → what was found, None when nothing is recorded."""
    return tuple(_judge(criterion, results.get(criterion.key)) for criterion in criteria)


def _judge(criterion: Criterion, found: Measured) -> Evaluated:
    def outcome(result: str, verdict: str, why: str = "") -> Evaluated:
        return Evaluated(criterion.key, criterion.label, criterion.specification, result, verdict, why)

    if found is None:
        return outcome("–", NOT_EVALUABLE, "no result recorded")
    if isinstance(found, NotDerivable):
        return outcome("–", NOT_EVALUABLE, found.why)
    if isinstance(found, Cultures):
        result, verdict, why = sterility(found, criterion.days)
        if verdict == PENDING and not criterion.may_be_pending:
            verdict = NOT_EVALUABLE
        return outcome(result, verdict, why)
    if isinstance(found, str):
        if found == "pending":
            verdict = PENDING if criterion.may_be_pending else NOT_EVALUABLE
            return outcome("pending", verdict, "result awaited")
        verdict = PASS if found == criterion.wanted else FAIL
        return outcome(found.replace("_", " "), verdict)
    too_low = criterion.minimum is not None and found < criterion.minimum
    too_high = criterion.maximum is not None and found > criterion.maximum
    # {EU} is UCUM's way to write an arbitrary unit; people write EU.
    unit = f" {criterion.unit.replace('{EU}', 'EU')}" if criterion.unit else ""
    return outcome(f"{plain(found)}{unit}", FAIL if too_low or too_high else PASS)


def plain(value: Decimal) -> str:
    """A number without trailing zeros: 750 and not 750.000."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def sterility(found: Cultures, final_day: int) -> tuple[str, str, str]:
    """(result, outcome, why). Growth in any culture fails at once; no growth counts from the final day on."""
    grown = [name for name in CULTURES if found.results.get(name) == "growth"]
    if grown:
        return f"growth: {', '.join(grown)}", FAIL, ""
    missing = [name for name in CULTURES if found.results.get(name) is None]
    if missing:
        return "–", NOT_EVALUABLE, f"not recorded: {', '.join(missing)}"
    awaited = [name for name in CULTURES if found.results.get(name) == "pending"]
    if awaited:
        return "pending", PENDING, f"result awaited: {', '.join(awaited)}"
    if found.days is None:
        return "no growth", PENDING, "day of sample or of reading missing"
    if found.days < final_day:
        return f"no growth at day {found.days}", PENDING, f"final at day {final_day}"
    return f"no growth at day {found.days}", PASS, ""


def grown(microbiology: Any) -> tuple[str, ...]:
    """Keys of GROWN that are positive in a record of microbiology (or None): cultures that grew, a Gram stain."""
    if microbiology is None:
        return ()
    positive = [name for name in CULTURES if getattr(microbiology, name) == "growth"]
    return (*positive, *(["gram_stain"] if microbiology.gram_stain == "positive" else []))


def not_known(found: Iterable[str], known: Mapping[str, Evaluated]) -> tuple[str, ...]:
    """Those of `grown` that an evaluation (criterion key → judged) did not show: nobody knew of them when it was decided."""

    def shown(name: str) -> bool:
        if name == "gram_stain":
            return "gram_stain" in known and known["gram_stain"].outcome == FAIL
        clause = known["sterility"].result if "sterility" in known else ""
        return clause.startswith("growth: ") and name in clause.removeprefix("growth: ").split(", ")

    return tuple(name for name in found if not shown(name))


def culture_due(sampled_on: date | None, final_day: int | None) -> date | NotDerivable:
    """The day on which a culture without growth is final."""
    if sampled_on is None:
        return NotDerivable(said("day of the sample missing"))
    if final_day is None:
        return NotDerivable(said("the protocol asks for no culture of this component"))
    return sampled_on + timedelta(days=final_day)


def culture_days(sampled_on: date | None, read_on: date | None) -> int | None:
    return None if sampled_on is None or read_on is None else (read_on - sampled_on).days


def by_label(evaluated: Iterable[Evaluated]) -> dict[str, str]:
    """criterion label → outcome."""
    return {one.label: one.outcome for one in evaluated}


def as_json(evaluated: Iterable[Evaluated]) -> list[dict[str, Any]]:
    return [asdict(one) for one in evaluated]


def from_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Evaluated, ...]:
    return tuple(Evaluated(**row) for row in rows)


def fingerprint(evaluated: Iterable[Evaluated]) -> str:
    """SHA-256 of the criteria with their results: two evaluations agree exactly when this does."""
    text = json.dumps(as_json(evaluated), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
