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
    EXCEPTIONAL = "exceptional", _("Exceptional release, out of specification")
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
    POSITIVE_CULTURE = "positive_culture", _("Positive culture")
    IDENTITY = "identity", _("Identity in doubt")
    OTHER = "other", _("Other")


class ContainerKind(TextChoices):
    BAG = "bag", _("Bag")
    SYRINGE = "syringe", _("Syringe")
    VIAL = "vial", _("Vial")
    TUBE = "tube", _("Tube")


class AliquotPurpose(TextChoices):
    COUNT = "count", _("Counts and viability")
    PHENOTYPE = "phenotype", _("Phenotype")
    STERILITY = "sterility", _("Cultures")
    ENDOTOXIN = "endotoxin", _("Endotoxin")
    RETENTION = "retention", _("Retained sample")
    RESEARCH = "research", _("Stored for research")


class Disposition(TextChoices):
    IN_STORE = "in_store", _("In store")
    USED_UP = "used_up", _("Used up")
    SENT = "sent", _("Sent to another laboratory")
    DESTROYED = "destroyed", _("Destroyed")


class Leg(TextChoices):
    TO_LABORATORY = "to_laboratory", _("From the theatre to the laboratory")
    TO_STORE = "to_store", _("Into the store")
    FROM_STORE = "from_store", _("Out of the store")
    TO_WARD = "to_ward", _("From the laboratory to the ward")
    RETURNED = "returned", _("Back to the laboratory")
    TO_DISPOSAL = "to_disposal", _("To disposal")


class Condition(TextChoices):
    INTACT = "intact", _("Intact")
    LEAKING = "leaking", _("Leaking or damaged")
    CLOTTED = "clotted", _("Clotted")
    TOO_WARM = "too_warm", _("Too warm")
    TOO_COLD = "too_cold", _("Too cold")
    LABEL_UNREADABLE = "label_unreadable", _("Label not readable")


class HowRead(TextChoices):
    SCANNED = "scanned", _("Scanned")
    TYPED = "typed", _("Typed from the label")
    PAPER = "paper", _("From a signed sheet, entered later")


class Severity(TextChoices):
    MILD = "mild", _("Mild")
    MODERATE = "moderate", _("Moderate")
    SEVERE = "severe", _("Severe")


class Comorbidity(TextChoices):
    NONE = "none", _("None")
    NEPHROPATHY = "nephropathy", _("Nephropathy")
    RETINOPATHY = "retinopathy", _("Retinopathy")
    NEUROPATHY = "neuropathy", _("Neuropathy")
    CARDIOVASCULAR = "cardiovascular", _("Cardiovascular disease")
    HYPERTENSION = "hypertension", _("Hypertension")
    THYROID = "thyroid", _("Thyroid disease")
    COELIAC = "coeliac", _("Coeliac disease")
    OBESITY = "obesity", _("Obesity")
    OTHER = "other", _("Other")


class Gating(TextChoices):
    ISHAGE_SINGLE = "ishage_single", _("ISHAGE, single platform")
    ISHAGE_DUAL = "ishage_dual", _("ISHAGE, dual platform")
    OTHER = "other", _("Other")


class HappeningKind(TextChoices):
    PREMEDICATION = "premedication", _("Premedication given")
    RATE = "rate", _("Rate set or changed")
    INTERRUPTION = "interruption", _("Interrupted")
    RESUMPTION = "resumption", _("Resumed")
    REACTION = "reaction", _("Reaction")
    TREATMENT = "treatment", _("Treatment of a reaction")
    FLUSH = "flush", _("Line flushed")


class Destruction(TextChoices):
    INCINERATED = "incinerated", _("Incinerated as clinical waste")
    AUTOCLAVED = "autoclaved", _("Autoclaved")
    RETURNED = "returned", _("Returned to the laboratory")
    OTHER = "other", _("Other")


class Informed(TextChoices):
    PHYSICIAN = "physician", _("The treating physician")
    PARTICIPANT = "participant", _("The participant or representative")
    COMMITTEE = "committee", _("The ethics committee")
    SPONSOR = "sponsor", _("The sponsor")
