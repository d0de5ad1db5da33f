"""Codes of participants and numbers of the screening log: one counter per site, locked while it is read."""

from __future__ import annotations

from apps.enrolment import rules
from apps.enrolment.models import CodeSequence
from studyportal.access.models import Site


def next_code(site: Site) -> str:
    """The next participant code of the site, within the caller's transaction."""
    sequence = _locked(site)
    sequence.last += 1
    sequence.save(update_fields=["last"])
    return rules.participant_code(site.code, sequence.last)


def next_screening_numbers(site: Site, count: int = 1) -> list[str]:
    """The next `count` numbers of the site's screening log, in one block."""
    sequence = _locked(site)
    first = sequence.last_screened + 1
    sequence.last_screened += count
    sequence.save(update_fields=["last_screened"])
    return [rules.screening_number(site.code, number) for number in range(first, first + count)]


def _locked(site: Site) -> CodeSequence:
    """The row stays locked until the transaction ends, so a number that was given is given once."""
    CodeSequence.objects.get_or_create(site=site)
    return CodeSequence.objects.select_for_update().get(site=site)
