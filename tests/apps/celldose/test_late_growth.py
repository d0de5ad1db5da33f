"""A culture that turns positive after the product was released or given: it is told, it is a deviation, it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apps.celldose import crfs
from apps.celldose.models import Microbiology
from apps.celldose.product_file import product_file
from apps.celldose.selectors import waiting
from apps.celldose.signals import grew_late
from studyportal.crf import actions as crf
from studyportal.deviations.models import Deviation
from tests.apps.celldose.conftest import Journey, save
from tests.cast import Cast


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """What a receiver of `grew_late` hears."""
    heard: list[dict[str, Any]] = []

    def hear(sender: type, **said: Any) -> None:
        heard.append({"sender": sender} | said)

    grew_late.connect(hear, dispatch_uid="tests.hear")
    yield heard
    grew_late.disconnect(dispatch_uid="tests.hear")


def read(journey: Journey, reason: str = "read", **values: Any) -> Any:
    record = Microbiology.objects.get(product=journey.product)
    return save(crfs.MICROBIOLOGY, journey.asha, record=record, reason=reason, **values)


# --- what is not told ------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [{"aerobic": "growth"}, {"gram_stain": "positive"}])
def test_growth_before_the_release_is_a_failed_criterion_and_no_late_one(
    journey: Journey, told: list[Any], values: dict[str, str]
) -> None:
    journey.upto("evaluation")
    read(journey, **values)
    assert not told and not Deviation.objects.exists()
    assert product_file(journey.product.pk).life.state == "quarantined"


def test_growth_of_a_rejected_product_is_not_told(journey: Journey, told: list[Any]) -> None:
    journey.upto("release", release={"decision": "rejected", "reason_rejected": "Clot"})
    read(journey, aerobic="growth")
    assert not told and not Deviation.objects.filter(code="late_growth").exists()


def test_growth_that_an_exceptional_release_answers_for_is_not_told(
    journey: Journey, told: list[Any]
) -> None:
    journey.upto("evaluation", microbiology={"aerobic": "growth", "organism": "S. epidermidis"})
    journey.made["release"] = journey.make_release(
        decision="exceptional", exceptional_reason="No other product", exceptional_informed=["physician"]
    )
    journey.upto("infusion")
    read(journey, organism="Staphylococcus epidermidis")
    assert not told and not Deviation.objects.filter(code="late_growth").exists()
    # What it did not know of is told.
    read(journey, fungal="growth")
    assert [one["cultures"] for one in told] == [("fungal",)]


def test_no_growth_is_not_told(journey: Journey, told: list[Any]) -> None:
    journey.upto("infusion")
    read(journey, aerobic="no_growth", anaerobic="no_growth", fungal="no_growth", read_on="2025-03-24")
    assert not told and not Deviation.objects.exists()


def test_growth_in_a_transcribed_history_is_not_told(transcribed: Journey, told: list[Any]) -> None:
    transcribed.open(performed_on="2016-11")
    transcribed.upto("product", harvest={"started_at": None, "ended_at": None})
    transcribed.make_infusion(started_at=None, stopped_at=None, total_dose=None, volume_ml=None)
    transcribed.make_microbiology(aerobic="growth", sampled_on="2016-11-02", endotoxin=None)
    assert not told and not Deviation.objects.filter(code="late_growth").exists()


# --- what is told ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "cultures"),
    [
        ({"aerobic": "growth"}, ("aerobic",)),
        ({"anaerobic": "growth", "fungal": "growth"}, ("anaerobic", "fungal")),
        ({"gram_stain": "positive"}, ("gram_stain",)),
    ],
)
@pytest.mark.parametrize("last", ["release", "infusion"])
def test_growth_after_the_release_or_infusion_is_told_once(
    journey: Journey, told: list[Any], last: str, values: dict[str, str], cultures: tuple[str, ...]
) -> None:
    journey.upto(last)
    read(journey, organism="E. coli", **values)
    (one,) = told
    assert (one["sender"], one["product"], one["organism"], one["cultures"], one["by"]) == (
        Microbiology,
        journey.product,
        "E. coli",
        cultures,
        journey.asha,
    )
    found = Deviation.objects.get(code="late_growth")
    assert (found.form, found.classification, found.state) == ("microbiology", "critical", "open")
    assert "E. coli" in found.description
    # Naming the organism is told, for the alert, as nothing that grew newly; correcting something else is not.
    read(journey, organism="Escherichia coli", reason="named")
    read(journey, endotoxin="<0.4", reason="corrected")
    assert [one["newly"] for one in told] == [cultures, ()]


def test_a_second_culture_is_told_too(journey: Journey, told: list[Any]) -> None:
    journey.upto("infusion")
    read(journey, aerobic="growth")
    read(journey, fungal="growth")
    assert [one["cultures"] for one in told] == [("aerobic",), ("aerobic", "fungal")]
    assert Deviation.objects.filter(code="late_growth").count() == 1


def test_growth_that_is_recorded_for_the_first_time_after_the_infusion_is_told(
    journey: Journey, told: list[Any]
) -> None:
    """An exceptional release without any microbiology; the first record of it shows growth."""
    journey.upto("viability")
    journey.make_evaluation()
    journey.made["microbiology"] = None
    journey.made["evaluation"] = None
    journey.made["release"] = journey.make_release(
        decision="exceptional",
        exceptional_reason="The laboratory is closed; no other product",
        exceptional_informed=["physician", "participant", "committee"],
    )
    journey.upto("infusion")
    journey.make_microbiology(aerobic="growth")
    assert [one["cultures"] for one in told] == [("aerobic",)]


def test_a_correction_takes_the_deviation_back_and_growth_again_is_told_again(
    journey: Journey, told: list[Any]
) -> None:
    journey.upto("infusion")
    read(journey, aerobic="growth")
    read(journey, aerobic="no_growth", reason="another participant's plate")
    assert Deviation.objects.get(code="late_growth").state == "withdrawn"
    read(journey, aerobic="growth", reason="it was this one's after all")
    assert len(told) == 2
    assert Deviation.objects.get(code="late_growth").state == "open"


def test_what_a_derivation_saves_tells_nothing(journey: Journey, told: list[Any]) -> None:
    journey.upto("infusion")
    read(journey, aerobic="growth")
    crf.rederive(Microbiology.objects.get(), reason="weight")
    assert len(told) == 1


# --- what it bars, and where it is seen ------------------------------------------------------------------


def test_a_released_product_that_grew_is_in_quarantine_and_not_infused(journey: Journey) -> None:
    from studyportal.crf.errors import Refused

    journey.upto("bedside")
    read(journey, aerobic="growth")
    file = product_file(journey.product.pk)
    assert file.life.state == "quarantined"
    assert [one.code for one in file.quarantine] == ["out_of_specification", "grown"]
    with pytest.raises(Refused, match="out_of_specification"):
        journey.make_infusion()


def test_it_is_seen_until_the_deviation_is_closed(journey: Journey, cast: Cast, page: Any) -> None:
    journey.upto("infusion")
    read(journey, aerobic="growth", organism="E. coli")
    (one,) = waiting.waiting(cast.asha)
    assert one.urgent and "growth after the release (aerobic culture)" in one.tasks[0]
    for address in ("/worklist/", "/products/waiting/"):
        assert "growth after the release" in page(cast.asha).get(address).content.decode()
    release_page = page(cast.rao).get(f"/products/{journey.product.pk}/release/").content.decode()
    assert "Positive after the release: aerobic culture (E. coli)." in release_page
    Deviation.objects.filter(code="late_growth").update(state="closed")
    assert waiting.waiting(cast.asha) == []


def test_the_infusion_is_not_called_out_of_specification_for_it(journey: Journey) -> None:
    """What nobody could know at the infusion is one deviation, of the microbiology; a wrong count is the infusion's."""
    journey.upto("infusion")
    read(journey, aerobic="growth")
    assert set(Deviation.objects.values_list("code", flat=True)) == {"late_growth"}
    save(
        crfs.VIABILITY,
        journey.asha,
        record=journey.made["viability"],
        viability_percent="60",
        reason="recounted",
    )
    assert set(Deviation.objects.values_list("code", flat=True)) == {"late_growth", "out_of_specification"}


def test_the_name_of_the_organism_that_comes_days_later_is_told(journey: Journey, told: list[Any]) -> None:
    journey.upto("infusion")
    read(journey, aerobic="growth")
    read(journey, organism="S. aureus")
    assert [(one["organism"], one["newly"]) for one in told] == [("", ("aerobic",)), ("S. aureus", ())]
