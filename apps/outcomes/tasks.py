"""The jobs that compute tables."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from apps.outcomes import actions, safety_actions
from apps.outcomes.safety_models import Audience, SafetyMask
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.jobs import JobError, Params, Result, job


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


class SafetyParams(Params):
    audience: Literal["masked", "unmasked"] = "masked"
    include_synthetic: bool = True
    cut_off: date | None = None
    reason: str = ""


@job(
    safety_actions.JOB,
    title=_("Safety tables for the data monitoring committee"),
    permission=Permission.RUN_SAFETY_TABLES,
    params=SafetyParams,
)
def safety_tables(params: SafetyParams, progress: Any, by: User) -> Result:
    """Computes without writing; the tables are frozen in the transaction that ends the job."""
    from apps.outcomes import safety_computing

    audience = Audience(params.audience)
    if audience == Audience.UNMASKED and not by.may(Permission.UNMASK_SAFETY_TABLES):
        raise JobError(_("Tables by group are for the data monitoring committee; nothing was computed."))
    computed = safety_computing.compute(
        by=by,
        audience=audience,
        include_synthetic=params.include_synthetic,
        cut_off=params.cut_off,
        mask=SafetyMask.objects.last() if audience == Audience.MASKED else None,
        progress=progress,
    )

    def write() -> dict[str, Any]:
        tables = safety_actions.freeze(computed=computed, by=by, job_id=progress.job_id, reason=params.reason)
        return {"tables": tables.pk, "url": tables.get_absolute_url(), "sha256": tables.sha256}

    return Result(write=write)
