"""Reading participants, always within what the user may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from apps.enrolment import checks, rules
from apps.enrolment.models import Demographics, MedicalHistory, Participant
from studyportal import protocol
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.partial_date import PartialDate
from studyportal.identity import births
from studyportal.queries.models import Query, QueryState


def participants(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[Participant]:
    """The participants of the sites where the user holds the permission, in order of entry."""
    return (
        Participant.objects.visible_to(user, permission).select_related("site", "matched_case").order_by("id")
    )


def participant_or_404(user: User, code: str, permission: Permission = Permission.VIEW_DATA) -> Participant:
    """The participant with this code; Http404 when there is none or it is another site's."""
    found: Participant = get_visible_or_404(
        Participant.objects.select_related("site", "matched_case"), user, permission, code=code
    )
    return found


def code_looks_wrong(code: str) -> bool:
    """Whether a code typed by a person cannot be one: shape or check character."""
    return not rules.is_participant_code(code.strip().upper())


def usual_age() -> tuple[int, int] | None:
    """The ages that the protocol's eligibility expects, None when it says nothing."""
    for criterion in protocol.current().eligibility.values():
        if criterion.key == "age" and criterion.minimum is not None and criterion.maximum is not None:
            return int(criterion.minimum), int(criterion.maximum)
    return None


def demographics_context(record: Demographics) -> Mapping[str, Any]:
    expected = usual_age()
    context: dict[str, Any] = {"age_disagrees": _age_disagrees(record)}
    return context if expected is None else context | {"usual_age": expected}


def _age_disagrees(record: Demographics) -> bool:
    """Whether age and birth date disagree; where this process cannot know, what was found before still stands."""
    found = births.age_disagrees(record.participant, record.age_at_enrolment, _enrolled(record.participant))
    if found is not None or record.pk is None:
        return bool(found)
    standing = Query.objects.filter(form="demographics", object_id=record.pk, code=checks.AGE_DISAGREES)
    return standing.exclude(state=QueryState.CLOSED).exists()


def _enrolled(participant: Participant) -> PartialDate | None:
    """When the age at enrolment was the age: without a day of enrolment, about when the portal came to know of the
    participant; for a published case nobody knows."""
    if participant.enrolled_on is not None:
        return participant.enrolled_on
    return None if participant.retrospective else PartialDate.of(participant.created_at.date())


def hospitalisation_context(record: Any) -> Mapping[str, Any]:
    history = (
        MedicalHistory.objects.filter(participant_id=record.participant_id)
        .values_list("dka_history", flat=True)
        .first()
    )
    return {"dka_history": history}
