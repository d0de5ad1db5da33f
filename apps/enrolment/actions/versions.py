"""Assigning a participant to a version of the protocol: at enrolment, and when he or she moves to an amended one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.enrolment import rules, signals
from apps.enrolment.actions import reading
from apps.enrolment.models import Participant, ProtocolAssignment
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.errors import CrfInvalid, ReasonRequired, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.reasons import taken


def move_to_version(
    *,
    participant: Participant,
    version: Any,
    from_on: Any,
    by: User,
    reason: Any = None,
    expected_version: int | None = None,
) -> Participant:
    """From that day on the participant takes part under that version; always with a reason, such as the new consent.

    Visits that were held keep their version; what is still to come is dated anew. A version that takes over everyone
    needs no move. Raises CrfInvalid, ReasonRequired, StaleVersion.
    """
    problems: list[Problem] = []
    why = taken(reason, problems)
    day = reading.day("from_on", from_on, problems)
    known = {one.version: one for one in protocol.known()}
    chosen = known.get(version) if isinstance(version, str) else None
    if chosen is None:
        problems.append(
            Problem("protocol_version", "choice", _("Versions of the protocol: %s.") % ", ".join(known))
        )
    if problems or chosen is None:
        raise CrfInvalid(problems)
    with transaction.atomic(), acting(user=by, reason=why):
        current = (
            Participant.objects.select_for_update(of=("self",))
            .select_related("site", "matched_case")
            .get(pk=participant.pk)
        )
        if expected_version is not None and current.version != expected_version:
            raise StaleVersion(current)
        if current.protocol_version == chosen.version:
            return current
        enrolled_on: Any = current.enrolled_on
        problems += rules.move_problems(
            version=chosen.version,
            in_force_on=chosen.study.in_force_on,
            from_on=day,
            enrolled_on=enrolled_on,
            today=today_at(current.site),
        )
        if problems or day is None:
            raise CrfInvalid(problems)
        if not why:
            raise ReasonRequired(["protocol_version"])
        _keep(current, chosen.version, day, str(why), by)
        current.protocol_version = chosen.version
        current.version += 1
        current.save()
        signals.participant_saved.send(
            sender=Participant,
            participant=current,
            created=False,
            changed=frozenset({"protocol_version"}),
            by=by,
        )
        return current


def assign_at_enrolment(current: Participant, day: PartialDate, *, why: Any, by: User) -> bool:
    """The version in force on the day of enrolment, set on the row that the caller saves; whether it now counts another.

    A participant of the past was treated before there was a protocol: none is assigned.
    """
    if current.retrospective:
        return False
    counted = protocol.of(current).version
    assigned = protocol.in_force(_day_of(current, day))
    if assigned.version == current.protocol_version:
        return False
    _keep(current, assigned.version, _day_of(current, day), str(why or ""), by)
    current.protocol_version = assigned.version
    return protocol.of(current).version != counted


def _day_of(participant: Participant, day: PartialDate) -> dt.date:
    today = today_at(participant.site)
    return min(day.latest, today) if day.latest is not None else today


def _keep(participant: Participant, version: str, day: dt.date, reason: str, by: User) -> None:
    ProtocolAssignment.objects.create(
        site_id=participant.site_id,
        participant=participant,
        protocol_version=version,
        from_on=day,
        reason=reason[:500],
        recorded_by=by,
    )
