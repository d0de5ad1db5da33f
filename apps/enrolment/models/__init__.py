"""What enrolment keeps, by topic."""

from apps.enrolment.models.groups import GroupEvent, GroupEventKind
from apps.enrolment.models.history import (
    AdmissionReason,
    AgeBasis,
    Comorbidity,
    Country,
    Demographics,
    DiabetesType,
    Education,
    Hospitalisation,
    Language,
    MedicalHistory,
    OnsetSymptom,
    Severity,
    Sex,
)
from apps.enrolment.models.participant import CodeSequence, Group, Participant, ParticipantStatus
from apps.enrolment.models.screening import Referral, ScreeningEntry, ScreeningOutcome, ScreeningReason

__all__ = [
    "AdmissionReason",
    "AgeBasis",
    "CodeSequence",
    "Comorbidity",
    "Country",
    "Demographics",
    "DiabetesType",
    "Education",
    "Group",
    "GroupEvent",
    "GroupEventKind",
    "Hospitalisation",
    "Language",
    "MedicalHistory",
    "OnsetSymptom",
    "Participant",
    "ParticipantStatus",
    "Referral",
    "ScreeningEntry",
    "ScreeningOutcome",
    "ScreeningReason",
    "Severity",
    "Sex",
]
