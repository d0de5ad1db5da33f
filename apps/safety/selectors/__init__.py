"""Reading safety data, by topic; always within what the user may see."""

from apps.safety.selectors.events import (
    EventFile,
    adverse_events,
    event_file,
    event_or_404,
    lives_of,
    open_events,
    with_files,
)

__all__ = [
    "EventFile",
    "adverse_events",
    "event_file",
    "event_or_404",
    "lives_of",
    "open_events",
    "with_files",
]
