"""Reading across the clinical apps for one participant or for a page of them; the caller names the user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet
from django.utils import timezone

from apps.casebook.life_line import LifeLine, life_line
from apps.celldose.models import CellSession, Infusion
from apps.consent import selectors as consent
from apps.consent.models import ConsentEvent
from apps.consent.selectors import ConsentState
from apps.enrolment.models import Demographics, Hospitalisation, MedicalHistory, Participant
from apps.enrolment.rules.participation import ENDED
from apps.enrolment.selectors import lives_of, spells_for
from apps.labs.models import GlucoseReading, LabResult
from apps.safety.models import AdverseEvent
from apps.visits import selectors as visits
from apps.visits.models import InsulinUse, Visit, VisitStatus
from apps.visits.selectors import Scheduled, holdings
from apps.visits.selectors.holdings import Held, Progress
from studyportal.access import clock
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.signing import SignedRecord, signed_records
from studyportal.deviations.models import Deviation, DeviationState
from studyportal.queries import selectors as asked
from studyportal.queries.models import Query, QueryState
from studyportal.ui.paging import page_by_key

CHARTED = ("hba1c", "c_peptide")


@dataclass(frozen=True)
class Casebook:
    """Everything that the casebook of one participant shows, read in a fixed number of queries."""

    participant: Participant
    demographics: Demographics | None
    history: MedicalHistory | None
    hospitalisations: Sequence[Hospitalisation]
    consent: ConsentState
    consent_events: Sequence[ConsentEvent]
    visits: Sequence[Visit]
    schedule: Sequence[Scheduled]
    held: Sequence[Held]
    signed: Sequence[SignedRecord]
    queries: Sequence[Query]
    deviations: Sequence[Deviation]
    sessions: Sequence[CellSession]
    infusions: Sequence[Infusion]
    adverse_events: Sequence[AdverseEvent]
    lab_results: Sequence[LabResult]
    insulin: Sequence[InsulinUse]
    readings: Sequence[GlucoseReading]

    @property
    def progress(self) -> Progress:
        done = [visit for visit in self.visits if visit.status == VisitStatus.DONE]
        return progress_of(self.participant, done, self.held, holdings.Editions())


def progress_of(
    participant: Participant, done: Iterable[Visit], held: Iterable[Held], editions: holdings.Editions
) -> Progress:
    """Forms that are complete, of those expected by now: each visit by the version it was held under. No query."""
    visits = list(done)
    return holdings.progress(
        participant.group,
        [(visit.pk, visit.key) for visit in visits],
        held,
        editions.of(participant),
        {visit.pk: editions.at(visit.protocol_version, participant) for visit in visits},
    )


def casebook(participant: Participant, on: Any) -> Casebook:
    """The casebook of a participant whom the caller may see; `on` is today at the site."""
    own = {"participant": participant}
    held = holdings.held_forms([participant.pk])
    return Casebook(
        participant=participant,
        demographics=Demographics.objects.filter(**own).first(),
        history=MedicalHistory.objects.filter(**own).first(),
        hospitalisations=list(Hospitalisation.objects.filter(**own).order_by("id")),
        consent=consent.state_for(participant, _moment(on)),
        consent_events=consent.events_of(participant),
        visits=list(Visit.objects.filter(**own).order_by("id")),
        schedule=visits.schedules([participant], held)[participant.pk],
        held=held,
        signed=signed_records([participant.pk]),
        queries=asked.of_participant(participant.pk),
        deviations=list(
            Deviation.objects.filter(**own).exclude(state=DeviationState.WITHDRAWN).order_by("-id")
        ),
        sessions=list(CellSession.objects.filter(**own).order_by("number", "id")),
        infusions=list(
            Infusion.objects.filter(**own).select_related("product__harvest__session").order_by("id")
        ),
        adverse_events=list(AdverseEvent.objects.filter(**own).order_by("id")),
        lab_results=list(
            LabResult.objects.filter(**own, analyte__in=CHARTED).select_related("visit").order_by("id")
        ),
        insulin=list(InsulinUse.objects.filter(**own).select_related("visit").order_by("id")),
        readings=list(GlucoseReading.objects.filter(**own).order_by("-measured_on", "id")[:400]),
    )


def _moment(on: Any) -> Any:
    """Of today, this moment: what was signed an hour ago is in force, which the day alone cannot show."""
    return timezone.now() if on == timezone.localdate() else on


def life_of(participant: Participant, on: Any) -> LifeLine:
    """The life of a participant whom the caller may see; `on` is today at the site."""
    return life_line(
        lives_of([participant])[participant.pk],
        spells_for([participant])[participant.pk],
        today=on,
        ended=participant.status in ENDED,
    )


# --- the list of participants ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What the list of participants is narrowed to."""

    q: str = ""
    group: str = ""
    status: str = ""
    site: str = ""


@dataclass(frozen=True)
class Line:
    """One participant in the list."""

    participant: Participant
    progress: Progress
    open_queries: int
    consent: ConsentState
    last_visit: Visit | None


@dataclass(frozen=True)
class Page:
    """A page of a list that is read by key: after and before are the keys of the neighbouring pages."""

    lines: Sequence[Any]
    after: str = ""
    before: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def participants(user: User, choice: Choice) -> QuerySet[Participant]:
    found = Participant.objects.visible_to(user, Permission.VIEW_DATA).select_related("site")
    if choice.q:
        found = found.filter(code__contains=choice.q.strip().upper().replace("\x00", "")[:20])
    if choice.group:
        found = found.filter(group=choice.group)
    if choice.status:
        found = found.filter(status=choice.status)
    if choice.site:
        found = found.filter(site__code=choice.site)
    return found


def page_of_participants(
    user: User, choice: Choice, *, on: Any, after: str = "", before: str = "", size: int = 25
) -> Page:
    """A page in order of code, with its progress: a fixed number of queries, whatever its size or depth."""
    page = page_by_key(
        participants(user, choice), key="code", newest_first=False, after=after, before=before, size=size
    )
    return Page(lines=lines_of(page.rows, on), after=page.after, before=page.before)


def lines_of(rows: Sequence[Participant], on: Any) -> list[Line]:
    """Progress, open queries and consent of some participants: five queries."""
    ids = [participant.pk for participant in rows]
    held: dict[int, list[Held]] = defaultdict(list)
    for one in holdings.held_forms(ids):
        held[one.participant_id].append(one)
    done: dict[int, list[Visit]] = defaultdict(list)
    taken_place = Visit.objects.filter(participant_id__in=ids, status=VisitStatus.DONE).order_by("id")
    for visit in taken_place.only("participant_id", "key", "number", "happened_on", "protocol_version"):
        done[visit.participant_id].append(visit)
    waiting = dict(
        Query.objects.filter(participant_id__in=ids, state=QueryState.OPEN)
        .values_list("participant_id")
        .annotate(Count("id"))
    )
    states = consent.states_for(rows, _moment(on))
    editions = holdings.Editions()
    return [
        Line(
            participant=participant,
            progress=progress_of(participant, done[participant.pk], held[participant.pk], editions),
            open_queries=waiting.get(participant.pk, 0),
            consent=states[participant.pk],
            last_visit=max(done[participant.pk], key=_when, default=None),
        )
        for participant in rows
    ]


def _when(visit: Visit) -> tuple[str, int]:
    day = visit.happened_on
    known = isinstance(day, PartialDate) and day.earliest is not None
    return (day.earliest.isoformat() if known and day is not None and day.earliest else "", visit.pk)


def sites_with(user: User, permission: Permission) -> list[Site]:
    """The sites where the user holds the permission, by code."""
    sites = user.sites_with(permission)
    found = Site.objects.order_by("code")
    return list(found if isinstance(sites, AllSites) else found.filter(pk__in=sites))


def zone_of(user: User) -> ZoneInfo:
    """The zone in which times are shown: that of the sites whose data the user sees."""
    return clock.zone_of(sites_with(user, Permission.VIEW_DATA))
