"""Answering the eligibility criteria, and what follows from another verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.enrolment.actions.participation import refresh_status
from apps.enrolment.models import (
    EligibilityAnswer,
    ScreeningEntry,
    ScreeningOutcome,
)
from apps.enrolment.models.eligibility import LONGEST_EVIDENCE, LONGEST_EXPLANATION
from apps.enrolment.rules import eligibility as rules
from apps.enrolment.selectors import eligibility as selectors
from studyportal import protocol
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.crf.parsing import text_of
from studyportal.crf.reasons import taken
from studyportal.deviations import actions as deviations
from studyportal.identity.selectors import mentioned_in
from studyportal.words import said, series

# The kind of record, where a deviation names one.
FORM = "eligibility"
NOT_ELIGIBLE = "enrolled_not_eligible"
MEMBERS = ("answer", "evidence", "explanation", "version")


class StaleAnswers(StaleVersion):
    """Somebody answered meanwhile. current: the entry; answers: those that stand now, otherwise than was seen."""

    def __init__(self, entry: ScreeningEntry, answers: Sequence[EligibilityAnswer]) -> None:
        super().__init__(entry)
        self.answers = tuple(answers)


def answer(
    *, entry: ScreeningEntry, by: User, answers: Mapping[str, Mapping[str, Any]], reason: Any = None
) -> ScreeningEntry:
    """Answer some or all criteria. answers: criterion → {answer, evidence, explanation, version}.

    version: of the answer that was seen, 0 for none. What is not named stays as it is; what says what stands already
    changes nothing. An answer that was yes or no before needs a reason to change.
    Raises CrfInvalid, ReasonRequired, Refused, StaleAnswers: then nothing was saved.
    """
    problems: list[Problem] = []
    why = taken(reason, problems)
    given = {key: _read(key, members, problems) for key, members in answers.items()}
    try:
        with transaction.atomic(), acting(user=by, reason=why):
            current = locked(entry)
            refuse_when_concluded(current)
            changed = _changed(current, given, problems, by=by, reasoned=why is not None)
            now, version = timezone.now(), protocol.current().version
            for one in changed:
                one.protocol_version, one.answered_by, one.answered_at = version, by, now
                one.save()
            if changed:
                follow(current, by=by)
            return current
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, EligibilityAnswer)]) from error


def locked(entry: ScreeningEntry) -> ScreeningEntry:
    """The entry as it stands; who answers at the same time waits."""
    return (
        ScreeningEntry.objects.select_for_update(of=("self",))
        .select_related("site", "participant__site")
        .get(pk=entry.pk)
    )


def follow(entry: ScreeningEntry, *, by: User | None) -> None:
    """What follows from another verdict: the status of the participant, and the deviation of who is enrolled."""
    if entry.participant is None:
        return
    reconcile(entry, by=by)
    refresh_status(participant=entry.participant, by=by)


def reconcile(entry: ScreeningEntry, *, by: User | None) -> None:
    """Raise or settle the deviation “enrolled although not eligible”. Cases of the past are not judged."""
    participant = entry.participant
    if participant is None:
        return
    found = []
    if participant.enrolled_on is not None and not participant.retrospective:
        sheet = selectors.sheet_of(entry)
        if not sheet.verdict.eligible:
            texts = selectors.criteria()
            lacking = [texts[key].text for key in (*sheet.verdict.failing, *sheet.verdict.unknown)]
            found.append(
                deviations.Found(
                    NOT_ELIGIBLE,
                    said("Enrolled although not shown to be eligible: %(lacking)s.", lacking=series(lacking)),
                    "major",
                    kind="eligibility",
                    occurred_on=participant.enrolled_on.exact,
                )
            )
    deviations.reconcile(record=entry, form=FORM, found=found, by=by)


# --- Reading what was answered ---------------------------------------------------------------------------


def _read(key: str, members: Any, problems: list[Problem]) -> dict[str, Any]:
    """One answer, typed. The field of a problem is the criterion, or criterion.member."""
    name = str(key)[:80]
    if key not in selectors.criteria():
        known = ", ".join(selectors.criteria())
        problems.append(
            Problem(
                name,
                "unknown_criterion",
                _("The protocol in force has no such criterion. Criteria: %s.") % known,
            )
        )
        return {}
    if not isinstance(members, Mapping):
        problems.append(Problem(name, "type", _("Give an object with “answer” and “evidence”.")))
        return {}
    for member in members:
        if member not in MEMBERS:
            problems.append(
                Problem(
                    f"{name}.{str(member)[:40]}",
                    "unknown_field",
                    _("There is no such field. Fields: %s.") % ", ".join(MEMBERS),
                )
            )
    found: dict[str, Any] = {"version": _version(name, members.get("version", 0), problems)}
    said = members.get("answer")
    if said in (None, ""):
        problems.append(
            Problem(name, "required", _("Answer yes, no or not known; evidence alone is no answer."))
        )
    elif not isinstance(said, str) or said not in rules.ANSWERS:
        problems.append(Problem(name, "choice", _("One of: %s.") % ", ".join(rules.ANSWERS)))
    else:
        found["answer"] = said
    for member, longest in (("evidence", LONGEST_EVIDENCE), ("explanation", LONGEST_EXPLANATION)):
        if members.get(member) is not None:
            found[member] = read_text(f"{name}.{member}", members[member], longest, problems)
    return found


def _version(name: str, raw: Any, problems: list[Problem]) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 2**31:
        return raw
    problems.append(
        Problem(f"{name}.version", "type", _("Give the version of the answer that you saw, 0 for none."))
    )
    return 0


def read_text(name: str, raw: Any, longest: int, problems: list[Problem]) -> str:
    try:
        return text_of(raw, max_length=longest).strip()
    except ValidationError as error:
        problems.append(Problem(name, str(error.code), "; ".join(error.messages)))
        return ""


# --- Putting it beside what stands -----------------------------------------------------------------------


def _changed(
    entry: ScreeningEntry,
    given: Mapping[str, Mapping[str, Any]],
    problems: list[Problem],
    *,
    by: User,
    reasoned: bool,
) -> list[EligibilityAnswer]:
    """The answers that are new or other than before, checked, and not saved yet. problems: found in reading them."""
    standing = {one.criterion: one for one in EligibilityAnswer.objects.filter(entry=entry).order_by("id")}
    known = selectors.known_of(entry)
    stale: list[EligibilityAnswer] = []
    overwritten: list[str] = []
    changed: list[EligibilityAnswer] = []
    for key, values in given.items():
        if "answer" not in values:  # it could not be read
            continue
        before = standing.get(key)
        one = _with(entry, key, before, values, known.get(key), problems, by)
        if one is None:
            continue
        if (before.version if before else 0) != values["version"]:
            if before is not None:
                stale.append(before)
            else:
                problems.append(
                    Problem(
                        f"{key}.version", "not_found", _("There is no such answer yet: its version is 0.")
                    )
                )
            continue
        if before is not None and before.answer != rules.NOT_KNOWN:
            overwritten += _overwritten(key, before, one)
        one.version = values["version"] + 1
        changed.append(one)
    if stale:
        raise StaleAnswers(entry, stale)
    if problems:
        raise CrfInvalid(problems)
    if overwritten and not reasoned:
        raise ReasonRequired(overwritten)
    return changed


def _with(
    entry: ScreeningEntry,
    key: str,
    before: EligibilityAnswer | None,
    values: Mapping[str, Any],
    known: rules.Known | None,
    problems: list[Problem],
    by: User,
) -> EligibilityAnswer | None:
    """The answer as it would stand; None when nothing changes by it."""
    criterion = selectors.criteria()[key]
    one = copy(before) if before else EligibilityAnswer(site=entry.site, entry=entry, criterion=key)
    one.answer = values["answer"]
    one.evidence = values.get("evidence", one.evidence)
    decided = one.answer != rules.NOT_KNOWN
    if decided and criterion.analyte and not one.evidence:
        if known is None:
            problems.append(
                Problem(
                    f"{key}.evidence",
                    "evidence_required",
                    _(
                        "Say which result this rests on: value, laboratory and date, as in “HbA1c 8.2 %, own"
                        " laboratory, 3 Nov 2026”."
                    ),
                )
            )
        else:
            one.evidence = f"{known.text}, {known.source}"[:LONGEST_EVIDENCE]
    if known is None or not rules.contradicts(criterion, one.answer, known):
        one.explanation = one.explained_value = ""
    elif values.get("explanation"):
        one.explanation, one.explained_value = values["explanation"], selectors.explained_value(known)
    for member in ("evidence", "explanation"):
        if entry.participant is not None and mentioned_in(entry.participant, getattr(one, member), by):
            problems.append(
                Problem(
                    f"{key}.{member}",
                    "names_person",
                    _(
                        "This names the participant. Those who read the screening log do not see who it is: use"
                        " other words."
                    ),
                )
            )
    kept = ("answer", "evidence", "explanation", "explained_value")
    same = before is not None and all(getattr(one, name) == getattr(before, name) for name in kept)
    return None if same else one


def _overwritten(key: str, before: EligibilityAnswer, after: EligibilityAnswer) -> list[str]:
    return [
        key if name == "answer" else f"{key}.{name}"
        for name in ("answer", "evidence", "explanation")
        if getattr(before, name) and getattr(before, name) != getattr(after, name)
    ]


def refuse_when_concluded(entry: ScreeningEntry) -> None:
    if entry.outcome not in (ScreeningOutcome.OPEN, ScreeningOutcome.ENROLLED):
        raise Refused(
            [
                Problem(
                    None,
                    "concluded",
                    _("This screening ended: %s. Reopen it to answer the criteria.")
                    % entry.get_outcome_display().lower(),
                )
            ]
        )
