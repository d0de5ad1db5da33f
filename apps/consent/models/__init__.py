"""What consent keeps, by topic."""

from apps.consent.models.chain import ChainHead, Checkpoint, Verification
from apps.consent.models.documents import (
    ConsentDocument,
    ConsentDocumentText,
    DocumentKind,
    DocumentPurpose,
    DocumentState,
    ReconsentWhom,
)
from apps.consent.models.events import (
    ABOUT_A_SIGNATURE,
    OPTIONAL,
    AppendOnly,
    AudioVisual,
    Capacity,
    ConsentEvent,
    Kind,
    Method,
    Purpose,
    Signer,
    WithdrawalScope,
    WitnessRelation,
)
from apps.consent.models.tickets import EntryTicket

__all__ = [
    "ABOUT_A_SIGNATURE",
    "OPTIONAL",
    "AppendOnly",
    "AudioVisual",
    "Capacity",
    "ChainHead",
    "Checkpoint",
    "ConsentDocument",
    "ConsentDocumentText",
    "ConsentEvent",
    "DocumentKind",
    "DocumentPurpose",
    "DocumentState",
    "EntryTicket",
    "Kind",
    "Method",
    "Purpose",
    "ReconsentWhom",
    "Signer",
    "Verification",
    "WithdrawalScope",
    "WitnessRelation",
]
