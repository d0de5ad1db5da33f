"""What the rules and checks of the forms need to know of other records: the one place that asks the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.enrolment import checks, signals
from apps.enrolment.models import (
    AntibodyAtDiagnosis,
    Demographics,
    EndOfStudy,
    Hospitalisation,
    Language,
    LostToFollowUp,
    MedicalHistory,
    Participant,
)
from studyportal import protocol
from studyportal.crf.partial_date import PartialDate
from studyportal.identity import births
from studyportal.queries.models import Query, QueryState


def usual_age() -> tuple[int, int] | None:
    """The ages that the protocol's eligibility expects, None when it says nothing."""
    for criterion in protocol.current().eligibility.values():
        if criterion.key == "age" and criterion.minimum is not None and criterion.maximum is not None:
            return int(criterion.minimum), int(criterion.maximum)
    return None


def consent_languages() -> dict[str, str]:
    """Code → words, of the languages in which the protocol has consent documents."""
    words = dict(Language.choices)
    return {code: str(words.get(code, code)) for code in protocol.current().consent.languages}


def demographics_context(record: Demographics) -> Mapping[str, Any]:
    context: dict[str, Any] = {
        "consent_languages": consent_languages(),
        "diagnosed_on": _of_history(record.participant_id, "diagnosed_on"),
        "age_disagrees": _age_disagrees(record),
    }
    if (expected := usual_age()) is not None:
        context["usual_age"] = expected
    return context


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


def history_context(record: MedicalHistory) -> Mapping[str, Any]:
    """Age and sex of the demographics, the day of enrolment, and the antibodies at diagnosis."""
    age, sex = Demographics.objects.filter(participant_id=record.participant_id).values_list(
        "age_at_enrolment", "sex"
    ).first() or (None, None)
    return {
        "age_at_enrolment": age,
        "sex": sex,
        "enrolled_on": record.participant.enrolled_on,
        "antibodies": dict(
            AntibodyAtDiagnosis.objects.filter(
                participant_id=record.participant_id, antibody__isnull=False
            ).values_list("antibody", "result")
        ),
    }


def antibody_context(record: AntibodyAtDiagnosis) -> Mapping[str, Any]:
    """Since when insulin is taken, and the units that the protocol knows for the antibody."""
    analyte = protocol.current().analytes.get(record.antibody) if record.antibody else None
    return {
        "insulin_since": _of_history(record.participant_id, "insulin_since")
        if record.antibody == "iaa"
        else None,
        "units": () if analyte is None else tuple(analyte.units),
    }


def hospitalisation_context(record: Hospitalisation) -> Mapping[str, Any]:
    return {"dka_history": _of_history(record.participant_id, "dka_history")}


def _of_history(participant_id: int, name: str) -> Any:
    return MedicalHistory.objects.filter(participant_id=participant_id).values_list(name, flat=True).first()


def standing_loss(participant_id: int, *, besides: int | None = None) -> LostToFollowUp | None:
    """The loss to follow-up from which the participant is not yet recorded as found again."""
    return (
        LostToFollowUp.objects.filter(participant_id=participant_id, declared_on__isnull=False)
        .exclude(found_again=True)
        .exclude(pk=besides)
        .order_by("-declared_on", "-id")
        .first()
    )


def loss_context(record: LostToFollowUp) -> Mapping[str, Any]:
    """What the protocol asks before a participant is lost, and the end of study if there is one."""
    asked = protocol.current().follow_up
    end = (
        EndOfStudy.objects.filter(participant_id=record.participant_id)
        .values_list("reason", "ended_on")
        .first()
    )
    reason, ended_on = end or (None, None)
    context: dict[str, Any] = {"end": reason, "ended_on": ended_on}
    if asked is not None:
        context |= {
            "attempts_before_lost": asked.attempts_before_lost,
            "ways_before_lost": asked.ways_before_lost,
            "days_before_lost": asked.days_before_lost,
        }
    return context


def end_context(record: EndOfStudy) -> Mapping[str, Any]:
    """Whether the participant stands as lost, and what the apps above find about this end."""
    answers: Any = signals.end_of_study_asked.send(sender=EndOfStudy, record=record)
    return {
        "still_lost": standing_loss(record.participant_id) is not None,
        "from_above": [finding for _receiver, answer in answers for finding in answer or ()],
    }
