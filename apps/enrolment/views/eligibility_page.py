"""The criteria of one person as the page shows them: answers to give, what is known, what was set aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.enrolment.models import Answer, EligibilityAnswer, EligibilityOverride
from apps.enrolment.rules.eligibility import CONSENT, Verdict
from apps.enrolment.selectors import eligibility as selectors
from apps.enrolment.selectors.eligibility import Line, Sheet
from apps.enrolment.views import screening_inputs as inputs
from studyportal import protocol
from studyportal.crf.outcomes import Problem
from studyportal.signatures.models import Method
from studyportal.ui.templatetags.ui_tags import human_date_text


@dataclass(frozen=True)
class Asked:
    """One criterion as it is answered. theirs: what somebody saved meanwhile, beside what is typed here."""

    key: str
    text: str
    whom: str
    counts: bool
    value: str
    value_label: str
    evidence: str
    explanation: str
    version: int
    known: str
    question: str
    open_question: bool
    answered: str
    needs_evidence: bool
    override: str
    reason: str
    broken: str
    override_url: str
    state: str
    theirs: str = ""
    yours: str = ""
    errors: Sequence[str] = ()
    evidence_errors: Sequence[str] = ()
    explanation_errors: Sequence[str] = ()


@dataclass(frozen=True)
class Judged:
    """The verdict for one group, in words."""

    label: str
    state: str
    failing: Sequence[str]
    unknown: str
    overridden: Sequence[str]


def group_label(group: str) -> str:
    found = protocol.current().groups.get(group)
    return group if found is None else str(found.label)


def verdicts_of(found: Mapping[str, Verdict]) -> list[Judged]:
    """Each group that comes into question. While nothing tells them apart, one line speaks for all."""
    asked = selectors.criteria()
    same = len({(one.state, one.failing, one.overridden) for one in found.values()}) == 1
    chosen = list(found.items())[-1:] if same and len(found) > 1 else list(found.items())
    return [
        Judged(
            ", ".join(group_label(key) for key in found) if same else group_label(group),
            one.state.value,
            [str(asked[key].text) for key in one.failing],
            ngettext("%(n)d criterion is open", "%(n)d criteria are open", len(one.unknown))
            % {"n": len(one.unknown)}
            if one.unknown
            else "",
            [str(asked[key].text) for key in one.overridden],
        )
        for group, one in chosen
    ]


def previewed(sheet: Sheet, typed: Mapping[str, Mapping[str, Any]]) -> list[Judged]:
    """The verdict as it would be if what is typed were saved: an override falls with the answer that it saw."""
    answers = {line.key: line.answer.answer for line in sheet.lines if line.answer is not None}
    given = {
        key: str(one["answer"])
        for key, one in typed.items()
        if key in selectors.criteria() and one.get("answer") in Answer.values
    }
    stand = {
        line.key
        for line in sheet.lines
        if line.override is not None and given.get(line.key, answers.get(line.key)) == answers.get(line.key)
    }
    _group, _verdict, found = selectors.judged(answers | given, stand, selectors.groups_of(sheet.entry))
    return verdicts_of(found)


def sections_of(
    sheet: Sheet,
    *,
    typed: Mapping[str, Mapping[str, Any]],
    problems: Iterable[Problem] = (),
    stale: Sequence[EligibilityAnswer] = (),
    may_override: bool = False,
) -> list[tuple[str, str, list[Asked]]]:
    """Inclusion and exclusion: key, title, criteria."""
    errors: dict[str, list[str]] = {}
    for problem in problems:
        errors.setdefault(inputs.anchor(problem.field), []).append(problem.message)
    changed = {one.criterion: one for one in stale}
    titles = {
        "inclusion": _("Inclusion: each is answered yes"),
        "exclusion": _("Exclusion: each is answered no"),
    }
    return [
        (
            kind,
            title,
            [
                _asked(sheet, line, typed.get(line.key), errors, changed.get(line.key), may_override)
                for line in sheet.lines
                if line.criterion.kind == kind
            ],
        )
        for kind, title in titles.items()
    ]


def _asked(
    sheet: Sheet,
    line: Line,
    typed: Mapping[str, Any] | None,
    errors: Mapping[str, list[str]],
    theirs: EligibilityAnswer | None,
    may_override: bool,
) -> Asked:
    said, criterion = line.answer, line.criterion
    groups = [group_label(group) for group in criterion.groups]
    given = typed or {}
    value = str(given.get("answer", said.answer if said else ""))
    open_for = [one for one in sheet.verdicts.values() if line.key in (*one.failing, *one.unknown)]
    return Asked(
        key=line.key,
        text=str(criterion.text),
        whom=_("only for: %s") % ", ".join(groups) if groups else "",
        counts=not criterion.groups or any(group in criterion.groups for group in sheet.verdicts),
        value=value,
        value_label=str(dict(Answer.choices).get(value, "")),
        evidence=str(given.get("evidence", said.evidence if said else "")),
        explanation=str(given.get("explanation", "")),
        version=line.version,
        known=_("%(source)s: %(value)s")
        % {"source": line.known.source.capitalize(), "value": line.known.text}
        if line.known
        else "",
        question=line.question,
        open_question=line.open_question,
        answered=_answered(said) if said else "",
        needs_evidence=bool(criterion.analyte),
        override=_signed(line.override) if line.override else "",
        reason=line.override.reason if line.override else (said.explanation if said else ""),
        broken=_signed(line.broken) if line.broken else "",
        override_url=reverse("enrolment:screening-override", args=[sheet.entry.number, line.key])
        if may_override and open_for and said and line.key != CONSENT and line.override is None
        else "",
        state=_state(line),
        theirs=in_words(theirs) if theirs else "",
        yours=_typed_words(given) if theirs else "",
        errors=errors.get(f"answer-{line.key}", ()),
        evidence_errors=errors.get(f"evidence-{line.key}", ()),
        explanation_errors=errors.get(f"explanation-{line.key}", ()),
    )


def _state(line: Line) -> str:
    if line.override is not None:
        return "overridden"
    if line.broken is not None:
        return "override_broken"
    return {True: "passed", False: "failed", None: ""}[line.met]


def _answered(said: EligibilityAnswer) -> str:
    words = _("%(who)s, %(when)s") % {
        "who": said.answered_by or "–",
        "when": human_date_text(said.answered_at),
    }
    if said.protocol_version != protocol.current().version:
        words += " · " + _("under protocol version %s") % said.protocol_version
    return words


def _signed(one: EligibilityOverride) -> str:
    return _("%(who)s (%(role)s), %(when)s, confirmed by %(method)s") % {
        "who": one.signer_name,
        "role": one.signer_role,
        "when": human_date_text(one.signed_at),
        "method": str(Method(one.method).label).lower(),
    }


def in_words(said: EligibilityAnswer) -> str:
    return " · ".join(
        filter(None, [str(said.get_answer_display()), said.evidence, str(said.answered_by or "")])
    )


def _typed_words(given: Mapping[str, Any]) -> str:
    label = dict(Answer.choices).get(str(given.get("answer", "")), "–")
    return " · ".join(filter(None, [str(label), str(given.get("evidence", ""))]))


def gone_of(sheet: Sheet) -> list[list[str]]:
    """Answers to criteria of earlier protocols."""
    return [
        [line.key, str(line.answer.get_answer_display()), line.answer.evidence, line.answer.protocol_version]
        for line in sheet.gone
        if line.answer is not None
    ]


def labels(problems: Iterable[Problem]) -> list[tuple[str, str, str]]:
    """Problems for the summary: the control, the criterion in words, the message."""
    found = []
    for problem in problems:
        key = (problem.field or "").partition(".")[0]
        criterion = selectors.criteria().get(key)
        name = inputs.anchor(problem.field) if criterion is not None else (problem.field or "")
        found.append((name, str(criterion.text) if criterion is not None else "", problem.message))
    return found


def asked_of(sheet: Sheet, criterion: str) -> Asked | None:
    """One criterion, as it stands."""
    for _kind, _title, asked in sections_of(sheet, typed={}):
        for one in asked:
            if one.key == criterion:
                return one
    return None
