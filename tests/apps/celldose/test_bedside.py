"""The page at the bedside: who may, what bars, two nurses at once, and an infusion from start to the last observation."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from apps.celldose import crfs
from apps.celldose.actions import infusion as actions
from apps.celldose.models import Infusion, InfusionHappening, InfusionObservation
from studyportal.access.models import Membership, User
from studyportal.crf import actions as crf
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.models import Draft
from studyportal.queries.models import Query
from tests.apps.celldose.conftest import Journey, at
from tests.cast import Cast
from tests.counting import questions

pytestmark = pytest.mark.django_db


def url(journey: Journey) -> str:
    return f"/products/{journey.product.pk}/infusion/"


@pytest.fixture
def ready(journey: Journey) -> Journey:
    """Released, issued and checked at the bedside; nothing bars the infusion."""
    journey.upto("bedside")
    return journey


@pytest.fixture
def grace(cast: Cast) -> User:
    """A second nurse of Mumbai."""
    nurse = User.objects.create(username="grace", display_name="Grace")
    Membership.objects.create(user=nurse, role="site_coordinator", site=cast.mumbai, valid_from="2020-01-01")
    return nurse


@pytest.fixture
def running(ready: Journey) -> Infusion:
    return actions.start(
        product=ready.product, by=ready.asha, started_at=at(15, 10), route="intravenous", rate_ml_h="60"
    )


def refused(act: Any, *args: Any, **kwargs: Any) -> dict[str, str]:
    """Code → message of the refusal."""
    with pytest.raises((CrfInvalid, Refused)) as error:
        act(*args, **kwargs)
    return {one.code: one.message for one in error.value.problems}  # type: ignore[attr-defined]


# --- refusals --------------------------------------------------------------------------------------------


def test_a_stranger_signs_in_first(ready: Journey, page: Any) -> None:
    answer = page(None).get(url(ready))
    assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/")


def test_another_sites_product_is_as_one_that_does_not_exist(ready: Journey, cast: Cast, page: Any) -> None:
    for path in (url(ready), url(ready) + "now/"):
        assert page(cast.vikram).get(path).status_code == 404
    assert page(cast.vikram).post(url(ready), {"act": "start"}).status_code == 404
    assert page(cast.asha).get("/products/987654/infusion/").status_code == 404


def test_who_only_reads_sees_no_forms_and_records_nothing(ready: Journey, cast: Cast, page: Any) -> None:
    browser = page(cast.farah)
    assert b'name="act"' not in browser.get(url(ready)).content
    assert browser.post(url(ready), {"act": "start"}).status_code == 403
    assert page(cast.norole).get(url(ready)).status_code == 403
    assert not Infusion.objects.exists()


def test_what_bars_the_infusion_is_said_and_refused_and_what_was_typed_stays(
    journey: Journey, cast: Cast, page: Any
) -> None:
    journey.upto("release")
    shown = page(cast.asha).get(url(journey)).content.decode()
    assert "Not yet: this stands in the way" in shown and "issue" in shown
    answer = page(cast.asha).post(
        url(journey),
        {
            "act": "start",
            "start-started_at": "2025-03-10T15:10",
            "start-premedication": "kept text",
            "before-pulse": "81",
        },
    )
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "kept text" in body and 'value="81"' in body
    assert not Infusion.objects.exists() and not InfusionObservation.objects.exists()


def test_an_unknown_act_is_no_fault_of_the_server(ready: Journey, cast: Cast, page: Any) -> None:
    for sent in ({}, {"act": "fly"}, {"act": "stop"}, {"act": "observe", "observe-timepoint": "start"}):
        assert page(cast.asha).post(url(ready), sent).status_code == 400


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"started_at": "2099-01-01T10:00"}, "in_future"),
        ({"started_at": "soon"}, "invalid_datetime"),
        ({"rate_ml_h": "0"}, "rate_zero"),
        ({"rate_ml_h": "-5"}, "min_value"),
        ({"started_at": at(8)}, "before_harvest"),
        ({"before": {"pulse": "-1"}}, "min_value"),
        ({"before": {"systolic": "80", "diastolic": "120"}}, "order"),
    ],
)
def test_a_start_that_cannot_be(ready: Journey, typed: dict[str, Any], code: str) -> None:
    said = refused(
        actions.start, product=ready.product, by=ready.asha, **({"started_at": at(15, 10)} | typed)
    )
    assert code in said
    assert not Infusion.objects.exists()


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("resumption", {"at": at(15, 20)}, "not_interrupted"),
        ("interruption", {"at": at(15, 9)}, "before_start"),
        ("rate", {"at": at(15, 20), "rate_ml_h": "0"}, "rate_zero"),
        ("rate", {"at": "2099-01-01T10:00", "rate_ml_h": "60"}, "in_future"),
        ("dance", {"at": at(15, 20)}, "unknown_code"),
        ("reaction", {"at": at(15, 20), "reactions": ["none", "fever"]}, "contradiction"),
        ("interruption", {"at": at(15, 20), "rate_ml_h": "60"}, "not_asked"),
    ],
)
def test_a_happening_that_cannot_be(running: Infusion, cast: Cast, kind: str, more: Any, code: str) -> None:
    assert code in refused(actions.note_happening, infusion=running, by=cast.asha, kind=kind, **more)
    assert not InfusionHappening.objects.exists()


def test_order_of_happenings(running: Infusion, cast: Cast) -> None:
    def note(kind: str, minute: int, **more: Any) -> Any:
        return actions.note_happening(infusion=running, by=cast.asha, kind=kind, at=at(15, minute), **more)

    note("interruption", 20)
    assert "interrupted_already" in refused(note, "interruption", 25)
    note("resumption", 30)
    assert "not_interrupted" in refused(note, "resumption", 35)
    # Entered later, for a time in between: it would break what stands.
    assert "interrupted_already" in refused(note, "interruption", 25)
    stop = {"infusion": running, "by": cast.asha, "volume_ml": "40"}
    assert "after_stop" in refused(actions.stop, stopped_at=at(15, 25), **stop)
    assert "order" in refused(actions.stop, stopped_at=at(15), **stop)
    actions.stop(stopped_at=at(15, 55), **stop)
    assert "after_stop" in refused(note, "interruption", 56)
    note("reaction", 58, reactions=["fever"])


@pytest.mark.parametrize(
    ("infused", "residual", "code"),
    [
        ("50", "0", ""),
        ("45", "5", ""),
        ("45", "5.1", "volume_above_product"),
        ("50.1", None, "volume_above_product"),
    ],
)
def test_no_more_than_the_product_held(
    running: Infusion, cast: Cast, infused: str, residual: Any, code: str
) -> None:
    stated = {"stopped_at": at(15, 55), "volume_ml": infused, "residual_discarded_ml": residual}
    if code:
        assert code in refused(actions.stop, infusion=running, by=cast.asha, **stated)
        running.refresh_from_db()
        assert running.stopped_at is None
    else:
        assert actions.stop(infusion=running, by=cast.asha, **stated).stopped_at is not None


def test_a_paper_may_give_volumes_that_do_not_agree(transcribed: Journey) -> None:
    transcribed.open(performed_on="2016-11-03")
    transcribed.upto(
        "processing",
        harvest={"started_at": None, "ended_at": None},
        hand_over={"received_at": None},
        processing={"started_at": None, "ended_at": None},
    )
    made = transcribed.make_infusion(
        started_at=None, stopped_at=None, volume_ml="60", residual_discarded_ml="5"
    )
    assert Query.objects.filter(form="infusion", object_id=made.pk, code="volume_balance").exists()


def test_an_observation_after_the_start_is_not_before_it(running: Infusion, cast: Cast) -> None:
    said = refused(
        actions.observe,
        infusion=running,
        by=cast.asha,
        timepoint="plus_15_min",
        observed_at=at(15, 5),
        pulse="80",
    )
    assert "15:05" in said["before_start"]


# --- two nurses ------------------------------------------------------------------------------------------


def test_the_second_start_is_told_of_the_first_and_keeps_what_was_typed(
    ready: Journey, grace: User, page: Any
) -> None:
    actions.start(product=ready.product, by=ready.asha, started_at=at(15, 10))
    answer = page(grace).post(url(ready), {"act": "start", "start-premedication": "kept text"})
    body = answer.content.decode()
    assert answer.status_code == 409
    assert "Asha" in body and "15:10" in body and "kept text" in body
    assert Infusion.objects.count() == 1


@pytest.mark.parametrize(
    ("act", "typed"),
    [
        ("observe", {"observe-timepoint": "plus_15_min", "observe-pulse": "99"}),
        ("happening", {"happening-kind": "interruption", "happening-reason": "kept 99"}),
        ("stop", {"stop-volume_ml": "48.99"}),
    ],
)
def test_the_second_of_two_records_gets_a_409_that_names_the_first(
    ready: Journey, running: Infusion, grace: User, page: Any, act: str, typed: dict[str, str]
) -> None:
    first = {
        "observe": lambda: actions.observe(
            infusion=running, by=ready.asha, timepoint="plus_15_min", observed_at=at(15, 25), pulse="80"
        ),
        "happening": lambda: actions.note_happening(
            infusion=running, by=ready.asha, kind="interruption", at=at(15, 20)
        ),
        "stop": lambda: actions.stop(infusion=running, by=ready.asha, stopped_at=at(15, 55)),
    }
    first[act]()
    answer = page(grace).post(url(ready), {"act": act, "happening-at": "2025-03-10T15:22"} | typed)
    body = answer.content.decode()
    assert answer.status_code == 409, body
    assert "Asha" in body and "99" in body


@pytest.mark.django_db(transaction=True)
def test_two_stops_at_the_very_same_time_make_one(cast: Cast) -> None:
    """Both have opened the page; the database makes the second wait, and then it is told."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from tests.apps.celldose.conftest import consent, treated, weigh

    participant = treated(cast.asha, cast.mumbai)
    consent(participant, cast.asha)
    weigh(participant, cast.asha)
    journey = Journey(participant, cast.asha, cast.rao)
    journey.upto("bedside")
    made = actions.start(product=journey.product, by=cast.asha, started_at=at(15, 10))

    def stop(by: User) -> str:
        try:
            actions.stop(infusion=made, by=by, stopped_at=at(15, 55), volume_ml="50")
            return "saved"
        except Refused as error:
            return error.problems[0].code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(stop, [cast.asha, cast.rao]))
    assert said == ["already_stopped", "saved"]


# --- an infusion as it goes ------------------------------------------------------------------------------


def test_from_start_to_the_last_observation(ready: Journey, cast: Cast, page: Any) -> None:
    browser = page(cast.asha)
    started = browser.post(
        url(ready),
        {
            "act": "start",
            "start-started_at": "2025-03-10T15:10",
            "start-route": "intravenous",
            "start-line": "peripheral",
            "start-filter_used": "true",
            "start-filter_microns": "200",
            "start-rate_ml_h": "60",
            "before-pulse": "78",
            "before-observed_at": "2025-03-10T14:56",
        },
        follow=True,
    )
    assert started.status_code == 200 and "The infusion runs." in started.content.decode()
    infusion = Infusion.objects.get()
    assert infusion.status == "incomplete" and infusion.rate_ml_h == 60
    before = infusion.observations.get()
    assert (before.timepoint, before.minutes_off, before.status) == ("minus_15_min", 1, "incomplete")

    happened = [
        {"happening-kind": "premedication", "happening-drug": "Paracetamol", "happening-dose": "500 mg oral",
         "happening-at": "2025-03-10T14:30"},
        {"happening-kind": "interruption", "happening-at": "2025-03-10T15:20", "happening-reason": "Chills"},
        {"happening-kind": "resumption", "happening-at": "2025-03-10T15:30", "happening-rate_ml_h": "80"},
    ]  # fmt: skip
    for one in happened:
        assert browser.post(url(ready), {"act": "happening"} | one).status_code == 302
    seen = {
        "act": "observe",
        "observe-timepoint": "plus_30_min",
        "observe-observed_at": "2025-03-10T15:52",
        "observe-temperature": "37.2",
        "observe-pulse": "82",
        "observe-systolic": "118",
        "observe-diastolic": "76",
        "observe-respiratory_rate": "16",
        "observe-oxygen_saturation": "98",
        "observe-reactions": "none",
    }
    assert browser.post(url(ready), seen).status_code == 302
    late = infusion.observations.get(timepoint="plus_30_min")
    assert (late.status, late.minutes_off) == ("complete", 12)
    assert Query.objects.filter(form="observations", object_id=late.pk, code="observation_off_time").exists()

    stopped = browser.post(
        url(ready),
        {
            "act": "stop",
            "stop-stopped_at": "2025-03-10T16:00",
            "stop-volume_ml": "49",
            "stop-residual_discarded_ml": "1",
            "stop-total_dose": "1000",
        },
    )
    assert stopped.status_code == 302
    infusion.refresh_from_db()
    assert infusion.status == "complete", infusion.absent
    assert (infusion.interruptions, infusion.premedication) == (1, "Paracetamol 500 mg oral")
    assert infusion.minutes_running == 40
    assert infusion.mean_rate_ml_h == dt.timedelta(hours=1) / dt.timedelta(minutes=40) * 49
    body = browser.get(url(ready)).content.decode()
    assert "Not recorded:" in body and "15 min" in body
    assert "entered by Asha" in body
    missing = Query.objects.get(form="infusion", object_id=infusion.pk, code="observations_missing")
    assert missing.state == "open"

    # A day later everything is recorded: the query closes itself.
    for key, minutes in {"start": 0, "plus_15_min": 15, "plus_60_min": 60, "plus_2_h": 120, "plus_4_h": 240,
                         "plus_24_h": 1440}.items():  # fmt: skip
        when = (dt.datetime.fromisoformat(at(15, 10)) + dt.timedelta(minutes=minutes)).isoformat()
        actions.observe(infusion=infusion, by=cast.asha, timepoint=key, observed_at=when, pulse="80")
    missing.refresh_from_db()
    assert missing.state == "closed"
    assert "Every observation is recorded" in browser.get(url(ready)).content.decode()


def test_one_tap_interrupts_now(ready: Journey, cast: Cast, page: Any) -> None:
    running = actions.start(product=ready.product, by=cast.asha, started_at=at(15, 10))
    browser = page(cast.asha)
    assert "Interrupt now" in browser.get(url(ready)).content.decode()
    browser.post(url(ready), {"act": "happening", "happening-kind": "interruption"})
    made = InfusionHappening.objects.get()
    assert made.at is not None and abs(timezone.now() - made.at) < dt.timedelta(minutes=2)
    assert made.infusion_id == running.pk
    assert "Resumed now" in browser.get(url(ready)).content.decode()


def test_what_is_asked_again_says_that_somebody_else_recorded(
    ready: Journey, running: Infusion, grace: User, page: Any
) -> None:
    browser = page(grace)
    opened = browser.get(url(ready)).context["token"]
    poll = browser.get(url(ready) + "now/", {"seen": opened}, headers={"X-Poll": "1"}).content.decode()
    assert "Somebody recorded" not in poll and 'name="act"' not in poll
    actions.note_happening(infusion=running, by=ready.asha, kind="interruption", at=at(15, 20))
    poll = browser.get(url(ready) + "now/", {"seen": opened}).content.decode()
    assert "Somebody recorded" in poll and "Interrupted" in poll


def test_pages_take_a_fixed_number_of_queries(
    ready: Journey, running: Infusion, cast: Cast, page: Any
) -> None:
    browser = page(cast.asha)
    actions.note_happening(infusion=running, by=cast.asha, kind="flush", at=at(15, 14))
    browser.get(url(ready))
    with questions() as few:
        browser.get(url(ready))
    for minute in range(15, 45):
        kind = "reaction" if minute % 2 else "flush"
        actions.note_happening(infusion=running, by=cast.asha, kind=kind, at=at(15, minute))
    with questions() as many:
        browser.get(url(ready))
    assert len(many) <= len(few)
    with questions() as polled:
        browser.get(url(ready) + "now/")
    assert len(polled) < len(many)


def test_a_later_start_moves_the_lateness_of_what_was_observed(running: Infusion, cast: Cast) -> None:
    seen = actions.observe(
        infusion=running, by=cast.asha, timepoint="plus_15_min", observed_at=at(15, 25), pulse="80"
    )
    assert seen.minutes_off == 0
    crf.save(crfs.INFUSION, raw={"started_at": at(15, 20)}, by=cast.asha, record=running, complete=False)
    seen.refresh_from_db()
    assert seen.minutes_off == -10


def test_a_reaction_asks_for_an_adverse_event_until_there_is_one(
    ready: Journey, running: Infusion, cast: Cast, page: Any
) -> None:
    from apps.safety.crfs import ADVERSE_EVENT

    made = actions.note_happening(
        infusion=running, by=cast.asha, kind="reaction", at=at(15, 20), reactions=["fever"]
    )
    asked = Query.objects.get(form="infusion-event", object_id=made.pk, code="reaction")
    assert asked.state == "open"
    assert f"product={ready.product.pk}" in page(cast.asha).get(url(ready)).content.decode()
    crf.save(
        ADVERSE_EVENT,
        raw={"verbatim": "Fever", "onset_on": "2025-03-10"},
        by=cast.asha,
        participant=ready.participant,
        parents={"product": ready.product},
        complete=False,
    )
    asked.refresh_from_db()
    assert asked.state == "closed"


# --- drafts ----------------------------------------------------------------------------------------------


def test_a_draft_comes_back_and_is_forgotten_when_it_is_saved(
    ready: Journey, running: Infusion, cast: Cast, page: Any
) -> None:
    browser = page(cast.asha)
    ticket = next(act.ticket for act in browser.get(url(ready)).context["acts"] if act.key == "observe")
    kept = browser.post("/forms/drafts/", {"ticket": str(ticket), "act": "observe", "observe-pulse": "83"})
    assert kept.status_code == 200, kept.content
    body = browser.get(url(ready)).content.decode()
    assert 'value="83"' in body and "Restored what you typed" in body
    sent = {
        "act": "observe",
        "observe-timepoint": "plus_15_min",
        "observe-pulse": "83",
        "ticket": str(ticket),
    }
    assert browser.post(url(ready), sent).status_code == 302
    assert not Draft.objects.exists()


def test_what_is_sent_after_the_session_ended_is_kept(
    ready: Journey, running: Infusion, cast: Cast, page: Any
) -> None:
    browser = page(cast.asha)
    ticket = next(act.ticket for act in browser.get(url(ready)).context["acts"] if act.key == "stop")
    browser.logout()
    answer = browser.post(url(ready), {"act": "stop", "stop-volume_ml": "48", "ticket": str(ticket)})
    assert answer.status_code == 302
    assert Draft.objects.get().data["stop-volume_ml"] == ["48"]


# --- over a change of the clocks -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "start", "twice", "offsets"),
    [
        ("America/New_York", "2015-11-01", "00:30", "01:30", ("-04:00", "-05:00")),
        ("Europe/London", "2015-10-25", "00:30", "01:30", ("+01:00", "+00:00")),
    ],
)
def test_an_infusion_over_the_night_in_which_the_clocks_go_back(
    cast: Cast, page: Any, zone: str, day: str, start: str, twice: str, offsets: tuple[str, str]
) -> None:
    from apps.enrolment.actions import register
    from studyportal.access.models import Site
    from tests.approvals import approve

    site = Site.objects.create(code="FAR", name="Far", timezone=zone)
    approve(site, by=cast.meera)
    nurse = User.objects.create(username="florence", display_name="Florence")
    Membership.objects.create(user=nurse, role="site_coordinator", site=site, valid_from="2020-01-01")
    participant = register(site=site, by=cast.meera, group="case", retrospective=True)
    journey = Journey(participant, cast.meera, cast.meera)
    journey.open(performed_on=day)
    journey.upto("product", harvest={"started_at": None, "ended_at": None})
    made = actions.start(product=journey.product, by=nurse, started_at=f"{day}T{start}")

    # One hour after the start the wall shows a time that comes twice: which of the two is asked, and offered.
    typed = {"act": "observe", "observe-timepoint": "plus_60_min", "observe-pulse": "80",
             "observe-observed_at": f"{day}T{twice}"}  # fmt: skip
    asked = page(nurse).post(url(journey), typed)
    body = asked.content.decode()
    assert asked.status_code == 400
    for offset in offsets:
        assert f'name="observe-observed_at-offset" value="{offset}"' in body
    assert (
        page(nurse).post(url(journey), typed | {"observe-observed_at-offset": offsets[0]}).status_code == 302
    )
    assert InfusionObservation.objects.get().minutes_off == 0
    later = actions.observe(
        infusion=made, by=nurse, timepoint="plus_2_h", observed_at=f"{day}T{twice}{offsets[1]}", pulse="80"
    )
    assert later.minutes_off == 0

    # Stopped at the second of the two: two hours ran, although the wall says one.
    stopped = actions.stop(infusion=made, by=nurse, stopped_at=f"{day}T{twice}{offsets[1]}", volume_ml="60")
    assert stopped.minutes_running == 120
    assert stopped.mean_rate_ml_h == 30
    with pytest.raises(CrfInvalid) as error:
        crf.save(
            crfs.INFUSION, raw={"stopped_at": f"{day}T{twice}"}, by=nurse, record=stopped, complete=False
        )
    assert [one.code for one in error.value.problems] == ["ambiguous_time"]


def test_of_one_minute_the_latest_stands_first(running: Infusion, cast: Cast, page: Any) -> None:
    for kind in ("interruption", "resumption"):
        actions.note_happening(infusion=running, by=cast.asha, kind=kind, at=at(15, 10))
    body = page(cast.asha).get(f"/products/{running.product_id}/infusion/").content.decode()
    body = body[body.index("course-title") :]
    order = [body.index(f">{word}<") for word in ("Resumed", "Interrupted", "Started")]
    assert order == sorted(order)
