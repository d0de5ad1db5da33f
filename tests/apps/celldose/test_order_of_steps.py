"""Every wrong order of the steps of a product: each step without the one before, and every order of the critical ones.

What refuses is the gate of the step, by page, API and import alike; a step that has its parent in the database cannot be
made without it at all, and is tried without its parent here.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from apps.celldose import crfs
from apps.celldose.models import CellProduct, Infusion, Release
from apps.celldose.product_file import product_file
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.signatures.models import Signature
from tests.apps.celldose.conftest import Journey, at, save, sign

STEPS = Journey.STEPS
ORDERED_PAIRS = [(early, late) for i, early in enumerate(STEPS) for late in STEPS[i + 1 :]]

# Step → the steps that must have come before it. What is missing here may come in any order: counts and viability, say.
# A reading at collection and at receipt is asked for at the release, since it is read where the tissue is.
NEEDS: dict[str, tuple[str, ...]] = {
    "harvest": (),
    "product": ("harvest",),
    "collection": ("product",),
    "hand_over": ("product",),
    "receipt": ("product",),
    "processing": ("hand_over",),
    "counts": ("processing",),
    "viability": ("processing",),
    "microbiology": ("processing",),
    "evaluation": ("processing",),
    "release": ("collection", "receipt", "processing", "viability", "microbiology", "evaluation"),
    "infusion": ("release", "issue", "bedside"),
}
# Where the check of the identity at issue and at the bedside has its gate (custody), a release and an issue come first.
CRITICAL = ("processing", "evaluation", "release", "infusion")


def before(step: str) -> set[str]:
    """Everything that must have come before, however far back."""
    found: set[str] = set()
    for one in NEEDS.get(step, ()):
        found |= {one} | before(one)
    return found


def attempt(journey: Journey, step: str) -> list[str]:
    """The codes with which the step is refused; empty when it is made."""
    try:
        journey.made[step] = getattr(journey, f"make_{step}")()
    except (Refused, CrfInvalid) as error:
        return [one.code for one in error.problems]
    except KeyError:
        return ["no_parent"]  # there is no harvest or product that the record could belong to
    return []


def test_every_step_has_its_place() -> None:
    assert set(NEEDS) | {"issue", "bedside"} == set(STEPS)
    for step in NEEDS:
        assert all(STEPS.index(one) < STEPS.index(step) for one in before(step)), step


@pytest.mark.parametrize(("early", "late"), [pair for pair in ORDERED_PAIRS if pair[1] in NEEDS])
def test_a_step_before_one_that_it_needs_is_refused(journey: Journey, early: str, late: str) -> None:
    """All that comes before `late` is made, except `early` and what rests on it."""
    journey.open()
    for step in STEPS[: STEPS.index(late)]:
        if step != early and early not in before(step):
            attempt(journey, step)
    codes = attempt(journey, late)
    if early in before(late):
        assert codes, f"{late} was recorded before {early}"
    else:
        assert not codes, f"{late} does not need {early}, and was refused: {codes}"


@pytest.mark.parametrize("order", list(itertools.permutations(CRITICAL)), ids="-".join)
def test_of_every_order_of_the_critical_steps_one_alone_leads_to_an_infusion(
    journey: Journey, order: tuple[str, ...]
) -> None:
    """Each step is tried once, at its place in the order; everything else that is needed is there before."""
    journey.upto("receipt")
    refused = {}
    for step in order:
        if step == "infusion" and journey.made.get("release"):
            attempt(journey, "issue")
            attempt(journey, "bedside")
        refused[step] = attempt(journey, step)
        if step == "processing" and not refused[step]:
            for measured in ("counts", "viability", "microbiology"):
                assert not attempt(journey, measured)
    if order == CRITICAL:
        assert not any(refused.values())
        assert Infusion.objects.count() == 1
    else:
        assert any(refused.values())
        assert not Infusion.objects.exists()
        assert refused["infusion"]


@pytest.mark.parametrize("step", [one for one in STEPS if one not in ("harvest", "product")])
def test_nothing_is_infused_twice_or_after_its_discard(journey: Journey, step: str) -> None:
    """Discarded after any step, the product goes no further towards a participant."""
    journey.upto(step)
    if step == "infusion":
        assert attempt(journey, "infusion") == ["already_started", "already_used"]
        return
    save(
        crfs.DISCARD,
        journey.asha,
        {"product": journey.product},
        reason_code="damaged",
        discarded_at=at(15, 5),
        discarded_by="Technologist 2",
        witnessed_by="Technologist 5",
    )
    for later in ("evaluation", "release", "infusion"):
        if later not in journey.made:
            assert "discarded" in attempt(journey, later), later
    assert not Infusion.objects.exists()


def test_signing_is_a_step_of_its_own(journey: Journey) -> None:
    """Decided and not signed; signed, and then changed; evaluated anew in between: none of it lets the product go."""
    journey.upto("evaluation")
    decided = journey.made["release"] = journey.make_release(signed=False)
    attempt(journey, "issue")
    attempt(journey, "bedside")
    assert "release_unsigned" in attempt(journey, "infusion")
    sign(decided, journey.rao)
    save(crfs.RELEASE, journey.rao, record=decided, conditions="Telephone first", reason="more exact")
    assert "release_unsigned" in attempt(journey, "infusion")
    decided.refresh_from_db()
    sign(decided, journey.rao)
    for step in ("issue", "bedside", "infusion"):
        assert step in journey.made or not attempt(journey, step), step
    assert Signature.objects.filter(form="release").count() == 2


def test_times_in_the_wrong_order_are_refused(journey: Journey) -> None:
    journey.upto("evaluation")
    assert "decided_before_processing" in _codes(lambda: journey.make_release(released_at=at(12, 59)))
    journey.made["release"] = journey.make_release(released_at=at(15, 30))
    attempt(journey, "issue")
    attempt(journey, "bedside")
    assert "not_released" in _codes(lambda: journey.make_infusion(started_at=at(15, 29), stopped_at=at(16)))


def test_the_right_order_has_no_gap(journey: Journey) -> None:
    journey.upto("infusion")
    life = product_file(journey.product.pk).life
    assert (life.state, life.out_of_order) == ("infused", ())
    assert CellProduct.objects.count() == Release.objects.count() == 1


def _codes(act: Any) -> list[str]:
    with pytest.raises(Refused) as caught:
        act()
    return [one.code for one in caught.value.problems]
