"""Asking for a table, and freezing one that is computed."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from apps.outcomes.canonical import canonical_json, sha256
from apps.outcomes.catalogue import KINDS
from apps.outcomes.models import OutcomeTable
from studyportal.access.models import User
from studyportal.jobs import actions as jobs

if TYPE_CHECKING:
    from apps.outcomes.computing import Computed


def freeze(*, computed: Computed, by: User, job_id: int | None = None) -> OutcomeTable:
    """Keep a computed table for good; it can be read from then on and never changed."""
    content, provenance = computed.content, computed.content["provenance"]
    moment = provenance["data_as_of"]
    return OutcomeTable.objects.create(
        key=content["key"],
        title=content["title"],
        made_by=by,
        job_id=job_id,
        sites=None if computed.site_ids is None else sorted(computed.site_ids),
        protocol_version=provenance["protocol_version"],
        protocol_sha256=provenance["protocol_sha256"],
        code_version=provenance["code_version"],
        data_as_of=None if moment is None else datetime.fromisoformat(moment),
        data_sha256=provenance["data_sha256"],
        include_synthetic=provenance["include_synthetic"],
        content=content,
        sha256=sha256(canonical_json(content)),
    )


def start(*, key: str, include_synthetic: bool, as_of: date | None, by: User) -> Any:
    """Queue the job that makes the table of that key (see `catalogue.KINDS`)."""
    params = {"include_synthetic": include_synthetic, "as_of": None if as_of is None else as_of.isoformat()}
    return jobs.start(KINDS[key].job, params=params, by=by)
