"""Serious events with their moments, and what was told of them: for the tests of clocks, reports and alerts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from apps.celldose.models import CellProduct, CellSession, Harvest
from apps.safety.actions import reports
from apps.safety.crfs import ADVERSE_EVENT
from apps.safety.models import AdverseEvent, SafetyAlert, SafetyReport
from studyportal.crf.actions import save
from tests.apps.enrolment.factories import a_case

HOUR = dt.timedelta(hours=1)


def ago(hours: float) -> str:
    """So many hours before now, as a form takes it."""
    return (timezone.now() - dt.timedelta(hours=hours)).isoformat()


def a_serious_event(
    cast: Any,
    *,
    aware: float | None = 1,
    onset: float | None = None,
    by: Any = None,
    participant: Any = None,
    **more: Any,
) -> AdverseEvent:
    """An incomplete serious event of which the site became aware so many hours ago; onset likewise."""
    raw: dict[str, Any] = {
        "verbatim": "High fever after the infusion",
        "term": "fever",
        "serious": True,
        "serious_criteria": ["hospitalisation"],
    }
    if aware is not None:
        raw["aware_at"] = ago(aware)
    if onset is not None:
        raw["onset_at"] = ago(onset)
    return save(
        ADVERSE_EVENT,
        raw=raw | more,
        by=by or cast.asha,
        participant=participant or a_case(cast),
        complete=False,
    )


def sent(event: AdverseEvent, by: Any, *, hours_ago: float = 0, **more: Any) -> SafetyReport:
    """A report as `actions.send` records it: the initial one to the committee, now."""
    given: dict[str, Any] = {
        "kind": "initial",
        "recipient": "ethics_committee",
        "sent_at": timezone.now() - dt.timedelta(hours=hours_ago),
    }
    return reports.send(event=event, by=by, **(given | more))


def a_product(cast: Any, participant: Any = None) -> Any:
    """A product with its harvest and session, as rows: no gate asks anything of them."""
    participant = participant or a_case(cast)
    place = {"site": participant.site, "participant": participant}
    session = CellSession.objects.create(number=1, **place)
    harvest = Harvest.objects.create(session=session, **place)
    return CellProduct.objects.create(harvest=harvest, **place)


def a_kept_report(event: Any, by: Any) -> SafetyReport:
    """A version as a row, whatever the event is: for what only reads."""
    found = SafetyReport.objects.filter(event=event).first()
    return found or SafetyReport.objects.create(
        site_id=event.site_id,
        event=event,
        participant_id=event.participant_id,
        number=1,
        kind="initial",
        recipient="ethics_committee",
        recipient_label="Ethics committee of the site",
        sent_at=timezone.now(),
        late=False,
        event_version=event.version,
        content={
            "format": "safety-report/1",
            "language": "en",
            "zone": "Asia/Kolkata",
            "title": "Serious adverse event",
            "head": [["Study", "T1DM"]],
            "correction": [],
            "clocks": [],
            "sections": [],
            "before": [],
        },
        content_sha256="0" * 64,
        protocol_version="1.3",
        reported_by=by,
        reporter_name=str(by),
        reporter_role="Investigator",
    )


def an_alert(product: Any, event: Any = None) -> SafetyAlert:
    """An alert that stands, as a row."""
    found = SafetyAlert.objects.filter(product=product).first()
    return found or SafetyAlert.objects.create(
        site_id=product.site_id,
        kind="late_growth",
        participant_id=product.participant_id,
        product=product,
        event=event,
        about="aerobic",
        message="Growth after the release",
    )
