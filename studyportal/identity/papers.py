"""Signed sheets, drawn signatures and attached photos of paper: they show who a participant is, so they are sealed as the identity is.

A sheet is kept once and never changed. What is read of it without the keys is its SHA-256, its size and its type.
`opened_paper` is the only road by which a plain sheet leaves this package, and each look is logged.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from studyportal.access.declare import get_visible_or_404, refusal
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.identity import looks, sealing
from studyportal.identity.errors import CannotBeOpened, IdentityInvalid, Problem
from studyportal.identity.models import Paper

logger = logging.getLogger(__name__)

# What a file is called at the site often is the person's name: a sheet is kept under a name of its own.
NAMES = {
    "application/pdf": "signed-sheet.pdf",
    "image/png": "signature.png",
    "image/jpeg": "signed-sheet.jpg",
}


class Sheet(Protocol):
    """A file that was accepted by its content (`files.checks.Accepted`)."""

    @property
    def content(self) -> bytes: ...
    @property
    def content_type(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class Whose(Protocol):
    """The participant whose sheet it is."""

    @property
    def pk(self) -> int: ...
    @property
    def site_id(self) -> int: ...


@dataclass(frozen=True, repr=False)
class OpenedPaper:
    """A plain sheet."""

    name: str
    content_type: str
    content: bytes
    sha256: str


def keep(*, participant: Whose, sheet: Sheet, by: User) -> Paper:
    """Seal a sheet and keep it; inside the transaction of who calls. A sheet that two people signed is kept once.

    Raises PermissionDenied unless `by` may record identities at the site, and IdentityInvalid in a process that has
    no keys.
    """
    if not by.may(Permission.EDIT_IDENTITY, participant.site_id):
        raise PermissionDenied(refusal(Permission.EDIT_IDENTITY))
    if settings.IDENTITY_CLOSED:
        raise IdentityInvalid(
            [
                Problem(
                    "sheet", "closed", _("This part of the portal has no keys and can keep no signed sheet.")
                )
            ]
        )
    held = Paper.objects.filter(participant_id=participant.pk, sha256=sheet.sha256).defer("sealed").first()
    if held is not None:
        return held
    sealed, key_id = sealing.seal_paper(
        sheet.content, participant_id=participant.pk, site_id=participant.site_id, sha256=sheet.sha256
    )
    return Paper.objects.create(
        site_id=participant.site_id,
        participant_id=participant.pk,
        name=NAMES[sheet.content_type],
        content_type=sheet.content_type,
        size=len(sheet.content),
        sha256=sheet.sha256,
        sealed=sealed,
        key_id=key_id,
        added_by=by,
    )


def opened_paper(pk: int, *, by: User, purpose: str, what: str = "signed_sheet") -> OpenedPaper:
    """The sheet as it was brought. The look is logged, whatever comes of it.

    purpose: why it is read, for the log; never a value. what: the code under which the look is logged.
    Raises Http404 for a sheet of a site where `by` may not see identities, and CannotBeOpened.
    """
    papers = Paper.objects.select_related("site", "participant")
    paper = get_visible_or_404(papers, by, Permission.VIEW_IDENTITY, pk=pk)
    looks.log_paper(
        by=by, site=paper.site, participant_code=paper.participant.code, detail=purpose, what=what
    )
    try:
        content = plain(paper)
    except CannotBeOpened as error:
        logger.error("The sheet %s cannot be opened: %s", paper.pk, error.why)
        raise
    return OpenedPaper(paper.name, paper.content_type, content, paper.sha256)


def plain(paper: Paper) -> bytes:
    """The content of a row; for this package only, because it asks for no permission."""
    return sealing.unseal_paper(
        paper.sealed,
        paper.key_id,
        participant_id=paper.participant_id,
        site_id=paper.site_id,
        sha256=paper.sha256,
    )
