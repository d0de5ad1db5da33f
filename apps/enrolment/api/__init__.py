"""The REST endpoints of enrolment, by topic."""

from apps.enrolment.api import participants

api_urls = [*participants.api_urls]
