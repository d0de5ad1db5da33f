"""The REST endpoints of consent, by topic."""

from apps.consent.api import documents, documents_in_force, events

api_urls = [*events.api_urls, *documents.api_urls, *documents_in_force.api_urls]
