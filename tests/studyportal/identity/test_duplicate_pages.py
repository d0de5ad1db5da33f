"""What each person is shown of possible duplicates: pages and API."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test.utils import override_settings

from studyportal.access.models import Membership
from studyportal.audit.models import Look
from studyportal.identity import actions, settling
from studyportal.identity.models import PossibleDuplicate
from tests.apps.enrolment.factories import a_case
from tests.cast import Cast
from tests.counting import questions
from tests.studyportal.identity.conftest import PERSON

pytestmark = pytest.mark.django_db

BOARD = "/participants/possible-duplicates/"
API = "/api/v1/possible-duplicates/"
WHY = "Both sites asked the person"


@pytest.fixture
def mumbai(cast: Cast) -> Any:
    return a_case(cast)


@pytest.fixture
def pair(cast: Cast, recorded: Any, pune: Any) -> uuid.UUID:
    actions.record(participant=pune, raw=PERSON, by=cast.vikram)
    return PossibleDuplicate.objects.first().pair


def text(answer: Any) -> str:
    return str(answer.content.decode())


def row_of(participant: Any) -> PossibleDuplicate:
    return PossibleDuplicate.objects.get(participant=participant)


# --- Who may not -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["sanjay", "farah", "admin", "norole"])
def test_others_see_no_page_and_no_api(cast: Cast, pair: uuid.UUID, page: Any, api: Any, who: str) -> None:
    user = getattr(cast, who)
    for answer in (
        page(user).get(BOARD),
        page(user).get(f"{BOARD}{pair}/"),
        page(user).post(f"{BOARD}{pair}/", {"decision": "different_people", "reason": WHY}),
        api(user).get(API),
        api(user).get(f"{API}1/"),
        api(user).post(f"{API}1/settle/", {}, format="json"),
    ):
        assert answer.status_code == 403


@pytest.mark.parametrize("who", ["asha", "rao", "vikram"])
def test_the_staff_of_a_site_settles_nothing(
    cast: Cast, pair: uuid.UUID, page: Any, api: Any, who: str
) -> None:
    user, row = (
        getattr(cast, who),
        PossibleDuplicate.objects.get(site__code="PUN" if who == "vikram" else "MUM"),
    )
    assert page(user).get(f"{BOARD}{pair}/").status_code == 403
    assert page(user).post(f"{BOARD}{pair}/", {}).status_code == 403
    assert api(user).post(f"{API}{row.pk}/settle/", {}, format="json", HTTP_IF_MATCH='"1"').status_code == 403


@pytest.mark.parametrize("address", [f"{BOARD}{uuid.UUID(int=0)}/", f"{API}987654321/", f"{API}{10**30}/"])
def test_what_does_not_exist(cast: Cast, pair: uuid.UUID, page: Any, api: Any, address: str) -> None:
    client = api(cast.meera) if address.startswith("/api") else page(cast.meera)
    assert client.get(address).status_code == 404


def test_the_other_sites_row_is_not_found(cast: Cast, pair: uuid.UUID, pune: Any, api: Any) -> None:
    assert api(cast.asha).get(f"{API}{row_of(pune).pk}/").status_code == 404
    assert api(cast.asha).get(f"{API}?participant={pune.code}").json()["results"] == []
    assert api(cast.asha).get(f"{API}?site=PUN").json()["results"] == []


# --- The staff of a site ---------------------------------------------------------------------------------


def test_recording_says_so_at_once_and_nothing_of_the_other(
    cast: Cast, recorded: Any, pune: Any, page: Any
) -> None:
    answer = page(cast.vikram).post(
        f"/participants/{pune.code}/identity/change/", PERSON | {"version": "0"}, follow=True
    )
    said = text(answer)
    assert "This may be a person whom the study knows already" in said
    assert "Another site may know this person too" in said
    assert recorded.participant.code not in said and "MUM" not in said


@pytest.mark.parametrize("where", ["identity/", ""])
def test_the_head_of_identity_and_casebook(
    cast: Cast, pair: uuid.UUID, recorded: Any, pune: Any, page: Any, where: str
) -> None:
    said = text(page(cast.asha).get(f"/participants/{recorded.participant.code}/{where}"))
    assert "This may be a person whom the study knows already" in said
    assert pune.code not in said and "Pune" not in said and "agree" not in said.replace("agreement", "")


def test_the_page_of_a_site_shows_its_own_only(
    cast: Cast, pair: uuid.UUID, recorded: Any, pune: Any, page: Any
) -> None:
    said = text(page(cast.asha).get(BOARD))
    assert recorded.participant.code in said and "somebody at another site" in said
    assert pune.code not in said and "Pune" not in said and str(pair) not in said
    assert "birth date" not in said.lower()


def test_the_api_of_a_site_shows_its_own_only(cast: Cast, pair: uuid.UUID, pune: Any, api: Any) -> None:
    answer = api(cast.asha).get(API)
    (one,) = answer.json()["results"]
    assert one["site"] == "MUM" and one["state"] == "open"
    for name in ("other_participant", "other_site", "pair", "agreement", "strength"):
        assert one[name] is None
    assert pune.code not in text(answer) and str(pair) not in text(answer)


def test_within_one_site_both_codes_are_shown(cast: Cast, recorded: Any, page: Any, api: Any) -> None:
    second = a_case(cast)
    actions.record(participant=second, raw=PERSON | {"hospital_number": "MH-2"}, by=cast.asha)
    for address in (BOARD, f"/participants/{second.code}/identity/", f"/participants/{second.code}/"):
        said = text(page(cast.asha).get(address))
        assert recorded.participant.code in said and "ame and birth date" in said, address
    assert {one["other_participant"] for one in api(cast.asha).get(API).json()["results"]} == {
        second.code,
        recorded.participant.code,
    }


def test_who_coordinates_both_sites_sees_both(cast: Cast, pair: uuid.UUID, pune: Any, page: Any) -> None:
    Membership.objects.create(
        user=cast.asha, role="site_coordinator", site=cast.pune, valid_from="2020-01-01"
    )
    assert pune.code in text(page(cast.asha).get(BOARD))


@pytest.mark.parametrize("who", ["sanjay", "farah"])
def test_others_are_not_told_on_the_casebook(
    cast: Cast, pair: uuid.UUID, recorded: Any, page: Any, who: str
) -> None:
    said = text(page(getattr(cast, who)).get(f"/participants/{recorded.participant.code}/"))
    assert "study knows already" not in said


# --- The data manager ------------------------------------------------------------------------------------


def test_the_data_manager_sees_pairs_and_no_identity(
    cast: Cast, pair: uuid.UUID, recorded: Any, pune: Any, page: Any, api: Any
) -> None:
    browser = page(cast.meera)
    for address in (BOARD, f"{BOARD}{pair}/"):
        said = text(browser.get(address))
        for shown in (recorded.participant.code, pune.code, "Mumbai", "Pune", "Case", "Name and birth date"):
            assert shown in said, (address, shown)
        assert not any(value in said for name, value in PERSON.items() if name != "guardian_relation")
    assert "Possible duplicates" in said and Look.objects.filter(what="possible_duplicates").count() == 2
    results = api(cast.meera).get(API).json()["results"]
    assert {(one["participant"], one["other_participant"]) for one in results} == {
        (recorded.participant.code, pune.code),
        (pune.code, recorded.participant.code),
    }
    assert {one["pair"] for one in results} == {str(pair)}


def test_settling_by_page(cast: Cast, pair: uuid.UUID, recorded: Any, pune: Any, page: Any) -> None:
    browser, address = page(cast.meera), f"{BOARD}{pair}/"
    typed = {"decision": "same_person", "reason": "Told by PUN", "version": "1"}
    refused = browser.post(address, typed)
    assert refused.status_code == 400
    assert "Say which code stays" in text(refused) and "without a participant code" in text(refused)
    assert "Told by PUN" in text(refused), "what was typed is still there"
    answer = browser.post(address, typed | {"stays": pune.code, "reason": WHY}, follow=True)
    assert answer.redirect_chain == [(BOARD, 302)]
    assert browser.post(address, typed | {"stays": pune.code, "reason": WHY}).status_code == 412
    assert "No possible duplicate in this state" in text(answer)
    assert "this code" in text(browser.get(f"{BOARD}?state=all"))
    said = text(page(cast.asha).get(f"/participants/{recorded.participant.code}/"))
    assert "This participant is left out of the analysis" in said and pune.code not in said
    said = text(page(cast.vikram).get(f"/participants/{pune.code}/identity/"))
    assert "Known under a second code" in said and recorded.participant.code not in said


def test_different_people_need_no_code(cast: Cast, pair: uuid.UUID, page: Any) -> None:
    """A code chosen before the other answer was: the page hides it, and a browser without script sends it."""
    typed = {"decision": "different_people", "stays": "x", "reason_code": "query_answered", "version": "1"}
    assert page(cast.meera).post(f"{BOARD}{pair}/", typed).status_code == 302


def test_settling_by_api(cast: Cast, pair: uuid.UUID, pune: Any, api: Any) -> None:
    scripts, row = api(cast.meera), row_of(pune)
    address = f"{API}{row.pk}/settle/"
    good = {"decision": "same_person", "stays": pune.code, "reason": WHY}
    assert scripts.post(address, good, format="json").status_code == 428
    for bad, field in (
        ({"decision": "perhaps"}, "decision"),
        ({"stays": "MUM-9999-X"}, "stays"),
        ({"reason": ""}, "reason"),
        ({"reason": f"it is {pune.code}"}, "reason"),
    ):
        answer = scripts.post(address, good | bad, format="json", HTTP_IF_MATCH='"1"')
        assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == field
    answer = scripts.post(address, good, format="json", HTTP_IF_MATCH='"1"')
    assert answer.status_code == 200 and answer["ETag"] == '"2"'
    assert answer.json()["state"] == "same_person" and answer.json()["stays_in_analysis"] is True
    assert scripts.post(address, good, format="json", HTTP_IF_MATCH='"1"').status_code == 412


def test_the_navigation_counts_pairs(cast: Cast, pair: uuid.UUID, page: Any) -> None:
    from studyportal.identity.duplicates import open_pairs_for

    class Request:
        user = cast.meera

    assert open_pairs_for(Request()) == 1  # type: ignore[arg-type]
    assert "Possible duplicates" in text(page(cast.meera).get("/participants/"))
    assert BOARD not in text(page(cast.asha).get("/participants/"))
    settling.settle(pair=pair, decision="different_people", by=cast.meera, reason=WHY)
    assert open_pairs_for(Request()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("who", ["asha", "meera"])
@override_settings(DEBUG=False)
def test_a_list_takes_a_fixed_number_of_questions(
    cast: Cast, pair: uuid.UUID, pune: Any, page: Any, who: str, monkeypatch: Any
) -> None:
    browser = page(getattr(cast, who))
    browser.get(BOARD)
    with questions() as few:
        browser.get(BOARD)
    for number in range(6):
        actions.record(
            participant=a_case(cast), raw=PERSON | {"hospital_number": f"MH-{number}"}, by=cast.asha
        )
    with questions() as many:
        answer = browser.get(BOARD)
    assert len(many) == len(few)
    monkeypatch.setattr("studyportal.identity.duplicate_pages.PAGE", 5)
    first = browser.get(BOARD)
    second = browser.get(first.context["next_url"] and BOARD + first.context["next_url"])
    assert len(first.context["rows"]) == 5 and second.context["previous_url"]
    assert len(answer.context["rows"]) > 10


@pytest.mark.parametrize(
    "query", ["?state=nonsense", "?before=x", "?before=-1", f"?before={'9' * 40}", "?state=all"]
)
def test_what_a_list_is_asked_wrongly(cast: Cast, pair: uuid.UUID, page: Any, query: str) -> None:
    assert page(cast.meera).get(BOARD + query).status_code == 200
