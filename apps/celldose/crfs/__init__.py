"""The forms of a cell session, by topic. Pages, API, export and dictionary come from these declarations."""

from apps.celldose.crfs.custody import ALIQUOT, CELL_PRODUCT, CONTAINER, DISCARD, HAND_OVER, IDENTITY_CHECK
from apps.celldose.crfs.groups import TREATED
from apps.celldose.crfs.infusion import INFUSION, INFUSION_EVENT, OBSERVATIONS
from apps.celldose.crfs.laboratory import (
    CELL_COUNTS,
    MICROBIOLOGY,
    PHENOTYPE,
    PROCESSING,
    REAGENT_LOT,
    VIABILITY,
)
from apps.celldose.crfs.release import RELEASE, VERDICTS, criteria_table
from apps.celldose.crfs.session import CELL_SESSION, DONOR_TESTS, DOSE_PLAN, HARVEST

__all__ = [
    "ALIQUOT",
    "CELL_COUNTS",
    "CELL_PRODUCT",
    "CELL_SESSION",
    "CONTAINER",
    "DISCARD",
    "DONOR_TESTS",
    "DOSE_PLAN",
    "HAND_OVER",
    "HARVEST",
    "IDENTITY_CHECK",
    "INFUSION",
    "INFUSION_EVENT",
    "MICROBIOLOGY",
    "OBSERVATIONS",
    "PHENOTYPE",
    "PROCESSING",
    "REAGENT_LOT",
    "RELEASE",
    "TREATED",
    "VERDICTS",
    "VIABILITY",
    "criteria_table",
]
