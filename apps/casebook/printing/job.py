"""The PDF of a casebook: asked for, made by a job with progress, kept, and given to who asked.

It never holds who the participant is: what is kept of it lies outside the seal of identities. Who may see identities
gets a cover sheet that is made while one waits and kept nowhere (`cover`).
"""

from __future__ import annotations

import hashlib
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from apps.casebook.printing import content
from apps.casebook.printing.layout import layout
from apps.enrolment.models import Participant
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.files import actions as files
from studyportal.files.checks import Accepted
from studyportal.files.models import StoredFile
from studyportal.identity.fields import FIELDS
from studyportal.identity.selectors import identity_of
from studyportal.jobs import Params, Result, job
from studyportal.jobs import actions as jobs
from studyportal.jobs.errors import JobError
from studyportal.jobs.models import Job
from studyportal.ui.pdf import Sheets

KIND = "casebook.print"
PURPOSE = "cover sheet of a printed casebook"


class PrintParams(Params):
    """code: of the participant. blank: forms to be filled by hand. history: with the history of every form."""

    code: str
    blank: bool = False
    history: bool = False


@job(KIND, title=_("Casebook as PDF"), permission=Permission.VIEW_DATA, params=PrintParams)
def make(params: PrintParams, progress: Any, by: User) -> Result:
    """Reads the casebook of one moment, and writes the file in the transaction that ends the job."""
    participant = (
        Participant.objects.visible_to(by, Permission.VIEW_DATA)
        .select_related("site")
        .filter(code=params.code)
        .first()
    )
    if participant is None:
        raise JobError(_now("No participant with this code is visible to you."))
    parts = content.blank(participant) if params.blank else content.filled(participant)
    forms = content.count(parts)
    zone = ZoneInfo(participant.site.timezone)

    def laid_out(done: int) -> None:
        progress(done, forms, "")

    with timezone.override(zone):
        made = layout(
            participant,
            parts,
            made_by=by.get_username(),
            blank=params.blank,
            with_history=params.history and not params.blank,
            progress=laid_out,
        )
    kind = "blank" if params.blank else "casebook"
    name = f"{participant.code}-{kind}-{timezone.localdate(timezone=zone).isoformat()}.pdf"
    accepted = Accepted(name, made, "application/pdf", hashlib.sha256(made).hexdigest())

    def write() -> dict[str, Any]:
        stored = files.store(accepted=accepted, by=by)
        return {
            "url": f"/participants/{participant.code}/print/{progress.job_id}/",
            "file": stored.pk,
            "sha256": stored.sha256,
            "participant": participant.pk,
        }

    return Result({"forms": forms}, write=write)


def start(*, participant: Participant, blank: bool, history: bool, by: User) -> Job:
    """Ask for the file."""
    return jobs.start(KIND, params={"code": participant.code, "blank": blank, "history": history}, by=by)


def made(user: User, participant: Participant, job_id: int) -> StoredFile | None:
    """The file that the user's own job made of this participant, whom the user may see."""
    found = Job.objects.filter(
        pk=job_id if job_id < 2**63 else 0, requester=user, kind=KIND, state="done"
    ).first()
    result = found.result if found is not None and isinstance(found.result, dict) else {}
    if result.get("participant") != participant.pk:
        return None
    return StoredFile.objects.filter(pk=result.get("file"), uploaded_by=user).first()


def cover(*, participant: Participant, by: User) -> bytes | None:
    """One sheet that says who the participant is; None when that is not recorded. The look is logged.

    Raises PermissionDenied for who may not see identities at the site, and CannotBeOpened.
    """
    known = identity_of(participant, by, PURPOSE)
    if known is None:
        return None
    title = _now("Cover sheet")
    made_at = _now("Made for %(by)s. Keep it apart from the casebook.") % {"by": by.get_username()}
    sheets = Sheets(title=title, footer=title, footer_code=made_at)
    sheets.heading(f"{title}  {participant.code}")
    sheets.paragraph(made_at)
    for name, field in FIELDS.items():
        if value := getattr(known.person, name):
            sheets.pair(str(field.label), value)
    return sheets.finish()
