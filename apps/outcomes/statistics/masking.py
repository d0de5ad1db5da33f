"""What a masked table shows of the groups, and what it keeps back.

Groups carry letters, dealt by a key that is kept with the tables: the same key deals the same letters, so that a
committee can follow group B from meeting to meeting. A letter hides nothing when something beside it tells which group
was treated. So whatever only treated people can have is shown for all participants together (`procedural`), and where
the groups differ so much in size that the ratio of the matching gives them away, nothing is shown by group at all
(`told_by_size`).
"""

from __future__ import annotations

import base64
import hmac
import string
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256

#: Terms that need a harvest, a product or an infusion.
PROCEDURAL_TERMS = frozenset(
    {"harvest_haematoma", "harvest_infection", "harvest_pain", "infusion_reaction", "positive_culture"}
)
PROCEDURE_RELATED = "procedure_related"

#: WHO-UMC categories that count as related.
RELATED = frozenset({"certain", "probable", "possible"})

#: Groups of which the smaller has less than this share of the larger tell themselves apart: a matched study with one
#: control for each case stays above it, one with two controls for each case (0.5) does not.
SMALLEST_SHARE = 0.8


def deal(groups: Collection[str], key: bytes) -> dict[str, str]:
    """Group → letter (A, B, …), by the order of the groups' keyed hashes. Raises ValueError without a key, or above 26."""
    if not key:
        raise ValueError("Letters are dealt by a key; an empty one would deal the same to everybody.")
    if len(groups) > len(string.ascii_uppercase):
        raise ValueError(f"There are letters for 26 groups, not for {len(groups)}.")
    ordered = sorted(groups, key=lambda group: _digest(key, "group", group))
    return dict(zip(ordered, string.ascii_uppercase, strict=False))


def pseudonym(participant: str, key: bytes) -> str:
    """What stands for a participant in a masked listing: the same in every table under one key, such as `P-7K3QF2MA`."""
    return "P-" + base64.b32encode(_digest(key, "participant", participant)[:5]).decode()


def _digest(key: bytes, kind: str, name: str) -> bytes:
    return hmac.new(key, f"{kind}\0{name}".encode(), sha256).digest()


def procedural(*, term: str | None, to_harvest: str | None, to_product: str | None, linked: bool) -> bool:
    """Whether only somebody who was treated can have the event: by its term, by what it is put down to (certain,
    probable or possible), or because it is linked to a session or product."""
    return term in PROCEDURAL_TERMS or linked or to_harvest in RELATED or to_product in RELATED


def told_by_size(sizes: Sequence[float]) -> bool:
    """Whether the sizes of the groups (participants, or person-years) tell which is which; one empty group does."""
    return len(sizes) < 2 or max(sizes) <= 0 or min(sizes) / max(sizes) < SMALLEST_SHARE


def labels(letters: Mapping[str, str]) -> dict[str, str]:
    """Letter → what a table calls the group."""
    return {letter: f"Group {letter}" for letter in sorted(letters.values())}
