"""To which of a participant's times in a group something belongs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from apps.enrolment.models import GroupEvent, GroupEventKind, Participant
from apps.enrolment.rules import Spell
from apps.enrolment.selectors import spells_for
from studyportal.crf.partial_date import PartialDate


class Times:
    """The times in a group of many participants. Nearly everybody has one or none; who crossed over has two."""

    def __init__(self, spells: Mapping[int, Sequence[Spell]]) -> None:
        self._spells = spells
        self.several = frozenset(pk for pk, own in spells.items() if len(own) > 1)

    def of(self, pk: int) -> Sequence[Spell]:
        return self._spells.get(pk, ())

    def last(self, pk: int) -> int:
        """The index of the time that lasts; 0 for who is in no group."""
        return max(len(self.of(pk)) - 1, 0)

    def index_of(self, pk: int, day: PartialDate | None, number: int = 1) -> int:
        """The time to which a visit belongs: that in which its day lies; without a day, by its number.

        A day counts for the time before only when it lies there whatever it means: from the day of the treatment on
        no value is one of a control. A repeated visit of the protocol belongs to the time of its number.
        """
        if pk not in self.several:
            return 0
        own = self.of(pk)
        if day is None or day.latest is None:
            return min(number, len(own)) - 1
        for index, spell in enumerate(own):
            if (
                spell.ends is not None
                and spell.ends.earliest is not None
                and day.latest < spell.ends.earliest
            ):
                return index
        return len(own) - 1


def times_of(site_ids: Collection[int] | None) -> Times:
    """The times of those who crossed over at the sites (None: all). Everybody else has one, that of today."""
    crossed = GroupEvent.objects.filter(kind=GroupEventKind.CROSSED_OVER)
    if site_ids is not None:
        crossed = crossed.filter(site_id__in=site_ids)
    people = Participant.objects.filter(pk__in=crossed.values("participant_id"))
    return Times({pk: own for pk, own in spells_for(people).items() if len(own) > 1})
