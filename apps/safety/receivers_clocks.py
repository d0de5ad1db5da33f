"""What follows for clocks and alerts when other things were saved."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.celldose.signals import grew_late
from apps.safety.actions.alerts import late_growth
from apps.safety.actions.lateness import agree_lateness
from apps.safety.models import AdverseEvent
from studyportal.crf.signals import record_saved


@receiver(record_saved, sender=AdverseEvent, dispatch_uid="safety.lateness")
def lateness_anew(sender: Any, *, record: AdverseEvent, by: Any = None, **_: Any) -> None:
    """Onset, awareness and seriousness move the clocks: what was late is so no longer, or is now."""
    agree_lateness(event=record, by=by)


@receiver(grew_late, dispatch_uid="safety.late_growth")
def culture_grew(
    sender: Any, *, product: Any, organism: str, cultures: Any, newly: Any = (), by: Any = None, **_: Any
) -> None:
    late_growth(product=product, organism=organism or "", cultures=tuple(cultures), newly=tuple(newly), by=by)
