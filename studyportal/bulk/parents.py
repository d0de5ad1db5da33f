"""How a row of a file says to what its record belongs: a visit by its key, a product by its identifier.

An app registers what its records are called in files when it is ready:

    parents.register(Reader(Visit, names=names_of_visit, help=_("…"), example="month_6"))

What nobody registered is called by its number in the portal (the column `id` of its dataset).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# A record → the texts by which it may be called, the first being the one that is written.
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
    """How records of the model are called in files."""
    known = _readers.get(model)
    if known is not None:
        return known
    return Reader(
        model, lambda record: (str(record.pk),), _("Its number: the column id of its dataset."), "17"
    )


def plain(text: str) -> str:
    """A name as it is compared: capitals and the number of spaces make no difference."""
    return " ".join(text.casefold().split())


def found(model: type[Any], participants: Mapping[int, Any]) -> dict[tuple[int, str], Any]:
    """(participant id, plain name) → record, with its participant at hand; one query.

    participants: id → participant.
    """
    reader = reader_of(model)
    records = model._default_manager.filter(participant_id__in=participants).order_by("id")
    if reader.related:
        records = records.select_related(*reader.related)
    by_name: dict[tuple[int, str], Any] = {}
    for record in records:
        record.participant = participants[record.participant_id]
        for name in reader.names(record):
            by_name.setdefault((record.participant_id, plain(name)), record)
    return by_name
