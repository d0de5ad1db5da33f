"""Two people at one form: both values of each field, chosen one by one, by page and by script."""

from __future__ import annotations

import re
from typing import Any

import pytest

from apps.visits.crfs import VITAL_SIGNS
from apps.visits.models import VitalSigns
from studyportal.audit.selectors import history_of
from studyportal.crf import actions as crf
from studyportal.crf import conflicts
from tests.world import World

pytestmark = pytest.mark.django_db

ABSENT = {name: "not_recorded" for name in VITAL_SIGNS.entered_fields if name not in ("weight", "height")}


@pytest.fixture
def record(bare_world: World) -> VitalSigns:
    """Complete: weight 60, height 160, the rest absent."""
    return crf.save(
        VITAL_SIGNS,
        raw={"weight": "60", "height": "160", "absent": ABSENT},
        by=bare_world.cast.asha,
        parents={"visit": bare_world.visit},
    )


def changed_by(world: World, record: Any, **raw: Any) -> Any:
    return crf.save(VITAL_SIGNS, raw=raw, by=world.cast.rao, record=record, reason="Read again")


def typed(**more: str) -> dict[str, str]:
    """What the page of the record posts, unchanged but for what is said."""
    absent = {f"absent-{name}": why for name, why in ABSENT.items()}
    return {"weight": "60.00", "height": "160.0", "version": "1"} | absent | more


def proposed(text: str, name: str) -> str:
    found = re.findall(rf'name="keep-{name}" value="(\w+)" checked', text)
    assert len(found) == 1, (name, found)
    return str(found[0])


# --- Field by field --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "mine", "expected"),
    [
        ({}, {}, None),
        ({"weight": "70"}, {}, ("theirs", False)),  # only they changed it
        ({"weight": "70"}, {"weight": "75"}, ("mine", True)),  # both did
        ({"weight": "70"}, {"weight": "70"}, None),  # both say the same
        ({"weight": "70"}, {"weight": "70.00"}, None),  # in other digits
        ({"height": "161"}, {"weight": "75"}, ("mine", False)),  # only I changed it
        ({"weight": "70"}, {"weight": "abc"}, ("mine", True)),  # what cannot be read is shown as typed
        ({"weight": "70"}, {"weight": "", "absent": {"weight": "not_done"}}, ("mine", True)),
        ({"weight": None, "absent": {"weight": "not_done"}}, {}, ("theirs", False)),
    ],
)
def test_what_is_proposed(
    bare_world: World, record: Any, theirs: Any, mine: Any, expected: tuple[str, bool] | None
) -> None:
    current = changed_by(bare_world, record, **theirs) if theirs else record
    raw = {"weight": "60", "height": "160"} | dict.fromkeys(ABSENT, "") | {"absent": dict(ABSENT)}
    absent = raw["absent"] | mine.get("absent", {})
    found = conflicts.differences(VITAL_SIGNS, raw | mine | {"absent": absent}, current, seen=1)
    about = {one.name: (one.proposed, one.both) for one in found}
    assert about.get("weight") == expected


def test_without_a_known_version_what_is_blank_writes_nothing_over(bare_world: World, record: Any) -> None:
    found = conflicts.differences(VITAL_SIGNS, {"weight": "", "height": "150"}, record, seen=0)
    about = {one.name: (one.proposed, one.before) for one in found}
    assert about["weight"] == ("theirs", None) and about["height"] == ("mine", None)


# --- Pages -----------------------------------------------------------------------------------------------


def test_a_late_save_shows_both_values_and_writes_none(bare_world: World, page: Any, record: Any) -> None:
    changed_by(bare_world, record, weight="70", height="161")
    asha = page(bare_world.cast.asha)
    answer = asha.post(record.get_absolute_url(), typed(weight="75", reason="Mine"))
    text = answer.content.decode()
    assert answer.status_code == 412
    assert "Somebody else saved this form while you were typing" in text and "rao" in text
    assert proposed(text, "weight") == "mine" and "changed by both" in text
    assert proposed(text, "height") == "theirs", "only they changed it"
    assert "keep-pulse" not in text, "the same on both sides"
    assert 'name="version" value="2"' in text
    record.refresh_from_db()
    assert (record.version, str(record.weight)) == (2, "70.00") or str(record.weight).startswith("70")


def test_each_field_is_kept_from_the_side_that_was_chosen(bare_world: World, page: Any, record: Any) -> None:
    changed_by(bare_world, record, weight="70", height="161")
    asha = page(bare_world.cast.asha)
    sent = typed(weight="75", version="2", reason="Both looked at") | {
        "keep-weight": "mine",
        "keep-height": "theirs",
    }
    assert asha.post(record.get_absolute_url(), sent).status_code == 302
    record.refresh_from_db()
    assert (float(record.weight), float(record.height), record.version) == (75.0, 161.0, 3)
    newest = history_of(record)[0]
    # The body-mass index follows from the weight.
    assert {one.name for one in newest.fields} - {"bmi", "version", "updated_at"} == {"weight"}
    assert newest.by == "asha" and newest.reason == "Both looked at"


def test_a_choice_needs_its_reason_and_is_not_lost_without(bare_world: World, page: Any, record: Any) -> None:
    changed_by(bare_world, record, weight="70", height="161")
    asha = page(bare_world.cast.asha)
    sent = typed(weight="75", version="2") | {"keep-weight": "mine", "keep-height": "theirs"}
    answer = asha.post(record.get_absolute_url(), sent)
    text = answer.content.decode()
    assert answer.status_code == 400 and "Say why you change it" in text
    assert re.search(r'name="height"[^>]*value="161', text) or re.search(
        r'id="id_height"[^>]*value="161', text
    )
    assert re.search(r'id="id_weight"[^>]*value="75"', text) or re.search(
        r'name="weight"[^>]*value="75"', text
    )
    record.refresh_from_db()
    assert record.version == 2


def test_theirs_everywhere_changes_nothing(bare_world: World, page: Any, record: Any) -> None:
    changed_by(bare_world, record, weight="70")
    asha = page(bare_world.cast.asha)
    sent = typed(weight="75", version="2") | {"keep-weight": "theirs"}
    assert asha.post(record.get_absolute_url(), sent).status_code == 302
    record.refresh_from_db()
    assert (float(record.weight), record.version) == (70.0, 2)


def test_a_third_save_meanwhile_is_compared_again(bare_world: World, page: Any, record: Any) -> None:
    current = changed_by(bare_world, record, weight="70")
    changed_by(bare_world, current, weight="71")
    asha = page(bare_world.cast.asha)
    answer = asha.post(record.get_absolute_url(), typed(weight="75", version="2") | {"keep-weight": "mine"})
    assert answer.status_code == 412
    assert 'name="version" value="3"' in answer.content.decode()


@pytest.mark.parametrize("nonsense", ["", "both", "THEIRS", "\x00", "🙂"])
def test_a_choice_that_is_none_keeps_what_was_typed(
    bare_world: World, page: Any, record: Any, nonsense: str
) -> None:
    asha = page(bare_world.cast.asha)
    sent = typed(weight="75", reason="Right") | {"keep-weight": nonsense}
    assert asha.post(record.get_absolute_url(), sent).status_code == 302
    record.refresh_from_db()
    assert float(record.weight) == 75.0


# --- Scripts ---------------------------------------------------------------------------------------------


def test_a_script_is_told_both_values(bare_world: World, api: Any, record: Any) -> None:
    changed_by(bare_world, record, weight="70", height="161")
    answer = api(bare_world.cast.asha).patch(
        f"/api/v1/forms/vital-signs/{record.pk}/",
        {"weight": "75", "reason": "Mine"},
        headers={"If-Match": '"1"'},
    )
    said = answer.json()
    assert (answer.status_code, said["code"], answer["ETag"]) == (412, "stale_version", '"2"')
    assert said["current"]["version"] == 2
    assert [one["field"] for one in said["changed"]] == ["weight"], "what it did not name is not meant"
    one = said["changed"][0]
    assert one["both_changed"] is True
    assert one["theirs"].startswith("70") and one["yours"].startswith("75") and one["before"].startswith("60")
