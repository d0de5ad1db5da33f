"""`/api/v1/adverse-events/`: an adverse event with everything that belongs to it."""

from __future__ import annotations

from typing import Any

api_urls: list[Any] = []
