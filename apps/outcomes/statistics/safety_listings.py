"""Line listings: one row for each event or product, as a committee reads them one by one.

Masked, a listing has no group, no code, no words of the reporter and nothing of the treatment: a pseudonym stands for the
participant, and what only treated people can have is called procedure-related.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from apps.outcomes.statistics.follow_up import INSIDE
from apps.outcomes.statistics.masking import procedural, pseudonym
from apps.outcomes.statistics.safety import CRITERIA, SafetyTable, Study
from apps.outcomes.statistics.safety_products import RELEASED
from apps.outcomes.statistics.tables import Column

HEAD = (Column("participant", "Participant", "text"),)
OPEN_HEAD = (
    *HEAD,
    Column("site", "Site", "text"),
    Column("group", "Group", "text"),
    Column("event", "Event", "count"),
    Column("verbatim", "In the words of the reporter", "text"),
)
MIDDLE = (
    Column("term", "Term", "text"),
    Column("grade", "Grade", "count"),
    Column("dictionary", "Dictionary", "text"),
    Column("criteria", "Serious by", "text"),
    Column("onset_day", "Onset, day from Day 0", "count", "d"),
    Column("end_day", "End, day from Day 0", "count", "d"),
    Column("outcome", "Outcome", "text"),
)
OPEN_TAIL = (
    Column("to_harvest", "Causality: harvest", "text"),
    Column("to_product", "Causality: product", "text"),
    Column("to_insulin", "Causality: insulin", "text"),
    Column("to_disease", "Causality: disease", "text"),
    Column("expected", "Expectedness", "text"),
    Column("session", "Session", "count"),
    Column("component", "Component", "text"),
)
TAIL = (Column("place", "When", "text"), Column("synthetic", "Synthetic", "text"))


def of_events(study: Study, key: str, title: str, *, chosen: str, mask_key: bytes = b"") -> SafetyTable:
    """A listing. chosen: deaths, serious or special. It holds every event up to the cut-off, also outside of follow-up.

    mask_key: what pseudonyms are made with; needed when the study is masked."""
    events = study.follow.events
    events = events.loc[_chosen(events, chosen)].reset_index(drop=True)
    starts = study.follow.people["start"].to_numpy(dtype=float)
    known = {person.participant: person for person in study.follow.people.itertuples(index=False)}
    rows = [_row(study, event, starts, known, mask_key) for event in events.itertuples(index=False)]
    rows.sort(key=lambda row: (row["participant"], _order(row["onset_day"]), row.pop("_number")))
    columns = (*HEAD, *MIDDLE, *TAIL) if study.masked else (*OPEN_HEAD, *MIDDLE, *OPEN_TAIL, *TAIL)
    notes = ["Days are counted from Day 0, which is day 0; an empty day is not known to the day."]
    if study.masked:
        notes.append("Pseudonyms stay the same from table to table; group, words and treatment are left out.")
    return SafetyTable(key, title, "list", columns, tuple(rows), tuple(notes))


def _chosen(events: pd.DataFrame, chosen: str) -> np.ndarray:
    fatal = (
        (events["outcome"] == "fatal")
        | (events["grade"] == 5)
        | events["criteria"].fillna("").str.contains("death")
    )
    serious = events["serious"].isin([True])
    special = events["special"].isin([True])
    found: pd.Series = {"deaths": fatal, "serious": serious | fatal, "special": special}[chosen]
    return found.to_numpy(dtype=bool)


def _row(
    study: Study, event: Any, starts: np.ndarray, known: Mapping[str, Any], mask_key: bytes
) -> dict[str, Any]:
    person = known.get(event.participant)
    start = starts[event.at] if event.at >= 0 else None
    only_treated = procedural(
        term=_text(event.term), to_harvest=_text(event.to_harvest), to_product=_text(event.to_product),
        linked=bool(event.linked),
    )  # fmt: skip
    criteria = [CRITERIA.get(one, one) for one in _text(event.criteria).split(";") if one]
    row: dict[str, Any] = {
        "term": "Procedure-related"
        if study.masked and only_treated
        else study.terms.get(event.term, _text(event.term)),
        "grade": None if event.grade != event.grade or event.grade is None else int(event.grade),
        "dictionary": _text(event.dictionary),
        "criteria": ", ".join(criteria),
        "onset_day": _day(event.onset_from, event.onset_to, start),
        "end_day": _day(event.ended_on, event.ended_on, start),
        "outcome": _words(event.outcome),
        "place": "" if event.place == INSIDE else event.place,
        "synthetic": "" if person is None else "yes" if person.synthetic else "no",
        "_number": 0 if study.masked else event.event,
    }
    if study.masked:
        return {"participant": pseudonym(event.participant, mask_key), **row}
    group = study.follow.people["group"].iat[event.at] if event.at >= 0 else ""
    return {
        "participant": event.participant,
        "site": "" if person is None else person.site,
        "group": study.groups.get(group, group),
        "event": int(event.event),
        "verbatim": _text(event.verbatim),
        **row,
        **{
            name: _words(getattr(event, name))
            for name in ("to_harvest", "to_product", "to_insulin", "to_disease")
        },
        "expected": _words(event.expected),
        "session": None if event.session != event.session or event.session is None else int(event.session),
        "component": _text(event.component),
    }


PRODUCTS = (
    Column("participant", "Participant", "text"),
    Column("site", "Site", "text"),
    Column("identifier", "Product", "text"),
    Column("component", "Component", "text"),
    Column("session", "Session", "count"),
    Column("defects", "Defects", "text"),
    Column("decision", "Decision", "text"),
    Column("infused", "Infused", "text"),
    Column("near_misses", "Near misses", "count"),
    Column("synthetic", "Synthetic", "text"),
)


def of_products(products: pd.DataFrame, components: Mapping[str, str]) -> SafetyTable:
    """Every product with a defect or near miss. products: as `safety_products.followed_products` gives them."""
    rows = []
    for one in products.itertuples(index=False):
        said = _defects(one)
        if said or one.near_misses:
            rows.append(
                {
                    "participant": one.participant, "site": one.site, "identifier": _text(one.identifier),
                    "component": components.get(one.component, _text(one.component)),
                    "session": None if one.session is None or one.session != one.session else int(one.session),
                    "defects": "; ".join(said), "decision": _words(one.decision),
                    "infused": "yes" if one.infused else "no", "near_misses": int(one.near_misses),
                    "synthetic": "yes" if one.synthetic else "no",
                }
            )  # fmt: skip
    rows.sort(key=lambda row: (row["participant"], row["session"] or 0, row["component"], row["identifier"]))
    return SafetyTable("products-list", "Products with a defect or near miss", "list", PRODUCTS, tuple(rows))


def _defects(one: Any) -> list[str]:
    said = []
    if _text(one.failing):
        said.append(f"out of specification: {', '.join(_text(one.failing).split(';'))}")
    if one.decision == "rejected":
        said.append("rejected")
    if one.decision == "exceptional":
        said.append("exceptional release")
    if one.culture == "growth":
        after = one.grew_late and (one.decision in RELEASED or one.infused)
        said.append("positive culture after release or infusion" if after else "positive culture")
    if one.discarded:
        said.append(f"discarded: {_words(one.discard_reason)}" if _text(one.discard_reason) else "discarded")
    return said


def _day(first: Any, last: Any, start: float | None) -> int | None:
    if start is None or first is None or last is None or first != last or first != first:
        return None
    return int(first.toordinal() - start)


def _order(day: int | None) -> int:
    return 10**9 if day is None else day


def _words(code: Any) -> str:
    return _text(code).replace("_", " ")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
