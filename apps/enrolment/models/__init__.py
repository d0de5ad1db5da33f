"""What enrolment keeps, by topic."""

from apps.enrolment.models.approvals import ApprovalSuspension, SiteApproval, SuspensionKind
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

__all__ = [
    "AdmissionReason",
    "AgeBasis",
    "ApprovalSuspension",
    "CodeSequence",
    "Comorbidity",
    "Country",
    "Demographics",
    "DiabetesType",
    "Education",
    "Group",
    "Hospitalisation",
    "Language",
    "MedicalHistory",
    "OnsetSymptom",
    "Participant",
    "ParticipantStatus",
    "Severity",
    "Sex",
    "SiteApproval",
    "SuspensionKind",
]
