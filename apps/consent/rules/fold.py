"""The log of one participant, read at one moment: which signature stands for what. Pure.

`Fold` answers for one purpose and one possible age; `state` puts the answers together. What took consent away ends what
was signed before it and nothing that was certainly signed after it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cached_property

from apps.consent.rules.bound import ASSENTS, CANNOT_DECIDE, Bound, Earlier, for_purpose
from apps.consent.rules.events import (
    DISSENT,
    LAR_CONSENT,
    OPTIONAL,
    OPTIONAL_ITEMS,
    ORAL_ASSENT,
    OWN_CONSENT,
    PARTICIPATION,
    PROCEDURE,
    PURPOSES,
    RE_CONSENT,
    REPRESENTATIVES,
    WITHDRAWAL,
    WITHDRAWAL_ENDS,
    AgeAt,
    Event,
    Moment,
    Verdict,
    effective_events,
)
from apps.consent.rules.signed import bounds, counts_by, is_after, signed_by, strongest, weakest
from apps.consent.rules.terms import Terms

CONSENTING = (OWN_CONSENT, LAR_CONSENT)
GIVING = frozenset({OWN_CONSENT, LAR_CONSENT, RE_CONSENT, OPTIONAL_ITEMS, *ASSENTS})

# Each scope of withdrawal is lifted by consent to its own purpose; what else it ended stays ended under the scope of that.
OWN_PURPOSE = {
    "treatment": PROCEDURE,
    "visits": PARTICIPATION,
    "new_data": PARTICIPATION,
    "future_contact": "future_contact",
    "sample_use": "sample_storage",
    "erasure_request": PARTICIPATION,
}
LEFT_AS = {PROCEDURE: "treatment", "sample_storage": "sample_use", "future_contact": "future_contact"}


class Fold(Bound):
    """One participant's log at one moment. ages: who knows the age on any day, None when nobody does."""

    def __init__(self, events: Iterable[Event], terms: Terms, on: Moment, ages: AgeAt | None) -> None:
        super().__init__(effective_events(events), terms, on, ages)
        self.given = [e for e in self.log if e.kind in GIVING]
        self.withdrawals = [e for e in self.log if e.kind == WITHDRAWAL and counts_by(e, on)]
        self.dissents = [e for e in self.log if e.kind == DISSENT and counts_by(e, on)]
        self._when = {e.id: signed_by(e, on) for e in self.given}
        self._gives: dict[tuple[int, str], Verdict] = {}
        self._best: dict[tuple[str, str, int | None], Verdict] = {}
        self._ended: dict[str, list[Event]] = {
            purpose: [
                e
                for e in self.withdrawals
                if any(purpose in WITHDRAWAL_ENDS.get(scope, ()) for scope in e.withdrawal_scopes)
            ]
            for purpose in (PURPOSES if self.withdrawals else ())
        }

    def when(self, event: Event) -> Verdict:
        return self._when[event.id]

    # --- Whose word it is --------------------------------------------------------------------------------

    def gives(self, event: Event, signature: str) -> Verdict:
        """Whether the entry is the signature asked for, given by someone who can give it."""
        key = (event.id, signature)
        if key not in self._gives:
            self._gives[key] = self._judged(event, signature)
        return self._gives[key]

    def _judged(self, event: Event, signature: str) -> Verdict:
        kind, by_other = event.kind, event.signer in REPRESENTATIVES
        if signature == OWN_CONSENT:
            if kind not in (OWN_CONSENT, RE_CONSENT, OPTIONAL_ITEMS) or by_other:
                return "no"
            # A signature of a minor is no consent of an adult, however old the signer has become since.
            return "no" if event.capacity == CANNOT_DECIDE else self._signed_as_adult(event)
        if signature == LAR_CONSENT:
            if kind == LAR_CONSENT:
                return "no" if event.signer == "participant" else "yes"
            return "yes" if kind in (RE_CONSENT, OPTIONAL_ITEMS) and by_other else "no"
        if signature == ORAL_ASSENT:
            return "yes" if kind in ASSENTS else "no"
        return "yes" if kind == signature else "no"

    def _signed_as_adult(self, event: Event) -> Verdict:
        adult_from, stated = self.terms.adult_from, event.age_at_signature
        says: Verdict | None = None if stated is None else "yes" if stated >= adult_from else "no"
        span = bounds(event)
        low = self.ages.on(span[0]) if self.ages is not None and span is not None else None
        high = self.ages.on(span[1]) if self.ages is not None and span is not None else None
        if low is None or high is None:
            return says or "yes"
        if high[1] < adult_from:
            return "no"
        if low[0] >= adult_from:
            return "indeterminate" if says == "no" else "yes"
        return says or "indeterminate"

    @cached_property
    def _representatives(self) -> list[Event]:
        """The entries in which a representative agrees to taking part, in order of signing."""
        found = [
            e
            for e in self.given
            if self.gives(e, LAR_CONSENT) != "no"
            and e.kind != OPTIONAL_ITEMS
            and self.when(e) != "no"
            and (e.purposes is None or PARTICIPATION in e.purposes)
        ]
        return sorted(found, key=lambda e: ((bounds(e) or (dt.date.min,))[0], e.id))

    @property
    def representative(self) -> Event | None:
        """The consent of who speaks for the participant now."""
        return self._representatives[-1] if self._representatives else None

    @property
    def representative_can_read(self) -> bool | None:
        now = self.representative
        return None if now is None else now.signer_can_read

    @cached_property
    def new_representative(self) -> Event | None:
        """The first consent of the representative of now, when another one spoke before; None when nobody else did."""
        line = [e for e in self._representatives if e.signer is not None and bounds(e) is not None]
        for place in range(len(line) - 1, 0, -1):
            if _speaks_as(line[place - 1]) != _speaks_as(line[place]):
                return line[place]
        return None

    # --- What stands -------------------------------------------------------------------------------------

    def stands(self, event: Event, signature: str, purpose: str) -> bool:
        """Whether nothing said later took this signature away for the purpose."""
        if any(not is_after(event, ended) for ended in self._ended.get(purpose, ())):
            return False
        if signature in ASSENTS:
            if any(
                (e.purposes is None or purpose in e.purposes) and not is_after(event, e)
                for e in self.dissents
            ):
                return False
        elif signature == LAR_CONSENT and self.new_representative is not None:
            new = self.new_representative
            # Parents speak for one another; a guardian who took over is asked for everything.
            if _speaks_as(event) != _speaks_as(new) and not is_after(event, new):
                return False
        return not any(
            purpose in e.declined
            and self.when(e) != "no"
            and self.gives(e, signature) != "no"
            and not (e is not event and is_after(event, e))
            for e in self.given
        )

    def names(self, event: Event, signature: str, purpose: str, session: int | None) -> Verdict:
        """Whether the signature is for the purpose. Assent is to the study; consent names what it is for, and consent
        for nothing named cannot be told. session: None asks for every session."""
        if purpose == PROCEDURE and event.session_number not in (None, session):
            return "no"
        if event.kind == OPTIONAL_ITEMS:
            return "yes" if purpose in (event.purposes or ()) and purpose in OPTIONAL else "no"
        if signature in ASSENTS:
            return "yes"
        if event.purposes is None:
            return "indeterminate"
        return "yes" if purpose in event.purposes else "no"

    def best(self, signature: str, purpose: str, session: int | None = None) -> Verdict:
        """Whether this signature was given for the purpose by then, and stands."""
        key = (signature, purpose, session)
        if key in self._best:
            return self._best[key]
        best: Verdict = "no"
        for event in self.given:
            verdict = weakest(
                self.when(event), self.gives(event, signature), self.names(event, signature, purpose, session)
            )
            if verdict == "no" or not self.stands(event, signature, purpose):
                continue
            if self._ended.get(purpose) and self.when(event) != "yes":
                continue  # who withdrew is in again when that can be shown
            if signature in CONSENTING and event.document_version is None and event.document_id is None:
                verdict = "indeterminate"
            best = strongest(best, verdict)
            if best == "yes":
                break
        self._best[key] = best
        return best

    def all_of(self, needed: Iterable[str], purpose: str, session: int | None = None) -> Verdict:
        found = [self.best(signature, purpose, session) for signature in needed]
        return weakest(*found) if found else "indeterminate"

    def signed(self, signature: str) -> Event | None:
        """The last entry that gives this signature for taking part, and stands."""
        found = [
            e
            for e in self.given
            if e.kind != OPTIONAL_ITEMS
            and self.when(e) != "no"
            and self.gives(e, signature) != "no"
            and self.names(e, signature, PARTICIPATION, None) != "no"
            and self.stands(e, signature, PARTICIPATION)
        ]
        return max(found, key=lambda e: ((bounds(e) or (dt.date.min,))[0], e.id), default=None)

    def absent(self, needed: Iterable[str], purpose: str = PARTICIPATION) -> list[str]:
        return [signature for signature in needed if self.best(signature, purpose) == "no"]

    def outcome(self, purpose: str, age: int, session: int | None = None) -> tuple[Verdict, bool]:
        """For one possible age: the verdict, and whether what was signed before a change still carries it."""
        if self._child_says_no(purpose, age):
            return "no", False
        direct = self.all_of(self.needed(age, purpose), purpose, session)
        if direct != "no" or purpose not in self.terms.interim_carries:
            return direct, False
        if purpose != PARTICIPATION and self.all_of(self.needed(age), PARTICIPATION) == "yes":
            return "no", False  # asked anew, and not agreed to
        if self._declined_now(purpose, age):
            return "no", False
        carried: Verdict = "no"
        for before in self.earlier(age):
            if not self.held_before(before, purpose, session):
                continue
            then = self.all_of(for_purpose(purpose, before.needed), purpose, session)
            carried = strongest(carried, weakest(before.grace, then))
        return carried, carried != "no"

    def held_before(self, before: Earlier, purpose: str = PARTICIPATION, session: int | None = None) -> bool:
        """Whether what the time before a change asked for can have been signed before the change. What was signed after
        it under the old rule is incomplete from the start, and nothing that was complete can have grown out of date."""
        changed = self.changed(before)
        if changed is None:
            return True
        last = changed[1] - dt.timedelta(days=1) if before.kind == "birthday" else changed[1]
        return all(
            any(
                self.gives(e, signature) != "no"
                and self.names(e, signature, purpose, session) != "no"
                and ((span := bounds(e)) is None or span[0] <= last)
                for e in self.given
            )
            for signature in for_purpose(purpose, before.needed)
        )

    def _declined_now(self, purpose: str, age: int) -> bool:
        return any(
            purpose in e.declined and self.when(e) != "no"
            for signature in self.needed(age)
            for e in self.given
            if self.gives(e, signature) != "no"
        )

    def _child_says_no(self, purpose: str, age: int) -> bool:
        """Whether the child dissented where no assent is asked for, or declined an optional item, and did not agree since.
        Where assent is asked for, dissent ends it (`stands`); the representative's consent never outweighs it."""
        needed = self.needed(age)
        if LAR_CONSENT not in needed:
            return False
        assented = bool(set(needed) & set(ASSENTS))
        for said in self.dissents:
            if said.purposes is not None and purpose not in said.purposes:
                continue
            agrees = ASSENTS if assented else (*ASSENTS, LAR_CONSENT)
            if not any(e.kind in agrees and self.when(e) != "no" and is_after(e, said) for e in self.given):
                return True
        if purpose not in OPTIONAL or not assented:
            return False
        words = [
            e
            for e in self.given
            if self.when(e) != "no"
            and (e.kind in ASSENTS or (e.kind == OPTIONAL_ITEMS and e.signer == "participant"))
        ]
        return any(
            purpose in said.declined
            and not any(purpose in (e.purposes or ()) and is_after(e, said) for e in words)
            for said in words
        )

    # --- Withdrawn ---------------------------------------------------------------------------------------

    @cached_property
    def withdrawn(self) -> frozenset[str]:
        """The scopes that are withdrawn: those said, without those lifted by a later consent, and what these leave."""
        scopes: set[str] = set()
        for event in self.withdrawals:
            for scope in event.withdrawal_scopes:
                if not self._lifted(event, OWN_PURPOSE.get(scope, PARTICIPATION)):
                    scopes.add(scope)
                    continue
                for purpose in WITHDRAWAL_ENDS.get(scope, ()):
                    if purpose in LEFT_AS and not self._lifted(event, purpose):
                        scopes.add(LEFT_AS[purpose])
        return frozenset(scopes)

    def _lifted(self, withdrawal: Event, purpose: str) -> bool:
        return any(
            purpose in (e.purposes or ())
            and self.when(e) == "yes"
            and is_after(e, withdrawal)
            and any(self.gives(e, signature) != "no" for signature in CONSENTING)
            for e in self.given
        )


def _speaks_as(event: Event) -> str:
    if event.signer in ("mother", "father"):
        return "parent"
    if event.signer == "other":
        return f"other {(event.signer_relationship or '').strip().casefold()}"
    return event.signer or ""
