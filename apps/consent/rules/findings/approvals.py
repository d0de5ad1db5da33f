"""Question 15 of an ethics auditor: whether participants were enrolled, and consent signed, under an approval. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from apps.consent.rules import PartialDay
from apps.consent.rules.findings.case import Asking, ConsentFinding, name_of
from studyportal.words import said


def approvals(asking: Asking) -> Iterator[ConsentFinding]:
    """15: by the approvals that were recorded of the site; where there are none, by what the entries state.

    A transcribed case is judged by its source alone: its events precede the approvals of this study.
    """
    if asking.site.approvals and not asking.case.retrospective:
        yield from approvals_on_record(asking)
    else:
        yield from approvals_as_stated(asking)


def approvals_on_record(asking: Asking) -> Iterator[ConsentFinding]:
    for event in asking.case.signed:
        verdict, why = _approved(asking, event.signed_on)
        if verdict == "no":
            yield asking.finding(
                15,
                "approval_lapsed",
                "major",
                said("The %(event)s was signed while %(why)s.", event=name_of(event), why=why),
                about=event,
            )
        elif verdict == "unclear":
            yield asking.finding(
                15,
                "approval_unclear",
                "major",
                said(
                    "It cannot be shown that an ethics approval held when the %(event)s was signed: %(why)s.",
                    event=name_of(event),
                    why=why,
                ),
                about=event,
                open_question=True,
            )
    if asking.case.enrolled_on is None:
        return
    verdict, why = _approved(asking, asking.case.enrolled_on)
    if verdict == "no":
        yield asking.finding(15, "enrolled_in_lapse", "major", said("Enrolled while %(why)s.", why=why))
    elif verdict == "unclear":
        yield asking.finding(
            15,
            "enrolment_unclear",
            "major",
            said(
                "It cannot be shown that an ethics approval held on the day of enrolment: %(why)s.", why=why
            ),
            open_question=True,
        )


def _approved(asking: Asking, on: PartialDay | None) -> tuple[str, str]:
    """Whether an ethics approval held on every day that the date can mean (yes, no, unclear), and why not.

    A signature without any date is question 3 and no matter of the approval.
    """
    if on is None or on.earliest is None or on.latest is None:
        return ("yes", "") if on is None else ("unclear", said("the day is not known"))
    found = asking.site.approved(on.earliest, on.latest)
    if found.verdict == "yes":
        return "yes", ""
    stood = found.standing
    number = f" ({stood.approval.number})" if stood.approval is not None and stood.approval.number else ""
    if stood.state == "lapsed" and stood.until is not None:
        why = said(
            "the ethics approval%(number)s had lapsed: its last day was %(until)s",
            number=number,
            until=stood.until,
        )
    elif stood.state == "not_yet" and stood.since is not None:
        why = said(
            "the ethics approval%(number)s was not yet valid: its first day was %(since)s",
            number=number,
            since=stood.since,
        )
    elif stood.state == "suspended" and stood.since is not None:
        why = said(
            "the ethics approval%(number)s was suspended or withdrawn, from %(since)s",
            number=number,
            since=stood.since,
        )
    else:
        why = said("no ethics approval was recorded")
    # A day known in part that no approval covers at all is as clear as one that is known.
    return found.verdict, why


def approvals_as_stated(asking: Asking) -> Iterator[ConsentFinding]:
    case = asking.case
    for event in case.signed:
        if event.ethics_approval_number is None:
            yield asking.finding(
                15,
                "approval_missing",
                "major",
                said(
                    "The number of the ethics approval under which the %(event)s was signed is not recorded.",
                    event=name_of(event),
                ),
                about=event,
                open_question=True,
            )
        validity = event.ethics_approval_validity
        if validity is None or event.signed_on is None or event.signed_on.earliest is None:
            continue
        if event.signed_on.earliest > validity:
            yield asking.finding(
                15,
                "approval_lapsed",
                "major",
                said(
                    "The %(event)s was signed after the ethics approval lapsed on %(validity)s.",
                    event=name_of(event),
                    validity=validity,
                ),
                about=event,
            )
    validities = [e.ethics_approval_validity for e in case.signed if e.ethics_approval_validity is not None]
    enrolled = case.enrolled_on.earliest if case.enrolled_on is not None else None
    if validities and enrolled is not None and enrolled > max(validities):
        yield asking.finding(
            15,
            "enrolled_in_lapse",
            "major",
            said("Enrolled after the ethics approval lapsed on %(validities)s.", validities=max(validities)),
        )
