"""Eligibility as it stands: answers, overrides, what is known already, and the verdict that follows from them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.enrolment import signals
from apps.enrolment.models import (
    EligibilityAnswer,
    EligibilityOverride,
    Participant,
    ScreeningEntry,
)
from apps.enrolment.rules import eligibility as rules
from apps.enrolment.rules.eligibility import Known, State, Verdict
from apps.enrolment.rules.participation import LifeEvent
from studyportal import protocol
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate

Answers = Mapping[str, EligibilityAnswer]


@dataclass(frozen=True)
class Line:
    """One criterion for one person. criterion None: the protocol has it no longer, and its answer is kept.

    override: the one that stands; broken: the newest that stood for an earlier answer. question: what the known value
    says against the answer, "" for nothing; explained: whether that was explained for the value of today.
    """

    key: str
    criterion: Any
    answer: EligibilityAnswer | None
    known: Known | None = None
    override: EligibilityOverride | None = None
    broken: EligibilityOverride | None = None
    question: str = ""
    explained: bool = False

    @property
    def version(self) -> int:
        return 0 if self.answer is None else self.answer.version

    @property
    def met(self) -> bool | None:
        return rules.fulfilled(self.criterion, self.answer.answer if self.answer else None)

    @property
    def open_question(self) -> bool:
        return bool(self.question) and not self.explained


@dataclass(frozen=True)
class Sheet:
    """The criteria of the protocol in force for one person screened. gone: answers to criteria of earlier protocols.

    group: the group of the verdict; verdicts: every group that comes into question.
    """

    entry: ScreeningEntry
    lines: tuple[Line, ...]
    gone: tuple[Line, ...]
    group: str
    verdict: Verdict
    verdicts: Mapping[str, Verdict]

    @property
    def answered(self) -> int:
        return sum(line.answer is not None for line in self.lines)

    @property
    def questions(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.open_question)


def criteria() -> Mapping[str, Any]:
    """The criteria of the protocol in force, by key, in its order."""
    return protocol.current().eligibility


def groups_of(entry: ScreeningEntry) -> tuple[str, ...]:
    """The groups that come into question: that of the participant, else the one considered, else all."""
    known = protocol.current().groups
    assigned = entry.participant.group if entry.participant is not None else ""
    for group in (assigned, entry.considered_for):
        if group in known:
            return (group,)
    return tuple(known)


def judged(
    answers: Mapping[str, str], overrides: Collection[str], groups: Iterable[str]
) -> tuple[str, Verdict, dict[str, Verdict]]:
    """The group that is nearest, its verdict, and the verdict for each group."""
    found = rules.verdicts(criteria().values(), answers, overrides, groups)
    group, verdict = rules.closest(found)
    return group, verdict, found


def sheet_of(entry: ScreeningEntry, on: PartialDate | None = None) -> Sheet:
    """Everything about the eligibility of one person: a fixed number of queries.

    on: the day for which it is judged what is known; left out, the day of enrolment, or today.
    """
    answers = {
        one.criterion: one
        for one in EligibilityAnswer.objects.filter(entry=entry).select_related("answered_by")
    }
    overrides: dict[str, list[EligibilityOverride]] = defaultdict(list)
    for one in EligibilityOverride.objects.filter(entry=entry).select_related("signer").order_by("id"):
        overrides[one.criterion].append(one)
    known = known_of(entry, on)
    lines = tuple(
        line_of(criterion, answers.get(key), known.get(key), overrides[key])
        for key, criterion in criteria().items()
    )
    gone = tuple(Line(key, None, answer) for key, answer in answers.items() if key not in criteria())
    group, verdict, found = judged(
        {key: one.answer for key, one in answers.items()},
        {line.key for line in lines if line.override is not None},
        groups_of(entry),
    )
    return Sheet(entry, lines, gone, group, verdict, found)


def line_of(
    criterion: Any,
    answer: EligibilityAnswer | None,
    known: Known | None,
    overrides: Sequence[EligibilityOverride],
) -> Line:
    version = 0 if answer is None else answer.version
    stands = next((one for one in overrides if one.answer_version == version), None)
    question = question_of(criterion, answer.answer if answer else None, known)
    return Line(
        key=criterion.key,
        criterion=criterion,
        answer=answer,
        known=known,
        override=stands,
        broken=overrides[-1] if overrides and stands is None else None,
        question=question,
        explained=bool(
            answer and known and answer.explanation and answer.explained_value == explained_value(known)
        ),
    )


def question_of(criterion: Any, answer: str | None, known: Known | None) -> str:
    """What is asked when the answer and the known value do not agree; "" when they do."""
    if known is None or not rules.contradicts(criterion, answer, known):
        return ""
    return _("%(source)s: %(value)s. Why is this answered “%(answer)s”?") % {
        "source": known.source,
        "value": known.text,
        "answer": _("yes") if answer == rules.YES else _("no"),
    }


def explained_value(known: Known) -> str:
    """The value as an explanation remembers it: an explanation stands while this stays the same."""
    return f"{known.source}: {known.text}"[:200]


# --- What the portal knows already -----------------------------------------------------------------------


def known_of(entry: ScreeningEntry, on: PartialDate | None = None) -> dict[str, Known]:
    """Criterion → what is known of it: the age of the entry, and what the apps above answer of a participant.

    on: the day for which it is asked; left out, the day of enrolment, or today.
    """
    found: dict[str, Known] = {}
    by_analyte: dict[str, rules.Evidence] = {}
    for one in _evidence(entry.participant, on):
        if one.criterion:
            found[one.criterion] = Known(one.text, one.source, one.number, one.says)
        elif one.analyte:
            by_analyte[one.analyte] = one
    for key, criterion in criteria().items():
        if criterion.analyte in by_analyte:
            one = by_analyte[criterion.analyte]
            found[key] = Known(one.text, one.source, _in_unit(one, criterion))
    age = criteria().get(rules.AGE)
    if age is not None:
        from_entry = rules.age_known(age, entry.age, _("Screening log"))
        if from_entry is not None:
            found[rules.AGE] = from_entry
    return found


def _evidence(participant: Participant | None, on: PartialDate | None) -> Iterator[rules.Evidence]:
    if participant is None:
        return
    answers: Any = signals.evidence_asked.send(
        sender=Participant, participant_ids=[participant.pk], on=on or participant.enrolled_on
    )
    for _receiver, answer in answers:
        yield from (answer or {}).get(participant.pk, ())


def _in_unit(evidence: rules.Evidence, criterion: Any) -> Any:
    """The number in the unit of the criterion; None where it cannot be compared."""
    analyte = protocol.current().analytes.get(evidence.analyte)
    if evidence.number is None or analyte is None or criterion.unit is None:
        return None
    return analyte.in_unit(evidence.number, criterion.unit)


# --- Many at once ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """The answers of one entry by criterion, and the criteria that are set aside and when."""

    answers: Mapping[str, tuple[str, dt.datetime]]
    overrides: Mapping[str, dt.datetime]


def held_of(entry_ids: Collection[int]) -> dict[int, Held]:
    """Entry → its answers and standing overrides: two queries, whatever their number."""
    answers: dict[int, dict[str, tuple[str, dt.datetime]]] = defaultdict(dict)
    versions: dict[tuple[int, str], int] = {}
    rows = EligibilityAnswer.objects.filter(entry_id__in=entry_ids).values_list(
        "entry_id", "criterion", "answer", "answered_at", "version"
    )
    for entry, criterion, answer, at, version in rows:
        answers[entry][criterion] = (answer, at)
        versions[entry, criterion] = version
    overrides: dict[int, dict[str, dt.datetime]] = defaultdict(dict)
    signed = EligibilityOverride.objects.filter(entry_id__in=entry_ids).values_list(
        "entry_id", "criterion", "answer_version", "signed_at"
    )
    for entry, criterion, version, at in signed:
        if versions.get((entry, criterion), 0) == version:
            overrides[entry][criterion] = at
    return {pk: Held(answers.get(pk, {}), overrides.get(pk, {})) for pk in entry_ids}


def verdicts_of(entries: Iterable[ScreeningEntry]) -> dict[int, tuple[Verdict, int]]:
    """Entry → its verdict, and how many criteria are answered. The entries bring their participant along."""
    listed = list(entries)
    held = held_of([entry.pk for entry in listed])
    found = {}
    for entry in listed:
        own = held[entry.pk]
        given = {key: answer for key, (answer, _at) in own.answers.items()}
        _group, verdict, _all = judged(given, own.overrides.keys(), groups_of(entry))
        found[entry.pk] = (verdict, sum(key in criteria() for key in given))
    return found


def verdict_dates(participants: Iterable[Participant]) -> dict[int, list[LifeEvent]]:
    """Participant → when it was found eligible or not: the day of the last answer that the verdict rests on.

    An open verdict is no event. Three queries, whatever their number.
    """
    ids = [participant.pk for participant in participants]
    entries = list(
        ScreeningEntry.objects.filter(participant_id__in=ids)
        .select_related("participant", "site")
        .order_by("id")
    )
    held = held_of([entry.pk for entry in entries])
    found: dict[int, list[LifeEvent]] = {}
    for entry in entries:
        own = held[entry.pk]
        given = {key: answer for key, (answer, _at) in own.answers.items()}
        group, verdict, _all = judged(given, own.overrides.keys(), groups_of(entry))
        if verdict.state is State.UNDETERMINED or entry.participant_id is None:
            continue
        rests_on = verdict.failing or [one.key for one in rules.applying(criteria().values(), group)]
        moments = [own.answers[key][1] for key in rests_on if key in own.answers]
        moments += [at for key, at in own.overrides.items() if key in rests_on]
        day = timezone.localdate(max(moments), timezone=ZoneInfo(entry.site.timezone)) if moments else None
        found[entry.participant_id] = [_found_on(entry, verdict, day)]
    return found


def _found_on(entry: ScreeningEntry, verdict: Verdict, day: dt.date | None) -> LifeEvent:
    """Nobody is enrolled before being found eligible: what was typed later was known by then."""
    enrolled: Any = entry.participant.enrolled_on if entry.participant is not None else None
    if not verdict.eligible:
        return LifeEvent("not_eligible", PartialDate.of(day) if day else None)
    if enrolled is not None and (day is None or enrolled.earliest is None or enrolled.earliest < day):
        return LifeEvent("eligible", enrolled)
    return LifeEvent("eligible", PartialDate.of(day) if day else None)


# --- Enrolling -------------------------------------------------------------------------------------------


def entry_of(participant: Participant) -> ScreeningEntry | None:
    found: ScreeningEntry | None = (
        ScreeningEntry.objects.filter(participant=participant).select_related("participant", "site").first()
    )
    return found


def eligibility_gate(participant: Participant, on: PartialDate) -> Iterable[Problem]:
    """What of the criteria keeps the participant from being enrolled: nothing while eligible for one group.

    Correcting the day of somebody enrolled asks nothing anew: a verdict that fell later is a deviation.
    """
    entry = entry_of(participant)
    if entry is None or participant.enrolled_on is not None:
        return
    sheet = sheet_of(entry, on)
    labels = {key: str(group.label) for key, group in protocol.current().groups.items()}
    yield from rules.gate_problems(sheet.verdicts, criteria(), labels)
    counting = {one.key for one in rules.applying(criteria().values(), sheet.group)}
    for line in sheet.questions:
        if line.key in counting and line.override is None:
            yield Problem(
                None,
                f"criterion_{line.key}",
                _("“%(criterion)s”: %(question)s Correct the answer, or explain it in the screening log.")
                % {"criterion": line.criterion.text, "question": line.question},
            )


def eligibility_basis(participant: Participant, on: PartialDate) -> Mapping[str, Any]:
    """What an enrolment relied on, for `Participant.enrolment_basis`."""
    entry = entry_of(participant)
    return {} if entry is None else {"eligibility": basis(entry, participant.group)}


def basis(entry: ScreeningEntry, group: str = "") -> dict[str, Any]:
    """Answers, verdict and overrides as they stand, under the protocol in force.

    group: that of the verdict; left out, or none of those that come into question: the nearest.
    """
    sheet = sheet_of(entry)
    chosen = group if group in sheet.verdicts else sheet.group
    verdict = sheet.verdicts[chosen]
    return {
        "protocol_version": protocol.current().version,
        "group": chosen,
        "state": verdict.state.value,
        "failing": list(verdict.failing),
        "unknown": list(verdict.unknown),
        "answers": {line.key: line.answer.answer for line in sheet.lines if line.answer is not None},
        "overrides": [
            {"criterion": line.key, "override": line.override.pk, "deviation": line.override.deviation_id}
            for line in sheet.lines
            if line.override is not None
        ],
    }
