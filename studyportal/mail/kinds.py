"""The kinds of mail that a person may have or leave; each is registered by the app that writes it."""

from __future__ import annotations

from dataclasses import dataclass

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Text


@dataclass(frozen=True, slots=True)
class Kind:
    """permissions: whoever holds one of them anywhere may get the mail; nobody else is offered it."""

    key: str
    label: Text
    help: Text
    permissions: tuple[Permission, ...]


_registered: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    _registered[kind.key] = kind
    return kind


def get(key: str) -> Kind:
    """Raises KeyError for a kind that nobody registered."""
    return _registered[key]


def known(key: str) -> bool:
    return key in _registered


def of(user: User) -> list[Kind]:
    """The kinds that the person may get, in the order of their keys."""
    return [
        kind for _key, kind in sorted(_registered.items()) if any(user.may(one) for one in kind.permissions)
    ]
