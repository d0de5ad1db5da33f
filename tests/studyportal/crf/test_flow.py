"""From form to form: what is next, what is copied, and what is left when a form goes away under somebody's hands."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from apps.visits import actions as visits
from apps.visits.crfs import INSULIN, VITAL_SIGNS
from apps.visits.models import InsulinUse, VitalSigns
from studyportal.crf import actions as crf
from studyportal.crf import drafts, registry
from studyportal.crf.models import Draft
from studyportal.queries.models import Query
from tests.world import World

pytestmark = pytest.mark.django_db

KEEP = "/forms/drafts/"


@pytest.fixture
def asha(bare_world: World, page: Any) -> Client:
    return page(bare_world.cast.asha)


@pytest.fixture
def new_url(bare_world: World) -> str:
    return f"/participants/{bare_world.participant.code}/forms/vital-signs/new/?visit={bare_world.visit.pk}"


def address(world: World, form: str, visit: Any, act: str = "new") -> str:
    return f"/participants/{world.participant.code}/forms/{form}/{act}/?visit={visit.pk}"


def ticket_on(browser: Client, url: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', browser.get(url).content.decode())
    assert found is not None, "the form carries a ticket"
    return found[1]


# --- What is next ----------------------------------------------------------------------------------------


VALUES = {
    "weight": "61.2",
    "height": "160.5",
    "systolic": "112",
    "diastolic": "72",
    "pulse": "70",
    "temperature": "36.6",
}


def plausible() -> dict[str, str]:
    """What no check finds unusual; what the form asks besides is absent."""
    rest = {f"absent-{name}": "not_recorded" for name in VITAL_SIGNS.entered_fields if name not in VALUES}
    return VALUES | rest


def test_what_was_found_is_shown_once_and_then_one_goes_on(
    asha: Client, bare_world: World, new_url: str
) -> None:
    answer = asha.post(new_url, plausible() | {"weight": "250", "next": "1"})
    made = VitalSigns.objects.get()
    assert answer["Location"] == made.get_absolute_url(), "to explain or correct it"
    again = plausible() | {"weight": "250", "next": "1", "version": str(made.version)}
    assert "/forms/symptoms/new/" in asha.post(made.get_absolute_url(), again)["Location"]


def test_save_and_next_leads_through_the_visit(asha: Client, bare_world: World, new_url: str) -> None:
    answer = asha.post(new_url, plausible() | {"next": "1", "ticket": ticket_on(asha, new_url)})
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"] == address(bare_world, "symptoms", bare_world.visit)
    assert "is saved. Next: Symptoms." in asha.get(answer["Location"]).content.decode()


def test_an_incomplete_form_is_passed_and_comes_back_last(
    asha: Client, bare_world: World, new_url: str
) -> None:
    answer = asha.post(new_url, {"weight": "61", "incomplete": "1", "next": "1"})
    assert "/forms/symptoms/new/" in answer["Location"]
    from apps.casebook import next_form

    onward = next_form.at_visit(bare_world.cast.asha, bare_world.participant, bare_world.visit)
    assert onward.next is not None
    assert onward.next.url == VitalSigns.objects.get().get_absolute_url(), "begun, and to be finished"
    assert onward.progress.complete == 0 and onward.progress.expected >= 5


def test_who_may_not_enter_is_led_nowhere(bare_world: World) -> None:
    from apps.casebook import next_form

    for person in (bare_world.cast.sanjay, bare_world.cast.vikram):
        assert next_form.at_visit(person, bare_world.participant, bare_world.visit).next is None


def test_a_missed_visit_waits_for_nothing(bare_world: World) -> None:
    from apps.casebook import next_form

    bare_world.visit.status = "missed"
    onward = next_form.at_visit(bare_world.cast.asha, bare_world.participant, bare_world.visit)
    assert (onward.next, onward.progress.expected) == (None, 0)


def test_the_visit_says_how_far_it_is(asha: Client, bare_world: World, page: Any) -> None:
    url = f"/participants/{bare_world.participant.code}/visits/{bare_world.visit.pk}/"
    text = asha.get(url).content.decode()
    assert re.search(r"0 of \d+ expected forms are complete", text)
    assert "Next form: Vital signs" in text and 'data-shortcut="Alt+N"' in text


def test_a_plain_save_goes_back_as_before(asha: Client, bare_world: World, new_url: str) -> None:
    answer = asha.post(new_url, {"weight": "61", "incomplete": "1"})
    assert "/forms/" not in answer["Location"]


# --- Copying forward -------------------------------------------------------------------------------------


@pytest.fixture
def later(bare_world: World) -> Any:
    """Two insulins at the baseline, and a visit after it."""
    for role, dose in (("basal", "12"), ("bolus", "4")):
        crf.save(
            INSULIN,
            raw={"role": role, "dose": dose, "taken": True, "frequency_per_day": 1},
            by=bare_world.cast.asha,
            parents={"visit": bare_world.visit},
            complete=False,
        )
    return visits.record(
        participant=bare_world.participant, key="M3", by=bare_world.cast.asha, happened_on="2017-02-01"
    )


def test_who_copies(bare_world: World, page: Any, later: Any) -> None:
    url = address(bare_world, "insulin", later, "copy")
    assert page(None).post(url)["Location"].startswith("/sign-in/")
    assert page(bare_world.cast.sanjay).post(url).status_code == 403
    assert page(bare_world.cast.vikram).post(url).status_code == 404
    assert page(bare_world.cast.asha).get(url).status_code == 405
    assert not Draft.objects.exists()


def test_nothing_to_copy_is_said(asha: Client, bare_world: World) -> None:
    answer = asha.post(address(bare_world, "insulin", bare_world.visit, "copy"), follow=True)
    assert "There is nothing to copy" in answer.content.decode()
    assert not Draft.objects.exists()


def test_all_rows_are_copied_as_drafts_and_nothing_is_saved(
    asha: Client, bare_world: World, later: Any
) -> None:
    before, asked = InsulinUse.objects.count(), Query.objects.count()
    assert (
        "The same as at the visit before" in asha.get(address(bare_world, "insulin", later)).content.decode()
    )
    answer = asha.post(address(bare_world, "insulin", later, "copy"), follow=True)
    text = answer.content.decode()
    assert Draft.objects.count() == 2 and all(one.is_copy for one in Draft.objects.all())
    assert (InsulinUse.objects.count(), Query.objects.count()) == (before, asked)
    assert "Copied from the record before" in text and "Show another row that was copied" in text
    assert 'name="confirm-dose"' in text and 'name="copied_from"' in text
    assert "The same as at the visit before" not in text, "once is enough"


def _row(world: World, later: Any, draft: Draft) -> dict[str, Any]:
    return {name: values[0] for name, values in draft.data.items()} | {"incomplete": "1"}


def test_a_copied_value_is_confirmed_or_changed(asha: Client, bare_world: World, later: Any) -> None:
    opened = asha.post(address(bare_world, "insulin", later, "copy"), follow=True)
    found = re.search(r'name="ticket" value="([^"]+)"', opened.content.decode())
    assert found is not None
    draft = Draft.objects.order_by("-id")[0]
    sent = _row(bare_world, later, draft) | {"ticket": found[1]}
    url = address(bare_world, "insulin", later)
    refused = asha.post(url, sent)
    assert refused.status_code == 400
    assert "Tick it below if it still holds" in refused.content.decode()
    assert not InsulinUse.objects.filter(visit=later).exists()

    copied = [name for name in INSULIN.copies if name in draft.data and name != "dose"]
    why = {"change": "increased", "change_reason": "glucose_high"}
    confirmed = sent | {f"confirm-{name}": "1" for name in copied} | {"dose": "14"} | why
    saved = asha.post(url, confirmed)
    assert saved.status_code == 302
    made = InsulinUse.objects.get(visit=later)
    assert float(made.dose) == 14.0, "what was changed needs no tick"
    other = Draft.objects.get()
    assert saved["Location"].endswith(f"draft={other.pk}"), "the next row waits"


def test_a_copy_of_somebody_else_is_none(asha: Client, bare_world: World, later: Any) -> None:
    url = address(bare_world, "insulin", later)
    for wrong in ("0", "999999999", "x", "\x00", "٣", "1" * 400):
        assert asha.post(url, {"role": "basal", "incomplete": "1", "copied_from": wrong}).status_code == 302


def test_a_script_copies_what_it_does_not_name(bare_world: World, api: Any, later: Any) -> None:
    client = api(bare_world.cast.asha)
    source = InsulinUse.objects.order_by("id")[0]
    url = "/api/v1/forms/insulin/"
    body = {"visit": later.pk, "dose": "13", "complete": False}
    for wrong in ("0", "x", "999999999", "٣"):
        answer = client.post(f"{url}?copy_from={wrong}", body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "copy_from")
    answer = client.post(f"{url}?copy_from={source.pk}", body)
    assert answer.status_code == 201, answer.json()
    said = answer.json()
    assert (said["role"], float(said["dose"]), said["frequency_per_day"]) == ("basal", 13.0, 1)
    assert (
        client.post(f"/api/v1/forms/vital-signs/?copy_from={source.pk}", {"visit": later.pk}).status_code
        == 400
    )


# --- Drafts that outlive what they were typed into -------------------------------------------------------


@pytest.fixture
def gone(monkeypatch: Any) -> Any:
    """Takes the form out of the study, as an amendment would."""
    return lambda: monkeypatch.delitem(registry._specs, "vital-signs")


def test_a_form_that_an_amendment_took_away(
    asha: Client, new_url: str, gone: Any, page: Any, cast: Any
) -> None:
    ticket = ticket_on(asha, new_url)
    asha.post(KEEP, {"weight": "61.2", "ticket": ticket})
    gone()
    text = asha.get(new_url).content.decode()
    assert "This form is no more" in text and "61.2" in text
    assert page(cast.rao).get(new_url).status_code == 404, "nobody else's"
    # Typing goes on, and sending it keeps the last of it.
    assert asha.post(KEEP, {"weight": "61.3", "ticket": ticket}).status_code == 200
    answer = asha.post(new_url, {"weight": "61.4", "ticket": ticket, "csrfmiddlewaretoken": "t"})
    assert answer.status_code == 409 and "61.4" in answer.content.decode()
    draft = Draft.objects.get()
    assert draft.data == {"weight": ["61.4"]}
    assert asha.post(f"/forms/drafts/{draft.pk}/discard/")["Location"].startswith("/participants/")
    assert asha.get(new_url).status_code == 404


def test_a_draft_whose_form_changed_shows_what_is_no_longer_asked(asha: Client, new_url: str) -> None:
    asha.post(KEEP, {"weight": "61.2", "ticket": ticket_on(asha, new_url)})
    draft = Draft.objects.get()
    draft.data |= {"waist_before": ["82 cm"]}
    draft.save()
    text = asha.get(new_url).content.decode()
    assert "no longer asks for these values" in text and "waist_before" in text and "82 cm" in text


def test_a_draft_of_a_form_that_another_page_saved(asha: Client, bare_world: World, new_url: str) -> None:
    first, second = ticket_on(asha, new_url), ticket_on(asha, new_url)
    asha.post(KEEP, {"weight": "75", "ticket": second})
    asha.post(new_url, {"weight": "61.2", "incomplete": "1", "ticket": first})
    made = VitalSigns.objects.get()
    text = asha.get(new_url).content.decode()
    assert "You saved this form on another page" in text
    assert f'action="{made.get_absolute_url()}"' in text
    assert 'name="keep-weight" value="mine" checked' in text
    again = re.search(r'name="ticket" value="([^"]+)"', text)
    assert again is not None
    sent = {"weight": "75", "incomplete": "1", "version": "1", "ticket": again[1], "keep-weight": "mine"}
    assert asha.post(made.get_absolute_url(), sent).status_code == 302
    assert not Draft.objects.exists()
    made.refresh_from_db()
    assert float(made.weight) == 75.0


# --- A tab that stayed open ------------------------------------------------------------------------------


def aged(ticket: str, days: float) -> str:
    """The ticket as it would be had the page been opened so long ago."""
    payload = signing.loads(ticket, salt=drafts.SALT)
    import time
    from unittest.mock import patch

    then = time.time() - days * 86400
    with patch("django.core.signing.time.time", return_value=then):
        return signing.dumps(payload, salt=drafts.SALT)


@pytest.mark.parametrize("days", [0, 2, 13.9])
def test_a_tab_of_two_days_saves_and_keeps(
    asha: Client, bare_world: World, new_url: str, days: float
) -> None:
    ticket = aged(ticket_on(asha, new_url), days)
    assert asha.post(KEEP, {"weight": "61", "ticket": ticket}).status_code == 200
    asha.cookies.pop("sessionid")
    answer = asha.post(new_url, {"weight": "61.2", "ticket": ticket})
    assert answer["Location"].startswith("/sign-in/")
    assert Draft.objects.get().data == {"weight": ["61.2"]}
    asha.force_login(bare_world.cast.asha, backend="django.contrib.auth.backends.ModelBackend")
    assert asha.post(new_url, {"weight": "61.2", "incomplete": "1", "ticket": ticket}).status_code == 302
    assert VitalSigns.objects.count() == 1 and not Draft.objects.exists()


def test_a_ticket_older_than_two_weeks_needs_a_session(asha: Client, new_url: str) -> None:
    ticket = aged(ticket_on(asha, new_url), 14.1)
    assert asha.post(KEEP, {"weight": "61", "ticket": ticket}).status_code == 200
    Draft.objects.all().delete()
    asha.cookies.pop("sessionid")
    asha.post(new_url, {"weight": "61.2", "ticket": ticket})
    assert not Draft.objects.exists()
    assert dt.timedelta(days=14) == drafts.VALID


def test_signed_in_again_on_another_page(bare_world: World, new_url: str) -> None:
    """The token against forgery is another one then; what was typed is kept, and nothing is saved."""
    browser = Client(enforce_csrf_checks=True)
    backend = "django.contrib.auth.backends.ModelBackend"
    browser.force_login(bare_world.cast.asha, backend=backend)
    text = browser.get(new_url).content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    ticket = ticket_on(browser, new_url)
    assert found is not None
    browser.cookies.pop("sessionid")
    browser.cookies.pop("csrftoken")
    browser.force_login(bare_world.cast.asha, backend=backend)
    browser.get(new_url)
    sent = {"weight": "61.2", "ticket": ticket, "csrfmiddlewaretoken": found[1]}
    answer = browser.post(new_url, sent)
    assert (answer.status_code, answer["Location"]) == (302, new_url)
    assert not VitalSigns.objects.exists()
    assert Draft.objects.get().data == {"weight": ["61.2"]}
    assert "What you typed is kept" in browser.get(new_url).content.decode()
    assert browser.post(KEEP, sent | {"weight": "61.3"}).status_code == 200
    assert Draft.objects.get().data == {"weight": ["61.3"]}
    # Without the old token, or with somebody else's ticket, it is refused as ever.
    Draft.objects.all().delete()
    assert browser.post(new_url, {"weight": "61.2", "ticket": ticket}).status_code == 403
    browser.force_login(bare_world.cast.rao, backend=backend)
    assert browser.post(new_url, sent).status_code == 403
    assert not Draft.objects.exists()


# --- Hostile text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["🫀", "עברית", "\u202eabc", "6\x001", "12,5", "1e999", "<b>", "٦١", "-0", "∞", "9" * 60],
)
def test_a_number_field_given_text_says_so_and_keeps_it(asha: Client, new_url: str, text: str) -> None:
    for act in ({"incomplete": "1"}, {"incomplete": "1", "next": "1"}):
        answer = asha.post(new_url, {"weight": text} | act)
        assert answer.status_code in (302, 400), answer.status_code
    assert VitalSigns.objects.count() <= 1


def test_half_a_character(asha: Client, new_url: str) -> None:
    """A browser cannot send it; a script can."""
    form = "application/x-www-form-urlencoded"
    answer = asha.post(new_url, "weight=%ED%A0%80&note=%ED%A0%80&incomplete=1", content_type=form)
    assert answer.status_code == 400
    ticket = ticket_on(asha, new_url)
    assert asha.post(KEEP, f"weight=%ED%A0%80&ticket={ticket}", content_type=form).status_code == 200


def test_five_thousand_cells_in_one_number_field(asha: Client, new_url: str) -> None:
    cells = "\t".join(f"cell {n}" for n in range(5000))
    answer = asha.post(new_url, {"weight": cells, "incomplete": "1"})
    assert answer.status_code == 400
    assert "cell 4999" in answer.content.decode(), "nothing typed is lost"


def test_more_fields_than_any_form(asha: Client, new_url: str) -> None:
    answer = asha.post(new_url, {f"glucose-{n}-value": "x" for n in range(10_001)})
    assert answer.status_code == 400 and "more fields" in answer.content.decode()
