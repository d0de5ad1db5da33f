"""Visits, and the forms that are filled at a visit."""

from apps.visits.models.body import VitalSigns
from apps.visits.models.feed import CalendarFeed
from apps.visits.models.insulin import InsulinProduct, InsulinRole, InsulinUse
from apps.visits.models.lifestyle import Adherence, Diet, ExerciseIntensity, Lifestyle
from apps.visits.models.symptoms import Compared, GeneralHealth, Symptoms
from apps.visits.models.visit import Anchor, MissedReason, Visit, VisitRecord, VisitStatus, WindowState

__all__ = [
    "Adherence",
    "Anchor",
    "CalendarFeed",
    "Compared",
    "Diet",
    "ExerciseIntensity",
    "GeneralHealth",
    "InsulinProduct",
    "InsulinRole",
    "InsulinUse",
    "Lifestyle",
    "MissedReason",
    "Symptoms",
    "Visit",
    "VisitRecord",
    "VisitStatus",
    "VitalSigns",
    "WindowState",
]
