"""A form as it would be judged if it were saved now: for pages, while somebody types. Nothing is written.

The road is that of `actions.save` (parse → show-if → rules → derive → checks), without gates, version and reason: those
belong to the moment of saving. It runs in a transaction that cannot write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from studyportal.crf import actions, cleaning
from studyportal.crf.outcomes import Finding, Problem
from studyportal.crf.spec import CrfSpec


@dataclass(frozen=True)
class Judged:
    """record: the form with its values, derived ones too, which is not to be saved; unread: problems of reading single
    fields; broken: what the hard rules found; findings: what the soft checks found; texts: field → value as text."""

    record: Any
    unread: tuple[Problem, ...]
    broken: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]


def judge(spec: CrfSpec, *, raw: Mapping[str, Any], record: Any, new: bool) -> Judged:
    """raw: as `actions.save` takes it. record: of this call alone, because it is filled: read from the database, or made
    with its site, participant and parents and not saved (`new`). What could not be read counts as empty for the rules."""
    with transaction.atomic(), timezone.override(ZoneInfo(record.site.timezone)):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        cleaned = cleaning.clean(spec, raw, record=None if new else record, complete=False)
        for name, value in cleaned.values.items():
            setattr(record, name, value)
        record.absent = cleaned.absent
        broken = cleaning.check_rules(spec, actions.values_of(spec, record))
        values, context = actions.derive(spec, record)
        findings = [finding for check in spec.checks for finding in check(values, context)]
        return Judged(
            record,
            tuple(cleaned.problems),
            tuple(broken),
            tuple(findings),
            actions.as_texts(spec, record),
        )
