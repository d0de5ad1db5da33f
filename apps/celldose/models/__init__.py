"""Records of a cell therapy session: session → harvest → product → infusion (domain reference §4)."""

from apps.celldose.models.codes import (
    Component,
    Culture,
    Decision,
    GramStain,
    IdentityStep,
    ProcessingMethod,
    Storage,
    Timepoint,
    Tissue,
)
from apps.celldose.models.infusion import Infusion, InfusionObservation
from apps.celldose.models.laboratory import CellCounts, Microbiology, Phenotype, Viability
from apps.celldose.models.product import (
    CellProduct,
    Discard,
    IdentityCheck,
    Processing,
    ReagentLot,
    Transport,
)
from apps.celldose.models.release import Release, ReleaseEvaluation
from apps.celldose.models.session import CellSession, DonorTests, Harvest

__all__ = [
    "CellCounts",
    "CellProduct",
    "CellSession",
    "Component",
    "Culture",
    "Decision",
    "Discard",
    "DonorTests",
    "GramStain",
    "Harvest",
    "IdentityCheck",
    "IdentityStep",
    "Infusion",
    "InfusionObservation",
    "Microbiology",
    "Phenotype",
    "Processing",
    "ProcessingMethod",
    "ReagentLot",
    "Release",
    "ReleaseEvaluation",
    "Storage",
    "Timepoint",
    "Tissue",
    "Transport",
    "Viability",
]
