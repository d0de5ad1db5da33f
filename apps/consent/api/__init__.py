"""The REST endpoints of consent, by topic."""

from apps.consent.api import events, findings

api_urls = [*events.api_urls, *findings.api_urls]
