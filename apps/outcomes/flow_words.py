"""The flow in words: steps, reasons, and what a box says beside its number. In the language in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.outcomes.flow_drawing import Words
from apps.outcomes.statistics.flow import Counts, Flow, StepPlan
from studyportal import protocol
from studyportal.crf.absence import label_of


def words() -> Words:
    """Everything that the figure says."""
    return Words(
        step=step_label,
        reason=partial(reason_label, labels=_labels()),
        manner=manner,
        lost=lost_heading,
        pending=pending_heading,
        number=number,
    )


def number(n: int) -> str:
    """n = 12, kept on one line."""
    return f"n\u00a0=\u00a0{n}"


def whole(text: str) -> str:
    """The text, never broken."""
    return text.replace(" ", "\u00a0")


def beside(text: str) -> str:
    """A sentence as it stands after a colon: HbA1c stays as it is."""
    first = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if first.istitle() else text


def step_label(step: StepPlan) -> str:
    """What a step is called; a step of a group without the name of the group."""
    stages = {
        "screened": _("Screened"),
        "eligible": _("Eligible"),
        "consented": _("Consented"),
        "enrolled": _("Enrolled"),
        "assigned": _("In a group"),
    }
    if step.kind == "stage":
        return stages[step.key]
    if step.kind == "group":
        return group_label(step.group)
    if step.kind == "session":
        return _("Session 1")
    if step.kind == "matched":
        return _("Matched (index date)")
    visit = protocol.current().visits.get(step.visit)
    label = step.visit if visit is None else str(visit.label)
    if step.kind == "analysed":
        return _("Analysed at %(visit)s") % {"visit": label}
    if visit is not None and visit.session is not None:
        given = _treated(step.group)
        said = _("Session %(number)s") if given else _("Contact of session %(number)s")
        return said % {"number": visit.session}
    return label


def group_label(group: str) -> str:
    """The people of a group."""
    plural = {"case": _("Cases"), "control": _("Controls")}
    known = protocol.current().groups.get(group)
    return plural.get(group) or (str(known.label) if known is not None else group)


def _treated(group: str) -> bool:
    known = protocol.current().groups.get(group)
    return known is not None and known.treated


def manner(step: StepPlan, counts: Counts) -> Sequence[str]:
    """The further lines of a box: who joined, how a visit went, what has no record."""
    said: list[str] = []
    how = counts.manner
    if step.kind == "visit":
        session = _is_session(step)
        labels = {
            "done": _("given %(n)d") if session else _("done %(n)d"),
            "missed": _("not given %(n)d") if session else _("missed %(n)d"),
            "no_record": _("no record %(n)d"),
        }
        parts = [whole(label % {"n": how[name]}) for name, label in labels.items() if how.get(name)]
        if parts:
            said.append(" · ".join(parts))
    elif how.get("unrecorded"):
        said.append(_("of them without a record of it: %(n)d") % {"n": how["unrecorded"]})
    if counts.joined:
        said.append(_("of them first in the other group: %(n)d") % {"n": counts.joined})
    if counts.crossed:
        said.append(_("treated later, now cases: %(n)d") % {"n": sum(counts.crossed.values())})
        if after := counts.crossed.get("after"):
            said.append(_("of them not censored before the last step: %(n)d") % {"n": after})
    return said


def _is_session(step: StepPlan) -> bool:
    visit = protocol.current().visits.get(step.visit)
    return visit is not None and visit.session is not None and _treated(step.group)


def lost_heading(step: StepPlan, n: int) -> str:
    if step.kind == "analysed":
        return _("Not analysed: %(n)s") % {"n": number(n)}
    return _("Went no further: %(n)s") % {"n": number(n)}


def pending_heading(step: StepPlan, n: int) -> str:
    return _("Still pending: %(n)s") % {"n": number(n)}


def reason_label(code: str, labels: Mapping[str, str] | None = None) -> str:
    """A reason in words: "declined:travel" → "Declined: travel"."""
    known = _labels() if labels is None else labels
    if code in known:
        return known[code]
    head, _colon, detail = code.partition(":")
    if not detail:
        return _plain(head)
    if head == "not_eligible":
        said = _criterion(detail)
    elif head == "no_value":
        said = label_of(detail) or _plain(detail)
    else:
        said = known.get(f":{detail}") or _plain(detail)
    return f"{known.get(head) or _plain(head)}: {beside(said)}"


def _labels() -> dict[str, str]:
    return {
        "not_eligible": _("Not eligible"),
        "not_eligible:several": _("Not eligible: several criteria"),
        "declined": _("Declined"),
        "not_reached": _("Not reached"),
        "duplicate": _("Already screened (duplicate)"),
        "other": _("Other reason"),
        "withdrawn": _("Withdrew"),
        "ended": _("Ended the study"),
        "lost": _("Lost to follow-up"),
        "died": _("Died"),
        "completed": _("Study ended before this step"),
        "treated_later": _("Treated later (censored)"),
        "no_baseline": _("No value at baseline"),
        "no_value": _("No value at the visit"),
        "undecided": _("Eligibility not decided"),
        "not_consented": _("Consent not recorded"),
        "not_enrolled": _("Not yet enrolled"),
        "no_group": _("Not yet in a group"),
        "not_treated": _("Session 1 not yet given"),
        "not_matched": _("Not yet matched"),
        "not_due": _("Window still open or not yet due"),
        "day0_unknown": _("Day 0 not known to the day"),
        "no_result_yet": _("Result not yet there"),
    }


def _criterion(key: str) -> str:
    found = protocol.current().eligibility.get(key)
    return _plain(key) if found is None else str(found.text)


def _plain(code: str) -> str:
    text = code.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def counted(reasons: Mapping[str, int]) -> str:
    """Reasons with their numbers, on one line."""
    labels = _labels()
    return "; ".join(f"{reason_label(code, labels)}: {number}" for code, number in reasons.items())


def summary(flow: Flow) -> str:
    """The figure in a few sentences: what is read aloud in its place."""
    at = {step.key: step.counts for step in flow.steps}
    said = [f"{step_label(step.plan)} {at[step.key].n}" for step in flow.steps if step.plan.kind == "stage"]
    sentences = [_("Screening to groups: %(steps)s.") % {"steps": ", ".join(said)}]
    for group in flow.groups:
        steps = [
            f"{step_label(step.plan)} {step.counts.n}" for step in flow.of_group(group) if step.plan.kind != "group"
        ]  # fmt: skip
        sentences.append(
            ngettext("%(group)s, %(n)d person: %(steps)s.", "%(group)s, %(n)d persons: %(steps)s.", at[group].n)
            % {"group": group_label(group), "n": at[group].n, "steps": ", ".join(steps)}
        )  # fmt: skip
    return " ".join(sentences)
