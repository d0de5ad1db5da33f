"""Questions 3 and 9: the date of each signature, and the copy that was given. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from apps.consent.rules import COPY_GIVEN, OPTIONAL_ITEMS, Event
from apps.consent.rules.findings.case import Asking, ConsentFinding, day_of, days, name_of

# A signature entered later than this is shown as entered late.
ENTRY_LAG_DAYS = 7
PAPER, SCREEN = "paper", "screen"


def dates(asking: Asking) -> Iterator[ConsentFinding]:
    """3. The lag of entry says nothing about a record that was transcribed or made by a generator."""
    case = asking.case
    changes = [e for e in case.log if e.kind in (OPTIONAL_ITEMS, "dissent")]
    for event in [*case.signed, *case.withdrawals, *changes]:
        placed = day_of(event)
        if placed is None:
            yield asking.finding(
                3,
                "undated",
                "major",
                f"The {name_of(event)} has no date of signature.",
                about=event,
                open_question=True,
            )
            continue
        if placed[0] != placed[1]:
            yield asking.finding(
                3,
                "date_imprecise",
                "minor",
                f"The {name_of(event)} is not dated to the day.",
                about=event,
                open_question=True,
            )
        if event.informed_at is not None and placed[1] < asking.site.day(event.informed_at):
            yield asking.finding(
                3,
                "signed_before_informed",
                "major",
                f"The {name_of(event)} is dated {placed[1].isoformat()}; the information was given on"
                f" {asking.site.day(event.informed_at).isoformat()}.",
                about=event,
            )
        if case.retrospective:
            continue
        if event.method == PAPER and not event.paper_sha256:
            yield asking.finding(
                3,
                "sheet_missing",
                "minor",
                f"The {name_of(event)} was signed on paper and the sheet is not kept: whether the signer wrote the date"
                " cannot be shown.",
                about=event,
                open_question=True,
            )  # fmt: skip
        yield from _lag(asking, event)


def _lag(asking: Asking, event: Event) -> Iterator[ConsentFinding]:
    placed, case = day_of(event), asking.case
    if case.synthetic or event.entered_at is None or placed is None:
        return
    entered = asking.site.day(event.entered_at)
    lag = (entered - placed[1]).days
    if lag <= ENTRY_LAG_DAYS:
        return
    named = name_of(event)
    yield asking.finding(
        3,
        "entered_late",
        "minor",
        f"The {named} was entered {lag} days after its date of signature.",
        about=event,
    )
    first = case.first
    begun = first.on.earliest if first is not None and first.on is not None else None
    if first is None or begun is None or event not in case.signed or event.method == SCREEN:
        return
    if placed[1] < begun < entered:
        yield asking.finding(
            3,
            "dated_back",
            "major",
            f"The {named} is dated {(begun - placed[1]).days} days before “{first.what}” and was entered"
            f" {days((entered - begun).days)} after it: only the signed sheet can show when it was signed.",
            about=event,
            open_question=True,
        )  # fmt: skip


def copies(asking: Asking) -> Iterator[ConsentFinding]:
    """9: for each consent of the participant or the representative; a child's assent is on the same sheet."""
    case = asking.case
    given = [e for e in case.log if e.kind == COPY_GIVEN]
    for event in case.consents:
        if event.copy_given or any(_is_of(copy, event) for copy in given):
            continue
        stated = event.copy_given is False
        yield asking.finding(
            9,
            "copy_not_given" if stated else "copy_not_stated",
            "minor",
            f"No signed copy of the {name_of(event)} was given."
            if stated
            else f"Whether a signed copy of the {name_of(event)} was given is not recorded.",
            about=event,
            open_question=not stated,
        )


def _is_of(copy: Event, event: Event) -> bool:
    """A copy that names no signature is one of what was signed before it."""
    if copy.concerns is not None:
        return copy.concerns == event.id
    given, signed = day_of(copy), day_of(event)
    return given is None or signed is None or signed[0] <= given[1]
