"""The REST endpoints of safety, by topic."""

from apps.safety.api import clocks, events, reports

api_urls = [*events.api_urls, *reports.api_urls, *clocks.api_urls]
