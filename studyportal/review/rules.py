"""What each step of the review allows and forbids. Pure.

draft → complete → verified → signed → locked. Locked and frozen close the data: no value changes, nothing is taken back.
Review itself goes on, since it changes no value. Frozen bars new records as well, except of safety.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from studyportal.words import said


class Step(StrEnum):
    """How far a record has come. Keys of `ui.states`."""

    DRAFT = "incomplete"
    COMPLETE = "complete"
    VERIFIED = "verified"
    SIGNED = "signed"
    LOCKED = "locked"


class Act(StrEnum):
    CHANGE = "change"
    ADD = "add"
    VERIFY = "verify"
    TAKE_BACK = "take_back"
    SIGN = "sign"
    LOCK = "lock"
    UNLOCK = "unlock"


@dataclass(frozen=True)
class ReviewState:
    """Where a record stands.

    verified: the whole form, or every field that the protocol asks, was compared with the source and not changed since.
    verified_fields: marks on single fields that stand; broken_fields: those whose value changed after their mark.
    broken: a verification was given and stands no more. changed_after_lock: a derived value followed after the lock.
    """

    complete: bool = False
    verified: bool = False
    verified_fields: frozenset[str] = frozenset()
    broken: bool = False
    broken_fields: frozenset[str] = frozenset()
    signed: bool = False
    signature_broken: bool = False
    locked: bool = False
    frozen: bool = False
    changed_after_lock: bool = False
    version: int = 0

    @property
    def closed(self) -> bool:
        return self.locked or self.frozen

    @property
    def step(self) -> Step:
        """The last step that stands."""
        if self.locked:
            return Step.LOCKED
        if not self.complete:
            return Step.DRAFT
        if self.signed:
            return Step.SIGNED
        return Step.VERIFIED if self.verified else Step.COMPLETE


@dataclass(frozen=True)
class Needed:
    """What must stand before a record is locked."""

    verified: bool = False
    signed: bool = False
    open_queries: int = 0


@dataclass(frozen=True)
class Bar:
    """Why an act is not possible. code: locked, frozen, incomplete, not_verified, not_signed, open_queries, not_locked."""

    code: str
    message: str = field(compare=False)


def bars(
    state: ReviewState, act: Act, needed: Needed = Needed(), *, safety: bool = False, new: bool = False
) -> list[Bar]:
    """What stands in the way of the act; empty when it is possible. Who may do it is asked elsewhere.

    safety: the record is of safety or treatment under way, which a freeze does not hold up.
    """
    found: list[Bar] = []
    if act in (Act.CHANGE, Act.TAKE_BACK) and state.locked:
        found.append(
            Bar("locked", said("This record is locked. A data manager can unlock it, with a reason."))
        )
    if (
        act in (Act.CHANGE, Act.ADD, Act.TAKE_BACK)
        and state.frozen
        and not (safety and act is not Act.TAKE_BACK)
    ):
        found.append(
            Bar(
                "frozen", said("The data here are frozen. A data manager can lift the freeze, with a reason.")
            )
        )
    if act in (Act.VERIFY, Act.SIGN, Act.LOCK) and not state.complete:
        found.append(Bar("incomplete", said("The form is not complete. Complete it first.")))
    if act is Act.LOCK:
        found += _bars_of_lock(state, needed)
    if act is Act.UNLOCK and not state.locked:
        found.append(Bar("not_locked", said("This record is not locked.")))
    return found


def _bars_of_lock(state: ReviewState, needed: Needed) -> Iterable[Bar]:
    if state.locked:
        yield Bar("locked", said("This record is locked already."))
    if needed.open_queries:
        yield Bar(
            "open_queries",
            said("Queries are open on it: %(n)s. Answer and close them first.", n=needed.open_queries),
        )
    if needed.verified and not state.verified:
        yield Bar("not_verified", said("The protocol asks that it is verified against its source first."))
    if needed.signed and not state.signed:
        yield Bar("not_signed", said("The protocol asks that the investigator signs it first."))


def folded(
    *,
    complete: bool,
    version: int,
    marks: Mapping[str, bool],
    asked: Collection[str],
    signed: bool | None,
    locked: bool,
    frozen: bool,
    changed_after_lock: bool,
) -> ReviewState:
    """The state from what was read. marks: field ("" for the whole form) → whether its last mark stands; those that
    were taken back are left out. asked: fields that the protocol asks to verify. signed: None for never."""
    standing = frozenset(name for name, stands in marks.items() if name and stands)
    fallen = frozenset(name for name, stands in marks.items() if name and not stands)
    whole = marks.get("")
    by_fields = bool(asked) and set(asked) <= standing
    verified = bool(whole) or by_fields
    return ReviewState(
        complete=complete,
        verified=verified and complete,
        verified_fields=standing,
        broken=(whole is False or bool(fallen)) and not verified,
        broken_fields=fallen,
        signed=signed is True,
        signature_broken=signed is False,
        locked=locked,
        frozen=frozen,
        changed_after_lock=locked and changed_after_lock,
        version=version,
    )
