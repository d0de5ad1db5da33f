"""The REST endpoints of enrolment, by topic."""

from apps.enrolment.api import approvals, participants, participation

api_urls = [*participants.api_urls, *participation.api_urls, *approvals.api_urls]
