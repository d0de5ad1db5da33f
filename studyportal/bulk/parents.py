"""How a row of a file says to what its record belongs: a visit by its key, a product by its identifier.

An app registers what its records are called in files when it is ready:

    parents.register(Reader(Visit, help=_("…"), example="month_6", names=names_of_visits))

What nobody registered is called by its number in the portal (the column `id` of its dataset).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

# Records of one model → the texts by which each may be called, the first being the one that is written.
Names = Callable[[Any], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Reader:
    """names(record) → what it is called, in any case of letters; several records of a participant never share one.

    related: what names() reads beyond the record's own row, for select_related.
    """

    model: type[Any]
    names: Names
    help: str | Promise
    example: str = ""
    related: tuple[str, ...] = ()


_readers: dict[type[Any], Reader] = {}


def register(reader: Reader) -> Reader:
    _readers[reader.model] = reader
    return reader


def reader_of(model: type[Any]) -> Reader:
    raise NotImplementedError


def found(model: type[Any], participant_ids: Iterable[int]) -> Mapping[tuple[int, str], Any]:
    """(participant id, text in small letters) → record; one query."""
    raise NotImplementedError
