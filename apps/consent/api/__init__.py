"""The REST endpoints of consent, by topic."""

from apps.consent.api import chain, documents, documents_in_force, events, feed, findings, state

api_urls = [
    *events.api_urls,
    *documents.api_urls,
    *documents_in_force.api_urls,
    *state.api_urls,
    *feed.api_urls,
    *chain.api_urls,
    *findings.api_urls,
]
