"""The forms of a visit, by topic, in the order in which they are filled."""
# ruff: noqa: I001 (the order of the imports is the order of the forms)

from apps.visits.crfs.gates import visit_took_place
from apps.visits.crfs.body import VITAL_SIGNS
from apps.visits.crfs.symptoms import SYMPTOMS
from apps.visits.crfs.insulin import INSULIN
from apps.visits.crfs.lifestyle import LIFESTYLE

__all__ = ["INSULIN", "LIFESTYLE", "SYMPTOMS", "VITAL_SIGNS", "visit_took_place"]
