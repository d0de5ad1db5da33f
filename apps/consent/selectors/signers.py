"""Who must sign for a participant, and under which words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.consent import rules
from apps.consent.models import ConsentDocumentText
from apps.consent.rules.due import Due
from apps.enrolment.models import Participant


@dataclass(frozen=True)
class Asked:
    """One signature that is asked for on a day.

    signature: the kind of entry. by_representative: who signs. purpose: which form (DocumentPurpose). texts: language →
    the text in force. signed: the entry that gives it already, None while it is to be signed. session: for the
    procedures of one session only.
    """

    signature: str
    by_representative: bool
    purpose: str
    texts: Mapping[str, ConsentDocumentText] = field(default_factory=dict)
    signed: rules.Event | None = None
    witness: bool = False
    recording: bool = False
    due: Due | None = None
    session: int | None = None

    @property
    def to_be_signed(self) -> bool:
        return self.signed is None or self.due is not None


def to_sign(participant: Participant, on: dt.date | None = None) -> list[Asked]:
    """Every signature that is asked for on the day (None: today at the site), signed or not, in order of signing."""
    return []
