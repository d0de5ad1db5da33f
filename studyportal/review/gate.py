"""The gate before every save: what is locked or frozen takes no change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection

from studyportal.access.models import User
from studyportal.crf import gates
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec
from studyportal.review.kinds import VISIT, is_of_safety
from studyportal.review.models import Freeze, Lock
from studyportal.review.rules import Act, ReviewState, bars

LAST_LOCK = (
    "(SELECT l.act FROM review_lock l WHERE l.form = %s AND l.object_id = %s AND l.act IN ('{}', '{}')"
    " ORDER BY l.id DESC LIMIT 1)"
)
STANDING = (
    f"SELECT {LAST_LOCK.format('locked', 'unlocked')}, {LAST_LOCK.format('locked', 'unlocked')},"
    f" {LAST_LOCK.format('frozen', 'lifted')},"
    " (SELECT f.act FROM review_freeze f WHERE f.site_id = %s ORDER BY f.id DESC LIMIT 1),"
    " (SELECT f.act FROM review_freeze f WHERE f.site_id IS NULL ORDER BY f.id DESC LIMIT 1)"
)


def closed(spec: CrfSpec, record: Any, by: User | None) -> list[Problem]:
    """Problems with the code `locked` or `frozen` for a form that may not be saved now: one query."""
    return _problems(
        form=spec.key,
        pk=record.pk,
        visit_id=getattr(record, "visit_id", None),
        site_id=record.site_id,
        safety=is_of_safety(spec, record),
    )


@gates.clears(closed)
def nothing_closed(participant_ids: Collection[int]) -> Collection[int]:
    """Participants of whom nothing was ever locked, while nothing was ever frozen: two queries."""
    if Freeze.objects.exists():
        return ()
    return set(participant_ids) - set(
        Lock.objects.filter(participant__in=participant_ids).values_list("participant_id", flat=True)
    )


def closed_visit(visit: Any) -> list[Problem]:
    """The same for a visit, whose date and state `apps.visits.actions` changes; an unsaved one is added: one query."""
    return _problems(form=VISIT, pk=visit.pk, visit_id=visit.pk, site_id=visit.site_id, safety=False)


def _problems(form: str, pk: int | None, visit_id: int | None, site_id: int, safety: bool) -> list[Problem]:
    params: list[Any] = [form, pk or 0, VISIT, visit_id or 0, VISIT, visit_id or 0, site_id]
    with connection.cursor() as cursor:
        cursor.execute(STANDING, params)
        own, visit, frozen_visit, site, study = cursor.fetchone()
    # A locked visit takes no new form; a form in it that was opened again can be changed.
    locked = (own if pk else visit) == "locked"
    state = ReviewState(locked=locked, frozen="frozen" in (frozen_visit, site, study))
    act = Act.CHANGE if pk or locked else Act.ADD
    return [Problem(None, bar.code, bar.message) for bar in bars(state, act, safety=safety)]
