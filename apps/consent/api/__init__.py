"""The REST endpoints of consent, by topic."""

from apps.consent.api import documents, events

api_urls = [*events.api_urls, *documents.api_urls]
