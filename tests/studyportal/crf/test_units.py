"""Numbers typed in another unit: kept as entered, converted for checks, offered where the protocol says so."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict

from apps.visits.crfs import VITAL_SIGNS
from apps.visits.models import VitalSigns
from studyportal import protocol
from studyportal.audit.selectors import history_of
from studyportal.crf import actions as crf
from studyportal.crf import display, forms, signing
from studyportal.crf.fields import QuantityField
from studyportal.crf.units import CONVERSIONS, Measured
from tests.world import World

TEMPERATURE = VITAL_SIGNS.fields["temperature"]


@pytest.fixture
def nowhere(monkeypatch: Any) -> None:
    """A protocol that lets nothing be typed in another unit."""
    plain = protocol.current()
    bare = plain.model_copy(update={"entry_units": type(plain.entry_units)({})})
    monkeypatch.setattr(protocol, "current", lambda: bare)


@pytest.mark.parametrize(
    ("pair", "typed", "value"),
    [
        (("[degF]", "Cel"), "98.6", "37"),
        (("[degF]", "Cel"), "32", "0"),
        (("[degF]", "Cel"), "-40", "-40"),
        (("[lb_av]", "kg"), "100", "45.359237"),
        (("[in_i]", "cm"), "70", "177.80"),
        (("g", "kg"), "850", "0.850"),
        (("m", "cm"), "1.62", "162"),
    ],
)
def test_conversions_by_definition(pair: tuple[str, str], typed: str, value: str) -> None:
    assert CONVERSIONS[pair].of(Decimal(typed)) == Decimal(value)


def test_a_unit_without_a_conversion_is_no_declaration() -> None:
    with pytest.raises(ValueError, match="no conversion"):
        QuantityField("Glucose", unit="mg/dL", units=("mmol/L",))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ({"value": "98.6", "unit": "K"}, "unit"),
        ({"value": "98.6", "unit": 5}, "unit"),
        ({"value": "98.6", "unit": ["[degF]"]}, "unit"),
        ({"value": "98.6"}, "unit"),
        ({"value": "98.66", "unit": "[degF]"}, "max_decimal_places"),
        ({"value": "85.9", "unit": "[degF]"}, "min_value"),
        ({"value": "109.5", "unit": "[degF]"}, "max_value"),
        ({"value": "98,6", "unit": "[degF]"}, "ambiguous_number"),
        ("98.6", "max_value"),
        ("98.6 K", "invalid_number"),
    ],
)
def test_refused(raw: Any, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TEMPERATURE.parse(raw)
    assert caught.value.code == code


def test_a_unit_that_the_protocol_does_not_list_is_refused(nowhere: None) -> None:
    with pytest.raises(ValidationError) as caught:
        TEMPERATURE.parse({"value": "98.6", "unit": "[degF]"})
    assert caught.value.code == "unit"
    view = next(one for section in forms.build(VITAL_SIGNS).sections for one in section.fields if one.name == "temperature")  # fmt: skip
    assert view.units == []


def test_it_computes_in_the_unit_of_the_form_and_remembers_the_other() -> None:
    value = TEMPERATURE.parse({"value": "100.4", "unit": "[degF]"})
    assert value == Decimal("38.0") and value.entered == "100.4 [degF]"
    assert TEMPERATURE.for_people(value) == "38.0 °C (100.4 °F)"
    assert TEMPERATURE.as_json(value) == "38.0"
    assert TEMPERATURE.parse(TEMPERATURE.as_text(value)).entered == "100.4 [degF]"
    assert TEMPERATURE.parse("  ") is None and TEMPERATURE.parse({"value": "", "unit": "[degF]"}) is None
    for again in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert again.entered == "100.4 [degF]"


def test_the_page_posts_the_unit_beside_the_number() -> None:
    typed = forms.raw_of(
        VITAL_SIGNS, QueryDict("temperature=100.4&unit-temperature=[degF]&unit-weight=[lb_av]&weight=60")
    )
    assert typed["temperature"] == {"value": "100.4", "unit": "[degF]"}
    assert typed["weight"] == "60", "a field of one unit takes no other"
    assert forms.raw_of(VITAL_SIGNS, QueryDict("unit-temperature=[degF]"))["temperature"] == ""
    view = next(one for section in forms.build(VITAL_SIGNS, typed=typed).sections for one in section.fields if one.name == "temperature")  # fmt: skip
    assert (view.value, view.unit_typed) == ("100.4", "[degF]")
    assert [code for code, _words in view.units] == ["Cel", "[degF]"]


@pytest.mark.django_db
def test_kept_as_entered_by_every_road(bare_world: World, api: Any) -> None:
    record = bare_world.record(VITAL_SIGNS)
    asha = bare_world.cast.asha
    crf.save(
        VITAL_SIGNS,
        raw={"temperature": {"value": "100.4", "unit": "[degF]"}},
        by=asha,
        record=record,
        complete=False,
    )
    stored = VitalSigns.objects.get(pk=record.pk)
    assert isinstance(stored.temperature, Measured) and stored.temperature == Decimal("38.0")
    assert stored.temperature_entered == "100.4 [degF]"
    assert VitalSigns.objects.filter(temperature="38.0").exists(), "analyses see the unit of the form"
    body = display.as_json(VITAL_SIGNS, stored, "X")
    assert (body["temperature"], body["temperature_entered"]) == ("38.0", "100.4 [degF]")
    assert signing.content_of(VITAL_SIGNS, stored)["values"]["temperature_entered"] == "100.4 [degF]"
    told = display.history_in_words(VITAL_SIGNS, history_of(stored))[0].fields
    assert "100.4 [degF]" in {one.after for one in told}

    answer = api(asha).patch(
        f"/api/v1/forms/vital-signs/{record.pk}/",
        {"temperature_entered": "1 [degF]"},
        headers={"If-Match": f'"{stored.version}"'},
    )
    assert answer.status_code == 400, "what was entered follows from the value"

    crf.save(VITAL_SIGNS, raw={"weight": "60"}, by=asha, record=stored, complete=False)
    assert VitalSigns.objects.get(pk=record.pk).temperature_entered == "100.4 [degF]", "untouched, it stays"
    crf.save(VITAL_SIGNS, raw={"temperature": "37.5"}, by=asha, record=stored, complete=False)
    again = VitalSigns.objects.get(pk=record.pk)
    assert again.temperature == Decimal("37.5") and again.temperature_entered is None
