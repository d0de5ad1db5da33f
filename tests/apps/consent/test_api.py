"""The API of the log: sheets, tickets, states, who must sign, and the feed."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.consent.models import ConsentEvent
from studyportal.identity.models import Paper
from tests.apps.consent.documents import a_document, text_of
from tests.apps.consent.factories import a_png, an_adults_consent, an_event
from tests.apps.enrolment.factories import a_case, demographics_of, enrolled
from tests.studyportal.files.samples import PDF, PNG, SVG

pytestmark = pytest.mark.django_db
URL = "/api/v1/consent-events/"
FEED = "/api/v1/consent-log/feed/"


@pytest.fixture
def participant(cast: Any) -> Any:
    return a_case(cast)


def sent(name: str, content: bytes) -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content).decode()}


def plain(participant: Any, **more: Any) -> dict[str, Any]:
    return {
        "participant": participant.code, "kind": "consent", "signed_on": "2024-02-01", "signer": "participant"
    } | more  # fmt: skip


def errors(answer: Any) -> set[tuple[str, str]]:
    return {(one["field"], one["code"]) for one in answer.json()["errors"]}


# --- Adding ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"sheet": sent("a.pdf", b"text")}, ("sheet", "type")),
        ({"sheet": sent("a.svg", SVG)}, ("sheet", "type")),
        ({"sheet": sent("a.pdf", PNG)}, ("sheet", "ending")),
        ({"sheet": sent("a.pdf", PDF + b"PK\x05\x06")}, ("sheet", "two_kinds")),
        ({"sheet": sent("../a.pdf", PDF)}, ("sheet", "name")),
        ({"sheet": sent("a.pdf", b"")}, ("sheet", "empty")),
        ({"sheet": {"name": "a.pdf", "content": "%%%"}}, ("sheet", "base64")),
        ({"sheet": {"name": "a.pdf"}}, ("sheet", "type")),
        ({"sheet": {"name": 1, "content": []}}, ("sheet", "type")),
        ({"sheet": "a.pdf"}, ("sheet", "type")),
        ({"ticket": 7}, ("ticket", "type")),
        ({"ticket": ""}, ("ticket", "type")),
        ({"obtainer": "nobody"}, ("obtainer", "not_found")),
        ({"obtainer": "vikram"}, ("obtainer", "not_found")),
        ({"obtainer": ["asha"]}, ("obtainer", "not_found")),
        ({"obtainer": "a\x00b"}, ("obtainer", "not_found")),
        ({"document": 99999}, ("document", "not_found")),
        ({"document": "9" * 40}, ("document", "not_found")),
        ({"document": "f" * 64}, ("document", "not_found")),
        ({"document": True}, ("document", "not_found")),
        ({"document": {}}, ("document", "not_found")),
        ({"concerns": 999}, ("concerns", "not_found")),
        ({"concerns": 2**70}, ("concerns", "not_found")),
        ({"concerns": "1"}, ("concerns", "not_found")),
        ({"sequence": 1}, ("sequence", "read_only")),
        ({"paper_sha256": "0" * 64}, ("paper_sha256", "read_only")),
        ({"as_it_happened": "so"}, ("as_it_happened", "too_short")),
        ({"witness": "Asha"}, ("witness", "witness_is_staff")),
    ],
)
def test_what_is_wrong_is_named(cast: Any, api: Any, participant: Any, more: dict, found: Any) -> None:
    answer = api(cast.asha).post(URL, plain(participant, **more))
    assert answer.status_code == 400, answer.content
    assert found in errors(answer)
    assert not ConsentEvent.objects.exists()
    assert not Paper.objects.exists()


def test_another_sites_document_is_not_found(cast: Any, api: Any, participant: Any) -> None:
    foreign = text_of(a_document(cast.pune, cast.meera))
    for name in (foreign.pk, str(foreign.pk), foreign.file_sha256, foreign.text_sha256):
        answer = api(cast.asha).post(URL, plain(participant, document=name))
        assert errors(answer) == {("document", "not_found")}


def test_an_entry_with_everything(cast: Any, api: Any, participant: Any) -> None:
    text = text_of(a_document(cast.mumbai, cast.rao), "mr")
    for name in (text.pk, text.file_sha256):
        answer = api(cast.asha).post(
            URL,
            plain(
                participant, document=name, obtainer="asha", method="paper", sheet=sent("Zarina.pdf", PDF),
                signed_on=f"2024-02-0{1 + (name != text.pk)}", ticket=f"t-{name}",
            ),
        )  # fmt: skip
        assert answer.status_code == 201, answer.content
        said = answer.json()
        assert (said["document"], said["document_version"], said["document_language"]) == (
            str(text.pk), "1.0", "mr",
        )  # fmt: skip
        assert (said["obtainer"], said["delegation"]) == ("asha", cast.asha.memberships.get().pk)
        assert said["document_sha256"] == text.file_sha256
        assert len(said["paper_sha256"]) == 64
        assert "Zarina" not in answer.content.decode()


def test_as_a_form_with_a_file(cast: Any, api: Any, participant: Any) -> None:
    client = api(cast.asha)
    form = plain(participant, absent='{"witness": "not_applicable"}', purposes=["participation", "procedure"])
    form |= {"sheet": SimpleUploadedFile("sheet.png", a_png()), "copy_given": "true", "ticket": "t"}
    answer = client.post(URL, form, format="multipart")
    assert answer.status_code == 201, answer.content
    said = answer.json()
    assert said["purposes"] == ["participation", "procedure"]
    assert (said["absent"], said["copy_given"]) == ({"witness": "not_applicable"}, True)
    form["sheet"] = SimpleUploadedFile("sheet.png", a_png())
    again = client.post(URL, form, format="multipart")
    assert again.json()["id"] == said["id"]
    fixed = client.post(
        URL,
        {"participant": participant.code, "kind": "correction", "corrects": str(said["id"]), "note": "x", "copy_given": "no"},
        format="multipart",
    )  # fmt: skip
    assert (fixed.status_code, fixed.json()["corrects"]) == (201, said["id"])


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"corrects": "x"}, ("corrects", "not_found")),
        ({"signer": ["participant", "mother"]}, ("signer", "twice")),
        ({"sheet": SimpleUploadedFile("a.pdf", b"text")}, ("sheet", "type")),
        ({"sheet": "a.pdf"}, ("sheet", "type")),
        ({"absent": '["x"]'}, ("absent", "type")),
    ],
)
def test_a_form_that_is_wrong(cast: Any, api: Any, participant: Any, more: dict, found: Any) -> None:
    answer = api(cast.asha).post(URL, plain(participant) | more, format="multipart")
    assert answer.status_code == 400
    assert found in errors(answer)


def test_absent_that_is_no_json(cast: Any, api: Any, participant: Any) -> None:
    answer = api(cast.asha).post(URL, plain(participant, absent="{"), format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_a_large_scan_comes_as_a_file_only(cast: Any, api: Any, participant: Any) -> None:
    large = PDF.replace(b"%%EOF", b"%" + b"x" * 3_000_000 + b"\n%%EOF")
    in_json = api(cast.asha).post(URL, plain(participant, sheet=sent("a.pdf", large)))
    assert in_json.status_code == 413
    form = plain(participant) | {"sheet": SimpleUploadedFile("a.pdf", large)}
    assert api(cast.asha).post(URL, form, format="multipart").status_code == 201
    too_large = SimpleUploadedFile("a.pdf", PDF + b"x" * 10_000_001)
    answer = api(cast.asha).post(URL, plain(participant) | {"sheet": too_large}, format="multipart")
    assert answer.status_code in (400, 413)


def test_what_is_there_already_is_a_conflict_that_names_it(cast: Any, api: Any, participant: Any) -> None:
    first = api(cast.asha).post(URL, plain(participant)).json()
    answer = api(cast.rao).post(URL, plain(participant))
    assert answer.status_code == 409
    assert f"entry {first['id']}" in answer.json()["detail"] and "Asha" in answer.json()["detail"]


def test_a_ticket_is_answered_with_the_first_entry(cast: Any, api: Any, participant: Any) -> None:
    first = api(cast.asha).post(URL, plain(participant, ticket="t-1"))
    again = api(cast.asha).post(URL, plain(participant, ticket="t-1"))
    assert (again.status_code, again.json()) == (201, first.json())
    other = api(cast.asha).post(URL, plain(participant, ticket="t-1", signed_on="2024-02-02"))
    assert (other.status_code, other.json()["errors"][0]["code"]) == (409, "ticket_used")


def test_the_list_asks_the_same_number_of_queries(
    cast: Any, api: Any, participant: Any, django_assert_max_num_queries: Any
) -> None:
    for month in range(1, 13):
        an_event(participant, "consent", cast.asha, f"2024-{month:02d}-01", obtainer=cast.asha)
    with django_assert_max_num_queries(9):
        assert len(api(cast.farah).get(URL).json()["results"]) == 12


def test_the_list_is_narrowed(cast: Any, api: Any, participant: Any) -> None:
    signed = an_adults_consent(participant, cast.asha)
    witnessed = an_event(participant, "witnessed", cast.asha, witness="Teacher")
    found = api(cast.farah).get(f"{URL}?concerns={signed.pk}").json()["results"]
    assert [row["id"] for row in found] == [witnessed.pk]
    assert api(cast.farah).get(f"{URL}?concerns=abc").status_code == 400


# --- What is in force, and who must sign -----------------------------------------------------------------


def state_url(participant: Any, what: str = "consent-state", on: str = "") -> str:
    return f"/api/v1/participants/{participant.code}/{what}/" + (f"?on={on}" if on else "")


@pytest.mark.parametrize("what", ["consent-state", "consent-to-sign"])
@pytest.mark.parametrize(("who", "status"), [(None, 401), ("sanjay", 403), ("norole", 403), ("vikram", 404)])
def test_a_state_is_refused(
    cast: Any, api: Any, participant: Any, what: str, who: str | None, status: int
) -> None:
    client = api(getattr(cast, who) if who else None)
    assert client.get(state_url(participant, what)).status_code == status


@pytest.mark.parametrize("on", ["03/04/2024", "yesterday", "age:12", "2024-13", "%00"])
def test_a_day_that_is_none(cast: Any, api: Any, participant: Any, on: str) -> None:
    for what in ("consent-state", "consent-to-sign"):
        assert api(cast.asha).get(state_url(participant, what, on)).status_code == 400


def test_what_is_in_force(cast: Any, api: Any, participant: Any) -> None:
    enrolled(participant, "2024-02-01")
    demographics_of(participant, cast.asha, age_at_enrolment=25)
    an_adults_consent(participant, cast.asha)
    for who in (cast.asha, cast.meera, cast.farah):
        said = api(who).get(state_url(participant, on="2024-03-01")).json()
        assert (said["in_force"], said["procedure"], said["all_sessions"]) == ("yes", "yes", True)
        assert said["on"] == "2024-03-01"
    assert api(cast.asha).get(state_url(participant, on="2024-01")).json()["in_force"] == "no"
    assert api(cast.asha).get(state_url(participant)).status_code == 200


def test_who_must_sign(cast: Any, api: Any, participant: Any) -> None:
    enrolled(participant, "2024-02-01")
    demographics_of(participant, cast.asha, age_at_enrolment=25)
    answer = api(cast.asha).get(state_url(participant, "consent-to-sign", "2024-03-01"))
    assert answer.status_code == 200
    assert isinstance(answer.json(), list)
    assert api(cast.farah).get(state_url(participant, "consent-to-sign")).status_code == 403
    assert api(cast.asha).get(state_url(participant, "consent-to-sign", "2024-03")).status_code == 400


# --- The feed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("sanjay", 403), ("admin", 403), ("norole", 403)])
def test_the_feed_is_refused(cast: Any, api: Any, who: str | None, status: int) -> None:
    assert api(getattr(cast, who) if who else None).get(FEED).status_code == status


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=9999999999999999999999", "limit=0", "limit=501"]
)
def test_a_place_that_is_none(cast: Any, api: Any, query: str) -> None:
    assert api(cast.farah).get(f"{FEED}?{query}").status_code == 400
