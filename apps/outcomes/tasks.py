"""The jobs that compute tables."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.outcomes import actions
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.jobs import Params, Result, job


class TableParams(Params):
    include_synthetic: bool = True
    as_of: date | None = None


@job(
    "outcomes.hba1c",
    title=_("HbA1c and change from baseline by visit and group"),
    permission=Permission.RUN_OUTCOMES,
    params=TableParams,
)
def hba1c(params: TableParams, progress: Any, by: User) -> Result:
    """Computes without writing; the table is frozen in the transaction that ends the job."""
    from apps.outcomes import computing

    computed = computing.compute(
        by=by, include_synthetic=params.include_synthetic, as_of=params.as_of, progress=progress
    )

    def write() -> dict[str, Any]:
        table = actions.freeze(computed=computed, by=by, job_id=progress.job_id)
        return {"table": table.pk, "url": table.get_absolute_url(), "sha256": table.sha256}

    return Result(write=write)
