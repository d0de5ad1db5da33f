"""The day that it is at the sites of the cast: between 18:30 and midnight UTC it is tomorrow there."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone

ZONE = ZoneInfo("Asia/Kolkata")


def today(days: int = 0) -> dt.date:
    """So many days on."""
    return timezone.localdate(timezone=ZONE) + dt.timedelta(days=days)
