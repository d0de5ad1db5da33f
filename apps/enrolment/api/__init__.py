"""The REST endpoints of enrolment, by topic."""

from apps.enrolment.api import approvals, eligibility, participants, participation, screening, versions

api_urls = [
    *participants.api_urls,
    *participation.api_urls,
    *versions.api_urls,
    *screening.api_urls,
    *eligibility.api_urls,
    *approvals.api_urls,
]
