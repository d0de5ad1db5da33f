"""Adverse events: the first notice, and what an event is linked to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.celldose.models import CellProduct, CellSession
from apps.safety.crfs import ADVERSE_EVENT
from apps.safety.models import AdverseEvent
from apps.safety.rules.events import product_is_of_session
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf import reasons
from studyportal.crf.actions import rederive, save
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.review import gate

# What a first notice says: enough for the clocks, the rest of the form follows.
NOTICE = (
    "verbatim",
    "term",
    "onset_on",
    "onset_at",
    "aware_at",
    "serious",
    "serious_criteria",
    "reporter",
    "note",
)
NEEDED = ("verbatim", "onset_on", "aware_at", "serious")


def notice(
    *, participant: Any, by: User, raw: Mapping[str, Any], parents: Mapping[str, Any] | None = None
) -> AdverseEvent:
    """Record that an event is known, with what a first notice needs; the form is completed later.

    raw: fields among NOTICE, of which NEEDED have a value or a reason in `absent`. Raises what `crf.actions.save` raises.
    """
    problems = [
        Problem(
            str(name)[:80],
            "unknown_field",
            _("A first notice has the fields: %s. The rest belongs into the form.") % ", ".join(NOTICE),
        )
        for name in raw
        if name not in (*NOTICE, "absent")
    ]
    absent = raw.get("absent") if isinstance(raw.get("absent"), Mapping) else {}
    for name in NEEDED:
        if raw.get(name) in (None, "") and not (absent or {}).get(name):
            problems.append(Problem(name, "required", _("Say it, or give the reason why it is not known.")))
    if problems:
        raise CrfInvalid(problems)
    found: AdverseEvent = save(
        ADVERSE_EVENT, raw=raw, by=by, participant=participant, parents=parents or {}, complete=False
    )
    return found


def link(
    *,
    event: AdverseEvent,
    session: CellSession | None,
    product: CellProduct | None,
    by: User,
    reason: Any,
    expected_version: int | None = None,
) -> AdverseEvent:
    """Say which session or product the event may come from, also after it was recorded. A reason is asked."""
    problems: list[Problem] = []
    given = reasons.taken(reason, problems)
    if given is None and not problems:
        problems.append(Problem("reason", "reason_required", _("Say why the link changes.")))
    for name, linked in (("session", session), ("product", product)):
        if linked is not None and linked.participant_id != event.participant_id:
            problems.append(Problem(name, "other_participant", _("This belongs to another participant.")))
    problems += product_is_of_session({"session": session, "product": product})
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic(), acting(user=by, reason=given):
        current = (
            AdverseEvent.objects.select_for_update(of=("self",))
            .select_related("participant", "site")
            .get(pk=event.pk)
        )
        if expected_version is not None and current.version != expected_version:
            raise StaleVersion(current)
        if (current.session_id, current.product_id) == (
            session.pk if session else None,
            product.pk if product else None,
        ):
            return current
        if closed := gate.closed(ADVERSE_EVENT, current, by):
            raise Refused(closed)
        current.session, current.product = session, product
        current.version += 1
        current.save()
    rederive(current, reason=_("What the event is linked to changed"))
    current.refresh_from_db()
    return current
