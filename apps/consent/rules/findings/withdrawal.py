"""Questions 11 and 12: what was ended goes no further, and what was agreed to is honoured. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from apps.consent.rules import DATA_SHARING, OPTIONAL_ITEMS, OWN_CONSENT, Event
from apps.consent.rules.findings.case import Asking, ConsentFinding, Procedure, Severity, name_of
from apps.consent.rules.findings.order import clearly, state_before
from apps.consent.rules.uses import DECLINED, NOT_RETAINED, Stop, Use, stops
from studyportal.words import said

# Of what is looked at here; files for sharing are question 12, and a dissent question 4.
AFTER_A_WITHDRAWAL = frozenset({Use.TREATMENT, Use.VISIT, Use.NEW_DATA, Use.CONTACT, Use.SAMPLES})


def after_withdrawal(asking: Asking) -> Iterator[ConsentFinding]:
    """11."""
    case = asking.case
    if not case.withdrawals:
        return
    entries = {event.id: event for event in case.withdrawals}
    ended = [
        stop
        for stop in stops(case.log)
        if stop.entry in entries and stop.scope not in (DECLINED, NOT_RETAINED) and stop.use in AFTER_A_WITHDRAWAL
    ]  # fmt: skip
    for one in case.everything:
        found = [
            (stop, certain)
            for stop in ended
            if stop.use in one.uses and (certain := _beyond(stop, one, entries[stop.entry])) is not None
        ]
        if not found:
            continue
        stop, certain = max(found, key=lambda pair: pair[1])
        scope = stop.scope.replace("_", " ")
        yield asking.finding(
            11,
            "beyond_withdrawal" if certain else "order_with_withdrawal_unknown",
            _severity(one),
            said(
                "“%(what)s” took place after consent to it was withdrawn (%(scope)s).",
                what=one.what,
                scope=scope,
            )
            if certain
            else said(
                "It cannot be shown that “%(what)s” took place before consent to it was withdrawn"
                " (%(scope)s).",
                what=one.what,
                scope=scope,
            ),
            about=one.about,
            open_question=not certain,
        )
    if case.retrospective:
        return
    for event in case.withdrawals:
        if event.data_retained is None:
            yield asking.finding(
                11,
                "retention_not_stated",
                "minor",
                said("Whether the data collected before the withdrawal are retained is not recorded."),
                about=event,
                open_question=True,
            )


def _severity(one: Procedure) -> Severity:
    return "critical" if one.is_treatment else "major"


def _beyond(stop: Stop, one: Procedure, entry: Event) -> bool | None:
    """Whether it lies beyond the stop: for certain, perhaps (False), or not (None)."""
    first, last = one.first_day, one.last_day
    if first == dt.date.max or last is None:
        return None
    if stop.until is not None and stop.until <= first:
        return None
    if first > stop.on:
        return True
    if last < stop.on:
        return None
    if last > stop.on:
        return False
    if stop.use != Use.TREATMENT:
        return None  # who withdraws at a visit was there
    if one.at is not None and entry.signed_at is not None:
        return True if entry.signed_at < one.at else None
    return False


# --- 12 --------------------------------------------------------------------------------------------------


def optional_items(asking: Asking) -> Iterator[ConsentFinding]:
    """12."""
    case, items = asking.case, asking.study.terms.optional_items
    if not case.retrospective:
        for one in case.procedures:
            if Use.SHARING in one.uses:
                yield from _shared(asking, one)
    answering = [e for e in case.log if e.purposes is not None and e.kind in (*_CONSENTS, OPTIONAL_ITEMS)]
    if not answering or case.retrospective:
        return
    answered = {item for event in answering for item in (*(event.purposes or ()), *event.declined)}
    open_items = [item.replace("_", " ") for item in items if item not in answered]
    if open_items:
        yield asking.finding(
            12,
            "optional_not_stated",
            "minor",
            said(
                "Neither agreed to nor declined in the %(name_of)s: %(open_items)s.",
                name_of=name_of(answering[-1]),
                open_items=list(open_items),
            ),
            about=answering[-1],
            open_question=True,
        )


_CONSENTS = (OWN_CONSENT, "lar_consent", "re_consent")


def _shared(asking: Asking, one: Procedure) -> Iterator[ConsentFinding]:
    if clearly(asking, one, DATA_SHARING):
        return
    verdict = state_before(asking, one).purposes.get(DATA_SHARING, "indeterminate")
    if verdict == "yes":
        return
    yield asking.finding(
        12,
        "shared_without_consent" if verdict == "no" else "sharing_unclear",
        "major",
        said("“%(what)s” holds data of the participant; consent to sharing was not in force then.", what=one.what)
        if verdict == "no"
        else said("“%(what)s” holds data of the participant; it cannot be shown that consent to sharing"
" was in force then.", what=one.what),
        about=one.about,
        open_question=verdict != "no",
    )  # fmt: skip
