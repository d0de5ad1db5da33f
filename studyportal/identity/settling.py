"""Settling whether two participants are one person. Who settles sees two codes and what agrees, never who they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access.declare import refusal
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit import Reason, acting, reasons
from studyportal.identity import signals
from studyportal.identity.errors import IdentityInvalid, Problem, StaleIdentity
from studyportal.identity.models import DuplicateState, LeftOutOfAnalysis, PossibleDuplicate

WORD = re.compile(r"[^\W_]+")
DECISIONS = (DuplicateState.DIFFERENT_PEOPLE, DuplicateState.SAME_PERSON)


def settle(
    *,
    pair: UUID,
    decision: str,
    by: User,
    reason: Any,
    stays: str = "",
    expected_version: int | None = None,
) -> list[PossibleDuplicate]:
    """Say whether a pair is one person or two; one person keeps one code in the analysis: `stays`.

    May be decided anew. reason: as `audit.reasons.parse` takes it; the staff of both sites read it, so it names
    neither code nor site. Raises PermissionDenied, IdentityInvalid, StaleIdentity when somebody settled meanwhile.
    """
    problems: list[Problem] = []
    why = _reason(reason, problems)
    with transaction.atomic(), acting(user=by, reason=why):
        rows = list(
            PossibleDuplicate.objects.select_for_update(of=("self",), no_key=True)
            .filter(pair=pair)
            .select_related("participant", "site")
            .order_by("id")
        )
        if len(rows) != 2 or not all(by.may(Permission.RESOLVE_DUPLICATES, row.site_id) for row in rows):
            raise PermissionDenied(refusal(Permission.RESOLVE_DUPLICATES))
        if expected_version is not None and expected_version != rows[0].version:
            raise StaleIdentity(rows[0].version)
        problems += _wrong(rows, decision, stays, why)
        if problems or why is None:
            raise IdentityInvalid(problems)
        before = [(row.state, row.stays_in_analysis) for row in rows]
        for row in rows:
            row.state = decision
            row.stays_in_analysis = (
                row.participant.code == stays if decision == DuplicateState.SAME_PERSON else None
            )
            row.settled_at, row.settled_by, row.settled_because = timezone.now(), by, str(why)
            row.version += 1
            row.save()
        for row in rows:
            _mark(row)
        if decision == DuplicateState.SAME_PERSON and before != [
            (row.state, row.stays_in_analysis) for row in rows
        ]:
            kept, left = sorted(rows, key=lambda row: not row.stays_in_analysis)
            signals.same_person_settled.send(
                sender=type(kept.participant),
                stays=kept.participant,
                left=left.participant,
                by=by,
                reason=str(why),
            )
        return rows


def _mark(row: PossibleDuplicate) -> None:
    """The mark of a participant follows from every pair that the participant is in."""
    left = PossibleDuplicate.objects.filter(participant_id=row.participant_id, stays_in_analysis=False)
    if left.exists():
        LeftOutOfAnalysis.objects.get_or_create(participant_id=row.participant_id, site_id=row.site_id)
    else:
        LeftOutOfAnalysis.objects.filter(participant_id=row.participant_id).delete()


def _wrong(rows: Sequence[PossibleDuplicate], decision: str, stays: str, why: Reason | None) -> list[Problem]:
    problems = []
    codes = [row.participant.code for row in rows]
    if decision not in DECISIONS:
        problems.append(Problem("decision", "choice", _("Say “same person” or “different people”.")))
    elif decision == DuplicateState.SAME_PERSON and stays not in codes:
        problems.append(
            Problem("stays", "required", _("Say which code stays in the analysis: %s or %s.") % tuple(codes))
        )
    elif decision == DuplicateState.SAME_PERSON and _left_elsewhere(rows, stays):
        problems.append(
            Problem(
                "stays",
                "left_elsewhere",
                _("%s is the same person as a third participant, who stays. Let none but one code stay.")
                % stays,
            )
        )
    elif decision == DuplicateState.DIFFERENT_PEOPLE and stays:
        problems.append(
            Problem(
                "stays", "contradiction", _("Different people both stay in the analysis. Leave this empty.")
            )
        )
    if why is not None and rows[0].site_id != rows[1].site_id and _names_one(rows, str(why)):
        problems.append(
            Problem(
                "reason",
                "names_other_site",
                _("The staff of both sites read this. Say it without a participant code and without a site."),
            )
        )
    return problems


def _left_elsewhere(rows: Sequence[PossibleDuplicate], stays: str) -> bool:
    (kept,) = (row for row in rows if row.participant.code == stays)
    return (
        PossibleDuplicate.objects.filter(participant_id=kept.participant_id, stays_in_analysis=False)
        .exclude(pair=kept.pair)
        .exists()
    )


def _names_one(rows: Sequence[PossibleDuplicate], text: str) -> bool:
    """Whether a text holds a code of the pair or names a site of it."""
    said = _words(text)
    return any(
        "".join(_words(row.participant.code)) in "".join(said)
        or any(
            f" {' '.join(_words(name))} " in f" {' '.join(said)} " for name in (row.site.code, row.site.name)
        )
        for row in rows
    )


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _reason(raw: Any, problems: list[Problem]) -> Reason | None:
    try:
        found = reasons.parse(raw)
    except reasons.ReasonError as error:
        problems.append(Problem("reason", error.code, error.message))
        return None
    if found is None:
        problems.append(Problem("reason", "reason_required", _("Say what was asked and found.")))
    return found
