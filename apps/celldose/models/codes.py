"""Code lists of the cell product record (domain reference §4)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Tissue(TextChoices):
    BONE_MARROW = "bone_marrow", _("Bone marrow")
    ADIPOSE = "adipose", _("Adipose tissue")


class Component(TextChoices):
    BM_MNC = "bm_mnc", _("BM-MNC: bone-marrow mononuclear cells")
    SVF = "svf", _("SVF: stromal vascular fraction")


class AnatomicalSite(TextChoices):
    ILIAC_CREST = "iliac_crest", _("Iliac crest")
    POSTERIOR_ILIAC_CREST = "posterior_iliac_crest", _("Posterior iliac crest")
    ANTERIOR_ILIAC_CREST = "anterior_iliac_crest", _("Anterior iliac crest")
    GLUTEAL = "gluteal", _("Gluteal region")
    ABDOMEN = "abdomen", _("Abdomen")
    FLANK = "flank", _("Flank")
    THIGH = "thigh", _("Thigh")
    OTHER = "other", _("Other")


class Laterality(TextChoices):
    LEFT = "left", _("Left")
    RIGHT = "right", _("Right")
    BILATERAL = "bilateral", _("Both sides")


class Anaesthesia(TextChoices):
    LOCAL = "local", _("Local")
    SEDATION = "sedation", _("Sedation")
    GENERAL = "general", _("General")


class Anticoagulant(TextChoices):
    HEPARIN = "heparin", _("Heparin")
    ACD_A = "acd_a", _("ACD-A")
    CPD = "cpd", _("CPD")
    NONE = "none", _("None")
    OTHER = "other", _("Other")


class HarvestComplication(TextChoices):
    NONE = "none", _("None")
    PAIN = "pain", _("Pain needing treatment")
    HAEMATOMA = "haematoma", _("Haematoma")
    BLEEDING = "bleeding", _("Bleeding")
    INFECTION = "infection", _("Infection")
    VASOVAGAL = "vasovagal", _("Vasovagal reaction")
    OTHER = "other", _("Other")


class DonorTestResult(TextChoices):
    NEGATIVE = "negative", _("Negative")
    POSITIVE = "positive", _("Positive")
    INDETERMINATE = "indeterminate", _("Indeterminate")


class IdentityStep(TextChoices):
    COLLECTION = "collection", _("Collection")
    RECEIPT = "receipt", _("Receipt in the laboratory")
    ISSUE = "issue", _("Issue to the ward")
    BEDSIDE = "bedside", _("Bedside")


class ProcessingMethod(TextChoices):
    DENSITY_GRADIENT = "density_gradient", _("Density gradient")
    DEVICE = "device", _("Closed device")
    ENZYMATIC = "enzymatic", _("Enzymatic digestion")
    MECHANICAL = "mechanical", _("Mechanical dissociation")


class Storage(TextChoices):
    REFRIGERATED = "refrigerated", _("Refrigerated, 2–6 °C")
    ROOM_TEMPERATURE = "room_temperature", _("Room temperature")


class ViabilityMethod(TextChoices):
    TRYPAN_BLUE = "trypan_blue", _("Trypan blue")
    SEVEN_AAD = "seven_aad", _("7-AAD")
    FLUORESCENT_COUNTER = "fluorescent_counter", _("Fluorescent counter")


class GramStain(TextChoices):
    PENDING = "pending", _("Pending")
    NEGATIVE = "negative", _("No organism seen")
    POSITIVE = "positive", _("Organism seen")


class Culture(TextChoices):
    PENDING = "pending", _("Pending")
    NO_GROWTH = "no_growth", _("No growth")
    GROWTH = "growth", _("Growth")


class Decision(TextChoices):
    RELEASED = "released", _("Released")
    CONDITIONAL = "conditional", _("Released conditionally, results pending")
    REJECTED = "rejected", _("Rejected")


class Route(TextChoices):
    INTRAVENOUS = "intravenous", _("Intravenous")
    INTRA_ARTERIAL = "intra_arterial", _("Intra-arterial")
    OTHER = "other", _("Other")


class Line(TextChoices):
    PERIPHERAL = "peripheral", _("Peripheral cannula")
    CENTRAL = "central", _("Central venous line")
    OTHER = "other", _("Other")


class Timepoint(TextChoices):
    """Nominal times from the start of the infusion (domain reference §4)."""

    MINUS_15_MIN = "minus_15_min", _("15 min before")
    START = "start", _("At the start")
    PLUS_15_MIN = "plus_15_min", _("15 min")
    PLUS_30_MIN = "plus_30_min", _("30 min")
    PLUS_60_MIN = "plus_60_min", _("60 min")
    PLUS_2_H = "plus_2_h", _("2 h")
    PLUS_4_H = "plus_4_h", _("4 h")
    PLUS_24_H = "plus_24_h", _("24 h")


class Reaction(TextChoices):
    NONE = "none", _("None")
    FEVER = "fever", _("Fever")
    CHILLS = "chills", _("Chills")
    URTICARIA = "urticaria", _("Urticaria")
    DYSPNOEA = "dyspnoea", _("Dyspnoea")
    HYPOTENSION = "hypotension", _("Hypotension")
    CHEST_PAIN = "chest_pain", _("Chest pain")
    NAUSEA = "nausea", _("Nausea or vomiting")
    OTHER = "other", _("Other")


class DiscardReason(TextChoices):
    EXPIRED = "expired", _("Expired")
    REJECTED = "rejected", _("Release refused")
    DAMAGED = "damaged", _("Container damaged or product clotted")
    NOT_NEEDED = "not_needed", _("Not needed")
    PARTICIPANT_WITHDREW = "participant_withdrew", _("Participant withdrew")
    OTHER = "other", _("Other")
