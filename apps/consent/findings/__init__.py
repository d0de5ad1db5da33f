"""The sixteen questions of an ethics auditor, told from the log and from what was done. Pure."""

from apps.consent.findings.case import Case, ConsentFinding, Procedure
from apps.consent.findings.questions import consent_findings

__all__ = ["Case", "ConsentFinding", "Procedure", "consent_findings"]
