"""What the apps above identity may listen to. Sent inside the transaction of the change."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True)
class OnRecord:
    """A date that a record gives. label: what it is the date of; said: as people read it; latest: its last day."""

    label: str
    said: str
    latest: dt.date


# participant; answers: list[OnRecord], what is on record of the participant that nobody lives through before birth.
birth_date_asked = Signal()

# participant, by: User. An identity was saved: what rests on the birth date may be looked at again.
identity_recorded = Signal()

# stays, left: the two participants whom a data manager settled to be one person; by: User, reason: str.
# Sent when the decision is new, not when it is only worded anew.
same_person_settled = Signal()
