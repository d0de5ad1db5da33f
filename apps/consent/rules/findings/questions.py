"""Asks the sixteen questions of an ethics auditor (domain.md §5) of one participant. Pure.

What the record cannot decide is a finding with the verdict "indeterminate", never a silent pass.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from apps.consent.rules.findings.approvals import approvals
from apps.consent.rules.findings.case import Asking, Case, ConsentFinding
from apps.consent.rules.findings.catalogue import NUMBERS
from apps.consent.rules.findings.corrections import corrections
from apps.consent.rules.findings.documents import amendments, right_document
from apps.consent.rules.findings.minors import minors, turned_adult
from apps.consent.rules.findings.order import before_first_procedure, screened_only, sessions_covered
from apps.consent.rules.findings.people import obtained, recorded, witnessed
from apps.consent.rules.findings.signing import copies, dates
from apps.consent.rules.findings.site import Site, Study
from apps.consent.rules.findings.withdrawal import after_withdrawal, optional_items

Question = Callable[[Asking], Iterator[ConsentFinding]]

ASKED: Mapping[int, Question] = {
    1: before_first_procedure,
    2: right_document,
    3: dates,
    4: minors,
    5: turned_adult,
    6: obtained,
    7: witnessed,
    8: recorded,
    9: copies,
    10: amendments,
    11: after_withdrawal,
    12: optional_items,
    13: sessions_covered,
    14: screened_only,
    15: approvals,
    16: corrections,
}


def consent_findings(
    case: Case, site: Site, study: Study, numbers: Collection[int] = NUMBERS
) -> list[ConsentFinding]:
    """The findings of one participant, by number of the question; numbers: the questions to ask."""
    asking = Asking(case, site, study)
    return [one for number, ask in ASKED.items() if number in numbers for one in ask(asking)]
