"""What a token leaves of its owner's rights. Pure: it takes away and gives nothing.

`User.narrow` puts it on the user of one request or job; `may`, `sites_with` and `grants` follow, and with them
every page, endpoint, wall and export.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from studyportal.access.permissions import WRITING, Permission
from studyportal.access.profiles import lesser

T = TypeVar("T")

# A token for named datasets fetches those, and opens nothing else.
FOR_DATASETS = frozenset({Permission.EXPORT_DATA, Permission.EXPORT_CODED, Permission.VIEW_PROTOCOL})


@dataclass(frozen=True)
class Narrowing:
    """token: its name. sites: ids, datasets: keys; None for all that the owner has."""

    token: str
    writes: bool
    sites: frozenset[int] | None
    datasets: frozenset[str] | None
    profile: str

    def drops(self, permission: Permission) -> bool:
        """Whether the permission is not held through the token, wherever the owner holds it."""
        if not self.writes and permission in WRITING:
            return True
        return self.datasets is not None and permission not in FOR_DATASETS

    def within(self, other: Narrowing) -> Narrowing:
        """What both leave."""
        return Narrowing(
            token=other.token,
            writes=self.writes and other.writes,
            sites=_both(self.sites, other.sites),
            datasets=_both(self.datasets, other.datasets),
            profile=lesser(self.profile, other.profile),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "sites": None if self.sites is None else sorted(self.sites),
            "datasets": None if self.datasets is None else sorted(self.datasets),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Narrowing:
        return cls(
            token=stored["token"],
            writes=stored["writes"],
            sites=None if stored["sites"] is None else frozenset(stored["sites"]),
            datasets=None if stored["datasets"] is None else frozenset(stored["datasets"]),
            profile=stored["profile"],
        )


def _both(one: frozenset[T] | None, other: frozenset[T] | None) -> frozenset[T] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other
