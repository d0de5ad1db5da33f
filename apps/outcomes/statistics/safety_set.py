"""The safety tables of one meeting of the committee, computed together from one set of frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from apps.outcomes.statistics import safety, safety_course, safety_listings, safety_products
from apps.outcomes.statistics.follow_up import follow_up
from apps.outcomes.statistics.masking import deal
from apps.outcomes.statistics.safety import SafetyTable, Study


@dataclass(frozen=True)
class Frames:
    """Everything that the tables are computed from. Columns: PEOPLE_COLUMNS, EVENT_COLUMNS, PRODUCT_COLUMNS,
    NEAR_MISS_COLUMNS, DEVIATION_COLUMNS."""

    people: pd.DataFrame
    events: pd.DataFrame
    products: pd.DataFrame
    near_misses: pd.DataFrame
    deviations: pd.DataFrame


@dataclass(frozen=True)
class Words:
    """Codes and their labels, in the order of the tables."""

    groups: Mapping[str, str]
    terms: Mapping[str, str]
    components: Mapping[str, str] = field(default_factory=dict)
    deviations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SafetySet:
    """tables in order; counts: participants and how many of them are synthetic; footnotes that hold for all."""

    tables: tuple[SafetyTable, ...]
    counts: dict[str, int]
    footnotes: tuple[str, ...]


def safety_set(
    frames: Frames, words: Words, *, cut_off: date, include_synthetic: bool, mask_key: bytes | None = None
) -> SafetySet:
    """All tables. mask_key: deals the letters and pseudonyms of a masked version; None: by group.

    A masked version has no table of products, near misses and deviations, which are those of the treated.
    Raises ValueError as `follow_up`.
    """
    follow = follow_up(
        frames.people,
        frames.events,
        groups=list(words.groups),
        cut_off=cut_off,
        include_synthetic=include_synthetic,
    )
    letters = None if mask_key is None else deal(words.groups, mask_key)
    study = Study(follow, words.groups, words.terms, letters=letters)
    tables: list[SafetyTable | None] = [
        safety_course.followed(study),
        safety.overview(study),
        safety.serious(study),
        safety.by_term(study),
        safety.by_grade(study),
        safety_course.ratios(study),
        safety_course.by_period(study),
        safety_course.by_cause(study),
        safety_course.completeness(study),
    ]
    if mask_key is None:
        products, stopped = safety_products.followed_products(
            frames.products, frames.near_misses, cut_off=cut_off, include_synthetic=include_synthetic
        )
        deviations = _of_the_cut_off(frames.deviations, cut_off, include_synthetic)
        tables += [
            safety_products.defects(products, words.components),
            safety_products.stopped(products, stopped),
            safety_course.by_deviation(study, deviations, words.deviations),
        ]
    for key, title, chosen in (
        ("deaths", "Deaths", "deaths"),
        ("serious-list", "Serious adverse events, one by one", "serious"),
        ("special-list", "Events of special interest, one by one", "special"),
    ):
        tables.append(safety_listings.of_events(study, key, title, chosen=chosen, mask_key=mask_key or b""))
    if mask_key is None:
        tables.append(safety_listings.of_products(products, words.components))
    people = follow.people.drop_duplicates("participant")
    counts = {"participants": len(people), "synthetic": int(people["synthetic"].astype(bool).sum())}
    return SafetySet(
        tuple(table for table in tables if table is not None),
        counts,
        _footnotes(study, counts, include_synthetic),
    )


def _of_the_cut_off(deviations: pd.DataFrame, cut_off: date, include_synthetic: bool) -> pd.DataFrame:
    kept = [day is None or day != day or day <= cut_off for day in deviations["on"]]
    if not include_synthetic:
        kept = [one and not made_up for one, made_up in zip(kept, deviations["synthetic"], strict=True)]
    return deviations.loc[kept]


def _footnotes(study: Study, counts: Mapping[str, int], include_synthetic: bool) -> tuple[str, ...]:
    notes = [
        f"Cut-off: {study.follow.cut_off.isoformat()}. Participants are counted in the group in which they were treated;"
        " a control who was treated later is counted in both groups, each time with its own events and follow-up.",
        "An event counts when its onset lies in the follow-up of its participant, or cannot be said to lie outside of it.",
        "These tables describe; they make no test, and no limit at which a study stops is derived from them.",
    ]
    if study.masked:
        notes.append(
            "Masked: groups carry letters. Events that only treated participants can have (by their term, a link to a"
            " session or product, or a causality of harvest or product that is at least possible) are left out of every"
            " line by group and shown for all participants as procedure-related; products, near misses, deviations and"
            " words are left out."
        )
        if study.told_by_size:
            notes.append(
                "The groups differ in size or follow-up so much that the numbers would tell which is which: nothing is"
                " shown by group."
            )
    if not include_synthetic:
        notes.append("Synthetic participants are excluded.")
    elif counts["synthetic"]:
        notes.append(
            f"Synthetic participants are included: {counts['synthetic']} of {counts['participants']}. Do not read this as"
            " a result."
        )
    return tuple(notes)
