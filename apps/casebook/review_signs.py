"""What the grid and the worklist show of the review, and how many forms the protocol expects at each site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.enrolment.models import Participant
from apps.visits.models import Visit, VisitStatus
from apps.visits.selectors.holdings import Expectations, participant_forms
from studyportal.access.models import User
from studyportal.review import lists
from studyportal.review.rules import ReviewState
from studyportal.ui.parts import Cell

SHOWN = 15


def signs(states: Mapping[tuple[str, int], ReviewState]) -> dict[tuple[int | None, str], str]:
    """(visit, form) → its sign, a key of `ui.states`: broken when one record's verification is, else how far all are."""
    together: dict[tuple[int | None, str], list[ReviewState]] = {}
    for (form, _pk), state in states.items():
        together.setdefault((state.visit_id, form), []).append(state)
    return {key: sign for key, found in together.items() if (sign := _sign(found))}


def _sign(found: list[ReviewState]) -> str:
    if any(state.broken for state in found):
        return "verification_broken"
    if any(state.changed_after_lock for state in found):
        return "changed_after_lock"
    for name in ("locked", "frozen", "verified"):
        if all(getattr(state, name) for state in found):
            return name
    return ""


def expected(site_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """(site, form) → how many records the protocol expects by now: forms of the visits that took place, and once each
    those about the participant. Two queries."""
    plan = Expectations()
    when_they_apply = plan.plan.forms_when_they_apply
    about = [spec.key for spec in participant_forms() if not spec.repeats and spec.key not in when_they_apply]
    counted: Counter[tuple[int, str]] = Counter()
    people = Participant.objects.filter(site_id__in=site_ids).order_by().values_list("site_id")
    for site_id, many in people.annotate(Count("id")):
        for form in about:
            counted[site_id, form] += many
    done = Visit.objects.filter(site_id__in=site_ids, status=VisitStatus.DONE).order_by()
    for site_id, key, group, many in done.values_list("site_id", "key", "participant__group").annotate(
        Count("id")
    ):
        for form in plan.forms(key, group):
            if form not in about:
                counted[site_id, form] += many
    return dict(counted)


def worklist_sections(user: User) -> list[dict[str, Any]]:
    """What waits for the person's review: one section for each list that is the person's, with the first rows."""
    words = {
        "sign": (_("Records to sign"), _("Every record that the protocol asks you to sign is signed.")),
        "verify": (_("Records to verify"), _("Every record that is asked for is compared with its source.")),
        "lock": (_("Records to lock"), _("No record is ready to be locked.")),
    }
    return [
        _section(what, *said, lists.waiting(what, user, lists.Choice(), size=SHOWN))
        for what, said in words.items()
        if user.may(lists.LISTS[what])
    ]


def _section(what: str, title: str, nothing: str, found: lists.WaitingPage) -> dict[str, Any]:
    url = reverse(f"review:to-{what}")
    rows: list[list[Any]] = [
        [
            Cell(
                row.participant,
                url=reverse("casebook:participant", args=[row.participant]),
                detail=_("synthetic") if row.synthetic else "",
                nowrap=True,
            ),
            Cell(row.title, url=reverse("crf:edit", args=[row.form, row.id])),
            row.visit or "–",
            Cell(_("Open the list"), url=url) if number == 0 else "",
        ]
        for number, row in enumerate(found.rows)
    ]
    return {
        "key": f"review-{what}",
        "title": title,
        "total": f"{len(rows)}+" if found.after else len(rows),
        "columns": [_("Participant"), _("Form"), _("Visit"), _("All")],
        "rows": rows,
        "nothing": nothing,
        "more": 0,
        "cut": bool(found.after),
    }
