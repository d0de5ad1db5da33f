"""The infusion as it goes: started, observed, what happened, stopped. Page, API and scripts call these.

Each writes through the one road of forms (`crf.save`) and refuses what somebody else has recorded meanwhile, saying who
and when. A moment that is left out is now, to the minute. What is not known yet may be left out: the record is then
incomplete, and its form says what is missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import course, crfs, locks
from apps.celldose.models import (
    CellProduct,
    Infusion,
    InfusionHappening,
    InfusionObservation,
)
from apps.celldose.models.codes import HappeningKind
from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec

BEFORE = "minus_15_min"
"""The observation that belongs to the start: it is saved together with it."""


@transaction.atomic
def start(
    *,
    product: CellProduct,
    by: User,
    started_at: str | None = None,
    before: Mapping[str, Any] | None = None,
    **stated: Any,
) -> Infusion:
    """Record that the product runs. stated: fields of the form `infusion`; before: those of the observation before it.

    Raises Refused with what bars the infusion, or with who has recorded it already; CrfInvalid; problems of the
    observation are named `before.<field>`.
    """
    # Two people who start at once make one record.
    locks.treatment(Infusion(participant_id=product.participant_id, product=product))
    stands = Infusion.objects.filter(product=product).select_related("site").first()
    if stands is not None:
        raise Refused([course.already_started(stands)])
    made: Infusion = crf.save(
        crfs.INFUSION,
        raw={**stated, "started_at": _or_now(started_at)},
        by=by,
        parents={"product": product},
        complete=False,
    )
    given = {name: value for name, value in (before or {}).items() if value not in (None, "", [], {})}
    if given:
        with _named("before"):
            observe(infusion=made, by=by, **{"timepoint": BEFORE, "observed_at": made_at(made), **given})
    return made


@transaction.atomic
def note_happening(
    *, infusion: Infusion, by: User, kind: str, at: str | None = None, **stated: Any
) -> InfusionHappening:
    """Record what happened: premedication, rate, interruption, resumption, reaction, treatment, flush."""
    made: InfusionHappening = _save(
        crfs.INFUSION_EVENT, {**stated, "kind": kind, "at": _or_now(at)}, by=by, infusion=infusion
    )
    return made


@transaction.atomic
def observe(
    *, infusion: Infusion, by: User, timepoint: str, observed_at: str | None = None, **stated: Any
) -> InfusionObservation:
    """Record the vital signs and reactions of one time of the schedule. What was not measured may follow."""
    raw = {**stated, "timepoint": timepoint, "observed_at": _or_now(observed_at)}
    made: InfusionObservation = _save(crfs.OBSERVATIONS, raw, by=by, infusion=infusion)
    return made


@transaction.atomic
def stop(*, infusion: Infusion, by: User, stopped_at: str | None = None, **stated: Any) -> Infusion:
    """Record the end. The number of interruptions and the premedication follow from what happened, unless stated."""
    locks.treatment(infusion)
    current: Any = Infusion.objects.select_for_update(of=("self",)).select_related("site").get(pk=infusion.pk)
    if current.stopped_at is not None:
        raise Refused([_stopped_already(current)])
    raw = {**_from_the_course(current), **stated, "stopped_at": _or_now(stopped_at)}
    saved: Infusion = _as_far_as_known(crfs.INFUSION, raw, by=by, record=current)
    return saved


def refresh_course(*, record: Any, by: User | None) -> None:
    """What rests on a record of the course: lateness on the start, totals and missing observations on the events."""
    if isinstance(record, Infusion):
        for one in record.observations.all():
            crf.rederive(one, reason=_("The start of the infusion changed"))
    elif record.infusion.stopped_at is not None:
        crf.rederive(record.infusion, reason=_("The form “%s” changed") % type(record)._meta.verbose_name)


def refresh_reactions(*, product: CellProduct, by: User | None) -> None:
    """An adverse event of the product was recorded: whether a reaction still asks for one is judged again."""
    for infusion in product.infusions.all():
        for one in (*infusion.observations.all(), *infusion.happenings.all()):
            found: Any = one
            if any(code != "none" for code in found.reactions or []):
                crf.rederive(one, reason=_("An adverse event was recorded"))


def now() -> str:
    """This minute, with its offset."""
    return timezone.now().replace(second=0, microsecond=0).isoformat()


def _or_now(stated: Any) -> Any:
    return now() if stated is None or stated == "" else stated


def made_at(infusion: Infusion) -> str | None:
    return infusion.started_at.isoformat() if infusion.started_at else None


def _save(spec: CrfSpec, raw: Mapping[str, Any], *, by: User, infusion: Infusion) -> Any:
    return _as_far_as_known(spec, raw, by=by, parents={"infusion": infusion})


def _as_far_as_known(spec: CrfSpec, raw: Mapping[str, Any], *, by: User, **more: Any) -> Any:
    """Complete, or incomplete when nothing but a value is missing: at the bedside nothing waits for a number."""
    try:
        return crf.save(spec, raw=raw, by=by, complete=True, **more)
    except CrfInvalid as error:
        if wrong := [problem for problem in error.problems if problem.code != "required"]:
            raise CrfInvalid(wrong) from error
    return crf.save(spec, raw=raw, by=by, complete=False, **more)


def _from_the_course(infusion: Any) -> dict[str, Any]:
    happened = list(infusion.happenings.order_by("at", "pk"))
    found: dict[str, Any] = {}
    if infusion.interruptions is None:
        found["interruptions"] = sum(1 for one in happened if one.kind == HappeningKind.INTERRUPTION)
    given = [one for one in happened if one.kind == HappeningKind.PREMEDICATION and one.drug]
    if infusion.premedication is None and given:
        found["premedication"] = "; ".join(" ".join(filter(None, (one.drug, one.dose))) for one in given)[
            :200
        ]
    return found


def _stopped_already(infusion: Any) -> Problem:
    first = (
        infusion.events.filter(stopped_at__isnull=False)  # type: ignore[attr-defined]
        .order_by("pgh_id")
        .values("pgh_context", "pgh_created_at")
        .first()
    )
    who = ((first or {}).get("pgh_context") or {}).get("username") or ""
    name = next((str(user) for user in User.objects.filter(username=who)), who) or _("Somebody else")
    entered: dt.datetime | None = first["pgh_created_at"] if first else None
    return Problem(
        "stopped_at",
        "already_stopped",
        _(
            "%(who)s recorded the stop at %(at)s (entered %(entered)s). Look at what stands; yours is not saved."
        )
        % {
            "who": name,
            "at": course.at_site(infusion.stopped_at, infusion.site),
            "entered": course.at_site(entered, infusion.site),
        },
    )


@contextmanager
def _named(part: str) -> Iterator[None]:
    """Problems of a part are named by it."""

    def renamed(problems: Any) -> list[Problem]:
        return [Problem(f"{part}.{p.field}" if p.field else part, p.code, p.message) for p in problems]

    try:
        yield
    except CrfInvalid as error:
        raise CrfInvalid(renamed(error.problems)) from error
    except Refused as error:
        raise Refused(renamed(error.problems)) from error
