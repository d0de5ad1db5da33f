"""The PDF of a long log: asked for, made by a job, kept, and given to who asked."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.oversight import log_choice, log_files, log_page
from apps.oversight.log_choice import LogChoice
from apps.oversight.narrowing import given, sites_with
from studyportal.access.clock import zone_of
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.files import actions as files
from studyportal.files.checks import Accepted
from studyportal.files.models import StoredFile
from studyportal.jobs import Params, Result, job
from studyportal.jobs import actions as jobs
from studyportal.jobs.models import Job

KIND = "oversight.consent_log_pdf"


class PdfParams(Params):
    """What the log is narrowed to, as the address of its page has it."""

    narrowed: dict[str, str] = {}


@job(KIND, title=_("PDF of the consent log"), permission=Permission.VIEW_CONSENT_LOG, params=PdfParams)
def make(params: PdfParams, progress: Any, by: User) -> Result:
    """Reads the log of one moment, and writes the file in the transaction that ends the job."""
    sites = sites_with(by, Permission.VIEW_CONSENT_LOG)
    zone = zone_of(sites)
    query = QueryDict(mutable=True)
    query.update(params.narrowed)
    choice = log_choice.choice_of(query, sites)
    found = log_choice.events(by, choice, zone).order_by("id")
    entries = found.order_by().count()
    about = log_page.provenance(by, choice, sites, zone, entries)

    def laid_out(number: int) -> None:
        progress(number, entries, "")

    with timezone.override(zone):
        content = log_files.as_pdf(found.iterator(chunk_size=500), about, progress=laid_out)
    name = f"consent-log-{timezone.localdate(timezone=zone).isoformat()}.pdf"
    accepted = Accepted(name, content, "application/pdf", hashlib.sha256(content).hexdigest())

    def write() -> dict[str, Any]:
        stored = files.store(accepted=accepted, by=by)
        return {
            "url": f"/oversight/consent-log/pdf/{progress.job_id}/",
            "file": stored.pk,
            "sha256": stored.sha256,
            "sites": [site.pk for site in sites],
        }

    return Result({"entries": entries}, write=write)


def start(choice: LogChoice, *, by: User) -> Job:
    """Ask for the file."""
    return jobs.start(KIND, params={"narrowed": given(choice)}, by=by)


def made(user: User, job_id: int) -> StoredFile | None:
    """The file that the user's own job made, as long as the user may read every site that it is of."""
    found = Job.objects.filter(
        pk=job_id if job_id < 2**63 else 0, requester=user, kind=KIND, state="done"
    ).first()
    result = found.result if found is not None and isinstance(found.result, dict) else {}
    sites = result.get("sites", [])
    if not sites or not all(user.may(Permission.VIEW_CONSENT_LOG, site) for site in sites):
        return None
    return StoredFile.objects.filter(pk=result.get("file"), uploaded_by=user).first()
