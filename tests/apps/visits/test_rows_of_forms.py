"""A form with rows on every road: page, API, history, draft, export."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from apps.visits.crfs import COMPLICATIONS, MIXED_MEAL_TEST
from apps.visits.models import Domain, MixedMealTest
from studyportal.audit.selectors import history_of
from studyportal.crf import actions, display
from studyportal.crf.errors import CrfInvalid
from tests.world import World

MEAL: dict[str, Any] = {
    "done": True, "fasting_hours": "10", "insulin_withheld": True, "meal": "Liquid meal", "meal_amount": 300,
    "meal_started_at": "08:00", "meal_minutes": 5, "meal_finished": True, "vomited": False,
}  # fmt: skip
TIMES = (
    (-10, "07:50"),
    (0, "08:00"),
    (15, "08:15"),
    (30, "08:30"),
    (60, "09:00"),
    (90, "09:30"),
    (120, "10:00"),
)


def samples(**changed: Any) -> list[dict[str, Any]]:
    rows = [
        {
            "planned": planned,
            "sampled": True,
            "at": at,
            "glucose_tube": f"G{planned}",
            "c_peptide_tube": f"C{planned}",
        }
        for planned, at in TIMES
    ]
    for place, row in changed.items():
        rows[int(place[1:]) - 1] = rows[int(place[1:]) - 1] | row
    return rows


def a_meal(world: World, **more: Any) -> Any:
    return actions.save(
        MIXED_MEAL_TEST,
        raw={**MEAL, "samples": samples(), **more},
        by=world.cast.asha,
        parents={"visit": world.visit},
    )


@pytest.mark.parametrize(
    ("row", "place", "code"),
    [
        ({"r3": {"at": "8.00"}}, "samples.3.at", "not_after_before"),
        ({"r3": {"at": "25:00"}}, "samples.3.at", "invalid_time"),
        ({"r3": {"sampled": False}}, "samples.3.at", "contradiction"),
        ({"r3": {"glucose_tube": "G0"}}, "samples.3.glucose_tube", "tube_twice"),
        ({"r3": {"planned": 0}}, "samples.3.planned", "row_twice"),
        ({"r3": {"sampled": None}}, "samples.3.sampled", "required"),
    ],
)
@pytest.mark.django_db
def test_a_wrong_row_is_refused_by_its_place(bare_world: World, row: Any, place: str, code: str) -> None:
    with pytest.raises(CrfInvalid) as refused:
        a_meal(bare_world, samples=samples(**row))
    assert (place, code) in {(one.field, one.code) for one in refused.value.problems}
    assert not MixedMealTest.objects.exists()


@pytest.mark.django_db
def test_the_page_begins_with_the_times_of_the_protocol(bare_world: World, page: Any) -> None:
    url = (
        f"/participants/{bare_world.participant.code}/forms/mixed-meal-test/new/?visit={bare_world.visit.pk}"
    )
    text = page(bare_world.cast.asha).get(url).content.decode()
    assert 'name="samples-0-planned" value="-10"' in text
    assert 'name="samples-6-planned" value="120"' in text
    assert "samples-7-planned" not in text
    assert "data-rows-add" not in text


@pytest.mark.django_db
def test_a_posted_form_keeps_what_was_typed_and_names_the_cell(bare_world: World, page: Any) -> None:
    client = page(bare_world.cast.asha)
    url = (
        f"/participants/{bare_world.participant.code}/forms/mixed-meal-test/new/?visit={bare_world.visit.pk}"
    )
    sent = {name: str(value).lower() if isinstance(value, bool) else value for name, value in MEAL.items()}
    for place, row in enumerate(samples()):
        for name, value in row.items():
            sent[f"samples-{place}-{name}"] = str(value).lower() if isinstance(value, bool) else value
    wrong = client.post(url, sent | {"samples-2-at": "half past", "samples-2-glucose_tube": "<b>مرحبا"})
    text = wrong.content.decode()
    assert wrong.status_code == 400
    assert 'id="error-samples-2-at"' in text and 'href="#id_samples-2-at"' in text
    assert "half past" in text and "&lt;b&gt;مرحبا" in text
    saved = client.post(url, sent | {"samples-6-sampled": "", "absent-samples-6-sampled": "not_recorded"})
    assert saved.status_code == 302
    record = MixedMealTest.objects.get()
    assert [row["planned"] for row in record.samples] == ["-10", "0", "15", "30", "60", "90", "120"]
    assert record.samples[6]["absent"] == {"sampled": "not_recorded"}
    again = client.get(record.get_absolute_url()).content.decode()
    assert 'value="08:15"' in again


@pytest.mark.django_db
def test_the_api_speaks_in_objects(bare_world: World, api: Any) -> None:
    client = api(bare_world.cast.asha)
    body = {"participant": bare_world.participant.code, "visit": bare_world.visit.pk, **MEAL}
    refused = client.post("/api/v1/forms/mixed-meal-test/", body | {"samples": [{"planned": "x"}, 7]})
    assert refused.status_code == 400
    assert {(one["field"], one["code"]) for one in refused.json()["errors"]} >= {
        ("samples.1.planned", "invalid_number"),
        ("samples.2", "type"),
    }
    made = client.post("/api/v1/forms/mixed-meal-test/", body | {"samples": samples()})
    assert made.status_code == 201, made.content
    rows = made.json()["samples"]
    assert rows[0] == {
        "planned": -10, "sampled": True, "at": "07:50", "glucose_tube": "G-10", "c_peptide_tube": "C-10", "absent": {},
    }  # fmt: skip
    url = f"/api/v1/forms/mixed-meal-test/{made.json()['id']}/"
    same = client.patch(url, {"samples": rows}, headers={"If-Match": made["ETag"]})
    assert (same.status_code, same.json()["version"]) == (200, 1), (
        "what was read is sent back and changes nothing"
    )


@pytest.mark.django_db
def test_the_history_shows_the_row_that_changed(bare_world: World) -> None:
    record = a_meal(bare_world)
    record = actions.save(
        MIXED_MEAL_TEST,
        raw={"samples": samples(r3={"at": "08:16"})},
        by=bare_world.cast.asha,
        record=record,
        reason="Clock was read wrong",
    )
    (latest, *_older) = display.history_in_words(MIXED_MEAL_TEST, history_of(record))
    (change,) = [one for one in latest.fields if one.name == "samples"]
    assert (change.before, change.after) == (
        "3. 15 min, Yes, 08:15, G15, C15",
        "3. 15 min, Yes, 08:16, G15, C15",
    )


@pytest.mark.django_db(transaction=True)
def test_the_rows_are_a_dataset_of_their_own(bare_world: World, api: Any) -> None:
    a_meal(bare_world, samples=samples(r2={"glucose_tube": "=1+1"}))
    actions.save(
        COMPLICATIONS,
        raw={
            "screens": [{"domain": one.value, "result": "none", "method": "other"} for one in Domain],
            "lipohypertrophy": False,
        },
        by=bare_world.cast.asha,
        parents={"visit": bare_world.visit},
    )
    client = api(bare_world.cast.sanjay)
    listed = {one["key"]: one for one in client.get("/api/v1/datasets/").json()}
    assert {"mixed-meal-test-samples", "complications-screens"} <= set(listed)
    answer = client.get("/api/v1/datasets/mixed-meal-test-samples.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["row"], row["planned"], row["sampled"]) for row in rows][:2] == [
        ("1", "-10", "true"),
        ("2", "0", "true"),
    ]
    assert rows[1]["glucose_tube"] == "'=1+1"
    assert {row["visit"] for row in rows} == {"BL"}
    (form,) = csv.DictReader(
        io.StringIO(b"".join(client.get("/api/v1/datasets/mixed-meal-test.csv").streaming_content).decode())
    )
    assert form["samples_rows"] == "7"
    dictionary = client.get("/api/v1/datasets/complications-screens/dictionary.json").json()
    (domain,) = (
        [one for one in dictionary if one["name"] == "domain"]
        if isinstance(dictionary, list)
        else [one for one in dictionary["columns"] if one["name"] == "domain"]
    )
    assert len(domain["codes"]) == len(Domain)


@pytest.mark.django_db
def test_a_complete_screen_says_something_of_each_domain(bare_world: World) -> None:
    with pytest.raises(CrfInvalid) as refused:
        actions.save(
            COMPLICATIONS,
            raw={
                "screens": [
                    {"domain": "retinopathy", "result": "none", "method": "fundus_photo"},
                    {"domain": "foot", "absent": {"result": "not_done"}},
                ],
                "lipohypertrophy": False,
            },
            by=bare_world.cast.asha,
            parents={"visit": bare_world.visit},
        )
    assert [(one.field, one.code) for one in refused.value.problems] == [("screens.2.method", "required")]
