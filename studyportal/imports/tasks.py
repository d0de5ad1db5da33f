"""The job that commits many rows."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit.reasons import Reason
from studyportal.imports import actions, telling
from studyportal.imports.errors import NotPossible, ReasonRequired
from studyportal.imports.models import Upload
from studyportal.jobs import JobError, Params, Result, job
from studyportal.jobs.models import Job


class CommitParams(Params):
    upload: int
    overwrite: bool = False


# Each import has a permission of its own, which the action asks for at the upload's site.
@job(
    actions.JOB,
    title=gettext_lazy("Commit of an import"),
    permission=Permission.SIGNED_IN,
    params=CommitParams,
)
def commit(params: CommitParams, progress: Any, by: User) -> Result:
    """All of it is writing, so all of it happens in the transaction that ends the job."""
    upload = Upload.objects.select_related("site").filter(pk=params.upload).first()
    if upload is None or not upload.declared.may(by, upload.site):
        raise JobError(_("There is no such upload among those that you may commit."))
    asked = Job.objects.get(pk=progress.job_id)
    reason = Reason(asked.reason_code, _words(asked)) if asked.reason_code else None
    progress(0, upload.rows, _("%d rows are judged anew and written") % upload.rows)

    def write() -> dict[str, Any]:
        try:
            with telling.listening(lambda n, of: progress(n, of, _("%d rows are written") % of)):
                done = actions.write(
                    upload=upload, by=by, overwrite=params.overwrite, reason=reason, job_id=progress.job_id
                )
        except (NotPossible, ReasonRequired, PermissionDenied) as error:
            raise JobError(str(error)) from None
        return {
            "url": done.get_absolute_url(), "upload": done.pk, "added": done.added, "overwritten": done.overwritten,
        }  # fmt: skip

    return Result(write=write)


def _words(asked: Job) -> str:
    """The words beside the code: the job keeps both as history shows them, "Label: words"."""
    bare = str(Reason(asked.reason_code))
    return asked.reason.removeprefix(bare).removeprefix(": ")
