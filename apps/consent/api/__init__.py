"""The REST endpoints of consent, by topic."""

from apps.consent.api import chain, events

api_urls = [*events.api_urls, *chain.api_urls]
