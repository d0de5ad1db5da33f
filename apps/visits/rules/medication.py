"""Hard rules of concomitant medication. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Problem
from studyportal.words import said

# One letter, two digits, letter, letter, two digits; each level may be the last that is known.
ATC = re.compile(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?")


def atc_has_its_shape(values: Mapping[str, Any]) -> Iterable[Problem]:
    code = values.get("atc")
    if code is not None and not ATC.fullmatch(code):
        yield Problem(
            "atc",
            "atc_shape",
            said("“%(code)s” is no ATC code. It is written like H02AB06, or shorter, like H02.", code=code),
        )


def dose_has_unit(values: Mapping[str, Any]) -> Iterable[Problem]:
    if values.get("dose") is not None and values.get("dose_unit") is None:
        yield Problem("dose_unit", "unit_needed", said("The dose needs its unit."))


def medicine_stopped_after_started(values: Mapping[str, Any]) -> Iterable[Problem]:
    started, stopped = values.get("started_on"), values.get("stopped_on")
    if started is None or stopped is None or started.earliest is None or stopped.latest is None:
        return
    if stopped.latest < started.earliest:
        yield Problem("stopped_on", "before_start", said("It was stopped before it was started."))
