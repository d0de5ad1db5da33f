"""Requests for erasure: what the data manager has to do about them, as queries.

The portal deletes nothing by itself: what is kept by law is decided by people. From the day of the request on the data
are in no analysis, no matching and no export (`selectors.engine`), and nothing new is recorded.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.consent.models import ConsentEvent, Kind, WithdrawalScope
from apps.consent.rules.uses import Use, stops
from studyportal.access.models import User
from studyportal.crf.outcomes import Finding
from studyportal.crf.partial_date import PartialDate
from studyportal.queries import actions as queries
from studyportal.queries.models import Query, QueryState

CODE = "erasure_requested"
SCOPE = WithdrawalScope.ERASURE_REQUEST.value
# The query is about the participant as a whole, and is told from others by the entry that asks.
FORM = ""


def settle_erasure_requests(*, event: ConsentEvent, by: User) -> None:
    """Open the query of a request that was entered or corrected; close those that were taken back.

    A data manager who answered and closed one is not asked again by an entry that has nothing to do with it.
    """
    asked = SCOPE in (event.withdrawal_scopes or ())
    known = set(
        Query.objects.filter(participant_id=event.participant_id, form=FORM, code=CODE)
        .exclude(state=QueryState.CLOSED)
        .values_list("object_id", flat=True)
    )
    if not asked and not known:
        return
    rows = ConsentEvent.objects.filter(participant_id=event.participant_id).order_by("id")
    entries = {row.pk: row for row in rows.select_related("participant")}
    ended = stops(row.as_event() for row in entries.values())
    standing = {one.entry: one for one in ended if one.scope == SCOPE and one.use == Use.ANALYSIS}
    touched = {event.pk} if event.kind == Kind.WITHDRAWAL else {_corrected(event, entries)}
    for pk in sorted(known | (touched & set(standing))):
        stop = standing.get(pk)
        findings = [] if stop is None or stop.until is not None else [_finding(stop.on)]
        queries.reconcile(record=entries[pk], form=FORM, findings=findings, values={}, by=by)


def _corrected(event: ConsentEvent, entries: dict[int, ConsentEvent]) -> int:
    """The first entry of a chain of corrections."""
    while event.corrects_id is not None and event.corrects_id in entries:
        event = entries[event.corrects_id]
    return event.pk


def _finding(on: object) -> Finding:
    said = PartialDate.of(on).for_people()  # type: ignore[arg-type]
    return Finding(
        None,
        CODE,
        _(
            "Erasure of the data was requested on %(on)s. They are in no analysis, matching or export from now on, and"
            " nothing new is recorded. Data manager: decide with the ethics committee what must be kept, have the rest"
            " erased, and answer here what was done."
        )
        % {"on": said},
    )
