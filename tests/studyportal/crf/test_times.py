"""Times that nobody can have meant: what lies ahead, what the clocks skipped, and what they showed twice."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from apps.celldose import crfs
from apps.celldose.models import CellSession, Harvest
from apps.enrolment.models import Hospitalisation
from studyportal.access.models import Membership, Site, User
from studyportal.crf import actions as crf
from studyportal.crf import fields as f
from studyportal.crf import forms, moments
from studyportal.crf.fields.dates import shown_moment, with_offset
from studyportal.crf.registry import all_specs
from tests.approvals import approve

DAY = f.DayField("Taken on")
DUE = f.DayField("Due on", future=True)
MOMENT = f.MomentField("At")
PLANNED = f.MomentField("Planned at", future=True)
PARTIAL = f.PartialDateField("Began")
EXPECTED = f.PartialDateField("Expected", future=True)

KOLKATA, NEW_YORK, LONDON = (ZoneInfo(n) for n in ("Asia/Kolkata", "America/New_York", "Europe/London"))
NOW = dt.datetime(2026, 3, 10, 20, 0, tzinfo=dt.UTC)  # 11 March, 01:30 in Mumbai


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def refusal(field: Any, raw: Any) -> str:
    try:
        field.parse(raw)
    except ValidationError as error:
        return str(error.code)
    return ""


# --- what lies ahead -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "field", "raw", "code"),
    [
        (KOLKATA, DAY, "2026-03-12", "in_future"),
        (KOLKATA, DAY, "2026-03-11", ""),  # already today there, not yet in UTC
        (NEW_YORK, DAY, "2026-03-11", "in_future"),
        (NEW_YORK, DAY, "2026-03-10", ""),
        (KOLKATA, DAY, "2062-03-11", "in_future"),
        (KOLKATA, DUE, "2062-03-11", ""),
        (KOLKATA, PARTIAL, "2026-03-12", "in_future"),
        (KOLKATA, PARTIAL, "2026-03", ""),  # may be a day that has been
        (KOLKATA, PARTIAL, "2026-04", "in_future"),
        (KOLKATA, PARTIAL, "2026", ""),
        (KOLKATA, PARTIAL, "2027", "in_future"),
        (KOLKATA, PARTIAL, "age:90", ""),
        (KOLKATA, EXPECTED, "2027", ""),
        (KOLKATA, MOMENT, "2026-03-11T01:35", ""),  # clocks differ a little
        (KOLKATA, MOMENT, "2026-03-11T01:36", "in_future"),
        (KOLKATA, MOMENT, "2026-03-10T20:05Z", ""),
        (KOLKATA, MOMENT, "2026-03-10T20:05:01Z", "in_future"),
        (KOLKATA, MOMENT, "2026-03-11T02:00+05:30", "in_future"),
        (NEW_YORK, MOMENT, "2026-03-10T16:05", ""),
        (NEW_YORK, MOMENT, "2026-03-10T16:06", "in_future"),
        (KOLKATA, PLANNED, "2026-05-01T09:00", ""),
    ],
)
def test_what_is_recorded_has_happened(clock: None, zone: ZoneInfo, field: Any, raw: str, code: str) -> None:
    with timezone.override(zone):
        assert refusal(field, raw) == code


def test_a_refusal_says_what_time_it_is(clock: None) -> None:
    with timezone.override(KOLKATA):
        with pytest.raises(ValidationError, match="it is 11 Mar 2026, 01:30 now"):
            MOMENT.parse("2026-03-11T13:30")
        with pytest.raises(ValidationError, match="today is 11 Mar 2026"):
            DAY.parse("2026-11-03")


# Declared, so that a new field of a plan is a decision and not an accident.
MAY_LIE_AHEAD = {
    ("adverse-event", "follow_up_due_on"),
    ("adverse-event-follow-up", "next_due_on"),
    ("cell-session", "planned_on"),
    ("processing", "enzyme_expires_on"),
    ("reagent-lot", "expires_on"),
}


def test_only_plans_expiries_and_due_dates_may_lie_ahead() -> None:
    found = {
        (spec.key, name)
        for spec in all_specs()
        for name, one in spec.entered_fields.items()
        if getattr(one, "future", False)
    }
    assert found == MAY_LIE_AHEAD


@pytest.mark.django_db
def test_page_api_and_save_refuse_alike_and_keep_what_was_typed(cast: Any, api: Any, page: Any) -> None:
    from apps.enrolment import actions as enrolment

    participant = enrolment.register(site=cast.mumbai, by=cast.asha)
    typed = {"admitted_on": "2099-05"}
    answer = api(cast.asha).post(
        "/api/v1/forms/hospitalisation/", {"participant": participant.code, **typed, "complete": False}
    )
    assert answer.status_code == 400
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("admitted_on", "in_future")]
    shown = page(cast.asha).post(
        f"/participants/{participant.code}/forms/hospitalisation/new/", typed | {"incomplete": "1"}
    )
    assert shown.status_code == 400
    assert "This lies in the future" in shown.content.decode() and 'value="2099-05"' in shown.content.decode()
    assert not Hospitalisation.objects.exists()


# --- clocks that are put forward and back ----------------------------------------------------------------

FORWARD_NY, BACK_NY = "2025-03-09T02:30", "2025-11-02T01:30"
FORWARD_LONDON, BACK_LONDON = "2025-03-30T01:30", "2025-10-26T01:30"


@pytest.mark.parametrize(
    ("zone", "wall", "offsets"),
    [
        (NEW_YORK, "2025-11-02T00:59", ["-04:00"]),
        (NEW_YORK, "2025-11-02T01:00", ["-04:00", "-05:00"]),
        (NEW_YORK, "2025-11-02T01:59:59", ["-04:00", "-05:00"]),
        (NEW_YORK, "2025-11-02T02:00", ["-05:00"]),
        (NEW_YORK, "2025-03-09T01:59", ["-05:00"]),
        (NEW_YORK, "2025-03-09T02:00", []),
        (NEW_YORK, "2025-03-09T03:00", ["-04:00"]),
        (LONDON, BACK_LONDON, ["+01:00", "+00:00"]),
        (LONDON, FORWARD_LONDON, []),
        (KOLKATA, BACK_NY, ["+05:30"]),
        (dt.UTC, BACK_NY, ["+00:00"]),
    ],
)
def test_what_a_time_on_the_wall_can_mean(zone: dt.tzinfo, wall: str, offsets: list[str]) -> None:
    found = moments.meant_by(dt.datetime.fromisoformat(wall), zone)
    assert [moments.offset_of(one) for one in found] == offsets
    utc = [one.astimezone(dt.UTC) for one in found]
    assert utc == sorted(utc)


@pytest.mark.parametrize(
    ("zone", "raw", "code"),
    [
        (NEW_YORK, BACK_NY, "ambiguous_time"),
        (NEW_YORK, BACK_NY + "-04:00", ""),
        (NEW_YORK, BACK_NY + "-05:00", ""),
        (NEW_YORK, FORWARD_NY, "impossible_time"),
        (LONDON, BACK_LONDON, "ambiguous_time"),
        (LONDON, FORWARD_LONDON, "impossible_time"),
        (LONDON, "2025-10-26T00:30Z", ""),
        (KOLKATA, BACK_NY, ""),
    ],
)
def test_which_of_two_times_is_asked(zone: ZoneInfo, raw: str, code: str) -> None:
    with timezone.override(zone):
        assert refusal(MOMENT, raw) == code


def test_the_question_names_both_times() -> None:
    with timezone.override(NEW_YORK), pytest.raises(ValidationError) as asked:
        MOMENT.parse(BACK_NY)
    assert "2025-11-02T01:30-04:00" in asked.value.messages[0]
    assert "2025-11-02T01:30-05:00" in asked.value.messages[0]


@pytest.mark.parametrize("zone", [NEW_YORK, LONDON, KOLKATA])
@pytest.mark.parametrize(
    "moment",
    [
        "2025-11-02T05:30:00",  # the first 01:30 in New York
        "2025-11-02T06:30:00",  # the second
        "2025-10-26T00:30:00",
        "2025-10-26T01:30:00",
        "2025-06-01T12:00:00",
        "2025-06-01T12:00:41",
    ],
)
def test_what_is_typed_again_is_the_same_moment(zone: ZoneInfo, moment: str) -> None:
    value = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
    with timezone.override(zone):
        assert MOMENT.parse(MOMENT.as_text(value)) == value
        shown = shown_moment(MOMENT.as_text(value))
        assert MOMENT.parse(with_offset(shown.wall, shown.offset)) == value


def test_the_two_times_read_differently() -> None:
    first, second = (dt.datetime(2025, 11, 2, hour, 30, tzinfo=dt.UTC) for hour in (5, 6))
    with timezone.override(NEW_YORK):
        assert MOMENT.for_people(first) == "2 Nov 2025, 01:30 (UTC-04:00)"
        assert MOMENT.for_people(second) == "2 Nov 2025, 01:30 (UTC-05:00)"
        assert MOMENT.for_people(second + dt.timedelta(hours=1)) == "2 Nov 2025, 02:30"


def test_time_that_passed_is_not_what_the_wall_says() -> None:
    before = dt.datetime(2025, 11, 2, 0, 30, tzinfo=NEW_YORK)
    after = dt.datetime(2025, 11, 2, 2, 30, tzinfo=NEW_YORK)
    assert after - before == dt.timedelta(hours=2)  # how Python reads two times of one zone
    assert moments.elapsed(before, after) == dt.timedelta(hours=3)
    assert moments.minutes_between(after, before) == -180
    assert moments.minutes_between(before, before + dt.timedelta(seconds=59)) == 0


@pytest.mark.parametrize(
    ("posted", "offset", "text"),
    [
        (BACK_NY, "-05:00", BACK_NY + "-05:00"),
        (BACK_NY, "", BACK_NY),
        (BACK_NY, "+09:00", BACK_NY),  # none of the two
        ("2025-12-02T01:30", "-04:00", "2025-12-02T01:30"),  # left over from the time typed before
        ("nonsense", "-04:00", "nonsense"),
        ("", "-04:00", ""),
    ],
)
def test_a_choice_counts_for_its_own_time_only(posted: str, offset: str, text: str) -> None:
    with timezone.override(NEW_YORK):
        assert with_offset(posted, offset) == text


# --- a site whose clocks change --------------------------------------------------------------------------


@pytest.fixture
def boston(cast: Any) -> tuple[Site, User]:
    site = Site.objects.create(code="BOS", name="Boston", timezone="America/New_York", country="US")
    approve(site, by=cast.meera)
    nurse = User.objects.create(username="grace", display_name="Grace")
    Membership.objects.create(user=nurse, role="site_coordinator", site=site, valid_from="2020-01-01")
    return site, nurse


@pytest.fixture
def session(cast: Any, boston: Any) -> CellSession:
    from apps.enrolment.actions import register

    site, nurse = boston
    participant = register(site=site, by=cast.meera, group="case", retrospective=True)
    return crf.save(  # type: ignore[no-any-return]
        crfs.CELL_SESSION,
        raw={"number": "1", "performed_on": "2015-11-01"},
        by=nurse,
        participant=participant,
        complete=False,
    )


@pytest.mark.django_db
def test_a_page_asks_which_and_takes_the_answer(boston: Any, session: CellSession, page: Any) -> None:
    _site, nurse = boston
    url = f"/participants/{session.participant.code}/forms/harvest/new/?session={session.pk}"
    typed = {"tissue": "bone_marrow", "started_at": "2015-11-01T01:10", "incomplete": "1"}
    browser = page(nurse)
    asked = browser.post(url, typed)
    body = asked.content.decode()
    assert asked.status_code == 400 and "The clocks went back" in body
    assert 'name="started_at-offset" value="-04:00"' in body
    assert 'name="started_at-offset" value="-05:00"' in body
    assert 'value="2015-11-01T01:10"' in body
    saved = browser.post(url, typed | {"started_at-offset": "-05:00"})
    assert saved.status_code == 302, saved.content.decode()
    harvest = Harvest.objects.get()
    assert harvest.started_at == dt.datetime(2015, 11, 1, 6, 10, tzinfo=dt.UTC)
    again = browser.get(harvest.get_absolute_url()).content.decode()
    assert 'value="2015-11-01T01:10"' in again
    assert 'name="started_at-offset" value="-05:00" checked' in again


@pytest.mark.django_db
def test_the_api_asks_as_well(boston: Any, session: CellSession, api: Any) -> None:
    _site, nurse = boston
    sent = {
        "participant": session.participant.code,
        "session": session.pk,
        "tissue": "bone_marrow",
        "complete": False,
    }
    refused = api(nurse).post("/api/v1/forms/harvest/", sent | {"started_at": "2015-11-01T01:10"})
    assert refused.status_code == 400
    assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [("started_at", "ambiguous_time")]
    taken = api(nurse).post("/api/v1/forms/harvest/", sent | {"started_at": "2015-11-01T01:10-04:00"})
    assert taken.status_code == 201
    assert taken.json()["started_at"] == "2015-11-01T05:10:00Z"


@pytest.mark.django_db
def test_an_explanation_stands_whatever_zone_saves(boston: Any, session: CellSession) -> None:
    _site, nurse = boston
    harvest = crf.save(
        crfs.HARVEST,
        raw={"tissue": "bone_marrow", "started_at": "2015-11-01T01:10-05:00"},
        by=nurse,
        parents={"session": session},
        complete=False,
    )
    texts = []
    for zone in (NEW_YORK, KOLKATA, dt.UTC):
        with timezone.override(zone):
            texts.append(crf.as_texts(crfs.HARVEST, harvest)["started_at"])
    assert set(texts) == {"2015-11-01T01:10-05:00"}


@pytest.mark.django_db
def test_a_form_takes_the_choice_that_was_posted(boston: Any) -> None:
    posted = QueryDict("tissue=bone_marrow&started_at=2015-11-01T01%3A10&started_at-offset=-04%3A00")
    with timezone.override(NEW_YORK):
        assert forms.raw_of(crfs.HARVEST, posted)["started_at"] == "2015-11-01T01:10-04:00"


@pytest.mark.django_db
def test_a_draft_keeps_the_choice(boston: Any, session: CellSession) -> None:
    from studyportal.crf import drafts

    _site, nurse = boston
    ticket = drafts.Ticket(
        nurse.pk, "/", "harvest", session.participant_id, None, f"session={session.pk}", "p"
    )
    kept = drafts.keep(
        ticket=ticket, posted=QueryDict("started_at=2015-11-01T01%3A10&started_at-offset=-05%3A00"), by=nurse
    )
    with timezone.override(NEW_YORK):
        raw = forms.raw_of(crfs.HARVEST, drafts.posted_of(kept))
    assert raw["started_at"] == "2015-11-01T01:10-05:00"


def test_the_pages_of_consent_ask_in_the_same_way() -> None:
    from apps.consent.views import inputs

    typed = QueryDict("signed_at=2025-11-02T01%3A30&signed_at-offset=-05%3A00")
    with timezone.override(NEW_YORK):
        field = inputs.shown("signed_at", typed, {})
        assert inputs.stated(typed, ("signed_at",)) == {"signed_at": "2025-11-02T01:30-05:00"}
    assert (field.value, field.offset, [code for code, _words in field.offsets]) == (
        BACK_NY,
        "-05:00",
        ["-04:00", "-05:00"],
    )


def test_a_moment_is_one_that_a_control_of_the_browser_can_hold(clock: None) -> None:
    """A datetime-local control shows nothing for microseconds: the form would be saved without the moment."""
    with timezone.override(KOLKATA):
        exact = MOMENT.parse("2026-03-10T15:04:05.678901+00:00")
        assert exact == dt.datetime(2026, 3, 10, 15, 4, 5, tzinfo=dt.UTC)
        assert MOMENT.as_text(exact.replace(microsecond=678901)) == "2026-03-10T20:34:05"
        assert shown_moment("2026-03-10T20:34:05.678901").wall == "2026-03-10T20:34:05"
        assert shown_moment("2026-03-10T20:34:00.678901").wall == "2026-03-10T20:34"
