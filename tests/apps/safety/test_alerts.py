"""Alerts that cannot be overlooked: raised once, on every page, until a person says what is done."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.celldose.signals import grew_late
from apps.safety.actions import alerts as actions
from apps.safety.clock_words import _hours
from apps.safety.models import AdverseEvent, SafetyAlert
from studyportal.access.models import Membership
from studyportal.audit.selectors import history_of
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from tests.apps.enrolment.factories import a_case
from tests.apps.safety.reported import a_product
from tests.counting import questions

pytestmark = pytest.mark.django_db


def grow(
    product: Any, by: Any, *, organism: str = "Staphylococcus epidermidis", cultures: Any = ("aerobic",)
) -> None:
    grew_late.send(sender=None, product=product, organism=organism, cultures=cultures, by=by)


@pytest.fixture
def product(cast: Any) -> Any:
    return a_product(cast)


# --- Raised ----------------------------------------------------------------------------------------------


def test_a_transcribed_case_raises_none(cast: Any) -> None:
    grow(a_product(cast, a_case(cast, by=cast.meera, retrospective=True)), cast.meera)
    assert not SafetyAlert.objects.exists()


def test_late_growth_raises_an_alert_and_opens_an_event(cast: Any, product: Any) -> None:
    grow(product, cast.asha)
    alert, event = SafetyAlert.objects.get(), AdverseEvent.objects.get()
    assert (alert.event, alert.product, alert.site, alert.about) == (event, product, product.site, "aerobic")
    assert "Staphylococcus epidermidis" in alert.message
    assert (event.term, event.product, event.session) == ("positive_culture", product, product.session)
    assert not event.is_complete
    assert event.serious is None  # nobody said so: it is asked, not guessed
    assert abs((timezone.now() - event.aware_at).total_seconds()) < 60


def test_the_same_growth_told_again_changes_nothing(cast: Any, product: Any) -> None:
    for _time in range(3):
        grow(product, cast.asha)
    assert (SafetyAlert.objects.count(), AdverseEvent.objects.count()) == (1, 1)
    assert SafetyAlert.objects.get().version == 1


def test_an_organism_that_is_named_later_stands_in_the_alert(cast: Any, product: Any) -> None:
    grow(product, cast.asha, organism="")
    grow(product, cast.asha)
    alert = SafetyAlert.objects.get()
    assert "Staphylococcus" in alert.message
    assert alert.version == 2


def test_a_further_culture_is_a_further_alert_about_the_same_event(cast: Any, product: Any) -> None:
    grow(product, cast.asha)
    actions.acknowledge(alert=SafetyAlert.objects.get(), what_is_done="Antibiotic started", by=cast.rao)
    grow(product, cast.asha, organism="Candida", cultures=("aerobic", "fungal"))
    first, second = SafetyAlert.objects.order_by("id")
    assert (first.acknowledged_at is None, second.acknowledged_at is None) == (False, True)
    assert (second.about, second.event) == ("fungal", first.event)


def test_an_event_that_is_recorded_already_is_taken(cast: Any, product: Any) -> None:
    held = AdverseEvent.objects.create(
        site=product.site, participant=product.participant, product=product, term="positive_culture"
    )
    grow(product, cast.asha)
    assert SafetyAlert.objects.get().event == held


def test_the_alert_stands_even_when_no_event_can_be_opened(cast: Any, product: Any, monkeypatch: Any) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise Refused([])

    monkeypatch.setattr("apps.safety.actions.alerts.save", refuse)
    grow(product, cast.asha)
    assert SafetyAlert.objects.get().event is None


# --- Acknowledged ----------------------------------------------------------------------------------------


@pytest.fixture
def alert(cast: Any, product: Any) -> SafetyAlert:
    grow(product, cast.asha)
    return SafetyAlert.objects.get()


@pytest.mark.parametrize("said", ["", "   ", "\n", "x" * 4001])
def test_it_is_not_acknowledged_without_words(cast: Any, alert: SafetyAlert, said: str) -> None:
    with pytest.raises(CrfInvalid):
        actions.acknowledge(alert=alert, what_is_done=said, by=cast.rao)
    alert.refresh_from_db()
    assert alert.acknowledged_at is None


def test_nor_twice_nor_as_something_else(cast: Any, alert: SafetyAlert) -> None:
    with pytest.raises(StaleVersion):
        actions.acknowledge(alert=alert, what_is_done="Seen", by=cast.rao, expected_version=9)
    actions.acknowledge(alert=alert, what_is_done="Seen", by=cast.rao, expected_version=1)
    with pytest.raises(Refused, match="already_acknowledged"):
        actions.acknowledge(alert=alert, what_is_done="Seen too", by=cast.rao)


def test_the_database_asks_for_words_and_a_person(cast: Any, alert: SafetyAlert) -> None:
    for change in (
        {"acknowledged_at": timezone.now(), "acknowledged_by": cast.rao},
        {"acknowledged_at": timezone.now(), "what_is_done": "Seen"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            SafetyAlert.objects.filter(pk=alert.pk).update(**change)


def test_who_acknowledged_what_stands_in_the_history(cast: Any, alert: SafetyAlert) -> None:
    actions.acknowledge(alert=alert, what_is_done="Participant examined", by=cast.rao)
    last = history_of(alert)[-1]
    assert "what_is_done" in {field.name for field in last.fields}


# --- Pages -----------------------------------------------------------------------------------------------


def test_it_stands_on_every_page_of_who_may_see_it(cast: Any, page: Any, alert: SafetyAlert) -> None:
    for name, path in (
        ("asha", "/worklist/"),
        ("asha", "/participants/"),
        ("rao", "/protocol/"),
        ("meera", "/queries/"),
        ("farah", "/safety/"),
    ):
        answer = page(getattr(cast, name)).get(path, follow=True)
        assert answer.status_code == 200, path
        assert "growth after the release" in answer.content.decode(), (name, path)
    for name in ("vikram", "sanjay", "admin"):
        assert "growth after the release" not in page(getattr(cast, name)).get("/protocol/").content.decode()
    assert "growth after the release" not in page(None).get("/sign-in/", follow=True).content.decode()


def test_it_leaves_the_pages_when_it_is_acknowledged(cast: Any, page: Any, alert: SafetyAlert) -> None:
    actions.acknowledge(alert=alert, what_is_done="Seen", by=cast.rao)
    assert "growth after the release" not in page(cast.asha).get("/participants/").content.decode()


def test_only_an_investigator_of_the_site_acknowledges(cast: Any, page: Any, alert: SafetyAlert) -> None:
    url = f"/safety/alerts/{alert.pk}/acknowledge/"
    said = {"what_is_done": "Seen", "version": 1}
    assert page(None).post(url, said).status_code == 302
    for name in ("asha", "meera", "sanjay", "farah", "admin"):
        assert page(getattr(cast, name)).post(url, said).status_code == 403, name
    Membership.objects.create(user=cast.norole, role="investigator", site=cast.pune, valid_from="2020-01-01")
    assert page(cast.norole).post(url, said).status_code == 404
    assert page(cast.vikram).get(f"/safety/alerts/{alert.pk}/").status_code == 404
    alert.refresh_from_db()
    assert alert.acknowledged_at is None


def test_acknowledging_on_the_page(cast: Any, page: Any, alert: SafetyAlert) -> None:
    client, url = page(cast.rao), f"/safety/alerts/{alert.pk}/acknowledge/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"what_is_done": " ", "version": 1}).status_code == 400
    stale = client.post(url, {"what_is_done": "Kept words", "version": 7})
    assert (stale.status_code, "Kept words" in stale.content.decode()) == (412, True)
    assert client.post(url, {"what_is_done": "Antibiotic started", "version": 1}).status_code == 302
    assert client.post(url, {"what_is_done": "Again", "version": 2}).status_code == 409
    shown = page(cast.farah).get(f"/safety/alerts/{alert.pk}/").content.decode()
    assert "Antibiotic started" in shown
    assert "Say what is done" not in shown


def test_the_banner_is_one_query_however_many_alerts_stand(cast: Any, page: Any) -> None:
    client = page(cast.farah)
    grow(a_product(cast), cast.asha)
    client.get("/protocol/")
    with questions() as one:
        client.get("/protocol/")
    for _number in range(6):
        grow(a_product(cast), cast.asha)
    with questions() as many:
        shown = client.get("/protocol/")
    assert len(one) == len(many)
    assert "4 more alerts stand" in shown.content.decode()


# --- API -------------------------------------------------------------------------------------------------


def test_the_api(cast: Any, api: Any, alert: SafetyAlert) -> None:
    url = f"/api/v1/safety-alerts/{alert.pk}/"
    assert api(None).get(url).status_code == 401
    assert api(cast.sanjay).get(url).status_code == 403
    assert api(cast.vikram).get(url).status_code == 404
    got = api(cast.farah).get(url)
    assert (got.status_code, got["ETag"], got.json()["acknowledged_at"]) == (200, '"1"', None)
    said = {"what_is_done": "Seen"}
    act = f"{url}acknowledge/"
    assert api(cast.asha).post(act, said, format="json", HTTP_IF_MATCH='"1"').status_code == 403
    assert api(cast.rao).post(act, said, format="json").status_code == 428
    assert api(cast.rao).post(act, said, format="json", HTTP_IF_MATCH='"5"').status_code == 412
    for body in ({}, {"what_is_done": 3}, {"what_is_done": ""}, said | {"more": 1}):
        assert api(cast.rao).post(act, body, format="json", HTTP_IF_MATCH='"1"').status_code == 400, body
    done = api(cast.rao).post(act, said, format="json", HTTP_IF_MATCH='"1"')
    assert (done.status_code, done.json()["acknowledged_by"], done["ETag"]) == (200, "rao", '"2"')
    assert api(cast.rao).post(act, said, format="json", HTTP_IF_MATCH='"2"').status_code == 409
    assert api(cast.farah).get("/api/v1/safety-alerts/?standing=true").json()["results"] == []
    assert len(api(cast.farah).get("/api/v1/safety-alerts/").json()["results"]) == 1


def test_completing_the_event_does_not_lose_when_the_site_became_aware(
    cast: Any, product: Any, page: Any
) -> None:
    """Shown with microseconds the control of a browser stays empty, and the clock from awareness has no start."""
    grow(product, cast.asha)
    event = AdverseEvent.objects.get()
    body = page(cast.asha).get(event.get_absolute_url()).content.decode()
    control = re.search(r'name="aware_at" value="([^"]*)"', body)
    assert control is not None and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", control[1])
    assert event.aware_at is not None and event.aware_at.microsecond == 0


def test_just_now_is_no_time_ago_and_not_less() -> None:
    assert [_hours(hours) for hours in (-0.001, 0.0, 1.26)] == ["0.0", "0.0", "1.3"]


# --- Not lost --------------------------------------------------------------------------------------------


def test_growth_that_comes_back_after_the_alert_was_settled_is_told_again(cast: Any, product: Any) -> None:
    grew_late.send(
        sender=None, product=product, organism="", cultures=("aerobic",), newly=("aerobic",), by=cast.asha
    )
    first = SafetyAlert.objects.get()
    actions.acknowledge(alert=first, what_is_done="The laboratory mixed up two bottles", by=cast.rao)
    grow(product, cast.asha)  # the organism is named: no growth that is new
    assert SafetyAlert.objects.count() == 1
    # The result was corrected to no growth, and grew after all.
    grew_late.send(
        sender=None, product=product, organism="", cultures=("aerobic",), newly=("aerobic",), by=cast.asha
    )
    again = SafetyAlert.objects.exclude(pk=first.pk).get()
    assert (again.about, again.acknowledged_at, again.event) == ("aerobic", None, first.event)
