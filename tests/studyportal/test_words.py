"""Sentences that remember how they were made."""

from __future__ import annotations

import copy
import datetime as dt
import json
import pickle
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import translation

from studyportal.crf.partial_date import PartialDate
from studyportal.words import Said, again, either, listed, rounded, said, stored, translated


def test_a_template_without_its_params_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(KeyError):
        said("%(weight)s kg", height=1)


def test_a_text_that_nobody_marked_stays_as_it_is() -> None:
    assert translated("100 % typed %(by)s a person") == "100 % typed %(by)s a person"
    assert stored("typed") == ("", {})
    assert again("typed", "", {}) == "typed"


def test_a_sentence_is_its_english_text() -> None:
    sentence = said("%(weight)s kg is %(percent)s %% more.", weight=Decimal("61.20"), percent=15)
    assert sentence == "61.20 kg is 15 % more."
    assert said("A change of 15 %% is rare.") == "A change of 15 % is rare."


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_it_survives_a_copy(copied: object) -> None:
    sentence = said("%(n)s days", n=3)
    twin = copied(sentence)  # type: ignore[operator]
    assert twin == sentence and twin.template == sentence.template and twin.params == {"n": 3}


def test_stored_and_made_again() -> None:
    sentence = said(
        "%(what)s: %(value)s on %(day)s, %(n)d times",
        what=said("weight of %(who)s", who="the child"),
        value=Decimal("61.20"),
        day=dt.date(2024, 11, 12),
        n=2,
    )
    template, params = stored(sentence)
    made = again(str(sentence), template, json.loads(json.dumps(params)))
    assert isinstance(made, Said) and made == sentence
    assert made.params["value"] == Decimal("61.20") and made.params["day"] == dt.date(2024, 11, 12)


def test_said_in_another_language(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"%(what)s: %(value)s": "%(value)s von %(what)s", "weight": "Gewicht"}
    monkeypatch.setattr("django.utils.translation.gettext", lambda text: words.get(text, text))
    with translation.override("de"):
        assert translated(said("%(what)s: %(value)s", what=said("weight"), value=Decimal("61.5"))) == (
            "61,5 von Gewicht"
        )


IST = ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (dt.date(2024, 11, 2), "2 Nov 2024"),
        (dt.datetime(2024, 11, 2, 9, 5, tzinfo=IST), "2 Nov 2024, 09:05"),
        (dt.datetime(2024, 11, 2, 9, 5, tzinfo=dt.UTC), "2 Nov 2024, 09:05 UTC"),
        (
            dt.datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")),
            "27 Oct 2024, 02:30 (UTC+02:00)",
        ),
        (PartialDate(2016, 11, 2), "2 Nov 2016"),
        (PartialDate(2016, 11), "Nov 2016"),
        (PartialDate(2016), "2016"),
        (PartialDate(age=12), "age 12"),
        (Decimal("1E+2"), "100"),
        (["a", said("%(n)s b", n=2)], "a, 2 b"),
        (listed(["a", "b", "c"]), "a, b and c"),
        (either(["a", "b"]), "a or b"),
        (listed(["a"]), "a"),
        (listed([]), ""),
        (rounded(2.345, 1), "2.3"),
        (None, "None"),
    ],
)
def test_what_stands_in_a_sentence_is_written_as_people_read_it(value: object, words: str) -> None:
    sentence = said("It was %(value)s.", value=value)
    assert sentence == f"It was {words}."
    assert translated(sentence) == sentence
    template, params = stored(sentence)
    assert again("", template, json.loads(json.dumps(params))) == sentence


def test_a_page_draws_it_in_the_readers_language_and_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.translation.gettext", lambda text: text.replace("weight", "Gewicht"))
    sentence = said("weight of %(who)s", who="<b>")
    assert Template("{{ one }}").render(Context({"one": sentence})) == "Gewicht of &lt;b&gt;"
