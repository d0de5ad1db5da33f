"""The REST endpoints of consent, by topic."""

from apps.consent.api import events

api_urls = [*events.api_urls]
