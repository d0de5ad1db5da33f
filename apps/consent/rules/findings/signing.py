"""Questions 3 and 9: the date of each signature, and the copy that was given. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from apps.consent.rules import COPY_GIVEN, OPTIONAL_ITEMS, Event
from apps.consent.rules.findings.case import Asking, ConsentFinding, day_of, days, name_of
from studyportal.words import said

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
                said("The %(event)s has no date of signature.", event=name_of(event)),
                about=event,
                open_question=True,
            )
            continue
        if placed[0] != placed[1]:
            yield asking.finding(
                3,
                "date_imprecise",
                "minor",
                said("The %(event)s is not dated to the day.", event=name_of(event)),
                about=event,
                open_question=True,
            )
        if event.informed_at is not None and placed[1] < asking.site.day(event.informed_at):
            yield asking.finding(
                3,
                "signed_before_informed",
                "major",
                said(
                    "The %(event)s is dated %(high)s; the information was given on %(day)s.",
                    event=name_of(event),
                    high=placed[1],
                    day=asking.site.day(event.informed_at),
                ),
                about=event,
            )
        if case.retrospective:
            continue
        if event.method == PAPER and not event.paper_sha256:
            yield asking.finding(
                3,
                "sheet_missing",
                "minor",
                said("The %(event)s was signed on paper and the sheet is not kept: whether the signer"
" wrote the date cannot be shown.", event=name_of(event)),
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
        said("The %(named)s was entered %(lag)s days after its date of signature.", named=named, lag=lag),
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
            said("The %(named)s is dated %(days)s days before “%(what)s” and was entered %(days_2)s after"
" it: only the signed sheet can show when it was signed.", named=named, days=(begun - placed[1]).days, what=first.what, days_2=days((entered - begun).days)),
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
            said("No signed copy of the %(event)s was given.", event=name_of(event))
            if stated
            else said(
                "Whether a signed copy of the %(event)s was given is not recorded.", event=name_of(event)
            ),
            about=event,
            open_question=not stated,
        )


def _is_of(copy: Event, event: Event) -> bool:
    """A copy that names no signature is one of what was signed before it."""
    if copy.concerns is not None:
        return copy.concerns == event.id
    given, signed = day_of(copy), day_of(event)
    return given is None or signed is None or signed[0] <= given[1]
