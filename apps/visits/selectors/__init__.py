"""Reading visits, the schedule, and the forms of visits, always within what the user may see."""

from apps.visits.selectors.anchors import (
    Crossing,
    anchor_date,
    anchor_dates,
    anchor_of,
    crossings_of,
    dating_visits,
    follow_up_visits,
    session_visits,
)
from apps.visits.selectors.body import vital_signs_context, weight_at
from apps.visits.selectors.due import DueLine, due_between, due_lines, sites_of
from apps.visits.selectors.insulin import insulin_at, insulin_context, insulin_per_kg_at
from apps.visits.selectors.lives import lives_of, tells_of_life
from apps.visits.selectors.schedule import (
    Scheduled,
    days_of,
    due_of,
    last_scheduled,
    places_of,
    schedule,
    schedules,
    sessions_to_come,
    window_of,
)
from apps.visits.selectors.visits import visit_or_404, visits

__all__ = [
    "Crossing",
    "DueLine",
    "Scheduled",
    "anchor_date",
    "anchor_dates",
    "anchor_of",
    "crossings_of",
    "dating_visits",
    "days_of",
    "due_between",
    "due_lines",
    "due_of",
    "follow_up_visits",
    "insulin_at",
    "insulin_context",
    "insulin_per_kg_at",
    "last_scheduled",
    "lives_of",
    "places_of",
    "schedule",
    "schedules",
    "session_visits",
    "sessions_to_come",
    "sites_of",
    "tells_of_life",
    "visit_or_404",
    "visits",
    "vital_signs_context",
    "weight_at",
    "window_of",
]
