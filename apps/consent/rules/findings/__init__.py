"""The sixteen questions of an ethics auditor, told from the log and from what was done. Pure."""

from apps.consent.rules.findings.case import About, Case, ConsentFinding, Procedure
from apps.consent.rules.findings.catalogue import BY_NUMBER, NUMBERS, QUESTIONS, Question
from apps.consent.rules.findings.questions import consent_findings
from apps.consent.rules.findings.site import Held, Site, Study

__all__ = [
    "BY_NUMBER",
    "NUMBERS",
    "QUESTIONS",
    "About",
    "Case",
    "ConsentFinding",
    "Held",
    "Procedure",
    "Question",
    "Site",
    "Study",
    "consent_findings",
]
