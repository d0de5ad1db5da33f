"""A second pair of eyes on a run."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils.translation import gettext as _

from apps.matching import rules, selectors
from apps.matching.models import EventKind, MatchingEvent, MatchingRun
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem

LONGEST = 1000


def review(*, run: MatchingRun, by: User, note: str = "") -> MatchingEvent:
    """Say that the run was looked at and may be frozen. Raises CrfInvalid, Refused."""
    said = plain(note)
    with transaction.atomic(), acting(user=by):
        state = locked_state(run)
        problems = _not_open(state)
        if not problems and state.key == rules.REVIEWED:
            problems.append(
                Problem(None, "reviewed", _("This run is reviewed already; it can be frozen, or returned."))
            )
        if run.proposed_by_id == by.pk:
            problems.append(
                Problem(
                    None,
                    "own_run",
                    _("You proposed this run. Somebody else reviews it, so that two people have looked."),
                )
            )
        if problems:
            raise Refused(problems)
        return MatchingEvent.objects.create(run=run, kind=EventKind.REVIEWED, by=by, note=said)


def return_(*, run: MatchingRun, by: User, note: str) -> MatchingEvent:
    """Send the run back to who proposed it, and say why. Raises CrfInvalid, Refused."""
    said = plain(note)
    if len(said) < 3:
        raise CrfInvalid([Problem("note", "required", _("Say what is to be done differently."))])
    with transaction.atomic(), acting(user=by, reason=said):
        state = locked_state(run)
        problems = _not_open(state)
        if not problems and state.key == rules.RETURNED:
            problems.append(Problem(None, "returned", _("This run is returned already.")))
        if problems:
            raise Refused(problems)
        return MatchingEvent.objects.create(run=run, kind=EventKind.RETURNED, by=by, note=said)


def locked_state(run: MatchingRun) -> rules.State:
    """The state of the run, which stays until the transaction ends: one person at a time moves any run on."""
    with connection.cursor() as cursor:
        # The rows can only be added to, so that there is none that could be locked.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('studyportal.matching'))")
    return selectors.state_of(run)


def _not_open(state: rules.State) -> list[Problem]:
    if not state.is_frozen:
        return []
    return [
        Problem(
            None,
            "frozen",
            _("This run is frozen as version %d and does not change. Propose a new run instead.")
            % (state.version or 0),
        )
    ]


def plain(note: object) -> str:
    if not isinstance(note, str) or "\x00" in note or any("\ud800" <= c <= "\udfff" for c in note):
        raise CrfInvalid([Problem("note", "type", _("Give plain text."))])
    if len(note.strip()) > LONGEST:
        raise CrfInvalid([Problem("note", "max_length", _("At most %d characters.") % LONGEST)])
    return note.strip()
