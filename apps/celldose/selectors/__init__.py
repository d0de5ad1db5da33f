"""Reads of cell sessions, products and what follows from them; `custody` holds the chain of custody."""

from apps.celldose.selectors.procedures import consent_sources, lives_of, procedures_of
from apps.celldose.selectors.sessions import (
    SessionLine,
    files_of_session,
    product_or_404,
    products_of,
    session_before,
    session_or_404,
    sessions,
    sessions_context,
    sessions_of,
)
from apps.celldose.stated import day_of_harvest, day_of_infusion

__all__ = [
    "SessionLine",
    "consent_sources",
    "day_of_harvest",
    "day_of_infusion",
    "files_of_session",
    "lives_of",
    "procedures_of",
    "product_or_404",
    "products_of",
    "session_before",
    "session_or_404",
    "sessions",
    "sessions_context",
    "sessions_of",
]
