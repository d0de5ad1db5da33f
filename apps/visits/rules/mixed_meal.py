"""Hard rules of the mixed-meal test. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.visits.rules.rows import minutes_of_day, number, rows
from studyportal.crf.outcomes import Problem
from studyportal.words import said

TUBES = ("glucose_tube", "c_peptide_tube")


def sample_times_rise(values: Mapping[str, Any]) -> Iterable[Problem]:
    """In the order of their planned times, samples were taken one after the other."""
    before: tuple[int, str] | None = None
    timed = [
        (number(row, "planned"), place, row["at"])
        for place, row in enumerate(rows(values, "samples"), 1)
        if row.get("at") is not None and row.get("planned") is not None
    ]
    for _planned, place, at in sorted(timed, key=lambda one: one[0] or 0):
        minute = minutes_of_day(at) or 0
        if before is not None and minute <= before[0]:
            yield Problem(
                f"samples.{place}.at",
                "not_after_before",
                said(
                    "%(at)s is not after %(before)s, when the sample before was taken.",
                    at=at,
                    before=before[1],
                ),
            )
        before = (minute, at)


def not_taken_has_no_tube(values: Mapping[str, Any]) -> Iterable[Problem]:
    for place, row in enumerate(rows(values, "samples"), 1):
        if row.get("sampled") != "false":
            continue
        for name in ("at", *TUBES):
            if row.get(name) is not None:
                yield Problem(
                    f"samples.{place}.{name}",
                    "contradiction",
                    said("The sample was not taken. Leave this empty, or say that it was taken."),
                )


def tube_stands_once(values: Mapping[str, Any]) -> Iterable[Problem]:
    seen: dict[str, int] = {}
    for place, row in enumerate(rows(values, "samples"), 1):
        for name in TUBES:
            tube = row.get(name)
            if tube is None:
                continue
            if tube in seen:
                yield Problem(
                    f"samples.{place}.{name}",
                    "tube_twice",
                    said("Tube %(tube)s stands in row %(row)s already.", tube=tube, row=seen[tube]),
                )
            seen.setdefault(tube, place)
