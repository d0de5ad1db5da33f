"""A small world with one of everything at Mumbai: what the contract tests walk over.

Whatever an app declares as a form gets its record here by itself, with its parents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from django.utils import timezone

from apps.consent import actions as consent
from apps.consent.models import Checkpoint
from apps.enrolment import actions as enrolment
from apps.visits import actions as visits
from apps.visits.models import Visit
from studyportal.crf import actions as crf
from studyportal.crf.errors import Refused
from studyportal.crf.registry import UnknownForm, all_specs, spec_for
from studyportal.crf.spec import CrfSpec
from studyportal.deviations import actions as deviations
from studyportal.queries import actions as queries
from tests.apps.consent.documents import a_draft
from tests.cast import Cast


@dataclass
class World:
    cast: Cast
    participant: Any
    visit: Any
    records: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def consent(self) -> Any:
        """A signature in the consent log, made when a test first asks for it."""
        return consent.record_event(
            participant=self.participant,
            kind="lar_consent",
            by=self.cast.asha,
            signer="mother",
            signed_on="2016-10-01",
        )

    @cached_property
    def consent_document(self) -> Any:
        """A draft of the participant's site with its words in English: what may still change of the register."""
        return a_draft(self.participant.site, self.cast.rao)

    @cached_property
    def safety_tables(self) -> Any:
        """Masked safety tables of the whole study, made when a test first asks for them."""
        from apps.outcomes import safety_actions, safety_computing
        from apps.outcomes.models import Audience

        by, mask = self.cast.sanjay, safety_actions.mask_in_force()
        computed = safety_computing.compute(
            by=by, audience=Audience.MASKED, include_synthetic=True, mask=mask
        )
        return safety_actions.freeze(computed=computed, by=by)

    @cached_property
    def query(self) -> Any:
        """One that a person asked, made when a test first asks for it."""
        return queries.raise_query(participant=self.participant, message="So late?", by=self.cast.rao)

    @cached_property
    def deviation(self) -> Any:
        """One that a person reported, made when a test first asks for it."""
        return deviations.raise_by_hand(
            participant=self.participant,
            description="The centrifuge stood still for an hour.",
            classification="major",
            kind="procedure",
            by=self.cast.rao,
        )

    def parents_of(self, spec: CrfSpec, *, fresh: bool = False) -> dict[str, Any]:
        return {name: self._parent(spec, name, fresh) for name in spec.parents}

    def _parent(self, spec: CrfSpec, name: str, fresh: bool) -> Any:
        model = spec.model._meta.get_field(name).related_model
        if model is Visit:
            return self.visit
        try:
            parent = spec_for(model)
        except UnknownForm:
            raise AssertionError(f"tell tests/world.py how to make a {model.__name__}") from None
        return self._made(parent, fresh=True) if fresh else self.record(parent)

    def _made(self, spec: CrfSpec, *, fresh: bool) -> Any:
        return crf.save(
            spec,
            raw={},
            by=self.cast.rao,
            participant=self.participant,
            parents=self.parents_of(spec, fresh=fresh),
            complete=False,
        )

    def record(self, spec: CrfSpec) -> Any:
        """The world's record of the form: incomplete and empty, which every form allows.

        What cannot stand beside the other records (a product is infused or discarded) gets parents of its own.
        """
        if spec.key not in self.records:
            try:
                self.records[spec.key] = self._made(spec, fresh=False)
            except Refused:
                self.records[spec.key] = self._made(spec, fresh=True)
        return self.records[spec.key]

    def fill(self) -> World:
        for spec in all_specs():
            self.record(spec)
        return self


def checkpoint_of_the_log() -> Checkpoint:
    """The first checkpoint of the consent log; of a log without entries there is none, so it is made up."""
    found = Checkpoint.objects.order_by("id").first()
    return found or Checkpoint.objects.create(
        count=1, head_sha256="0" * 64, taken_at=timezone.now(), key_id="0" * 16, signature="made up"
    )


@pytest.fixture
def bare_world(cast: Cast) -> World:
    """A participant of the past (so that no gate stands in the way) with a visit, and no form yet."""
    participant = enrolment.register(
        site=cast.mumbai, by=cast.meera, group="case", retrospective=True, label="World of the tests"
    )
    visit = visits.record(participant=participant, key="BL", by=cast.asha, happened_on="2016-11-01")
    checkpoint_of_the_log()
    return World(cast=cast, participant=participant, visit=visit)


@pytest.fixture
def world(bare_world: World) -> World:
    return bare_world.fill()
