"""From the screening log to the participant code: of an entry that is there, or of a new one in one go."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.enrolment.actions.participants import register
from apps.enrolment.actions.screening import open_entry
from apps.enrolment.models import Group, Participant, ScreeningEntry
from studyportal.access.models import Site, User
from studyportal.crf.errors import Refused
from studyportal.crf.outcomes import Problem


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


def register_entry(*, entry: ScreeningEntry, by: User, label: str = "") -> Participant:
    """Give whom an entry is about the next participant code of the site. Raises as `register` does."""
    if entry.participant is not None:
        said = _("%(number)s is registered already: %(code)s.")
        raise Refused(
            [Problem(None, "registered", said % {"number": entry.number, "code": entry.participant.code})]
        )
    return register(
        site=entry.site,
        by=by,
        screening=entry,
        synthetic=entry.synthetic,
        retrospective=entry.retrospective,
        label=label,
    )
