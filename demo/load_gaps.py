"""Enters the participants of `synthetic_gaps` through the same actions as everybody else."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.consent.models import ConsentEvent, Kind
from apps.enrolment import actions as enrolment
from apps.enrolment.models import Participant
from apps.visits import actions as visits
from demo.consent_log import Log
from demo.synthetic_gaps import Gap
from studyportal.access.models import Site, User
from studyportal.crf import actions as crf
from studyportal.crf import registry
from studyportal.identity import actions as identity


def enter(gap: Gap, *, site: Site, by: User) -> Participant:
    """One participant, in the order in which the coordinator learned of it."""
    screening = enrolment.screening.open_entry(
        site=site, by=by, screened_on=gap.screened_on, age=gap.age, sex=gap.sex, referral="clinic",
        considered_for="control", synthetic=True,
    )  # fmt: skip
    participant = enrolment.register(site=site, by=by, screening=screening, synthetic=True, label=gap.label)
    log = Log(participant, by)
    for entry in gap.entries:
        log.record(entry)
    crf.save(
        registry.get("demographics"), raw=_demographics(gap), participant=participant, by=by, complete=False
    )
    for key, day in gap.visits.items():
        visits.record(participant=participant, key=key, happened_on=day.isoformat(), by=by)
    for entry in gap.after_visits:
        log.record(entry)
    if gap.birth_date is not None:
        identity.record(participant=participant, raw=_identity(gap), by=by)
    if gap.unexplained:
        _as_an_older_log_had_it(log)
    return participant


def _demographics(gap: Gap) -> dict[str, Any]:
    return {
        "sex": gap.sex,
        "age_at_enrolment": gap.age,
        "country": "IN",
        "education": "secondary" if gap.can_read else "none",
        "language": "mr",
        "can_read": gap.can_read,
    }


def _identity(gap: Gap) -> dict[str, str]:
    """A name that nobody has."""
    return {
        "full_name": f"Specimen {gap.label.split(':')[0].split()[-1]} Namunekar",
        "birth_date": gap.birth_date.isoformat() if gap.birth_date else "",
        "hospital_number": f"{gap.site}/DEMO/9{gap.label.split(':')[0].split()[-1]}",
    }


def _as_an_older_log_had_it(log: Log) -> None:
    """A correction without a reason. No page and no action takes one; a log that was brought from elsewhere may hold it."""
    first = log.made["consent"]
    ConsentEvent.objects.create(
        site=first.site,
        participant=first.participant,
        kind=Kind.CORRECTION,
        corrects=first,
        copy_given=True,
        entered_at=timezone.now(),
        entered_by=log.by,
    )
