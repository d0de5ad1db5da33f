"""What rests on the course of an infusion, made to agree when a part of it is saved."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.celldose.actions import infusion as actions
from apps.celldose.models import Infusion, InfusionHappening, InfusionObservation
from studyportal.crf.signals import record_saved


@receiver(record_saved, dispatch_uid="celldose.course")
def refresh(sender: type, record: Any, by: Any = None, **kwargs: Any) -> None:
    if sender in (Infusion, InfusionHappening, InfusionObservation):
        actions.refresh_course(record=record, by=by)
