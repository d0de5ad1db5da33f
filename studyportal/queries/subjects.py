"""What a query is about: how its record is called, where it is read, and what its field holds and held.

The layer of queries knows no forms. What has records that can be asked about (the forms of the study, a visit) says so
when it is ready:

    subjects.provide(lambda form: Subject(…) if it is mine else None)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from studyportal.audit.selectors import Change, history_of
from studyportal.ui.parts import Text

PARTICIPANT = ""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The records of one form.

    fields: name → label, of what may be asked about. url(query): the page of the record; it asks nothing of the
    database. value(record, field): as the checks compare it. in_words(changes): the history as people read it.
    """

    form: str
    title: Text
    model: type[models.Model]
    fields: Mapping[str, Text] = field(default_factory=dict)
    url: Callable[[Any], str]
    value: Callable[[Any, str], str]
    in_words: Callable[[Iterable[Change]], Sequence[Change]] = list

    def record_of(self, participant_id: int, pk: int | None) -> Any:
        """The participant's record, None when there is none."""
        if pk is None or not 0 < pk < 2**63:
            return None
        return self.model._default_manager.filter(pk=pk, participant_id=participant_id).first()


Provider = Callable[[str], Subject | None]

_providers: list[Provider] = []


def provide(provider: Provider) -> Provider:
    if provider not in _providers:
        _providers.append(provider)
    return provider


def of(form: str) -> Subject | None:
    """The subject of a form key; None for the participant as a whole and for a form that is no more."""
    if not form:
        return None
    return next((found for provider in _providers if (found := provider(form)) is not None), None)


def title_of(form: str) -> str:
    """In words; the key itself of a form that is no more."""
    if form == PARTICIPANT:
        return _("Participant")
    subject = of(form)
    return form if subject is None else str(subject.title)


def field_of(form: str, name: str) -> str:
    """The label of the field; "" for a query about no field."""
    if not name:
        return ""
    subject = of(form)
    return name if subject is None else str(subject.fields.get(name, name))


def url_of(query: Any) -> str:
    """Where the record is read and changed; the participant's page when it is about no record."""
    subject = of(query.form) if query.object_id else None
    if subject is None:
        return f"{query.participant.get_absolute_url()}#query-{query.pk}"
    return subject.url(query)


def value_of(query: Any) -> str:
    """What the field holds now, as the checks compare it; "" when the query is about no field."""
    subject = of(query.form) if query.field else None
    if subject is None:
        return ""
    record = subject.record_of(query.participant_id, query.object_id)
    return "" if record is None else subject.value(record, query.field)


def changes_of(query: Any) -> list[Change]:
    """What happened to the record, oldest first, in words; of a query on a field only what touched the field."""
    subject = of(query.form) if query.object_id else None
    record = None if subject is None else subject.record_of(query.participant_id, query.object_id)
    if subject is None or record is None:
        return []
    told = list(subject.in_words(history_of(record)))[::-1]
    if not query.field:
        return told
    return [one for one in told if any(each.name == query.field for each in one.fields)]
