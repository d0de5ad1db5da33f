"""The pages of identity: refused first, then what they show, and what no address, title or cache holds."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from studyportal.identity.models import Identity
from tests.apps.enrolment.factories import a_case
from tests.cast import Cast
from tests.studyportal.identity.conftest import PERSON

pytestmark = pytest.mark.django_db

FIND = "/participants/find/"


def show(participant: Any) -> str:
    return f"/participants/{participant.code}/identity/"


def change(participant: Any) -> str:
    return f"/participants/{participant.code}/identity/change/"


def text(answer: Any) -> str:
    return str(answer.content.decode())


# --- Refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [show, change, lambda p: FIND])
def test_a_stranger_is_sent_to_the_sign_in(recorded: Any, address: Any) -> None:
    answer = Client().get(address(recorded.participant))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("who", ["meera", "sanjay", "farah", "admin", "norole"])
@pytest.mark.parametrize("address", [show, change, lambda p: FIND])
def test_those_who_are_no_staff_of_a_site(
    cast: Cast, recorded: Any, page: Any, who: str, address: Any
) -> None:
    for answer in (
        page(getattr(cast, who)).get(address(recorded.participant)),
        page(getattr(cast, who)).post(address(recorded.participant), PERSON),
    ):
        assert answer.status_code == 403
        assert "Zarina" not in text(answer)


@pytest.mark.parametrize("address", [show, change])
def test_another_sites_participant_is_not_found(
    cast: Cast, recorded: Any, page: Any, logged: Any, address: Any
) -> None:
    assert page(cast.vikram).get(address(recorded.participant)).status_code == 404
    assert page(cast.vikram).post(change(recorded.participant), PERSON).status_code == 404
    assert logged == []
    assert Identity.objects.get().version == 1


def test_a_code_with_a_nul_character(cast: Cast, page: Any) -> None:
    assert page(cast.asha).get("/participants/MUM-%00/identity/").status_code in (400, 404)


def test_the_page_is_only_read(cast: Cast, recorded: Any, page: Any) -> None:
    assert page(cast.asha).post(show(recorded.participant)).status_code == 405
    assert page(cast.asha).delete(change(recorded.participant)).status_code == 405


def test_without_the_token_against_forgery(cast: Cast, mumbai: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.asha, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(change(mumbai), PERSON)
    assert answer.status_code == 403
    assert "Zarina" not in text(answer)
    assert not Identity.objects.exists()


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"full_name": "Z" * 10_000_000}, 413),
        ({"full_name": "Zarina\x00"}, 400),
        ({"birth_date": "2999-01-01"}, 400),
        ({"hospital_number": "МН-451"}, 400),
        ({"full_name": ""}, 400),
        ({"version": "7"}, 412),
        ({"version": "x"}, 412),
        ({"version": "1e3"}, 412),
    ],
)
def test_bad_input(
    cast: Cast, mumbai: Any, page: Any, given: dict[str, str], status: int, caplog: Any
) -> None:
    answer = page(cast.asha).post(change(mumbai), PERSON | {"version": "0"} | given)
    assert answer.status_code == status
    assert "Quillfeather" not in caplog.text
    assert not Identity.objects.exists()


def test_what_was_typed_is_still_there_after_a_refusal(cast: Cast, mumbai: Any, page: Any) -> None:
    answer = page(cast.asha).post(change(mumbai), PERSON | {"birth_date": "14/05/2001", "version": "0"})
    assert 'value="Zarina Quillfeather"' in text(answer)
    assert 'id="error-birth_date"' in text(answer)


def test_two_who_change_at_once(cast: Cast, recorded: Any, page: Any, logged: list[Any]) -> None:
    participant = recorded.participant
    first = PERSON | {"phone": "11111", "version": "1", "reason": "new phone"}
    assert page(cast.asha).post(change(participant), first).status_code == 302
    second = PERSON | {"phone": "22222", "version": "1", "reason": "new phone"}
    answer = page(cast.rao).post(change(participant), second)
    assert answer.status_code == 412
    assert "11111" in text(answer) and 'value="22222"' in text(answer)
    assert ("identity", "rao", participant.code, "compared with what was typed meanwhile") in logged
    assert page(cast.rao).post(change(participant), second | {"version": "2"}).status_code == 302


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", [show, change])
def test_what_no_key_opens_is_told_in_words(
    cast: Cast,
    recorded: Any,
    page: Any,
    settings: Any,
    new_key: Callable[[], str],
    address: Any,
    method: str,
) -> None:
    settings.IDENTITY_KEYS = (new_key(),)
    if (address, method) == (show, "post"):
        return
    answer = getattr(page(cast.asha), method)(address(recorded.participant), PERSON | {"version": "1"})
    assert answer.status_code == 409
    assert "cannot be opened with the keys of this installation" in text(answer)


# --- What they do ----------------------------------------------------------------------------------------


def test_recording_showing_and_changing(cast: Cast, mumbai: Any, page: Any, logged: list[Any]) -> None:
    browser = page(cast.asha)
    assert "Nobody has recorded who this is" in text(browser.get(show(mumbai)))
    answer = browser.post(change(mumbai), PERSON | {"version": "0"}, follow=True)
    assert answer.redirect_chain == [(show(mumbai), 302)]
    for value in (
        "Zarina Quillfeather",
        "14 May 2001",
        "MH-2016/00451",
        "12 Sea Road, Mumbai 400001",
        "Father",
    ):
        assert value in text(answer)
    form = text(browser.get(change(mumbai)))
    assert 'name="version" value="1"' in form and 'name="reason"' in form
    changed = PERSON | {"phone": "12345", "version": "1"}
    assert "Say why" in text(browser.post(change(mumbai), changed))
    assert browser.post(change(mumbai), changed | {"reason": "new phone"}).status_code == 302
    assert [line[3] for line in logged] == [
        "shown on its page",
        "saved, and compared with the whole study",
        "shown on its page",
        "opened to change it",
        "saved, and compared with the whole study",
    ]


def test_a_minor_without_a_representative(cast: Cast, mumbai: Any, page: Any) -> None:
    browser = page(cast.asha)
    alone = {"full_name": "Zarina", "birth_date": "2020", "version": "0"}
    assert "no legally acceptable representative" in text(browser.post(change(mumbai), alone, follow=True))


@pytest.mark.parametrize("address", [show, change, lambda p: FIND])
def test_nothing_is_kept_by_a_browser(cast: Cast, recorded: Any, page: Any, address: Any) -> None:
    answer = page(cast.asha).get(address(recorded.participant))
    assert "no-store" in answer["Cache-Control"] and "private" in answer["Cache-Control"]
    assert 'hx-history="false"' in text(answer)


def test_title_and_address_carry_the_code_only(cast: Cast, recorded: Any, page: Any) -> None:
    for address in (show(recorded.participant), change(recorded.participant)):
        answer = text(page(cast.asha).get(address))
        title = re.search(r"<title>(.*?)</title>", answer, re.DOTALL)
        assert title is not None
        assert recorded.participant.code in title[1]
        assert not any(value in title[1] for value in PERSON.values())
        assert not any(
            value in link
            for value in PERSON.values()
            for link in re.findall(r'(?:href|action)="([^"]*)"', answer)
        )


def test_the_casebook_links_to_it_and_shows_none_of_it(cast: Cast, recorded: Any, page: Any) -> None:
    url = recorded.participant.get_absolute_url()
    answer = text(page(cast.asha).get(url))
    assert show(recorded.participant) in answer
    assert "Zarina" not in answer
    assert "/identity/" not in text(page(cast.meera).get(url))


# --- Searching -------------------------------------------------------------------------------------------


def test_the_list_of_participants_searches_by_posting(cast: Cast, recorded: Any, page: Any) -> None:
    assert f'method="post" action="{FIND}"' in text(page(cast.asha).get("/participants/"))
    assert FIND not in text(page(cast.meera).get("/participants/"))


def test_finding(cast: Cast, recorded: Any, page: Any) -> None:
    answer = page(cast.asha).post(FIND, {"hospital_number": "mh 2016/00451"})
    assert (answer.status_code, answer["Location"]) == (302, recorded.participant.get_absolute_url())


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        ("MH-2016/00452", 200, "None at your sites"),
        ("", 400, "Type the hospital number"),
        ("МН-2016/00451", 400, "another alphabet"),
        ("MH\x00451", 400, "NUL"),
        ("' OR 1=1 --", 400, "Latin letters"),
        ("9" * 100_000, 200, "None at your sites"),
    ],
)
def test_not_finding(
    cast: Cast, recorded: Any, page: Any, number: str, status: int, said: str, caplog: Any
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = page(cast.asha).post(FIND, {"hospital_number": number})
    assert answer.status_code == status
    assert said in text(answer)
    if number:
        assert number not in text(answer) and number not in caplog.text


def test_another_sites_number_is_not_found(cast: Cast, recorded: Any, page: Any) -> None:
    answer = page(cast.vikram).post(FIND, {"hospital_number": PERSON["hospital_number"]})
    assert "None at your sites" in text(answer)
    assert recorded.participant.code not in text(answer)


def test_two_sites_of_one_person(cast: Cast, recorded: Any, pune: Any, page: Any) -> None:
    from studyportal.access.models import Membership
    from studyportal.identity import actions

    actions.record(participant=pune, raw=PERSON, by=cast.vikram)
    Membership.objects.create(
        user=cast.asha, role="site_coordinator", site=cast.pune, valid_from="2020-01-01"
    )
    answer = text(page(cast.asha).post(FIND, {"hospital_number": PERSON["hospital_number"]}))
    assert recorded.participant.code in answer and pune.code in answer


def test_a_taken_number_is_told_on_the_page(cast: Cast, recorded: Any, page: Any) -> None:
    second = a_case(cast)
    raw = {"full_name": "Somebody Else", "hospital_number": "MH201600451", "version": "0"}
    answer = page(cast.asha).post(change(second), raw | {"hospital_number": "MH2016/00451"})
    assert answer.status_code == 400
    assert recorded.participant.code in text(answer)
    assert "Zarina" not in text(answer)
