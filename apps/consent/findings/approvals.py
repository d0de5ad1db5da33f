"""Question 15 of an ethics auditor: whether participants were enrolled, and consent signed, under an approval. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apps.consent.findings.case import Case, ConsentFinding, finding, name_of
from apps.consent.rules import Event, PartialDay
from apps.enrolment.rules.approvals import Approval, cover


def approvals(case: Case, signed: Sequence[Event]) -> Iterator[ConsentFinding]:
    """15: by the approvals that were recorded of the site; where there are none, by what the entries state.

    A transcribed case is judged by its source alone: its events precede the approvals of this study.
    """
    if case.ethics_approvals and not case.retrospective:
        yield from approvals_on_record(case, signed)
    else:
        yield from approvals_as_stated(case, signed)


def approvals_on_record(case: Case, signed: Sequence[Event]) -> Iterator[ConsentFinding]:
    for event in signed:
        verdict, why = _approved(case.ethics_approvals, event.signed_on)
        if verdict == "no":
            yield finding(
                15, "approval_lapsed", "major", f"The {name_of(event)} was signed while {why}.",
            )  # fmt: skip
        elif verdict == "unclear":
            yield finding(
                15,
                "approval_unclear",
                "major",
                f"It cannot be shown that an ethics approval held when the {name_of(event)} was signed: {why}.",
                open_question=True,
            )
    if case.enrolled_on is None:
        return
    verdict, why = _approved(case.ethics_approvals, case.enrolled_on)
    if verdict == "no":
        yield finding(15, "enrolled_in_lapse", "major", f"Enrolled while {why}.")
    elif verdict == "unclear":
        yield finding(
            15,
            "enrolment_unclear",
            "major",
            f"It cannot be shown that an ethics approval held on the day of enrolment: {why}.",
            open_question=True,
        )


def _approved(approvals: Sequence[Approval], on: PartialDay | None) -> tuple[str, str]:
    """Whether an ethics approval held on every day that the date can mean (yes, no, unclear), and why not.

    A signature without any date is question 3 and no matter of the approval.
    """
    if on is None or on.earliest is None or on.latest is None:
        return ("yes", "") if on is None else ("unclear", "the day is not known")
    found = cover(approvals, approvals[0].kind, on.earliest, on.latest)
    if found.verdict == "yes":
        return "yes", ""
    stood = found.standing
    number = f" ({stood.approval.number})" if stood.approval is not None and stood.approval.number else ""
    if stood.state == "lapsed" and stood.until is not None:
        why = f"the ethics approval{number} had lapsed: its last day was {stood.until.isoformat()}"
    elif stood.state == "not_yet" and stood.since is not None:
        why = f"the ethics approval{number} was not yet valid: its first day was {stood.since.isoformat()}"
    elif stood.state == "suspended" and stood.since is not None:
        why = f"the ethics approval{number} was suspended or withdrawn, from {stood.since.isoformat()}"
    else:
        why = "no ethics approval was recorded"
    # A day known in part that no approval covers at all is as clear as one that is known.
    return found.verdict, why


def approvals_as_stated(case: Case, signed: Sequence[Event]) -> Iterator[ConsentFinding]:
    for event in signed:
        if event.ethics_approval_number is None:
            yield finding(
                15,
                "approval_missing",
                "major",
                f"The number of the ethics approval under which the {name_of(event)} was signed is not recorded.",
                open_question=True,
            )
        validity = event.ethics_approval_validity
        if validity is None or event.signed_on is None or event.signed_on.earliest is None:
            continue
        if event.signed_on.earliest > validity:
            yield finding(
                15,
                "approval_lapsed",
                "major",
                f"The {name_of(event)} was signed after the ethics approval lapsed on {validity.isoformat()}.",
            )
    validities = [e.ethics_approval_validity for e in signed if e.ethics_approval_validity is not None]
    enrolled = case.enrolled_on.earliest if case.enrolled_on is not None else None
    if validities and enrolled is not None and enrolled > max(validities):
        yield finding(
            15,
            "enrolled_in_lapse",
            "major",
            f"Enrolled after the ethics approval lapsed on {max(validities)}.",
        )
