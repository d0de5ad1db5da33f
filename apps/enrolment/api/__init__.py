"""The REST endpoints of enrolment, by topic."""

from apps.enrolment.api import participants, participation

api_urls = [*participants.api_urls, *participation.api_urls]
