"""The REST endpoints of consent, by topic."""

from apps.consent.api import documents, documents_in_force, events, feed, state

api_urls = [
    *events.api_urls,
    *documents.api_urls,
    *documents_in_force.api_urls,
    *state.api_urls,
    *feed.api_urls,
]
