"""Which form comes next at a visit: the expected ones in the order of the protocol, until all are complete.

After a form the next one that is not complete is named; after the last, the first that was passed over. A form that is
filled once per analyte comes again until every analyte of the visit is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.casebook.grid import new_form_url
from apps.enrolment.models import Participant
from apps.visits.models import Visit, VisitStatus
from apps.visits.selectors.holdings import (
    Editions,
    Expectations,
    Held,
    Progress,
    held_forms,
    progress_of_visit,
)
from studyportal.access.models import User
from studyportal.crf.onwards import Next
from studyportal.crf.registry import UnknownForm, get
from studyportal.crf.spec import CrfSpec


@dataclass(frozen=True)
class Onward:
    """What a visit still waits for. next: None when every expected form is complete, or nobody may enter the rest."""

    progress: Progress
    next: Next | None


def at_visit(user: User, participant: Participant, visit: Visit, *, after: str = "") -> Onward:
    """One query, whatever the visit holds. after: the form that was just saved."""
    held = {(one.visit_id, one.form): one for one in held_forms([participant.pk])}
    plan = Editions().at(getattr(visit, "protocol_version", ""), participant)
    if visit.status == VisitStatus.MISSED:
        return Onward(Progress(0, 0), None)
    return Onward(
        progress_of_visit(visit.key, participant.group, visit.pk, held, plan),
        _next(user, participant, visit, held, plan, after),
    )


def step(user: User, spec: CrfSpec, record: Any) -> Next | None:
    """After a form of a visit was saved: `onwards.register`."""
    visit = getattr(record, "visit", None) if "visit" in spec.parents else None
    if visit is None:
        return None
    found = at_visit(user, record.participant, visit, after=spec.key).next
    home = reverse("casebook:visit", args=[record.participant.code, visit.pk])
    return found or Next(home, visit.label, done=True)


def _next(
    user: User,
    participant: Participant,
    visit: Visit,
    held: Mapping[tuple[int | None, str], Held],
    plan: Expectations,
    after: str,
) -> Next | None:
    order = plan.forms(visit.key, participant.group)
    start = order.index(after) if after in order else -1
    own = held.get((visit.pk, after))
    if start >= 0 and not (own is not None and own.count > own.complete) and _comes_again(after):
        start -= 1  # one more analyte, before what comes after it
    for form in (*order[start + 1 :], *order[: start + 1]):
        found = _open_form(user, participant, visit, held, plan, form)
        if found is not None:
            return found
    return None


def _comes_again(form: str) -> bool:
    return form == "lab-result"


def _open_form(
    user: User,
    participant: Participant,
    visit: Visit,
    held: Mapping[tuple[int | None, str], Held],
    plan: Expectations,
    form: str,
) -> Next | None:
    """The page of a form that is expected and not complete; None when it is, or when the person may not enter it."""
    try:
        spec = get(form)
    except UnknownForm:
        return None
    of_visit = "visit" in spec.parents
    own = held.get((visit.pk, form)) if of_visit else held.get((None, form))
    if plan.is_done(form, visit.key, own) or not user.may(spec.permission, participant.site_id):
        return None
    if participant.group not in spec.groups or (spec.parents and not of_visit):
        return None
    title = str(spec.title)
    if own is not None and own.count > own.complete:
        if own.count == 1:
            return Next(reverse("crf:edit", args=[form, own.first_id]), title)
        visit_url = reverse("casebook:visit", args=[participant.code, visit.pk])
        return Next(f"{visit_url}#form-{form}", title)
    return Next(new_form_url(participant.code, form, visit.pk if of_visit else None), title)
