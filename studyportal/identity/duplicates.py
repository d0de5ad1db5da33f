"""Reading possible duplicates: the staff of a site their own participants', a data manager both codes of a pair.

Whoever may not see the other row of a pair is told that there is one and nothing of it: the other row stands at its own
site, behind both walls.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.identity import linkage
from studyportal.identity.models import Agreement, DuplicateState, LeftOutOfAnalysis, PossibleDuplicate

SHOWN = (Permission.RESOLVE_DUPLICATES, Permission.VIEW_IDENTITY)


@dataclass(frozen=True)
class Seen:
    """A possible duplicate as one person may see it. other: the other row of the pair, where it is that person's to see.
    agreement: what agrees, in words, where both are seen."""

    row: PossibleDuplicate
    other: PossibleDuplicate | None
    may_settle: bool

    @property
    def agreement(self) -> list[str]:
        if self.other is None:
            return []
        return [str(Agreement(kind).label) for kind in linkage.told(self.row.agreement)]

    @property
    def same_site(self) -> bool:
        return self.other is not None and self.other.site_id == self.row.site_id


def visible(user: User) -> QuerySet[PossibleDuplicate]:
    """The rows at the sites where the user may know identities, or settles."""
    return PossibleDuplicate.objects.filter(_own(user)).select_related("participant", "site", "settled_by")


def _own(user: User) -> Q:
    rows = PossibleDuplicate.objects
    found = Q(pk__in=())
    for permission in SHOWN:
        found |= Q(pk__in=rows.visible_to(user, permission).values("pk"))
    return found


def listed(user: User) -> QuerySet[PossibleDuplicate]:
    """One row for each pair: the earlier one, where both are seen. Newest first."""
    earlier = PossibleDuplicate.objects.filter(_own(user), pair=OuterRef("pair"), pk__lt=OuterRef("pk"))
    return visible(user).filter(~Exists(earlier)).order_by("-pk")


def seen(user: User, rows: Iterable[PossibleDuplicate]) -> list[Seen]:
    """The rows with what the user may see of the other of each pair, in one query."""
    own = list(rows)
    others = {
        (other.pair, other.participant_id): other
        for other in visible(user).filter(pair__in=[row.pair for row in own])
    }
    by_pair: dict[UUID, list[PossibleDuplicate]] = {}
    for (pair, _participant), other in others.items():
        by_pair.setdefault(pair, []).append(other)
    return [_as_seen(user, row, by_pair.get(row.pair, [])) for row in own]


def _as_seen(user: User, row: PossibleDuplicate, pair: list[PossibleDuplicate]) -> Seen:
    other = next((one for one in pair if one.participant_id != row.participant_id), None)
    settles = other is not None and all(
        user.may(Permission.RESOLVE_DUPLICATES, one.site_id) for one in (row, other)
    )
    return Seen(row, other, settles)


def pair_or_404(user: User, pair: UUID) -> Seen:
    """A pair that the user settles; Http404 for everything else."""
    found = next(iter(seen(user, listed(user).filter(pair=pair))), None)
    if found is None or not found.may_settle:
        raise Http404(_("No pair with this identifier among those that you settle."))
    return found


def of_participant(user: User, participant: Any) -> list[Seen]:
    """Those that still stand: open, or settled as the same person. Empty for who may not see them."""
    if not any(user.may(permission, participant.site_id) for permission in SHOWN):
        return []
    standing = (DuplicateState.OPEN, DuplicateState.SAME_PERSON)
    return seen(user, visible(user).filter(participant_id=participant.pk, state__in=standing).order_by("pk"))


def alert_of(user: User, participant: Any) -> tuple[str, str, list[str]] | None:
    """Tone, title and particulars for the head of a participant's page; None where there is nothing to say to `user`."""
    found = of_participant(user, participant)
    if not found:
        return None
    lines = list(dict.fromkeys(_line(one) for one in found))
    if any(one.row.stays_in_analysis is False for one in found):
        return "bad", _("This participant is left out of the analysis"), lines
    if any(one.row.state == DuplicateState.OPEN for one in found):
        return "attention", _("This may be a person whom the study knows already"), lines
    return "info", _("Known under a second code"), lines


def _line(one: Seen) -> str:
    if one.row.state == DuplicateState.SAME_PERSON:
        where = (
            one.other.participant.code if one.other is not None else _("another participant of another site")
        )
        said = (
            _("The same person as %s, as a data manager settled. This code stays in the analysis.")
            if one.row.stays_in_analysis
            else _("The same person as %s, who stays in the analysis, as a data manager settled.")
        )
        return said % where
    if one.other is None:
        return _(
            "Another site may know this person too. The data manager has been told and settles it; ask the person"
            " whether he or she takes part elsewhere, and write nothing of it into a form."
        )
    return _("Perhaps the same person as %(code)s: %(what)s.") % {
        "code": one.other.participant.code,
        "what": "; ".join(one.agreement).lower(),
    }


def left_out(participant_ids: Iterable[int] | None = None) -> frozenset[int]:
    """The participants who are settled to be the same person as another, who stays: ids, of those asked about.

    Analyses, matching and enrolment leave them out. Whoever may read the participants may read this.
    """
    marks = LeftOutOfAnalysis.objects.all()
    if participant_ids is not None:
        marks = marks.filter(participant_id__in=list(participant_ids))
    return frozenset(marks.values_list("participant_id", flat=True))


def open_pairs_for(request: HttpRequest) -> int | None:
    """The number beside the entry of the navigation: pairs that wait for a data manager."""
    rows = PossibleDuplicate.objects.visible_to(request.user, Permission.RESOLVE_DUPLICATES)  # type: ignore[arg-type]
    count = rows.filter(state=DuplicateState.OPEN).values("pair").distinct().count()
    return count or None
