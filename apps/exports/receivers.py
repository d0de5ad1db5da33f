"""What exports answer to the apps beneath them. Thin."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.consent.rules.uses import Use
from apps.consent.selectors.sources import Source
from apps.consent.signals import sources_asked
from apps.exports.models import SharedParticipant


@receiver(sources_asked, dispatch_uid="exports.sources")
def files_for_sharing(sender: Any, **_more: Any) -> list[Source]:
    """Whose rows left the portal in a file for sharing: the findings ask whether that was agreed to."""
    return [
        Source(
            kind="export",
            rows=SharedParticipant.objects.all(),
            days=("shared_at",),
            uses=(Use.SHARING,),
            label=lambda dataset: _("File for sharing: %(dataset)s") % {"dataset": dataset},
            named="dataset",
            whole=True,
        )
    ]
