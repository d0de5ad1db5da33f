"""Records of a cell therapy session: session → harvest → product → infusion (domain reference §4)."""

from apps.celldose.models.codes import (
    Component,
    Culture,
    Decision,
    GramStain,
    IdentityStep,
    Informed,
    ProcessingMethod,
    Storage,
    Timepoint,
    Tissue,
)
from apps.celldose.models.custody import (
    Aliquot,
    Container,
    DonationNumber,
    HandOver,
    IdentityReading,
    LabelPrint,
    NearMiss,
)
from apps.celldose.models.infusion import Infusion, InfusionHappening, InfusionObservation
from apps.celldose.models.laboratory import CellCounts, Microbiology, Phenotype, Viability
from apps.celldose.models.plan import DosePlan
from apps.celldose.models.product import (
    CellProduct,
    Discard,
    IdentityCheck,
    Processing,
    ReagentLot,
)
from apps.celldose.models.release import Release, ReleaseEvaluation
from apps.celldose.models.session import CellSession, DonorTests, Harvest

__all__ = [
    "Aliquot",
    "CellCounts",
    "CellProduct",
    "CellSession",
    "Component",
    "Container",
    "Culture",
    "Decision",
    "Discard",
    "DonationNumber",
    "DonorTests",
    "DosePlan",
    "GramStain",
    "HandOver",
    "Harvest",
    "IdentityCheck",
    "IdentityReading",
    "IdentityStep",
    "Informed",
    "Infusion",
    "InfusionHappening",
    "InfusionObservation",
    "LabelPrint",
    "Microbiology",
    "NearMiss",
    "Phenotype",
    "Processing",
    "ProcessingMethod",
    "ReagentLot",
    "Release",
    "ReleaseEvaluation",
    "Storage",
    "Timepoint",
    "Tissue",
    "Viability",
]
