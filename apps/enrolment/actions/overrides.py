"""Setting an eligibility criterion aside, as an investigator of the site, over a signature."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.enrolment.actions.eligibility import (
    FORM,
    StaleAnswers,
    follow,
    locked,
    read_text,
    refuse_when_concluded,
)
from apps.enrolment.models import EligibilityOverride, ScreeningEntry
from apps.enrolment.models.eligibility import LONGEST_REASON
from apps.enrolment.rules import eligibility as rules
from apps.enrolment.selectors import eligibility as selectors
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.access.declare import refusal
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit import acting
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem
from studyportal.deviations import actions as deviations
from studyportal.identity.selectors import mentioned_in
from studyportal.signatures import actions as signatures
from studyportal.signatures import content as canonical
from studyportal.signatures.errors import NotPermitted

# The kind of what is signed, and the code of its deviation.
OVERRIDE_FORM, OVERRIDDEN = "eligibility-override", "eligibility_override"
SHORTEST_REASON = 10
# Kept with the override in the language in which it was read.
STATEMENT = gettext_lazy(
    "I have read the criterion and its answer, and set it aside for this participant on my responsibility, for the"
    " reason that I give. I know that this is a deviation from the protocol."
)


def content_of(entry: ScreeningEntry, line: selectors.Line, *, reason: str) -> dict[str, Any]:
    """What an override signs, for `signatures.content.canonical`."""
    said = line.answer
    return {
        "form": OVERRIDE_FORM,
        "screening": entry.number,
        "site": entry.site.code,
        "participant": entry.participant.code if entry.participant else "",
        "protocol_version": protocol.current().version,
        "criterion": {"key": line.key, "kind": line.criterion.kind, "text": line.criterion.text},
        "answer": {
            "answer": said.answer if said else "",
            "evidence": said.evidence if said else "",
            "explanation": said.explanation if said else "",
            "version": line.version,
        },
        "reason": reason,
        "statement": str(STATEMENT),
    }


def override(
    *,
    entry: ScreeningEntry,
    criterion: str,
    reason: Any,
    by: User,
    request: Any,
    password: str,
    code: str = "",
    version_seen: int,
) -> EligibilityOverride:
    """Set a criterion that is not met aside, as an investigator of the site, signed at this moment.

    version_seen: of the answer that the signer read, 0 for none. Raises CrfInvalid, Refused, StaleAnswers, and of
    signatures.errors NotPermitted and NotTheSigner.
    """
    if request.user != by:
        raise NotPermitted("not_the_person", _("A signature is given by the person who is signed in."))
    if not by.may(Permission.SIGN_RECORDS, entry.site_id):
        raise NotPermitted("permission", refusal(Permission.SIGN_RECORDS))
    said = _reason(entry, reason, by)
    _overridable(entry, criterion, version_seen)
    # Before the transaction of the override: a wrong password is counted, whatever else is rolled back.
    method = signatures.confirmed(request=request, user=by, password=password, code=code)
    with transaction.atomic(), acting(user=by, reason=said):
        current = locked(entry)
        line = _overridable(current, criterion, version_seen)
        assert current.participant is not None
        answered = line.answer.get_answer_display().lower() if line.answer else str(_("not answered"))
        deviation = deviations.raise_by_hand(
            participant=current.participant,
            code=OVERRIDDEN,
            description=f"{line.criterion.kind.capitalize()} criterion “{line.criterion.text}” ({answered})"
            f" overridden by {by}: {said}",
            classification=line.criterion.deviation,
            kind="eligibility",
            occurred_on=today_at(current.site),
            by=by,
            form=FORM,
            object_id=current.pk,
        )
        made = EligibilityOverride.objects.create(
            site=current.site,
            entry=current,
            participant=current.participant,
            criterion=line.key,
            criterion_text=line.criterion.text,
            answer=line.answer.answer if line.answer else "",
            answer_version=line.version,
            reason=said,
            protocol_version=protocol.current().version,
            deviation=deviation,
            signer=by,
            signer_name=str(by),
            signer_role=signatures.role_at(by, current.site_id),
            statement=str(STATEMENT),
            signed_at=timezone.now(),
            content_sha256=canonical.sha256_of(content_of(current, line, reason=said)),
            content_format=canonical.FORMAT,
            method=method,
        )
        follow(current, by=by)
        return made


def _reason(entry: ScreeningEntry, raw: Any, by: User) -> str:
    problems: list[Problem] = []
    said = read_text("reason", raw if raw is not None else "", LONGEST_REASON, problems)
    if not problems and len(said) < SHORTEST_REASON:
        problems.append(
            Problem(
                "reason",
                "required",
                _("Say why the criterion is set aside, in %d characters or more: the committee reads it.")
                % SHORTEST_REASON,
            )
        )
    if entry.participant is not None and mentioned_in(entry.participant, said, by):
        problems.append(
            Problem("reason", "names_person", _("This names the participant. Use the code, or other words."))
        )
    if problems:
        raise CrfInvalid(problems)
    return said


def _overridable(entry: ScreeningEntry, criterion: str, version_seen: int) -> selectors.Line:
    """The line of a criterion that may be overridden; raises otherwise."""
    sheet = selectors.sheet_of(entry)
    line = next((one for one in sheet.lines if one.key == criterion), None)
    if line is None:
        known = ", ".join(selectors.criteria())
        raise CrfInvalid(
            [
                Problem(
                    "criterion",
                    "unknown_criterion",
                    _("The protocol in force has no such criterion. Criteria: %s.") % known,
                )
            ]
        )
    refuse_when_concluded(entry)

    def refused(code: str, message: str) -> Refused:
        return Refused([Problem("criterion", code, message)])

    if entry.participant is None:
        raise refused(
            "not_registered",
            _("Only a registered participant's criteria are overridden. Register the person first."),
        )
    if line.key == rules.CONSENT:
        raise refused(
            "consent_stands",
            _("Consent cannot be overridden. Record the consent, then answer the criterion."),
        )
    if line.version != version_seen:
        raise StaleAnswers(entry, [line.answer] if line.answer else [])
    if line.override is not None:
        raise refused("overridden", _("This criterion is overridden already, for this very answer."))
    if line.met:
        raise refused("met", _("This criterion is met: there is nothing to override."))
    if not any(line.key in (*one.failing, *one.unknown) for one in sheet.verdicts.values()):
        raise refused("other_group", _("This criterion does not count for the participant's group."))
    return line
