"""Screening somebody and giving the participant code in one go."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from apps.enrolment.actions.participants import register
from apps.enrolment.actions.screening import open_entry
from apps.enrolment.models import Group, Participant
from studyportal.access.models import Site, User


def open_and_register(
    *,
    site: Site,
    by: User,
    synthetic: bool = False,
    retrospective: bool = False,
    label: str = "",
    group: str = Group.UNASSIGNED,
    enrolled_on: Any = None,
    **stated: Any,
) -> Participant:
    """Open an entry and register whom it is about: both, or neither. stated: as for `open_entry`.

    group and enrolled_on: for a participant of the past only, whose entry may have no day.
    """
    with transaction.atomic():
        entry = open_entry(site=site, by=by, synthetic=synthetic, retrospective=retrospective, **stated)
        return register(
            site=site,
            by=by,
            screening=entry,
            synthetic=synthetic,
            retrospective=retrospective,
            label=label,
            group=group,
            enrolled_on=enrolled_on,
        )
