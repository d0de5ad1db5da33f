"""A reason is parsed in one place; every road says the same about a wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from studyportal.audit import acting, because
from studyportal.audit.context import current
from studyportal.audit.reasons import ChangeReason, Reason, ReasonError, of_form, parse
from studyportal.audit.selectors import history_of
from studyportal.crf.reasons import names_for
from studyportal.crf.registry import all_specs
from tests.world import World


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (7, "type"),
        (["text"], "type"),
        ({"code": "typo"}, "reason_code"),
        ({"code": 3}, "reason_code"),
        ({"code": ["other"]}, "reason_code"),
        ({"text": "no code"}, "code_required"),
        ({"code": "other"}, "too_short"),
        ({"code": "other", "text": " x "}, "too_short"),
        ("x", "too_short"),
        ({"code": "wrong_unit", "text": 3}, "type"),
        ({"code": "wrong_unit", "why": "x"}, "unknown_field"),
        ("x" * 1001, "max_length"),
        ("nul \x00", "nul_character"),
        ("half \ud800", "nul_character"),
    ],
)
def test_what_is_no_reason(raw: Any, code: str) -> None:
    with pytest.raises(ReasonError) as refused:
        parse(raw)
    assert refused.value.code == code


def test_an_unknown_code_is_answered_with_the_list() -> None:
    with pytest.raises(ReasonError) as refused:
        parse({"code": "typo"})
    assert all(code in refused.value.message for code in ChangeReason.values)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ({}, None),
        ({"code": "", "text": ""}, None),
        ("Digits exchanged", Reason("other", "Digits exchanged")),
        ({"code": "transcription_error"}, Reason("transcription_error")),
        ({"code": "wrong_unit", "text": " mmol, not mg "}, Reason("wrong_unit", "mmol, not mg")),
        (Reason("other", "as it is"), Reason("other", "as it is")),
    ],
)
def test_parsed(raw: Any, expected: Reason | None) -> None:
    assert parse(raw) == expected


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("other", "Digits exchanged"), "Digits exchanged"),
        (Reason("wrong_unit"), "Wrong unit"),
        (Reason("wrong_unit", "mmol"), "Wrong unit: mmol"),
    ],
)
def test_in_words(reason: Reason, words: str) -> None:
    assert str(reason) == words


def test_of_a_page() -> None:
    assert of_form({"reason_code": "wrong_unit", "reason": "mmol"}) == {"code": "wrong_unit", "text": "mmol"}
    assert of_form({"reason": "Misread"}) == "Misread"
    assert parse(of_form({})) is None


@pytest.mark.django_db
def test_words_of_the_portal_do_not_take_a_persons_code() -> None:
    with acting(source="page", reason=Reason("wrong_unit", "mmol")):
        assert (current()["reason"], current()["reason_code"]) == ("Wrong unit: mmol", "wrong_unit")
        with because("The weight changed"):
            assert (current()["reason"], current()["reason_code"]) == ("The weight changed", None)
        assert current()["reason_code"] == "wrong_unit"


def test_no_form_loses_a_field_to_the_reason() -> None:
    for spec in all_specs():
        names = names_for(spec)
        assert not {names.text, names.code} & set(spec.fields), spec.key


# --- By each road -----------------------------------------------------------------------------------------


@pytest.fixture
def record(world: World) -> Any:
    return world.records["vital-signs"]


def change(api: Any, world: World, record: Any, reason: Any) -> Any:
    record.refresh_from_db()
    body = {"weight": "61.2", "complete": False} | ({} if reason is None else {"reason": reason})
    return api(world.cast.asha).patch(
        f"/api/v1/forms/vital-signs/{record.pk}/", body, headers={"If-Match": f'"{record.version}"'}
    )


@pytest.mark.django_db
def test_the_api_refuses_an_unknown_code_with_the_list(world: World, api: Any, record: Any) -> None:
    answer = change(api, world, record, {"code": "typo"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (400, "reason", "reason_code")
    assert "transcription_error" in error["message"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [
        ("Misread", "other", "Misread"),
        (
            {"code": "transcription_error", "text": "misread"},
            "transcription_error",
            "Transcription error: misread",
        ),
    ],
)
def test_by_the_api(world: World, api: Any, record: Any, sent: Any, code: str, words: str) -> None:
    assert change(api, world, record, sent).status_code == 200
    newest = history_of(record)[0]
    assert (newest.reason_code, newest.reason) == (code, words)
    (first, *_rest) = api(world.cast.asha).get(f"/api/v1/forms/vital-signs/{record.pk}/history/").json()
    assert first["reason_code"] == code


@pytest.mark.django_db
def test_by_a_page(world: World, page: Any) -> None:
    url = f"/participants/{world.participant.code}/change/"
    shown = page(world.cast.meera).get(url).content.decode()
    assert 'name="reason_code"' in shown and "Transcription error" in shown
    typed = {"label": "Other label", "version": str(world.participant.version)}
    wrong = page(world.cast.meera).post(url, typed | {"reason_code": "other"})
    assert wrong.status_code == 400 and "which other reason" in wrong.content.decode()
    right = page(world.cast.meera).post(url, typed | {"reason_code": "duplicate_entry"})
    assert right.status_code == 302, right.content.decode()[:3000]
    newest = history_of(world.participant)[0]
    assert (newest.reason_code, newest.reason) == ("duplicate_entry", "Duplicate entry")
