"""What is done to participants and recorded of them, as far as it needs consent: where the findings read it.

Forms are known from their declarations. The apps above name what is no form of that kind (visits, harvests, infusions,
files for sharing) when `signals.sources_asked` asks them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import DateField, DateTimeField, F, QuerySet
from django.db.models.functions import Collate

from apps.consent import signals
from apps.consent.models import ConsentEvent
from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from studyportal.crf.registry import all_specs
from studyportal.crf.spec import About, CrfSpec


@dataclass(frozen=True)
class Source:
    """Rows of one model. participant, session, days, named: paths of its columns.

    days: what can date a row, the best first. named: what `label` makes the words of. begins: whether a study procedure
    begins with it (question 1). whole: there are few, so all are read of everybody and not the first only.
    """

    kind: str
    rows: QuerySet[Any]
    days: tuple[str, ...]
    uses: tuple[Use, ...]
    label: Callable[[Any], str]
    named: str = ""
    participant: str = "participant_id"
    session: str = ""
    begins: bool = False
    whole: bool = False
    worded: dict[Any, str] = field(default_factory=dict, compare=False)

    @cached_property
    def model(self) -> str:
        return str(self.rows.model._meta.label_lower)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of a row: participant, key, what names it, session, and what dates it."""
        return (
            self.participant,
            "pk",
            self.named or self.participant,
            self.session or self.participant,
            *self.days,
        )

    def in_order(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.order_by(self.participant, "pk")

    def firsts_of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The first row of each participant by the first of its days; rows that it does not date are left out."""
        path = self.days[0]
        day: Any = F(path)
        if not isinstance(_field(self.rows.model, path), (DateField, DateTimeField)):
            # Partial dates: 2016 < 2016-11 < 2016-11-03 < age:12, whatever the language of the database.
            day = Collate(path, "C")
        return rows.order_by(self.participant, day.asc(nulls_last=True), "pk").distinct(self.participant)


def all_sources() -> list[Source]:
    """Of the apps above first, then of the forms, in the order in which they are declared."""
    answers: Any = signals.sources_asked.send(sender=ConsentEvent)
    return [source for _receiver, answer in answers for source in answer or ()] + list(_forms())


_USES = {**engine.USES_OF_FORMS, About.CONTACT: (Use.CONTACT,)}


def _forms() -> Iterator[Source]:
    """Every form with a day that is about what can be ended. One of a visit that has a day of its own can come before
    the visit, so a study procedure can begin with it: a sample, a diary."""
    for spec in all_specs():
        uses = _USES.get(spec.about)
        if uses is None or not spec.dated_by:
            continue
        days = tuple(name.replace(".", "__") for name in spec.dated_by)
        yield Source(
            kind={About.SAMPLE: "sample", About.CONTACT: "contact"}.get(spec.about, "form"),
            rows=spec.model.objects.all(),  # type: ignore[attr-defined]
            days=days,
            uses=uses,
            label=_titled(spec),
        )
        if "visit" in spec.parents and not days[0].startswith("visit__"):
            own = spec.model.objects.filter(**{"visit__isnull": False, f"{days[0]}__isnull": False})  # type: ignore[attr-defined]
            yield Source("form", own, days[:1], (), _titled(spec), begins=True)


def _titled(spec: CrfSpec) -> Callable[[Any], str]:
    return lambda _named: str(spec.title)


def _field(model: Any, path: str) -> Any:
    *parents, last = path.split("__")
    for parent in parents:
        model = model._meta.get_field(parent).related_model
    return model._meta.get_field(last)


def detailed(sources: Iterable[Source]) -> list[Source]:
    """Those that say what is done or recorded, without what is looked at for its first row only."""
    return [source for source in sources if source.uses]
