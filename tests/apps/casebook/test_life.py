"""The life of a participant: what is drawn, what is said, and who may read it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.casebook.life_line import life_line
from apps.enrolment.models import Participant
from apps.enrolment.rules import LifeEvent, Spell
from studyportal.crf.partial_date import PartialDate
from tests.apps.casebook.conftest import Cohort
from tests.cast import Cast
from tests.counting import questions

TODAY = dt.date(2026, 6, 1)


def on(text: str) -> PartialDate:
    return PartialDate.parse(text)


LIFE = [
    LifeEvent("screened", on("2024-01-02")),
    LifeEvent("eligible", on("2024-01-05")),
    LifeEvent("consented", on("2024-01-06")),
    LifeEvent("enrolled", on("2024-01-10")),
    LifeEvent("treated", on("2024-02"), "S1", 1),
    LifeEvent("treated", on("2024-02-03"), "BM-MNC", 1),
    LifeEvent("treated", on("2024-03-20"), "S2", 2),
    LifeEvent("followed", on("2024-05-01"), "M3"),
    LifeEvent("followed", on("2024-08-01"), "M6"),
]


def life(*more: LifeEvent, spells: tuple[Spell, ...] = (), ended: bool = False, of: Any = LIFE) -> Any:
    return life_line([*of, *more], spells, today=TODAY, ended=ended)


# what is said
def test_one_line_for_a_session_and_one_for_follow_up() -> None:
    said = [(one.label, str(one.on)) for one in life().happenings]
    assert said == [
        ("Screened", "2024-01-02"),
        ("Eligible", "2024-01-05"),
        ("Consented", "2024-01-06"),
        ("Enrolled", "2024-01-10"),
        ("Session 1", "2024-02-03"),
        ("Session 2", "2024-03-20"),
        ("Follow-up", "2024-05-01"),
    ]
    assert life().happenings[-1].text == "Month 3, Month 6; the last 1 Aug 2024"


def test_a_whole_life_has_no_gap_but_the_silence_since() -> None:
    [gap] = life(spells=(Spell("case", on("2024-01-10")),)).gaps
    assert gap == "Nothing is recorded for 669 days, from 1 Aug 2024 to 1 Jun 2026."
    assert life(LifeEvent("died", on("2024-09-01")), spells=(Spell("case", None),), ended=True).gaps == ()


@pytest.mark.parametrize(
    ("events", "gap"),
    [
        ([LifeEvent("enrolled", on("2024-01-10"))], "No complete consent is on record."),
        ([LifeEvent("enrolled", on("2024-01-10"))], "Enrolled, and not yet in a group."),
        (
            [LifeEvent("treated", on("2016-11"), "", 1)],
            "Treated, and no day of enrolment is on record.",
        ),
        ([LifeEvent("consented", None)], "Consented: the date is not recorded."),
        (
            [LifeEvent("lost", on("2024-02-01")), LifeEvent("found", on("2024-03-01"))],
            "Not reached from 1 Feb 2024 to 1 Mar 2024.",
        ),
    ],
)
def test_gaps_are_said_in_words(events: list[LifeEvent], gap: str) -> None:
    assert gap in life(of=events).gaps


def test_groups_say_when_and_why_they_ended() -> None:
    crossed = life(
        spells=(
            Spell("control", on("2024-01-10"), on("2024-05-10"), "treated", dt.date(2024, 1, 12)),
            Spell("case", on("2024-05-10")),
        )
    )
    assert [one.text for one in crossed.groups] == [
        "from 10 Jan 2024, until 10 May 2024, then treated, and censored as a control, index date 12 Jan 2024",
        "from 10 May 2024",
    ]
    assert [band.label for band in crossed.layouts[0].bands] == ["Control", "Case"]


def test_a_withdrawal_names_its_scopes_and_no_free_text_is_repeated() -> None:
    one = life(LifeEvent("withdrawn", on("2024-09-01"), "treatment,visits")).happenings[-1]
    assert one.text == "Treatment, Visits"
    [died] = life(of=[LifeEvent("died", on("2024-09-01"), "name of somebody")], ended=True).happenings
    assert died.text == ""


# what is drawn
def test_a_month_is_a_span_and_a_day_a_point() -> None:
    drawn = life(of=[LifeEvent("screened", on("2024-01-02")), LifeEvent("enrolled", on("2024-03"))])
    first, second = drawn.layouts[0].marks
    assert first.width == 0 and second.width > 0
    assert drawn.happenings[1].detail == "known by month"


@pytest.mark.parametrize("size", [0, 1])
def test_everything_is_inside_and_no_label_covers_another(size: int) -> None:
    layout = life(LifeEvent("died", on("2024-09-01")), spells=(Spell("case", on("2024-01-10")),)).layouts[
        size
    ]
    boxes = [
        (mark.x + 4, mark.x + 4 + 6.4 * len(mark.text), mark.y_label - 11, mark.y_label)
        for mark in layout.marks
    ]
    for left, right, top, bottom in boxes:
        assert left >= 0 and right <= layout.width and top >= 0 and bottom < layout.y
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            assert one[1] <= other[0] or other[1] <= one[0] or one[3] <= other[2] or other[3] <= one[2]


@pytest.mark.parametrize("events", [[], [LifeEvent("consented", None)], [LifeEvent("screened", on("2024"))]])
def test_short_lives_are_drawn_or_said_to_be_empty(events: list[LifeEvent]) -> None:
    line = life(of=events)
    if line.is_empty:
        assert not any(one.on for one in line.happenings)
    else:
        assert len(line.layouts) == 2
    assert isinstance(line.summary, str)


# page and API: refusals
@pytest.mark.django_db
def test_who_may_read_a_life(cast: Cast, cohort: Cohort, api: Any) -> None:
    address = f"/api/v1/participants/{cohort.case(day_0='2026-01-01').code}/life/"
    assert api(None).get(address).status_code == 401
    for name, status in (("asha", 200), ("rao", 200), ("meera", 200), ("vikram", 404), ("norole", 403)):
        assert api(getattr(cast, name)).get(address).status_code == status, name
    assert api(cast.asha).get("/api/v1/participants/MUM-9999-X/life/").status_code == 404
    assert api(cast.asha).post(address, {}).status_code == 405


@pytest.mark.django_db
def test_page_and_api_tell_the_same_life(cast: Cast, cohort: Cohort, api: Any, page: Any) -> None:
    person = cohort.case(day_0="2026-01-01")
    body = api(cast.asha).get(f"/api/v1/participants/{person.code}/life/").json()
    assert body["participant"] == person.code
    assert body["status"] == Participant.objects.get(pk=person.pk).status
    kinds = [event["kind"] for event in body["events"]]
    assert "treated" in kinds
    [treated] = [event for event in body["events"] if event["kind"] == "treated"]
    assert (treated["on"], treated["precision"], treated["session"]) == ("2026-01-01", "day", 1)
    assert [spell["group"] for spell in body["groups"]] == ["case"]
    text = page(cast.asha).get(f"/participants/{person.code}/").content.decode()
    assert "Life in the study" in text and "life-wide-title" in text
    for gap in body["gaps"]:
        assert gap in text
    assert "style=" not in text.split('id="life"')[1].split('id="grid"')[0]


@pytest.mark.django_db
def test_the_list_is_narrowed_by_derived_status_and_says_since_when(
    cast: Cast, cohort: Cohort, page: Any
) -> None:
    treated, other = cohort.case(day_0="2026-01-01"), cohort.case()
    browser = page(cast.meera)
    status = Participant.objects.get(pk=treated.pk).status
    response = browser.get(f"/participants/?status={status}")
    codes = {row[0].text for row in response.context["rows"]}
    assert treated.code in codes and other.code not in codes
    assert "since 1 Jan 2026" in response.content.decode()


@pytest.mark.django_db
def test_the_number_of_queries_does_not_hang_on_the_life(cast: Cast, cohort: Cohort, api: Any) -> None:
    short, long_ = cohort.case(), cohort.case(day_0="2026-01-01")
    for key, day in (("D1", "2026-01-02"), ("D7", "2026-01-08"), ("M1", "2026-01-31")):
        cohort.visit(long_, key, day)
    client = api(cast.asha)
    client.get(f"/api/v1/participants/{short.code}/life/")
    with questions() as few:
        client.get(f"/api/v1/participants/{short.code}/life/")
    with questions() as more:
        client.get(f"/api/v1/participants/{long_.code}/life/")
    assert len(few) == len(more)
