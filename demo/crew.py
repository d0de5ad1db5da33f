"""Who enters the demo at one site, and how a form is saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.enrolment.models import Participant
from demo.synthetic import Form
from studyportal.access.models import Site, User
from studyportal.crf import actions as crf
from studyportal.crf import registry


@dataclass(frozen=True)
class Crew:
    """Who enters, who releases, and who reads the labels together with the coordinator, at one site."""

    site: Site
    coordinator: User
    investigator: User
    technologist: User


def save(form: Form, participant: Participant, by: User, **parents: Any) -> Any:
    """Through the same action as pages and API."""
    return crf.save(registry.get(form.key), raw=form.values, participant=participant, parents=parents, by=by)
