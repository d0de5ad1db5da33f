"""The REST endpoints of safety, by topic."""

from apps.safety.api import events

api_urls = [*events.api_urls]
