"""The job that matches."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.matching import actions
from apps.matching.actions.proposing import JOB, reach
from apps.matching.parameters import Asked
from apps.matching.statistics.design import Design
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.jobs import Params, Result, job
from studyportal.jobs.errors import JobError


class CaliperParams(Params):
    key: str
    label: str
    width: float
    unit: str
    or_percent: float | None


class DesignParams(Params):
    exact: list[str]
    calipers: list[CaliperParams]
    ratio: int
    method: str
    with_replacement: bool
    seed: int
    smd_flag: float


class RunParams(Params):
    """As `parameters.read` made them of what was asked."""

    design: DesignParams
    include_synthetic: bool = False
    note: str = ""


@job(
    JOB,
    title=gettext_lazy("Matching of controls to cases"),
    permission=Permission.RUN_MATCHING,
    params=RunParams,
)
def run(params: RunParams, progress: Any, by: User) -> Result:
    """Matches without writing; the run is kept in the transaction that ends the job."""
    from apps.matching import frames
    from apps.matching.statistics.matching import match

    doing = {
        "eligible": _("Comparing cases with candidates"),
        "assign": _("Choosing the pairs"),
        "balance": _("Computing the balance"),
    }
    asked = Asked(Design.from_json(params.design.model_dump()), params.include_synthetic, params.note)
    site_ids = reach(by)
    progress(0, 100, _("Reading participants and HbA1c"))
    data = frames.read(site_ids, include_synthetic=asked.include_synthetic)
    if not len(data.cases):
        raise JobError(_no_cases(asked.include_synthetic))
    if not len(data.candidates):
        raise JobError(_no_candidates(asked.include_synthetic))
    matched = match(
        data.cases,
        data.candidates,
        data.hba1c,
        asked.design,
        progress=lambda done, total, what: progress(done, total, doing[what]),
    )
    progress(98, 100, _("Keeping the sets"))

    def write() -> dict[str, Any]:
        kept = actions.propose(
            matched=matched, frames=data, asked=asked, by=by, site_ids=site_ids, job_id=progress.job_id
        )
        return {"run": kept.pk, "url": kept.get_absolute_url(), "sets_sha256": kept.sets_sha256}

    return Result(write=write)


def _no_cases(include_synthetic: bool) -> str:
    said = _(
        "There is no case to be matched: nobody among the participants looked at is in the group of cases."
    )
    return said if include_synthetic else f"{said} {_without_synthetic()}"


def _no_candidates(include_synthetic: bool) -> str:
    said = _(
        "There are no candidates: nobody among the participants looked at is or was in the group of controls."
    )
    return said if include_synthetic else f"{said} {_without_synthetic()}"


def _without_synthetic() -> str:
    return _("Synthetic participants are left out of this run.")
