"""`/api/v1/consent-documents/`: refusals first, then a version from its draft to its withdrawal."""

from __future__ import annotations

from typing import Any

import pytest

from apps.consent.models import ConsentDocument
from apps.consent.selectors.documents import languages
from tests.approvals import approval_of
from tests.apps.consent.documents import a_document, a_draft, pdf
from tests.cast import Cast
from tests.counting import questions

pytestmark = pytest.mark.django_db
LIST = "/api/v1/consent-documents/"


def of(document: ConsentDocument, tail: str = "") -> str:
    return f"{LIST}{document.pk}/{tail}"


def fields_of(answer: Any) -> list[tuple[str | None, str]]:
    return [(one["field"], one["code"]) for one in answer.json()["errors"]]


def test_who_may_not(cast: Cast, api: Any) -> None:
    document = a_draft(cast.mumbai, cast.rao)
    assert api(None).get(LIST).status_code == 401
    assert api(cast.norole).get(LIST).status_code == 403
    assert api(cast.vikram).get(of(document)).status_code == 404
    assert api(cast.vikram).get(LIST).json()["results"] == []
    for name, address in (("post", LIST), ("patch", of(document)), ("delete", of(document)), ("post", of(document, "approve/")),
                          ("post", of(document, "withdraw/")), ("put", of(document, "texts/en/"))):  # fmt: skip
        for user in (cast.asha, cast.farah):
            assert getattr(api(user), name)(address, {}, format="json").status_code == 403, (user, address)
    assert api(cast.asha).get(of(document)).status_code == 200


def test_a_site_that_is_not_ones_own(cast: Cast, api: Any) -> None:
    raw = {"site": "PUN", "kind": "consent_form", "purpose": "images", "version_label": "1", "title": "Form"}
    for site in ("PUN", "XXX", None, 7, "M\x00"):
        answer = api(cast.rao).post(LIST, raw | {"site": site}, format="json")
        assert answer.status_code == 400 and fields_of(answer) == [("site", "not_found")]
    other = a_document(cast.pune, cast.meera)
    answer = api(cast.rao).post(LIST, raw | {"site": "MUM", "supersedes": other.pk}, format="json")
    assert fields_of(answer) == [("supersedes", "not_found")]
    draft = a_draft(cast.mumbai, cast.rao)
    answer = api(cast.rao).post(
        of(draft, "approve/"), {"approval": approval_of(cast.pune).pk, "valid_from": "2024-01-01"}, format="json",
        headers={"If-Match": f'"{draft.version}"'},
    )  # fmt: skip
    assert answer.status_code == 400 and fields_of(answer) == [("approval", "not_found")]


@pytest.mark.parametrize("name", ["by", "expected_version", "state", "approved_at", "recorded_by", "id"])
def test_what_nobody_says(cast: Cast, api: Any, name: str) -> None:
    raw = {"site": "MUM", "kind": "consent_form", "purpose": "images", "version_label": "1", "title": "Form"}
    answer = api(cast.rao).post(LIST, raw | {name: 1}, format="json")
    assert answer.status_code == 400 and fields_of(answer)[0][0] == name
    draft = a_draft(cast.mumbai, cast.rao, filled=False)
    answer = api(cast.rao).patch(of(draft), {name: 1}, format="json", headers={"If-Match": '"1"'})
    assert answer.status_code == 400 and fields_of(answer)[0][0] == name


def test_a_version_that_was_not_seen(cast: Cast, api: Any) -> None:
    draft = a_draft(cast.mumbai, cast.rao)
    client = api(cast.rao)
    for name, address in (("patch", of(draft)), ("delete", of(draft)), ("post", of(draft, "approve/")),
                          ("put", of(draft, "texts/en/"))):  # fmt: skip
        body = {"approval": approval_of(cast.mumbai).pk} if "approve" in address else {"words": "W"} if "texts" in address else {}  # fmt: skip
        assert getattr(client, name)(address, body, format="json").status_code == 428
        stale = getattr(client, name)(address, body, format="json", headers={"If-Match": '"1"'})
        assert stale.status_code == 412, address


def test_from_draft_to_withdrawal(cast: Cast, api: Any) -> None:
    client = api(cast.rao)
    made = client.post(
        LIST,
        {"site": "MUM", "kind": "consent_form", "purpose": "participation", "version_label": "1.0", "title": "Consent form"},
        format="json",
    )  # fmt: skip
    assert made.status_code == 201 and made.json()["standing"] == "not_approved"
    address, etag = f"{LIST}{made.json()['id']}/", made["ETag"]
    for language in languages():
        answer = client.put(
            f"{address}texts/{language}/file/",
            {"file": pdf(f"form-{language}.pdf", language)},
            format="multipart",
            headers={"If-Match": etag},
        )
        assert answer.status_code == 200, answer.json()
        words = f"Words in {language}"
        answer = client.put(
            f"{address}texts/{language}/",
            {"words": words},
            format="json",
            headers={"If-Match": answer["ETag"]},
        )
        etag = answer["ETag"]
    assert client.get(f"{address}texts/hi/").json()["words"] == "Words in hi"
    answer = client.post(
        f"{address}approve/",
        {"approval": approval_of(cast.mumbai).pk, "valid_from": "2024-01-01"},
        format="json",
        headers={"If-Match": etag},
    )
    assert answer.status_code == 200, answer.json()
    assert (answer.json()["state"], answer.json()["standing"]) == ("approved", "current")
    assert len(answer.json()["texts"]) == 3
    etag = answer["ETag"]
    again = client.patch(address, {"title": "Another"}, format="json", headers={"If-Match": etag})
    assert again.status_code == 409 and again.json()["errors"][0]["code"] == "final"
    file = client.get(f"{address}texts/mr/file/")
    assert file["Content-Type"] == "application/pdf" and "attachment" in file["Content-Disposition"]
    in_force = client.get(f"{LIST}in-force/", {"site": "MUM", "on": "2024-01-01"}).json()["sites"][0][
        "documents"
    ]
    assert [one["version_label"] for one in in_force] == ["1.0"]
    before = client.get(f"{LIST}in-force/", {"on": "2023-12-31"}).json()["sites"]
    assert before == [{"site": "MUM", "on": "2023-12-31", "documents": []}]
    gone = client.post(
        f"{address}withdraw/",
        {"from_on": "2024-06-01", "because": "The committee asked for it"},
        format="json",
        headers={"If-Match": etag},
    )
    assert gone.status_code == 200 and gone.json()["standing"] == "withdrawn"
    once = client.post(
        f"{address}withdraw/",
        {"from_on": "2024-06-02", "because": "The committee asked for it"},
        format="json",
        headers={"If-Match": gone["ETag"]},
    )
    assert once.status_code == 409


@pytest.mark.parametrize(
    "query",
    [{"site": "PUN"}, {"on": "soon"}, {"site": "MUM", "on": "soon"}, {"site": "MUM", "on": "2024-13-01"}],
)
def test_in_force_of_a_site_and_a_day_that_are_none(cast: Cast, api: Any, query: dict[str, str]) -> None:
    assert api(cast.asha).get(f"{LIST}in-force/", query).status_code == 400


def test_a_draft_is_discarded(cast: Cast, api: Any) -> None:
    draft = a_draft(cast.mumbai, cast.rao)
    answer = api(cast.rao).delete(of(draft), headers={"If-Match": f'"{draft.version}"'})
    assert answer.status_code == 204 and not ConsentDocument.objects.exists()


def test_the_list_asks_a_fixed_number_of_questions(cast: Cast, api: Any) -> None:
    client = api(cast.meera)
    a_document(cast.mumbai, cast.rao)
    client.get(LIST)
    with questions() as few:
        client.get(LIST)
    for purpose in ("images", "data_sharing", "sample_storage"):
        a_document(cast.mumbai, cast.rao, purpose=purpose)
        a_document(cast.pune, cast.meera, purpose=purpose)
    with questions() as many:
        answer = client.get(LIST)
    assert len(answer.json()["results"]) == 7
    assert len(few) == len(many)
