"""Drafts: what was typed survives the end of a session, for the person who typed it and for nobody else."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.exports.catalogue import catalogue
from apps.visits.crfs import SYMPTOMS, VITAL_SIGNS
from apps.visits.models import VitalSigns
from studyportal.access.models import Membership, User
from studyportal.access.signing_in.sessions import BEGAN, SEEN
from studyportal.crf import actions as crf
from studyportal.crf import drafts
from studyportal.crf.models import Draft
from studyportal.crf.tasks import forget_old_drafts
from studyportal.queries.models import Query
from tests.world import World

pytestmark = pytest.mark.django_db

KEEP = "/forms/drafts/"
TYPED = {"weight": "61.2", "absent-height": "not_done", "reason": "Misread scale"}


@pytest.fixture
def new_url(bare_world: World) -> str:
    return f"/participants/{bare_world.participant.code}/forms/vital-signs/new/?visit={bare_world.visit.pk}"


@pytest.fixture
def asha(bare_world: World, page: Any) -> Client:
    return page(bare_world.cast.asha)


@pytest.fixture
def record(bare_world: World) -> VitalSigns:
    return bare_world.record(VITAL_SIGNS)


def ticket_on(browser: Client, url: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', browser.get(url).content.decode())
    assert found is not None, "the form carries a ticket"
    return found[1]


def end_session(browser: Client) -> None:
    browser.cookies.pop("sessionid")


def value_of(text: str, name: str) -> str:
    found = re.search(rf'id="id_{name}"[^>]*value="([^"]*)"', text) or re.search(
        rf'name="{name}"[^>]*value="([^"]*)"', text
    )
    assert found is not None, name
    return found[1]


# --- Refusals --------------------------------------------------------------------------------------------


def test_without_session_and_ticket_nothing_is_kept(page: Any, new_url: str) -> None:
    stranger = page(None)
    for more in ({}, {"ticket": ""}, {"ticket": "forged"}, {"ticket": "x" * 5000}):
        answer = stranger.post(new_url, TYPED | more)
        assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/")
        answer = stranger.post(KEEP, TYPED | more)
        assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/")
    assert not Draft.objects.exists()


def test_a_forged_ticket_keeps_nothing(asha: Client, bare_world: World, new_url: str) -> None:
    ticket = ticket_on(asha, new_url)
    body, stamp, signature = ticket.split(":")
    mine = signing.loads(ticket, salt=drafts.SALT)
    changed = signing.dumps(mine | {"user": bare_world.cast.rao.pk}, salt="another salt")
    end_session(asha)
    for forged in (f"{body}:{stamp}:{signature[::-1]}", changed, signing.dumps("text", salt=drafts.SALT)):
        answer = asha.post(new_url, TYPED | {"ticket": forged})
        assert answer["Location"].startswith("/sign-in/")
    assert not Draft.objects.exists()


def test_an_expired_ticket_keeps_nothing(asha: Client, new_url: str, monkeypatch: Any) -> None:
    ticket = ticket_on(asha, new_url)
    monkeypatch.setattr(drafts, "VALID", dt.timedelta(0))
    monkeypatch.setattr(drafts.read_ticket, "__kwdefaults__", {"max_age": dt.timedelta(0)})
    end_session(asha)
    assert asha.post(new_url, TYPED | {"ticket": ticket})["Location"].startswith("/sign-in/")
    assert not Draft.objects.exists()


def test_the_ticket_of_another_form_keeps_nothing(asha: Client, bare_world: World, new_url: str) -> None:
    ticket = ticket_on(asha, new_url)
    record = bare_world.record(VITAL_SIGNS)
    end_session(asha)
    answer = asha.post(record.get_absolute_url(), TYPED | {"ticket": ticket})
    assert answer["Location"].startswith("/sign-in/")
    assert not Draft.objects.exists()


def test_the_ticket_of_somebody_who_may_no_longer_enter_keeps_nothing(
    asha: Client, bare_world: World, new_url: str
) -> None:
    ticket = ticket_on(asha, new_url)
    Membership.objects.filter(user=bare_world.cast.asha).update(valid_until="2020-12-31")
    answer = asha.post(KEEP, TYPED | {"ticket": ticket})
    assert answer.status_code == 403
    end_session(asha)
    asha.post(new_url, TYPED | {"ticket": ticket})
    User.objects.filter(pk=bare_world.cast.asha.pk).update(is_active=False)
    asha.post(new_url, TYPED | {"ticket": ticket})
    assert asha.post(KEEP, TYPED | {"ticket": ticket}).status_code == 400
    assert not Draft.objects.exists()


def test_a_ticket_is_no_key_to_anything_else(asha: Client, bare_world: World, new_url: str) -> None:
    """Without a session it reads nothing and saves no record."""
    ticket = ticket_on(asha, new_url)
    end_session(asha)
    answer = asha.post(new_url, {"weight": "61.2", "incomplete": "1", "ticket": ticket})
    assert answer.status_code == 302
    assert not VitalSigns.objects.exists()
    assert asha.get(f"{new_url}&ticket={ticket}")["Location"].startswith("/sign-in/")
    assert asha.post(f"/forms/drafts/{Draft.objects.get().pk}/discard/", {"ticket": ticket})[
        "Location"
    ].startswith("/sign-in/")
    assert Draft.objects.exists()


def test_it_asks_for_the_token_against_forgery(bare_world: World, new_url: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(bare_world.cast.asha, backend="django.contrib.auth.backends.ModelBackend")
    ticket = ticket_on(browser, new_url)
    assert browser.post(KEEP, TYPED | {"ticket": ticket}).status_code == 403
    end_session(browser)
    assert browser.post(new_url, TYPED | {"ticket": ticket}).status_code == 403
    assert not Draft.objects.exists()


def test_somebody_elses_ticket_keeps_nothing(
    asha: Client, bare_world: World, page: Any, new_url: str
) -> None:
    ticket = ticket_on(asha, new_url)
    assert page(bare_world.cast.rao).post(KEEP, TYPED | {"ticket": ticket}).status_code == 400
    assert page(bare_world.cast.sanjay).post(KEEP, TYPED | {"ticket": ticket}).status_code == 403
    assert not Draft.objects.exists()


@pytest.mark.parametrize("characters", [drafts.LONGEST + 1, 10_000_000])
def test_too_much_text(asha: Client, bare_world: World, characters: int) -> None:
    url = f"/participants/{bare_world.participant.code}/forms/symptoms/new/?visit={bare_world.visit.pk}"
    ticket = ticket_on(asha, url)
    note = next(name for name, f in SYMPTOMS.entered_fields.items() if f.widget in ("textarea", "text"))
    sent = {note: "क" * characters, "ticket": ticket}
    assert asha.post(KEEP, sent).status_code in (400, 413)
    end_session(asha)
    answer = asha.post(url, sent)
    assert answer.status_code in (302, 400, 413)
    assert not Draft.objects.exists()
    if answer.status_code == 302:
        assert "could not be kept" in asha.get(answer["Location"]).content.decode()


def test_nul_characters_do_not_stop_a_draft(asha: Client, new_url: str) -> None:
    assert asha.post(KEEP, {"weight": "6\x001", "ticket": ticket_on(asha, new_url)}).status_code == 200
    assert Draft.objects.get().data["weight"] == ["61"]


def test_nobody_else_sees_a_draft(
    asha: Client, bare_world: World, page: Any, new_url: str, cast: Any
) -> None:
    second = User.objects.create(username="anand")
    Membership.objects.create(user=second, role="site_coordinator", site=cast.mumbai, valid_from="2020-01-01")
    asha.post(KEEP, TYPED | {"ticket": ticket_on(asha, new_url)})
    draft = Draft.objects.get()
    for person in (second, cast.rao, cast.meera):
        browser = page(person)
        text = browser.get(new_url).content.decode()
        assert "Restored what you typed" not in text and "61.2" not in text
        assert browser.get(f"{new_url}&draft={draft.pk}").content.decode().count("61.2") == 0
        assert browser.post(f"/forms/drafts/{draft.pk}/discard/").status_code == 404
    assert Draft.objects.exists()


def test_the_wall_shows_a_draft_to_nobody_else(asha: Client, bare_world: World, new_url: str) -> None:
    from studyportal.access import walls

    asha.post(KEEP, TYPED | {"ticket": ticket_on(asha, new_url)})
    for person, seen in ((bare_world.cast.asha, 1), (bare_world.cast.rao, 0), (bare_world.cast.meera, 0)):
        with walls.opened(person), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM crf_draft")
            assert cursor.fetchone()[0] == seen, person


# --- Keeping and restoring -------------------------------------------------------------------------------


def test_kept_while_typing(asha: Client, bare_world: World, new_url: str) -> None:
    ticket = ticket_on(asha, new_url)
    answer = asha.post(
        KEEP, TYPED | {"ticket": ticket, "csrfmiddlewaretoken": "t", "password": "p", "other": "o"}
    )
    assert answer.status_code == 200
    assert "Draft saved" in answer.content.decode()
    draft = Draft.objects.get()
    assert draft.data == {name: [value] for name, value in TYPED.items()}, "the form's fields and no more"
    assert (draft.user, draft.site_id) == (bare_world.cast.asha, bare_world.participant.site_id)
    asha.post(KEEP, {"weight": "62", "ticket": ticket})
    assert Draft.objects.get().data == {"weight": ["62"]}

    text = asha.get(new_url).content.decode()
    assert "Restored what you typed on" in text
    assert value_of(text, "weight") == "62"


def test_it_is_no_record(asha: Client, bare_world: World, new_url: str) -> None:
    asha.post(KEEP, {"weight": "300", "ticket": ticket_on(asha, new_url)})
    assert not VitalSigns.objects.exists() and not Query.objects.exists()
    assert "draft" not in " ".join(catalogue())
    assert "Draft" not in asha.get(bare_world.participant.get_absolute_url()).content.decode()


def test_a_form_sent_after_the_session_is_kept(
    asha: Client, bare_world: World, page: Any, new_url: str
) -> None:
    ticket = ticket_on(asha, new_url)
    end_session(asha)
    answer = asha.post(new_url, TYPED | {"ticket": ticket})
    assert answer.status_code == 302
    at_sign_in = asha.get(answer["Location"]).content.decode()
    assert "What you typed is kept" in at_sign_in
    assert not VitalSigns.objects.exists()

    asha.force_login(bare_world.cast.asha, backend="django.contrib.auth.backends.ModelBackend")
    text = asha.get(new_url).content.decode()
    assert "Restored what you typed on" in text
    assert value_of(text, "weight") == "61.2"
    assert re.search(r'<option value="not_done" selected', text), "the reason of absence too"


@pytest.mark.parametrize("moment", [SEEN, BEGAN])
def test_the_end_of_a_session_by_time_keeps_it_too(asha: Client, new_url: str, moment: str) -> None:
    """The session still comes with the request; the portal ends it then, and what was sent is not lost with it."""
    ticket = ticket_on(asha, new_url)
    session = asha.session
    session[moment] -= 13 * 60 * 60
    session.save()
    answer = asha.post(new_url, TYPED | {"ticket": ticket})
    assert answer["Location"].startswith("/sign-in/?next=%2Fparticipants%2F")
    assert "What you typed is kept" in asha.get(answer["Location"]).content.decode()
    assert not VitalSigns.objects.exists()
    assert Draft.objects.count() == 1
    assert asha.post(KEEP, TYPED | {"ticket": ticket}, headers={"HX-Request": "true"}).status_code == 200


def test_typing_goes_on_after_the_session(asha: Client, new_url: str) -> None:
    ticket = ticket_on(asha, new_url)
    end_session(asha)
    answer = asha.post(KEEP, TYPED | {"ticket": ticket})
    assert answer.status_code == 200
    assert "Your session had ended. What you typed is kept" in answer.content.decode()
    assert Draft.objects.count() == 1


def test_a_change_is_restored_with_its_reason(asha: Client, bare_world: World) -> None:
    absent = {name: "not_recorded" for name in VITAL_SIGNS.entered_fields if name != "weight"}
    record = crf.save(
        VITAL_SIGNS,
        raw={"weight": "60", "absent": absent},
        by=bare_world.cast.asha,
        parents={"visit": bare_world.visit},
    )
    url = record.get_absolute_url()
    ticket = ticket_on(asha, url)
    end_session(asha)
    asha.post(url, TYPED | {"ticket": ticket, "version": "1"})
    asha.force_login(bare_world.cast.asha, backend="django.contrib.auth.backends.ModelBackend")
    text = asha.get(url).content.decode()
    assert value_of(text, "weight") == "61.2" and "Misread scale" in text
    assert "Somebody else saved this form" not in text
    record.refresh_from_db()
    assert record.version == 1


def test_the_record_changed_meanwhile(asha: Client, bare_world: World, record: VitalSigns) -> None:
    url = record.get_absolute_url()
    asha.post(KEEP, {"weight": "61.2", "version": "1", "ticket": ticket_on(asha, url)})
    crf.save(VITAL_SIGNS, raw={"weight": "70"}, by=bare_world.cast.rao, record=record, complete=False)
    text = asha.get(url).content.decode()
    assert "Somebody else saved this form while you were typing" in text
    assert "70" in text and value_of(text, "weight") == "61.2"
    assert 'name="version" value="2"' in text, "saving now writes over version 2, knowingly"


def test_saving_cleans_up(asha: Client, bare_world: World, new_url: str) -> None:
    ticket = ticket_on(asha, new_url)
    asha.post(KEEP, {"weight": "abc", "ticket": ticket})
    answer = asha.post(new_url, {"weight": "abc", "incomplete": "1", "ticket": ticket})
    assert answer.status_code == 400
    assert Draft.objects.count() == 1, "not saved: the draft stays"
    again = re.search(r'name="ticket" value="([^"]+)"', answer.content.decode())
    assert again is not None
    answer = asha.post(new_url, {"weight": "61.2", "incomplete": "1", "ticket": again[1]})
    assert answer.status_code == 302
    assert VitalSigns.objects.count() == 1
    assert not Draft.objects.exists()


def test_saving_a_restored_draft_cleans_up(asha: Client, new_url: str) -> None:
    asha.post(KEEP, {"weight": "61.2", "ticket": ticket_on(asha, new_url)})
    ticket = ticket_on(asha, new_url)
    asha.post(new_url, {"weight": "61.2", "incomplete": "1", "ticket": ticket})
    assert not Draft.objects.exists()


def test_discarding(asha: Client, bare_world: World, new_url: str) -> None:
    asha.post(KEEP, TYPED | {"ticket": ticket_on(asha, new_url)})
    answer = asha.post(f"/forms/drafts/{Draft.objects.get().pk}/discard/")
    assert answer["Location"] == new_url
    assert not Draft.objects.exists()
    assert "Restored" not in asha.get(new_url).content.decode()


def test_two_tabs_do_not_write_over_each_other(asha: Client, new_url: str) -> None:
    first, second = ticket_on(asha, new_url), ticket_on(asha, new_url)
    asha.post(KEEP, {"weight": "61.2", "ticket": first})
    asha.post(KEEP, {"weight": "75", "ticket": second})
    assert Draft.objects.count() == 2
    text = asha.get(new_url).content.decode()
    assert value_of(text, "weight") == "75", "the newest"
    other = re.search(r'href="([^"]*draft=\d+)"', text)
    assert other is not None
    assert value_of(asha.get(other[1].replace("&amp;", "&")).content.decode(), "weight") == "61.2"
    asha.post(new_url, {"weight": "75", "incomplete": "1", "ticket": second})
    assert [one.data["weight"] for one in Draft.objects.all()] == [["61.2"]]


def test_only_so_many_are_kept(asha: Client, new_url: str) -> None:
    for number in range(drafts.MOST + 3):
        asha.post(KEEP, {"weight": str(60 + number), "ticket": ticket_on(asha, new_url)})
        Draft.objects.all()
    assert Draft.objects.count() <= drafts.MOST


def test_a_draft_of_one_visit_is_not_restored_at_another(
    asha: Client, bare_world: World, new_url: str
) -> None:
    from apps.visits import actions as visits

    asha.post(KEEP, TYPED | {"ticket": ticket_on(asha, new_url)})
    other = visits.record(
        participant=bare_world.participant, key="M3", by=bare_world.cast.asha, happened_on="2017-02-01"
    )
    url = new_url.replace(f"visit={bare_world.visit.pk}", f"visit={other.pk}")
    assert "Restored" not in asha.get(url).content.decode()


def test_old_drafts_are_forgotten(asha: Client, bare_world: World, new_url: str) -> None:
    asha.post(KEEP, TYPED | {"ticket": ticket_on(asha, new_url)})
    record = bare_world.record(VITAL_SIGNS)
    asha.post(KEEP, TYPED | {"ticket": ticket_on(asha, record.get_absolute_url())})
    old = Draft.objects.filter(object_id=None)
    assert old.update(updated_at=timezone.now() - drafts.KEPT - dt.timedelta(hours=1)) == 1
    assert forget_old_drafts() == 1
    assert Draft.objects.get().object_id == record.pk
