"""Visits, and the forms that are filled at a visit."""

from apps.visits.models.body import Position, VitalSigns
from apps.visits.models.complications import Complications, Domain, ScreenMethod, ScreenResult
from apps.visits.models.feed import CalendarFeed
from apps.visits.models.insulin import (
    CHANGED,
    ChangeReason,
    DoseChange,
    InsulinProduct,
    InsulinRole,
    InsulinUse,
)
from apps.visits.models.lifestyle import Adherence, Diet, ExerciseIntensity, Lifestyle
from apps.visits.models.medication import ConcomitantMedication, DoseUnit, Frequency, Route
from apps.visits.models.mixed_meal import MixedMealTest, planned_minutes
from apps.visits.models.pregnancy import NotNeeded, PregnancyTest, Specimen, TestResult
from apps.visits.models.quality import AnsweredBy, QualityOfLife, Troubled
from apps.visits.models.symptoms import Compared, GeneralHealth, Symptoms
from apps.visits.models.visit import Anchor, MissedReason, Visit, VisitRecord, VisitStatus, WindowState

__all__ = [
    "CHANGED",
    "Adherence",
    "Anchor",
    "AnsweredBy",
    "CalendarFeed",
    "ChangeReason",
    "Compared",
    "Complications",
    "ConcomitantMedication",
    "Diet",
    "Domain",
    "DoseChange",
    "DoseUnit",
    "ExerciseIntensity",
    "Frequency",
    "GeneralHealth",
    "InsulinProduct",
    "InsulinRole",
    "InsulinUse",
    "Lifestyle",
    "MissedReason",
    "MixedMealTest",
    "NotNeeded",
    "Position",
    "PregnancyTest",
    "QualityOfLife",
    "Route",
    "ScreenMethod",
    "ScreenResult",
    "Specimen",
    "Symptoms",
    "TestResult",
    "Troubled",
    "Visit",
    "VisitRecord",
    "VisitStatus",
    "VitalSigns",
    "WindowState",
    "planned_minutes",
]
