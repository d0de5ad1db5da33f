"""The grade that a laboratory result stands for, by the version of the dictionary. Pure.

The tables are data (`config/dictionaries/`), one file for each version. A version without a table for a term gives no
grade; nothing is taken over from another version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from studyportal.crf.outcomes import NotDerivable
from studyportal.words import said

Of = Literal["", "lln", "uln", "baseline"]
When = Literal["", "baseline_normal", "baseline_abnormal"]

IN_WORDS: Mapping[str, str] = {
    "lln": said("lower limit of normal"),
    "uln": said("upper limit of normal"),
    "baseline": "baseline",
}


@dataclass(frozen=True)
class Bound:
    """A value beyond it has the grade. number: in the unit of the term, or how many times the limit `of`.

    also: the number in further units. reached: a value at the bound has the grade already; otherwise it belongs to the
    milder one.
    """

    grade: int
    number: Decimal
    of: Of = ""
    also: Mapping[str, Decimal] = field(default_factory=dict)
    reached: bool = False


@dataclass(frozen=True)
class Scale:
    """The bounds of a term, from the mildest to the gravest. when: the baseline that it is for; "" for any."""

    bounds: tuple[Bound, ...]
    when: When = ""


@dataclass(frozen=True)
class Table:
    """The numbers of one term, in its unit."""

    term: str
    label: str
    analytes: tuple[str, ...]
    unit: str
    direction: Literal["falls", "rises"]
    scales: tuple[Scale, ...]

    def judges(self, unit: str) -> bool:
        """Whether a result in this unit is judged as it is, without a conversion."""
        plain = [bound for scale in self.scales for bound in scale.bounds if not bound.of]
        return unit == self.unit or (bool(plain) and all(unit in bound.also for bound in plain))


@dataclass(frozen=True)
class Dictionary:
    """One version of the dictionary of grades. without_numbers: term → why it has no table."""

    key: str
    label: str
    tables: Mapping[str, Table]
    without_numbers: Mapping[str, str] = field(default_factory=dict)
    why_none: str = ""


@dataclass(frozen=True)
class Suggested:
    """A suggestion, never a decision. grade: 1 to 4, or 0 within the limits of normal; basis: in words."""

    grade: int
    basis: str


def suggest(
    dictionary: Dictionary,
    *,
    term: str,
    value: Decimal,
    unit: str,
    lln: Decimal | None = None,
    uln: Decimal | None = None,
    baseline: Decimal | None = None,
    baseline_uln: Decimal | None = None,
) -> Suggested | NotDerivable:
    """The grade that the value suggests by this version of the dictionary, or why none can be had.

    value, lln, uln, baseline and baseline_uln in `unit`, in which the table must judge. baseline_uln: the upper limit
    of normal of the laboratory that measured the baseline; without it uln serves.
    """
    table = dictionary.tables.get(term)
    if table is None:
        return NotDerivable(why_no_table(dictionary, term))
    if not table.judges(unit):
        return NotDerivable(
            said(
                "%(unit)s does not convert into %(own_unit)s, in which %(label)s gives its numbers",
                unit=unit,
                own_unit=table.unit,
                label=dictionary.label,
            )
        )
    limits = {"lln": lln, "uln": uln, "baseline": baseline}
    kind, assumed = _baseline_kind(table, baseline, baseline_uln if baseline_uln is not None else uln)
    scales = [scale for scale in table.scales if not scale.when or scale.when == kind]
    if not scales:
        return NotDerivable(
            said(
                "the baseline is not normal, and %(label)s has no numbers here for that case",
                label=dictionary.label,
            )
        )
    judged = [_judge(table, scale, value, unit, limits) for scale in scales]
    known = [one for one in judged if isinstance(one, _Judged)]
    missing = "; ".join(sorted({one.why for one in judged if isinstance(one, NotDerivable)}))
    worst = max(known, key=lambda one: one.grade, default=None)
    if worst is None or (worst.grade == 0 and missing and not any(one.rules_out for one in known)):
        return NotDerivable(missing)
    clause = f"{dictionary.label}, {table.label}: {plain(value)} {unit} {worst.said}{assumed}"
    if missing:
        clause += f"; {'at least this grade, ' if worst.grade else ''}{missing}"
    return Suggested(worst.grade, clause)


def why_no_table(dictionary: Dictionary, term: str) -> str:
    """Why this version has no numbers for the term, in words."""
    return (
        dictionary.without_numbers.get(term)
        or dictionary.why_none
        or said("%(label)s has no numbers here for this term", label=dictionary.label)
    )


def plain(number: Decimal) -> str:
    """Without trailing zeros and without an exponent."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True)
class _Judged:
    """rules_out: grade 0 is certain by this scale alone (the value lies within the limits of normal)."""

    grade: int
    said: str
    rules_out: bool = False


def _baseline_kind(table: Table, baseline: Decimal | None, limit: Decimal | None) -> tuple[str, str]:
    """Which scale serves, and what was assumed for it."""
    if not any(scale.when for scale in table.scales):
        return "", ""
    if baseline is None:
        return "baseline_normal", said("; no baseline is known, so it is graded as if that had been normal")
    if limit is None:
        return (
            "baseline_normal",
            said("; whether the baseline was normal is not known, so it is graded as if it was"),
        )
    return ("baseline_abnormal" if baseline > limit else "baseline_normal"), ""


def _judge(
    table: Table, scale: Scale, value: Decimal, unit: str, limits: Mapping[str, Decimal | None]
) -> _Judged | NotDerivable:
    """The gravest grade whose bound is passed; not derivable when an unknown limit might change it."""
    falls = table.direction == "falls"
    unknown = sorted({b.of for b in scale.bounds if b.of and limits[b.of] is None})
    passed = [b for b in scale.bounds if _passed(_limit(b, unit, table, limits), b.reached, value, falls)]
    if not passed:
        if unknown:
            return NotDerivable(said("%(unknown)s missing", unknown=[IN_WORDS[name] for name in unknown]))
        mildest = scale.bounds[0]
        side = said("is not below") if falls else said("is not above")
        return _Judged(
            0,
            f"{side} {_in_words(mildest, _limit(mildest, unit, table, limits), unit)}",
            mildest.of in ("lln", "uln"),
        )
    worst = max(passed, key=lambda b: b.grade)
    # A graver bound that cannot be judged would make this one too mild.
    if any(b.grade > worst.grade and b.of in unknown for b in scale.bounds):
        return NotDerivable(said("%(unknown)s missing", unknown=[IN_WORDS[name] for name in unknown]))
    side = (said("at or ") if worst.reached else "") + ("below" if falls else "above")
    return _Judged(
        worst.grade,
        said(
            "lies %(side)s %(in_words)s",
            side=side,
            in_words=_in_words(worst, _limit(worst, unit, table, limits), unit),
        ),
    )


def _passed(limit: Decimal | None, reached: bool, value: Decimal, falls: bool) -> bool:
    if limit is None:
        return False
    if reached and value == limit:
        return True
    return value < limit if falls else value > limit


def _limit(bound: Bound, unit: str, table: Table, limits: Mapping[str, Decimal | None]) -> Decimal | None:
    if not bound.of:
        return bound.number if unit == table.unit else bound.also[unit]
    reference = limits[bound.of]
    return None if reference is None else bound.number * reference


def _in_words(bound: Bound, limit: Decimal | None, unit: str) -> str:
    assert limit is not None
    if not bound.of:
        return f"{plain(limit)} {unit}"
    times = "" if bound.number == 1 else f"{plain(bound.number)} × "
    return said(
        "%(times)sthe %(in_words)s (%(limit)s %(unit)s)",
        times=times,
        in_words=IN_WORDS[bound.of],
        limit=plain(limit),
        unit=unit,
    )


def gravest(grades: Iterable[str | None]) -> str | None:
    """The gravest of the grades that are known; None without any."""
    return max((grade for grade in grades if grade), default=None)
