"""The REST endpoints of enrolment, by topic."""

from apps.enrolment.api import eligibility, participants, participation, screening

api_urls = [
    *participants.api_urls,
    *participation.api_urls,
    *screening.api_urls,
    *eligibility.api_urls,
]
