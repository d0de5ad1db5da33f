"""The REST endpoints of consent, by topic."""

from apps.consent.api import events, feed, state

api_urls = [*events.api_urls, *state.api_urls, *feed.api_urls]
