"""What visits do when something beneath them, or beside them in their own app, changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.dispatch import receiver

from apps.consent.rules.uses import Use
from apps.consent.selectors import Procedure
from apps.consent.selectors.sources import Source
from apps.consent.signals import consent_recorded, procedures_asked, sessions_asked, sources_asked
from apps.enrolment.actions import refresh_status_of
from apps.enrolment.models import Demographics, EndOfStudy, Participant
from apps.enrolment.rules import LifeEvent
from apps.enrolment.signals import day0_asked, end_of_study_asked, life_asked, participant_saved
from apps.visits import actions, checks, selectors
from apps.visits.models import Anchor, InsulinUse, Visit, VisitStatus, VitalSigns
from apps.visits.signals import visit_saved
from studyportal import protocol
from studyportal.crf.actions import rederive
from studyportal.crf.outcomes import Finding
from studyportal.crf.signals import record_saved
from studyportal.identity.signals import identity_recorded


@receiver(participant_saved, dispatch_uid="visits.redate")
def count_visits_anew(
    sender: Any, *, participant: Any, created: bool, changed: Collection[str], by: Any, **_: Any
) -> None:
    """The group and the version decide which event visits are counted from; the index date and the day of enrolment
    are such events."""
    if created:
        return
    moved = {"group", "index_date", "protocol_version"} & set(changed)
    if "enrolled_on" in changed:
        anchors = [visit.anchor.values() for visit in protocol.of(participant).visits.values()]
        moved |= {"enrolled_on"} if any(Anchor.ENROLMENT in one for one in anchors) else set()
    if moved:
        actions.redate(participant=participant, by=by)


@receiver(record_saved, sender=VitalSigns, dispatch_uid="visits.units_per_kg")
def dose_per_kilogram_anew(sender: Any, *, record: VitalSigns, **_: Any) -> None:
    for use in InsulinUse.objects.filter(visit_id=record.visit_id):
        rederive(use, reason="The weight at this visit was saved")


@receiver(procedures_asked, dispatch_uid="visits.procedures")
def visits_as_procedures(
    sender: Any, *, participant_ids: Collection[int], **_: Any
) -> dict[int, list[Procedure]]:
    """Each visit that took place needs consent before it."""
    known = protocol.current().visits
    found: dict[int, list[Procedure]] = defaultdict(list)
    rows: Any = Visit.objects.filter(participant_id__in=participant_ids, status=VisitStatus.DONE).order_by(
        "id"
    )
    for participant_id, key, happened_on in rows.values_list("participant_id", "key", "happened_on"):
        visit = known.get(key)
        found[participant_id].append(
            Procedure(what=visit.label if visit else key, kind="visit", on=happened_on)
        )
    return found


@receiver(sources_asked, dispatch_uid="visits.sources")
def visits_as_sources(sender: Any, **_: Any) -> list[Source]:
    known = protocol.current().visits
    return [
        Source(
            kind="visit",
            rows=Visit.objects.filter(status=VisitStatus.DONE),
            days=("happened_on",),
            uses=(Use.VISIT,),
            label=lambda key: str(known[key].label) if key in known else key,
            named="key",
            begins=True,
        )
    ]


@receiver(consent_recorded, dispatch_uid="visits.before_consent")
def consent_of_visits_anew(sender: Any, *, event: Any, by: Any, **_: Any) -> None:
    """What was done before consent is a deviation until the log shows otherwise."""
    actions.judge_consent(participant=event.participant, by=by)


@receiver(identity_recorded, dispatch_uid="visits.consent_of_birth")
def consent_by_birth_date_anew(sender: Any, *, participant: Participant, **_: Any) -> None:
    """The birth date says from when somebody else has to sign."""
    actions.judge_consent(participant=participant, by=None)


@receiver(record_saved, sender=Demographics, dispatch_uid="visits.consent_of_age")
def consent_by_age_anew(sender: Any, *, record: Demographics, by: Any = None, **_: Any) -> None:
    actions.judge_consent(participant=record.participant, by=by)


@receiver(sessions_asked, dispatch_uid="visits.sessions")
def sessions_to_come(sender: Any, *, participant_ids: Collection[int], **_: Any) -> dict[int, list[Any]]:
    return selectors.sessions_to_come(participant_ids)


@receiver(end_of_study_asked, dispatch_uid="visits.end_of_study")
def protocol_was_completed(sender: Any, *, record: EndOfStudy, **_: Any) -> list[Finding]:
    if record.reason is None:
        return []
    rows: Any = Visit.objects.filter(participant_id=record.participant_id, status=VisitStatus.DONE)
    done = list(rows.values_list("key", "happened_on"))
    return [
        *checks.completed_with_last_visit(
            record.reason, selectors.last_scheduled(record.participant), {key for key, _day in done}
        ),
        *checks.no_visit_after_end(record.ended_on, [day for _key, day in done]),
    ]


@receiver(visit_saved, dispatch_uid="visits.end_of_study_anew")
def end_of_study_anew(sender: Any, *, visit: Visit, **_: Any) -> None:
    for end in EndOfStudy.objects.filter(participant_id=visit.participant_id):
        rederive(end, reason="A visit was saved")


@receiver(visit_saved, dispatch_uid="visits.status")
def status_anew(sender: Any, *, visit: Visit, by: Any, **_: Any) -> None:
    if selectors.tells_of_life(visit):
        refresh_status_of(participant_id=visit.participant_id, by=by)


@receiver(life_asked, dispatch_uid="visits.life")
def life(sender: Any, *, participant_ids: Collection[int], **_: Any) -> dict[int, list[LifeEvent]]:
    return selectors.lives_of(participant_ids)


@receiver(day0_asked, dispatch_uid="visits.day0")
def day0(sender: Any, *, participant: Participant, **_: Any) -> Any:
    """Day 0 of a case, when it is known to the day."""
    anchor = protocol.current().groups["case"].anchor
    known = selectors.anchor_dates([participant])[participant.pk].get(anchor)
    return None if known is None else known.exact
