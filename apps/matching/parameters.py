"""What a person may ask of a run, and the design that comes of it with the protocol's defaults."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from apps.matching.statistics.design import LARGEST_SEED, Caliper, Design, unknown_in
from studyportal import protocol
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem

MEMBERS = (
    "ratio", "method", "with_replacement", "match_site", "calipers", "seed", "include_synthetic", "note",
)  # fmt: skip
LONGEST_NOTE = 500


@dataclass(frozen=True)
class Asked:
    """A design, and what of the study it is for."""

    design: Design
    include_synthetic: bool = False
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "design": self.design.as_json(),
            "include_synthetic": self.include_synthetic,
            "note": self.note,
        }


def protocol_design() -> Design:
    """The design of the protocol in force, seed 0. Raises ImproperlyConfigured for what the portal cannot match on."""
    asked = protocol.current().matching
    calipers = tuple(
        Caliper(
            caliper.key,
            caliper.label,
            float(caliper.width),
            caliper.unit,
            None if caliper.or_percent is None else float(caliper.or_percent),
        )
        for caliper in asked.calipers.values()
    )
    if unknown := unknown_in((*asked.exact, *asked.exact_optional), calipers):
        raise ImproperlyConfigured(
            f"The protocol asks to match on what is not computed: {', '.join(unknown)}."
        )
    return Design(
        exact=tuple(asked.exact),
        calipers=calipers,
        ratio=int(asked.ratio.default),
        method=asked.method,
        with_replacement=asked.with_replacement,
        smd_flag=float(asked.smd_flag),
    )


def read(raw: Mapping[str, Any], *, known: tuple[str, ...] = MEMBERS) -> Asked:
    """The design asked for; whatever is left out is the protocol's. Raises CrfInvalid with every problem at once.

    raw: members MEMBERS, as a script or a page sends them: numbers may be text. calipers: key → width.
    A seed that is left out is drawn, and kept with the run.
    """
    problems: list[Problem] = [
        Problem(
            str(name)[:80],
            "unknown_field",
            _("There is no such parameter. Parameters: %s.") % ", ".join(known),
        )
        for name in raw
        if name not in known
    ]
    asked, design = protocol.current().matching, protocol_design()
    ratio = _whole(
        "ratio", raw.get("ratio"), design.ratio, int(asked.ratio.minimum), int(asked.ratio.maximum), problems
    )
    method = raw.get("method") or design.method
    if not isinstance(method, str) or method not in asked.methods:
        problems.append(Problem("method", "choice", _("One of: %s.") % ", ".join(asked.methods)))
        method = design.method
    exact = design.exact
    if _yes_no("match_site", raw.get("match_site"), False, problems) and "site" not in exact:
        if "site" in asked.exact_optional:
            exact = (*exact, "site")
        else:
            problems.append(
                Problem("match_site", "not_offered", _("The protocol does not match on the site."))
            )
    seed = _whole("seed", raw.get("seed"), None, 0, LARGEST_SEED, problems)
    made = replace(
        design,
        ratio=ratio if ratio is not None else design.ratio,
        method=method,
        exact=exact,
        calipers=_calipers(raw.get("calipers"), design.calipers, problems),
        with_replacement=_yes_no(
            "with_replacement", raw.get("with_replacement"), design.with_replacement, problems
        ),
        seed=secrets.randbelow(LARGEST_SEED) if seed is None else seed,
    )
    include = _yes_no("include_synthetic", raw.get("include_synthetic"), False, problems)
    note = _note(raw.get("note"), problems)
    if problems:
        raise CrfInvalid(problems)
    return Asked(made, include, note)


def _calipers(raw: Any, defaults: tuple[Caliper, ...], problems: list[Problem]) -> tuple[Caliper, ...]:
    if raw is None:
        return defaults
    keys = [caliper.key for caliper in defaults]
    if not isinstance(raw, Mapping):
        problems.append(Problem("calipers", "type", _("Give widths by key: %s.") % ", ".join(keys)))
        return defaults
    problems += [
        Problem(
            f"calipers.{str(key)[:40]}",
            "unknown_field",
            _("There is no such caliper. Calipers: %s.") % ", ".join(keys),
        )
        for key in raw
        if key not in keys
    ]
    return tuple(_caliper(caliper, raw.get(caliper.key), problems) for caliper in defaults)


def _caliper(caliper: Caliper, given: Any, problems: list[Problem]) -> Caliper:
    if given is None or (isinstance(given, str) and not given.strip()):
        return caliper
    name = f"calipers.{caliper.key}"
    width = _number(given)
    if width is None:
        problems.append(
            Problem(name, "number", _("Give the width as a number, such as %s.") % f"{caliper.width:g}")
        )
        return caliper
    if width <= 0:
        problems.append(
            Problem(
                name,
                "width",
                _(
                    "A width of %s matches nobody: two people never agree to the last digit. Give a width above 0; to match"
                    " within the protocol's, leave it empty."
                )
                % f"{width:g}",
            )
        )
        return caliper
    if width > 1000:
        problems.append(Problem(name, "width", _("At most 1000.")))
        return caliper
    return replace(caliper, width=width)


def _number(given: Any) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        number = float(given)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _whole(
    name: str, given: Any, default: int | None, minimum: int, maximum: int, problems: list[Problem]
) -> int | None:
    if given is None or (isinstance(given, str) and not given.strip()):
        return default
    number = _number(given)
    if number is None or number != int(number) or not minimum <= number <= maximum:
        problems.append(
            Problem(
                name,
                "whole_number",
                _("Give a whole number from %(least)d to %(most)d.") % {"least": minimum, "most": maximum},
            )
        )
        return default
    return int(number)


def _yes_no(name: str, given: Any, default: bool, problems: list[Problem]) -> bool:
    if given is None or given == "":
        return default
    if isinstance(given, bool):
        return given
    if given in ("true", "false"):
        return bool(given == "true")
    problems.append(Problem(name, "boolean", _("Give true or false.")))
    return default


def _note(given: Any, problems: list[Problem]) -> str:
    if given is None:
        return ""
    if not isinstance(given, str) or "\x00" in given or any("\ud800" <= c <= "\udfff" for c in given):
        problems.append(Problem("note", "type", _("Give plain text.")))
        return ""
    if len(given.strip()) > LONGEST_NOTE:
        problems.append(Problem("note", "max_length", _("At most %d characters.") % LONGEST_NOTE))
    return given.strip()
