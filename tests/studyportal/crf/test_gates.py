"""Gates of every form: whatever is declared tomorrow is asked, and says what it is about."""

from __future__ import annotations

from typing import Any

import pytest

from apps.consent.gates import nothing_beyond_what_was_ended
from apps.consent.selectors.engine import USES_OF_FORMS
from apps.labs.crfs import LAB_RESULT
from apps.visits.crfs import VITAL_SIGNS
from studyportal.crf import gates
from studyportal.crf.outcomes import Problem
from studyportal.crf.registry import all_specs
from studyportal.crf.spec import About, CrfSpec, Section
from tests.world import World

# What goes on whatever ends; each is a decision, so a new one is added here by hand.
ALWAYS = {
    "safety-review", "adverse-event", "end-of-study", "harvest", "cell-product", "hand-over", "identity-check", "processing",
    "reagent-lot", "cell-counts", "phenotype", "viability", "microbiology", "release", "infusion", "infusion-event", "observations", "discard",
}  # fmt: skip
# Of the time before the study: nothing dates them, and what is of before goes on.
UNDATED = {"demographics", "medical-history"}


def test_a_gate_is_asked_of_every_form_after_its_own(monkeypatch: Any) -> None:
    monkeypatch.setattr(gates, "_gates", [])
    asked: list[str] = []

    @gates.register
    def no(spec: CrfSpec, record: Any, by: Any) -> list[Problem]:
        asked.append(spec.key)
        return [Problem(None, "no", "No.")]

    gates.register(no)
    own = Problem("visit", "own", "Not yet.")
    spec = CrfSpec(
        model=VITAL_SIGNS.model,
        key="vital-signs",
        title="Vital signs",
        parents=("visit",),
        sections=VITAL_SIGNS.sections,
        gates=(lambda record, by: [own],),
    )
    assert gates.blocks(spec, None, None) == [own, Problem(None, "no", "No.")]
    assert asked == ["vital-signs"], "registered once, asked once"


def test_the_gate_of_consent_stands() -> None:
    assert nothing_beyond_what_was_ended in gates._gates


@pytest.mark.parametrize("spec", all_specs(), ids=lambda spec: spec.key)
def test_every_form_can_be_judged(spec: CrfSpec) -> None:
    assert (spec.about == About.ALWAYS) == (spec.key in ALWAYS)
    assert spec.dated_by or spec.key in ALWAYS | UNDATED, "say what dates a record of this form"
    assert spec.about in {*USES_OF_FORMS, About.CONTACT, About.TREATMENT, About.ALWAYS}


def test_a_form_is_not_dated_by_what_it_does_not_have() -> None:
    with pytest.raises(ValueError, match="dated_by"):
        CrfSpec(
            model=LAB_RESULT.model,
            key="lab-result",
            title="Laboratory result",
            parents=("visit",),
            sections=(Section("All", tuple(LAB_RESULT.fields)),),
            dated_by=("session.performed_on",),
        )


def test_every_form_of_the_world_has_the_day_that_the_database_says(world: World) -> None:
    from django.db import connection

    from apps.exports.catalogue import catalogue
    from studyportal.crf.dating import day_of

    for spec in all_specs():
        dataset = catalogue()[spec.key]
        record = world.record(spec)
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT {dataset.day} FROM "{dataset.table}" t JOIN access_site s ON s.id = t.site_id {dataset.joins}'
                " JOIN enrolment_participant p ON p.id = t.participant_id WHERE t.id = %s",
                [record.pk],
            )
            (found,) = cursor.fetchone()
        dated = day_of(spec, record)
        assert found == (None if dated is None else dated[1].earliest), spec.key
