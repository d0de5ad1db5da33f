"""Reading signatures, each with whether what was signed still stands."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from studyportal.audit.selectors import Change, changes, event_model_of
from studyportal.signatures.content import sha256_of
from studyportal.signatures.models import Signature


class SignatureState(enum.StrEnum):
    """Keys of `ui.states`."""

    SIGNED = "signed"
    BROKEN = "signature_broken"


@dataclass(frozen=True)
class Standing:
    """A record as it stands now, to hold its signatures against: None where there is no such record any more."""

    sha256: str
    version: int
    history_entry: int

    def state_of(self, signature: Signature) -> SignatureState:
        """Broken by any later change: the content gives another hash, or the history has a later entry."""
        same = (self.sha256, self.history_entry) == (signature.content_sha256, signature.history_entry)
        return SignatureState.SIGNED if same else SignatureState.BROKEN


def state_of(signature: Signature, standing: Standing | None) -> SignatureState:
    return SignatureState.BROKEN if standing is None else standing.state_of(signature)


@dataclass(frozen=True)
class Shown:
    """A signature with its state, and what changed after it (oldest first)."""

    signature: Signature
    state: SignatureState
    version_now: int
    sha256_now: str
    changes: tuple[Change, ...] = ()

    @property
    def broken(self) -> bool:
        return self.state is SignatureState.BROKEN


def signatures_of(record: Any, *, form: str, content: Callable[[], Mapping[str, Any]]) -> list[Shown]:
    """The signatures on a record, oldest first. One query where there is none: the content is asked for only then."""
    given = list(Signature.objects.filter(form=form, object_id=record.pk).select_related("signer"))
    if not given:
        return []
    model = type(record)
    events = list(event_model_of(model)._default_manager.filter(pgh_obj_id=record.pk).order_by("pgh_id"))
    told = list(zip((event.pgh_id for event in events), changes(model, events), strict=True))
    standing = Standing(sha256_of(content()), record.version, told[-1][0] if told else 0)
    return [
        Shown(
            signature=signature,
            state=standing.state_of(signature),
            version_now=standing.version,
            sha256_now=standing.sha256,
            changes=tuple(change for entry, change in told if entry > signature.history_entry),
        )
        for signature in given
    ]


def newest_entry(record: Any) -> int:
    """The newest row of the record's history."""
    newest = (
        event_model_of(type(record))
        ._default_manager.filter(pgh_obj_id=record.pk)
        .order_by("-pgh_id")
        .values_list("pgh_id", flat=True)
        .first()
    )
    return newest or 0


def on_participants(participant_ids: Collection[int]) -> list[Signature]:
    """Every signature on records of the participants, whom the caller may see: one query."""
    return list(Signature.objects.filter(participant_id__in=participant_ids))


def together(states: Iterable[SignatureState]) -> SignatureState | None:
    """The sign of a record with several signatures: one that stands is enough, since the broken ones stay readable."""
    found = set(states)
    if not found:
        return None
    return SignatureState.SIGNED if SignatureState.SIGNED in found else SignatureState.BROKEN
