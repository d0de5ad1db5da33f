"""What happens here when something is saved or asked elsewhere. Thin: each calls one action or selector."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.celldose import actions, breaches, selectors
from apps.celldose.actions import near_misses
from apps.celldose.models import CellSession, Infusion, Microbiology, Release
from apps.consent.selectors.sources import Source
from apps.consent.signals import consent_recorded, procedures_asked, sources_asked
from apps.enrolment.actions import refresh_status_of
from apps.enrolment.signals import life_asked
from apps.visits.models import VitalSigns
from studyportal.crf.signals import record_refused, record_saved
from studyportal.identity.signals import identity_recorded


@receiver(record_saved, dispatch_uid="celldose.refresh")
def refresh(sender: type, record: Any, spec: Any, by: Any = None, **kwargs: Any) -> None:
    if sender is VitalSigns:
        actions.refresh_weight(participant_id=record.participant_id, by=by)
    elif sender._meta.app_label == CellSession._meta.app_label:  # type: ignore[attr-defined]
        if sender is Release:
            actions.sign_release(record=record, by=by)
        actions.refresh_after(record=record, form=spec.key, by=by)
        if sender is Microbiology:
            actions.tell_of_growth(record=record, by=by)
        if sender is Infusion:
            refresh_status_of(participant_id=record.participant_id, by=by)


@receiver(record_refused, dispatch_uid="celldose.near_misses")
def keep_near_misses(
    sender: type, spec: Any, record: Any, problems: Any, by: Any = None, **kwargs: Any
) -> None:
    near_misses.note_refused(form=spec.key, record=record, problems=problems, by=by)


@receiver(consent_recorded, dispatch_uid="celldose.without_consent")
def consent_of_treatment_anew(sender: type, event: Any, by: Any, **kwargs: Any) -> None:
    breaches.judge_consent(participant=event.participant, by=by)


@receiver(identity_recorded, dispatch_uid="celldose.consent_of_birth")
def consent_by_birth_date_anew(sender: type, participant: Any, **kwargs: Any) -> None:
    breaches.judge_consent(participant=participant, by=None)


@receiver(life_asked, dispatch_uid="celldose.life")
def life(sender: type, participant_ids: Any, **kwargs: Any) -> dict[int, list[Any]]:
    return selectors.lives_of(participant_ids)


@receiver(procedures_asked, dispatch_uid="celldose.procedures")
def procedures(sender: type, participant_ids: Any, **kwargs: Any) -> dict[int, list[Any]]:
    return selectors.procedures_of(participant_ids)


@receiver(sources_asked, dispatch_uid="celldose.sources")
def sources(sender: type, **kwargs: Any) -> list[Source]:
    return selectors.consent_sources()
