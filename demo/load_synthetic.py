"""Enters the synthetic cohort through the same actions as the pages and the API: rules, gates, history, queries.

One transaction per participant: a load that was interrupted goes on with the first who is not there yet.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connections
from django.utils import timezone

from apps.celldose.models import CellProduct
from apps.enrolment import actions as enrolment
from apps.enrolment.models import Group, Participant, ScreeningEntry
from apps.labs import actions as labs
from apps.visits import actions as visits
from demo import (
    consent_documents,
    load_deviations,
    load_gaps,
    load_products,
    load_safety,
    synthetic,
    synthetic_gaps,
    synthetic_identities,
    synthetic_safety,
    synthetic_screening,
)
from demo.consent_log import Log
from demo.crew import Crew, save
from demo.synthetic import Blemish, Form, Session, SyntheticParticipant, Visit
from demo.synthetic_safety import Shown
from studyportal.access import walls
from studyportal.access.models import Site, User
from studyportal.audit import acting
from studyportal.identity import actions as identity

REASON = "Synthetic demo cohort"
COORDINATORS = {"MUM": "asha", "PUN": "vikram"}
INVESTIGATORS = {"MUM": "rao", "PUN": "iyer"}
TECHNOLOGISTS = {"MUM": "nikhil", "PUN": "leela"}


@dataclass
class Loaded:
    created: list[str] = field(default_factory=list)
    there: int = 0


def load(
    *,
    seed: int = synthetic.SEED,
    until: dt.date | None = None,
    cases: int = synthetic.CASES,
    controls: int = synthetic.CONTROLS_PER_CASE,
    sites: Collection[str] = tuple(COORDINATORS),
    gaps: bool = True,
    say: Callable[[str], None] = lambda line: None,
) -> Loaded:
    """Enter who is not there yet at the sites. until: the day of the data; left out, that of the first load, or today."""
    crews = _crews()
    until = until or _day_of_first_load() or timezone.localdate()
    cohort = [
        planned
        for planned in synthetic.cohort(seed=seed, until=until, cases=cases, controls=controls)
        if planned.person.site in sites
    ]
    for site in sites:
        with walls.whole_study(), acting(source="command", reason=REASON):
            consent_documents.ensure(crews[site].site, by=crews[site].investigator, until=until)
    with walls.whole_study():
        known = {one.label: one for one in Participant.objects.filter(synthetic=True)}
    loaded = Loaded()
    for position, planned in enumerate(cohort, start=1):
        if planned.person.label in known:
            loaded.there += 1
            continue
        with walls.whole_study(), acting(source="command", reason=REASON):
            participant = enter(
                planned, crews[planned.person.site], known.get(planned.person.case_label), until
            )
        known[planned.person.label] = participant
        loaded.created.append(participant.code)
        say(
            f"{position:3d} of {len(cohort)} at {planned.person.site}: {participant.code} {planned.person.label}"
        )
    if gaps:
        _enter_gaps(crews, sites, known, loaded, until, say)
        for site in sites:
            with walls.whole_study(), acting(source="command", reason=REASON):
                load_deviations.settle(crews[site], until)
    _screen_others([crews[site] for site in sites], until)
    say(
        f"Synthetic cohort at {' and '.join(sites)}: {len(loaded.created)} entered, {loaded.there} already there."
    )
    return loaded


def _enter_gaps(
    crews: Mapping[str, Crew],
    sites: Collection[str],
    known: Mapping[str, Participant],
    loaded: Loaded,
    until: dt.date,
    say: Callable[[str], None],
) -> None:
    """Those of whom the consent is not as it should be, and the case between its sessions."""

    def one(label: str, site: str, enter: Callable[[Crew], Participant]) -> None:
        if site not in sites:
            return
        if label in known:
            loaded.there += 1
            return
        with walls.whole_study(), acting(source="command", reason=REASON):
            participant = enter(crews[site])
        loaded.created.append(participant.code)
        say(f"at {site}: {participant.code} {label}")

    for gap in synthetic_gaps.gaps(until):
        one(
            gap.label,
            gap.site,
            lambda crew, gap=gap: load_gaps.enter(gap, site=crew.site, by=crew.coordinator),  # type: ignore[misc]
        )
    for treated in (synthetic_gaps.in_treatment(until), *synthetic_safety.in_treatment(until)):
        one(
            treated.person.label,
            treated.person.site,
            lambda crew, treated=treated: enter(treated, crew, None, until),  # type: ignore[misc]
        )


def _screen_others(crews: Iterable[Crew], until: dt.date) -> None:
    """Once for each site: those who were screened and went no further."""
    for crew in crews:
        with walls.whole_study(), acting(source="command", reason=REASON):
            without = ScreeningEntry.objects.filter(site=crew.site, synthetic=True, participant__isnull=True)
            if not without.exists():
                synthetic_screening.screen_others(site=crew.site, by=crew.coordinator, until=until)


def load_sites_at_once(*, until: dt.date | None = None, **options: Any) -> None:
    """load with one process per site: codes are given per site, so the sites do not wait for each other.

    Raises RuntimeError when a process failed; what it finished stays, and the next load goes on from there.
    """
    # Both processes need the same day, and the first to finish a participant would change what the other sees.
    until = until or _day_of_first_load() or timezone.localdate()
    connections.close_all()  # a forked connection would be shared
    context = multiprocessing.get_context("fork")
    processes = {
        site: context.Process(
            target=load, kwargs={"until": until, "sites": (site,), **options}, name=f"load {site}"
        )
        for site in COORDINATORS
    }
    for process in processes.values():
        process.start()
    for process in processes.values():
        process.join()
    failed = [site for site, process in processes.items() if process.exitcode != 0]
    if failed:
        raise RuntimeError(
            f"The synthetic cohort of {' and '.join(failed)} is not complete; see the error above."
        )


def _crews() -> dict[str, Crew]:
    users = {user.username: user for user in User.objects.all()}
    sites = {site.code: site for site in Site.objects.all()}
    return {
        code: Crew(
            sites[code], users[COORDINATORS[code]], users[INVESTIGATORS[code]], users[TECHNOLOGISTS[code]]
        )
        for code in COORDINATORS
    }


def _day_of_first_load() -> dt.date | None:
    with walls.whole_study():
        first = Participant.objects.filter(synthetic=True).order_by("id").first()
    return None if first is None else timezone.localdate(first.created_at)


def enter(planned: SyntheticParticipant, crew: Crew, case: Participant | None, until: dt.date) -> Participant:
    """One participant with everything, in the order in which it happened. until: the day of the data."""
    person, by = planned.person, crew.coordinator
    group = Group.CASE if person.control is None else Group.CONTROL
    shown = synthetic_safety.shown_by(person)
    participant = enrolment.register(
        site=crew.site,
        by=by,
        screening=enrolment.screening.open_entry(
            site=crew.site,
            by=by,
            screened_on=planned.screened_on,
            age=person.age,
            sex=person.sex,
            referral="clinic",
            considered_for=group,
            synthetic=True,
        ),
        synthetic=True,
        label=person.label,
    )
    if (who := synthetic_identities.identity(planned)) is not None:
        identity.record(participant=participant, raw=who, by=by)
    log = Log(participant, by)
    # The sheet without assent was found when everything else was entered: no visit would have been taken after it.
    consented = Blemish.NO_ASSENT not in person.blemishes
    if consented:
        log.record_all(planned.consents)
    for form in planned.history:
        save(form, participant, by)
    synthetic_screening.judge(participant, group=group, consented=consented, by=by)
    if consented:  # the portal enrols no minor without assent
        participant = enrolment.enrol(participant=participant, on=planned.enrolled_on, by=by)
    participant = enrolment.assign_group(participant=participant, group=group, by=by)
    if case is not None and person.control is not None:
        participant = enrolment.match(
            participant=participant, matched_case=case, index_date=person.day0, by=by
        )
    sessions = {f"S{session.number}": session for session in planned.sessions}
    numbered: dict[int, Any] = {}
    for visit in planned.visits:
        events = [event for event in planned.events if event[0] == visit.key]
        _enter_visit(visit, sessions.get(visit.key), events, numbered, participant, crew, shown)
    if not consented:
        log.record_all(planned.consents)
    log.record_all(planned.later)
    load_safety.enter(planned, participant, crew, until)
    for form in planned.endings:
        save(form, participant, by)
    return participant


def _enter_visit(
    planned: Visit,
    session: Session | None,
    events: Iterable[tuple[str, int | None, Form]],
    sessions: dict[int, Any],
    participant: Participant,
    crew: Crew,
    shown: Shown,
) -> None:
    by = crew.coordinator
    if planned.happened_on is None:
        visits.record(
            participant=participant,
            key=planned.key,
            status="missed",
            missed_reason=planned.missed_reason,
            by=by,
        )
        return
    visit = visits.record(
        participant=participant, key=planned.key, happened_on=planned.happened_on.isoformat(), by=by
    )
    reviews = [form for form in planned.forms if form.key == "safety-review"]
    for form in planned.forms:
        if form not in reviews:
            save(form, participant, by, visit=visit)
    for chart in planned.charts:
        saved = save(chart.form, participant, by, visit=visit)
        if chart.readings:
            labs.record_readings(chart=saved, readings=chart.readings, by=by)
    if session is not None:
        sessions[session.number] = _enter_session(session, participant, crew, shown)
    for _key, number, form in events:
        save(form, participant, by, visit=visit, session=sessions[number] if number else None)
    for form in reviews:
        save(form, participant, by, visit=visit)


def _enter_session(planned: Session, participant: Participant, crew: Crew, shown: Shown) -> Any:
    """The session with its plans, then each product from its harvest on."""
    by = crew.coordinator
    session = save(planned.form, participant, by)
    save(planned.donor_tests, participant, by, session=session)
    for product in planned.products:
        save(product.plan, participant, by, session=session)
    others: list[CellProduct] = []
    for product in planned.products:
        others.append(load_products.enter(product, session, participant, crew, shown, others))
    return session
