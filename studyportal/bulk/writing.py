"""Writing what was judged: each row through `crf.actions.save`, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from studyportal.access.models import Site, User
from studyportal.audit.reasons import Reason
from studyportal.bulk.judging import Target
from studyportal.crf import actions
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.spec import CrfSpec
from studyportal.imports import telling
from studyportal.imports.errors import NotPossible
from studyportal.imports.errors import ReasonRequired as NoReason
from studyportal.imports.registry import Judged


def commit(
    spec: CrfSpec,
    new: Sequence[Judged],
    changed: Sequence[Judged],
    *,
    site: Site,
    by: User,
    reason: Reason | str | None,
) -> Mapping[int, str]:
    """Line → what the record is called. Raises NotPossible with the line that could not be saved, and NoReason."""
    written: dict[int, str] = {}
    rows = sorted([*new, *changed], key=lambda one: one.row.line)
    for done, one in enumerate(rows):
        telling.tell(done, len(rows))
        saved = _save(spec, one.verdict.target, one.row.line, by, reason)
        written[one.row.line] = f"{saved.participant.code}, {spec.key} {saved.pk}"[-60:]
    return written


def _save(spec: CrfSpec, target: Target, line: int, by: User, reason: Reason | str | None) -> Any:
    where: dict[str, Any] = (
        {
            "participant": target.participant,
            "parents": {n: one for n, one in target.parents.items() if one is not None},
        }
        if target.record is None
        else {"record": target.record, "expected_version": target.record.version}
    )
    why = None
    if target.record is not None and reason is not None:
        why = {"code": reason.code, "text": reason.text} if isinstance(reason, Reason) else reason
    try:
        return actions.save(spec, raw=target.raw, by=by, reason=why, complete=target.complete, **where)
    except ReasonRequired as error:
        raise NoReason("reason_required", str(error) or _("Say why values change.")) from None
    except (CrfInvalid, Refused) as error:
        said = "; ".join(
            f"{spec.fields[p.field].label}: {p.message}" if p.field in spec.fields else str(p.message)
            for p in error.problems
        )
    except StaleVersion:
        said = _("Somebody saved this record at the same moment.")
    raise NotPossible(
        "row_refused",
        _("Line %(line)d could not be written: %(said)s Nothing of the file was written; mend it, or commit again.")
        % {"line": line, "said": said.rstrip(".") + "."},
    )  # fmt: skip
