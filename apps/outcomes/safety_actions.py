"""Asking for the safety tables, freezing them, and looking behind the mask."""

from __future__ import annotations

import secrets
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from apps.outcomes.canonical import canonical_json, sha256
from apps.outcomes.safety_models import Audience, SafetyMask, SafetyTables, Unmasking
from apps.outcomes.statistics.masking import deal
from studyportal import protocol
from studyportal.access.clock import latest_day
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit import acting
from studyportal.audit.looks import log_look
from studyportal.jobs import actions as jobs

if TYPE_CHECKING:
    from apps.outcomes.safety_computing import Computed

JOB = "outcomes.safety_tables"
LONGEST_REASON = 500


@transaction.atomic
def mask_in_force() -> SafetyMask:
    """The newest mask; the first is made when there is none. Two at once make one: the second takes what the first made."""
    found = SafetyMask.objects.last()
    if found is not None:
        return found
    return SafetyMask.objects.get_or_create(number=1, defaults={"key": secrets.token_hex(32)})[0]


def start(*, audience: str, include_synthetic: bool, cut_off: date | None, by: User, reason: str = "") -> Any:
    """Queue the job that makes the tables. Raises ValidationError (by field) and PermissionDenied.

    Tables by group need the permission to unmask and a reason, which stays with them.
    """
    problems: dict[str, ValidationError] = {}
    if audience not in Audience.values:
        problems["audience"] = ValidationError(_("Choose “masked” or “unmasked”."), code="invalid_choice")
    if cut_off is not None and cut_off > latest_day():
        problems["cut_off"] = ValidationError(
            _("The cut-off lies in the future: choose today or a day before."), code="in_future"
        )
    reason = reason.strip()
    if audience == Audience.UNMASKED:
        require_unmask(by)
        if (problem := _reason_problem(reason)) is not None:
            problems["reason"] = problem
    if problems:
        raise ValidationError(problems)  # type: ignore[arg-type]
    if audience == Audience.MASKED:
        mask_in_force()
    params = {
        "audience": audience,
        "include_synthetic": include_synthetic,
        "cut_off": None if cut_off is None else cut_off.isoformat(),
        "reason": reason if audience == Audience.UNMASKED else "",
    }
    return jobs.start(JOB, params=params, by=by)


def require_unmask(by: User) -> None:
    if not (by.is_active and by.may(Permission.UNMASK_SAFETY_TABLES)):
        raise PermissionDenied(
            _("Tables by group are for the data monitoring committee; you may compute the masked version.")
        )


@transaction.atomic
def freeze(*, computed: Computed, by: User, job_id: int | None = None, reason: str = "") -> SafetyTables:
    """Keep computed tables for good; tables by group with the reason for which they were made."""
    from apps.outcomes.safety_computing import moment_of

    content, provenance = computed.content, computed.content["provenance"]
    tables = SafetyTables.objects.create(
        audience=computed.audience,
        mask=computed.mask,
        cut_off=computed.cut_off,
        made_by=by,
        job_id=job_id,
        sites=None if computed.site_ids is None else sorted(computed.site_ids),
        protocol_version=provenance["protocol_version"],
        protocol_sha256=provenance["protocol_sha256"],
        code_version=provenance["code_version"],
        data_as_of=moment_of(content),
        data_sha256=provenance["data_sha256"],
        include_synthetic=provenance["include_synthetic"],
        content=content,
        sha256=sha256(canonical_json(content)),
    )
    if computed.audience == Audience.UNMASKED:
        require_unmask(by)
        Unmasking.objects.create(tables=tables, by=by, reason=reason)
    return tables


@transaction.atomic
def unmask(*, tables: SafetyTables, by: User, reason: str) -> dict[str, str]:
    """Letter → label of the group, of masked tables. It stands on their page from then on, and in the log of looks.

    Raises ValidationError on an empty or too long reason and on tables that have no letters, PermissionDenied for who may
    not unmask.
    """
    require_unmask(by)
    reason = reason.strip()
    if tables.mask is None:
        raise ValidationError(
            {"reason": ValidationError(_("These tables are by group already."), code="not_masked")}  # type: ignore[dict-item]
        )
    if (problem := _reason_problem(reason)) is not None:
        raise ValidationError({"reason": problem})  # type: ignore[dict-item]
    with acting(user=by):
        Unmasking.objects.create(tables=tables, by=by, reason=reason)
        log_look(what="safety_tables_unmasked", by=by, detail=f"{tables.pk}: {reason}")
    return letters_of(tables)


def letters_of(tables: SafetyTables) -> dict[str, str]:
    """Letter → label of the group. For who may unmask only."""
    groups = protocol.current().groups
    if tables.mask is None:
        return {}
    letters = deal(list(groups), bytes.fromhex(tables.mask.key))
    return {
        letter: str(groups[group].label)
        for group, letter in sorted(letters.items(), key=lambda pair: pair[1])
    }


def _reason_problem(reason: str) -> ValidationError | None:
    if not reason:
        return ValidationError(
            _("Say why the committee looks at the groups; the reason stays with the tables."), code="required"
        )
    if len(reason) > LONGEST_REASON:
        return ValidationError(
            _("Shorten the reason to %(most)d characters; it has %(now)d."),
            code="max_length",
            params={"most": LONGEST_REASON, "now": len(reason)},
        )
    return None
