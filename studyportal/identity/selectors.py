"""Reading identities. `identity_of` is the only road by which a plain identity leaves this package."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import PermissionDenied

from studyportal.access.declare import get_visible_or_404, refusal
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.identity import looks, rules, sealing
from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.models import Identity
from studyportal.identity.person import Person

logger = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class Known:
    """A plain identity, and the row that it came from."""

    person: Person
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime


def participant_or_404(user: User, code: str, permission: Permission) -> Any:
    """The participant with this code at a site where the user holds the permission; Http404 otherwise."""
    model = apps.get_model(settings.PARTICIPANT_MODEL)
    return get_visible_or_404(
        model._default_manager.select_related("site"), user, permission, code=code.replace("\x00", "")
    )


def identity_of(participant: Any, by: User, purpose: str) -> Known | None:
    """Who the participant is, None when it is not recorded. The look is logged, whatever comes of it.

    purpose: why it is read, for the log; never a value.
    Raises PermissionDenied unless `by` may see identities at the participant's site, and CannotBeOpened.
    """
    if not by.may(Permission.VIEW_IDENTITY, participant.site_id):
        raise PermissionDenied(refusal(Permission.VIEW_IDENTITY))
    looks.log(by=by, site=participant.site, participant_code=participant.code, detail=purpose)
    row = Identity.objects.filter(participant_id=participant.pk).first()
    if row is None:
        return None
    return Known(opened(row), row.version, row.created_at, row.updated_at)


def opened(row: Any) -> Person:
    """The person in a row or in a row of its history; for this package only, because it asks for no permission."""
    try:
        return sealing.unseal(row.sealed, row.key_id, participant_id=row.participant_id, site_id=row.site_id)
    except CannotBeOpened as error:
        logger.error("The identity of participant %s cannot be opened: %s", row.participant_id, error.why)
        raise


def mentioned_in(participant: Any, text: str, by: User) -> bool:
    """Whether a free text about the participant gives the identity away.

    False for those who may not see the identity: the answer would tell them something of it.
    """
    if not text.strip() or not by.may(Permission.VIEW_IDENTITY, participant.site_id):
        return False
    row = Identity.objects.filter(participant_id=participant.pk).first()
    if row is None:
        return False
    try:
        return rules.mentions(opened(row), text)
    except CannotBeOpened:
        return False


def find_by_hospital_number(text: str, by: User) -> list[Any]:
    """The participants with exactly this hospital number at the sites where `by` may see identities.

    One at most for each site. The search is logged, without the number. Raises rules.Impossible.
    """
    if not text.strip():
        raise rules.Impossible("no_number")
    sites = sites_seen_by(by)
    indexes = {sealing.index_of(text, site.pk): site.pk for site in sites}
    rows = Identity.objects.filter(
        hospital_number_index__in=[index for index in indexes if index], site_id__in=[s.pk for s in sites]
    ).select_related("participant__site")
    found = [row.participant for row in rows if indexes.get(row.hospital_number_index) == row.site_id]
    if not found:
        looks.log_search(by=by, site=sites[0] if len(sites) == 1 else None)
    for participant in found:
        looks.log_search(by=by, site=participant.site, participant_code=participant.code)
    return found


def sites_seen_by(user: User) -> list[Site]:
    """The sites at which the user may see identities."""
    reached = user.sites_with(Permission.VIEW_IDENTITY)
    sites = Site.objects.order_by("code")
    return list(sites if isinstance(reached, AllSites) else sites.filter(pk__in=reached))
