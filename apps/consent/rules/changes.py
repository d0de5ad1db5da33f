"""What follows from a birthday, a change of capacity, and another representative. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence

from apps.consent.rules.ages import first_day_at
from apps.consent.rules.due import ITEMS, NAMES, Due
from apps.consent.rules.events import (
    LAR_CONSENT,
    OPTIONAL,
    OWN_CONSENT,
    PARTICIPATION,
    PROCEDURE,
)
from apps.consent.rules.fold import Fold
from apps.consent.rules.signed import bounds
from studyportal.words import listed, said

# --- A change of who must sign ---------------------------------------------------------------------------


def changes(fold: Fold, ages: Collection[int], *, reveal: bool) -> Iterator[Due]:
    """What became due by a birthday or a change of capacity, for each signature once."""
    told: set[str] = set()
    for age in ages:
        if fold.all_of(fold.needed(age), PARTICIPATION) != "no":
            continue
        for before in fold.earlier(age):
            if fold.all_of(before.needed, PARTICIPATION) == "no" or not fold.held_before(before):
                continue  # consent was not in force before the change either: it is missing, not due
            for signature in fold.absent(fold.needed(age)):
                if signature in told:
                    continue
                told.add(signature)
                days = dt.timedelta(days=fold.terms.resign_within_days)
                shown = fold.changed(before) if reveal or before.kind != "birthday" else None
                yield Due(
                    kind="birthday" if before.kind == "birthday" else "capacity",
                    signature=signature,
                    from_on=shown[0] if shown else None,
                    by_on=shown[1] + days if shown else None,
                    overdue=before.grace == "no"
                    if fold.terms.after_birthday == "suspended"
                    else _passed(fold, fold.changed(before)),
                    why=_since(before.kind, age, signature),
                )


def _passed(fold: Fold, changed: tuple[dt.date, dt.date] | None) -> bool:
    days = dt.timedelta(days=fold.terms.resign_within_days)
    return changed is not None and fold.day is not None and fold.day > changed[1] + days


def _since(kind: str, age: int, signature: str) -> str:
    if kind == "birthday":
        return said(
            "The participant is %(age)s years old, so %(name)s is due",
            age=age,
            name=NAMES.get(signature, signature),
        )
    name = NAMES.get(signature, signature)
    if signature == OWN_CONSENT:
        return said("The participant can decide again, so %(name)s is due", name=name)
    return said("The participant cannot decide at present, so %(name)s is due", name=name)


def birthday_ahead(fold: Fold, ages: Sequence[int], *, reveal: bool) -> Iterator[Due]:
    """What the next birthday into another band will ask for, within the days of warning."""
    upcoming = _next_change(fold, max(ages)) if ages and fold.can_decide else None
    if upcoming is None or fold.ages is None or fold.day is None:
        return
    age, asked = upcoming
    then = fold.ages.on(fold.day + dt.timedelta(days=fold.terms.birthday_warning_days))
    if then is None or then[1] < age:
        return
    first = first_day_at(fold.ages, age, fold.day, highest=True)
    last = first_day_at(fold.ages, age, fold.day, highest=False)
    shown = (first, last) if reveal else (None, None)
    for signature in asked:
        yield Due(
            kind="birthday",
            signature=signature,
            from_on=shown[0],
            by_on=shown[1] + dt.timedelta(days=fold.terms.resign_within_days) if shown[1] else None,
            overdue=False,
            why=said(
                "The participant turns %(age)s soon, and then %(name)s is due",
                age=age,
                name=NAMES.get(signature, signature),
            ),
            ahead=True,
        )


def _next_change(fold: Fold, age: int) -> tuple[int, list[str]] | None:
    """The next age at which somebody signs who has not, and the signatures; None when no birthday asks for more."""
    upcoming = fold.terms.next_band(age)
    while upcoming is not None:
        absent = fold.absent(fold.terms.signatures_at(upcoming))
        if absent:
            return upcoming, absent
        upcoming = fold.terms.next_band(upcoming)
    return None


def in_force_until(fold: Fold, ages: Sequence[int]) -> dt.date | None:
    """The last day on which taking part is certainly in force by what is signed; None: without end as far as is known."""
    if not ages or fold.ages is None or fold.day is None or fold.terms.after_birthday == "goes_on":
        return None
    days = dt.timedelta(days=fold.terms.resign_within_days)
    for age in ages:
        if fold.all_of(fold.needed(age), PARTICIPATION) == "no":
            changed = next(
                (
                    on
                    for before in fold.earlier(age)
                    if fold.held_before(before) and (on := fold.changed(before))
                ),
                None,
            )
            return None if changed is None else changed[0] + days
    if not fold.can_decide:
        return None
    upcoming = _next_change(fold, max(ages))
    first = None if upcoming is None else first_day_at(fold.ages, upcoming[0], fold.day, highest=True)
    if first is None:
        return None
    return first + days if PARTICIPATION in fold.terms.interim_carries else first - dt.timedelta(days=1)


# --- Another representative ------------------------------------------------------------------------------


def representative(fold: Fold) -> Iterator[Due]:
    """A representative who took over is asked for what the one before agreed to; and every one proves the relation."""
    new, now = fold.new_representative, fold.representative
    if new is not None:
        held = {
            purpose
            for e in fold.given
            if fold.gives(e, LAR_CONSENT) != "no" and fold.when(e) != "no"
            for purpose in e.purposes or ()
        }
        open_items = [
            purpose
            for purpose in (PROCEDURE, *OPTIONAL)
            if purpose in held
            and fold.best(LAR_CONSENT, purpose) == "no"
            and not any(purpose in e.declined for e in fold.given if fold.gives(e, LAR_CONSENT) != "no")
        ]
        if open_items:
            day = (bounds(new) or (None,))[0]
            days = dt.timedelta(days=fold.terms.resign_within_days)
            yield Due(
                kind="representative",
                signature=LAR_CONSENT,
                from_on=day,
                by_on=None if day is None else day + days,
                overdue=day is not None and fold.day is not None and fold.day > day + days,
                why=said(
                    "Another representative speaks for the participant and has not been asked about"
                    " %(items)s",
                    items=listed(ITEMS[purpose] for purpose in open_items),
                ),
                concerns=new.id,
            )
    if now is not None and not now.lar_relationship_proof:
        yield Due(
            kind="representative",
            signature=LAR_CONSENT,
            from_on=None,
            by_on=None,
            overdue=False,
            why=said("How the representative's relationship was proven is not recorded"),
            concerns=now.id,
        )
