"""Closing and opening more than one record: a visit, a site, the study."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access.models import Site, User
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem
from studyportal.review import actions, selectors
from studyportal.review.kinds import VISIT, Kind, kinds
from studyportal.review.models import Act, Freeze, Lock
from studyportal.words import translated


@dataclass
class Closed:
    """What came of closing a visit. locked: (kind, id); refused: (kind, id, why), each with all its reasons."""

    locked: list[tuple[Kind, int]] = field(default_factory=list)
    refused: list[tuple[Kind, int, list[str]]] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return not self.refused


def lock_visit(*, visit: Any, by: User) -> Closed:
    """Lock every record of a visit that can be, and the visit itself when all of them are. The rest says why not."""
    closed = Closed()
    with transaction.atomic():
        visits = kinds([VISIT])[VISIT]
        current = actions._held(visits, visit, None)
        records = _records_of(current.pk)
        states = selectors.states({form: pks for form, (_kind, pks) in records.items()})
        for form, (kind, pks) in records.items():
            for record in kind.model._default_manager.filter(pk__in=pks).order_by("pk"):
                if not states[form, record.pk].locked:
                    _try(closed, kind, record, by)
        if closed.whole and not selectors.states({VISIT: [current.pk]})[VISIT, current.pk].locked:
            _try(closed, visits, current, by)
    return closed


def _try(closed: Closed, kind: Kind, record: Any, by: User) -> None:
    try:
        actions.lock(kind, record=record, by=by)
    except Refused as error:
        closed.refused.append((kind, record.pk, [translated(p.message) for p in error.problems]))
    else:
        closed.locked.append((kind, record.pk))


def unlock_visit(*, visit: Any, by: User, reason: str) -> int:
    """Open a visit and every locked record of it; how many were opened. Raises CrfInvalid or Refused."""
    with transaction.atomic():
        visits = kinds([VISIT])[VISIT]
        actions.unlock(visits, record=visit, by=by, reason=reason)
        count = 1
        records = _records_of(visit.pk)
        states = selectors.states({form: pks for form, (_kind, pks) in records.items()})
        for form, (kind, pks) in records.items():
            for record in kind.model._default_manager.filter(pk__in=pks).order_by("pk"):
                if states[form, record.pk].locked:
                    actions.unlock(kind, record=record, by=by, reason=reason)
                    count += 1
        return count


def freeze_visit(*, visit: Any, by: User, reason: str) -> Lock:
    """Close all data of a visit for the time being, whatever they lack; nothing is added either."""
    return _freeze_visit(visit, Act.FROZEN, by, reason)


def lift_visit(*, visit: Any, by: User, reason: str) -> Lock:
    return _freeze_visit(visit, Act.LIFTED, by, reason)


def _freeze_visit(visit: Any, act: Act, by: User, reason: str) -> Lock:
    problems: list[Problem] = []
    reason = actions._text(reason, "reason", problems)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic():
        visits = kinds([VISIT])[VISIT]
        current = actions._held(visits, visit, None)
        last = (
            Lock.objects.filter(form=VISIT, object_id=current.pk, act__in=(Act.FROZEN, Act.LIFTED))
            .order_by("-id")
            .first()
        )
        _is_change(last, act)
        return actions._lock(visits, current, act, by=by, reason=reason)


def freeze(*, site: Site | None, by: User, reason: str) -> Freeze:
    """Close the data of a site, or (None) of the whole study. Raises CrfInvalid, or Refused when it stands already."""
    return _freeze(site, Act.FROZEN, by, reason)


def lift(*, site: Site | None, by: User, reason: str) -> Freeze:
    return _freeze(site, Act.LIFTED, by, reason)


def _freeze(site: Site | None, act: Act, by: User, reason: str) -> Freeze:
    problems: list[Problem] = []
    reason = actions._text(reason, "reason", problems)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic():
        with connection.cursor() as cursor:  # two freezes of one place wait for each other
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('review.freeze'))")
        last = Freeze.objects.filter(site=site).order_by("-id").first()
        _is_change(last, act)
        return Freeze.objects.create(
            site=site, act=act, reason=reason, by=by, by_name=str(by), at=timezone.now()
        )


def _is_change(last: Any, act: Act) -> None:
    frozen = last is not None and last.act == Act.FROZEN
    if frozen == (act is Act.FROZEN):
        words = _("It is frozen already.") if frozen else _("It is not frozen.")
        raise Refused([Problem(None, "already" if frozen else "not_frozen", words)])


def _records_of(visit_id: int) -> dict[str, tuple[Kind, list[int]]]:
    """form → its kind and the ids of its records of the visit: one query."""
    forms = {
        form: kind for form, kind in kinds().items() if kind.spec is not None and "visit" in kind.spec.parents
    }
    sql = " UNION ALL ".join(
        f"SELECT '{form}', rec.id FROM {kind.table} rec WHERE rec.visit_id = %s"
        for form, kind in forms.items()
    )
    found: dict[str, tuple[Kind, list[int]]] = {}
    for form, pk in selectors.fetch(sql, [visit_id] * len(forms)):
        found.setdefault(form, (forms[form], []))[1].append(pk)
    return found
