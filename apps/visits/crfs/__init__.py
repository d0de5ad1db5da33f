"""The forms of a visit, by topic, in the order in which they are filled."""
# ruff: noqa: I001 (the order of the imports is the order of the forms)

from apps.visits.crfs.gates import visit_took_place
from apps.visits.crfs.body import VITAL_SIGNS
from apps.visits.crfs.symptoms import SYMPTOMS
from apps.visits.crfs.insulin import INSULIN
from apps.visits.crfs.lifestyle import LIFESTYLE
from apps.visits.crfs.quality import QUALITY_OF_LIFE
from apps.visits.crfs.mixed_meal import MIXED_MEAL_TEST
from apps.visits.crfs.complications import COMPLICATIONS
from apps.visits.crfs.pregnancy import PREGNANCY_TEST
from apps.visits.crfs.medication import CONCOMITANT_MEDICATION

__all__ = [
    "COMPLICATIONS",
    "CONCOMITANT_MEDICATION",
    "INSULIN",
    "LIFESTYLE",
    "MIXED_MEAL_TEST",
    "PREGNANCY_TEST",
    "QUALITY_OF_LIFE",
    "SYMPTOMS",
    "VITAL_SIGNS",
    "visit_took_place",
]
