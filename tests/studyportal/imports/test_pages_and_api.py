"""The pages and endpoints of an import: who may, what is said, and that both roads are one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.enrolment.imports import SCREENING_LIST
from apps.enrolment.models import ScreeningEntry
from studyportal.imports import actions
from studyportal.imports.models import Upload
from tests.counting import questions
from tests.security.worlds import nothing_changed

PAGE, API = "/imports/screening-list/", "/api/v1/imports/screening-list/"
LIST = b"list_number,screened_on,age\n1,2026-03-01,14\n2,03/04/2016,15\n"
NAMES = b"list_number,Patient name\n1,Zebulon Quist\n"


def file(content: bytes = LIST, name: str = "list.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/vnd.ms-excel")


@pytest.fixture
def upload(cast: Any) -> Upload:
    return actions.upload(
        importer=SCREENING_LIST, site=cast.mumbai, content=LIST, file_name="list.csv", by=cast.asha
    )


# --- Refused ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_who_may_not(cast: Any, page: Any, api: Any, upload: Upload) -> None:
    pages = [PAGE, f"{PAGE}{upload.pk}/", f"{PAGE}{upload.pk}/refused.csv", f"{PAGE}template.csv"]
    posts = [PAGE, f"{PAGE}{upload.pk}/commit/", f"{PAGE}{upload.pk}/abandon/"]
    who_not = ("sanjay", "farah", "admin", "norole")
    clients = [(who, page(getattr(cast, who)), api(getattr(cast, who))) for who in who_not]
    with nothing_changed():
        assert page(None).get(PAGE).status_code == 302
        assert api(None).get(API).status_code == 401
        for who, browser, script in clients:
            for url in pages:
                assert browser.get(url).status_code == 403, (who, url)
            for url in posts:
                assert browser.post(url, {"file": file()}).status_code == 403, (who, url)
                assert script.post(f"/api/v1{url}", {"file": file()}, format="multipart").status_code == 403


@pytest.mark.django_db
def test_another_sites_upload_is_not_there(cast: Any, page: Any, api: Any, upload: Upload) -> None:
    browser, script = page(cast.vikram), api(cast.vikram)
    with nothing_changed():
        for tail in ("", "refused.csv"):
            assert browser.get(f"{PAGE}{upload.pk}/{tail}").status_code == 404
        for tail in ("", "rows/", "refused.csv"):
            assert script.get(f"{API}{upload.pk}/{tail}").status_code == 404
        for tail in ("commit/", "abandon/"):
            assert browser.post(f"{PAGE}{upload.pk}/{tail}").status_code == 404
            assert script.post(f"{API}{upload.pk}/{tail}").status_code == 404
        for site in ("MUM", "XXX", "\ud800"):
            assert (
                browser.post(
                    PAGE, {"file": file(), "site": site.encode("utf-8", "replace").decode()}
                ).status_code
                == 404
            )
        assert script.post(API, {"file": file(), "site": "MUM"}, format="multipart").status_code == 404
    assert b"list.csv" not in browser.get(PAGE).content
    assert script.get(API).json()["results"] == []


@pytest.mark.django_db
def test_a_refused_file_is_answered_with_what_where_and_how(cast: Any, page: Any, api: Any) -> None:
    browser, script = page(cast.asha), api(cast.asha)
    with nothing_changed():
        answer = browser.post(PAGE, {"file": file(NAMES), "unknown": "leave_out"})
        assert answer.status_code == 400
        words = answer.content.decode()
        assert "This file carries names or contacts; the screening log holds none" in words
        assert "Zebulon" not in words
        assert "Choose the file, or paste the cells." in browser.post(PAGE, {}).content.decode()
        answer = script.post(API, {"file": file(NAMES)}, format="multipart")
        assert (answer.status_code, answer.json()["code"]) == (400, "identity")
        assert answer.json()["errors"][0]["field"] == "Patient name"
        assert answer.json()["line"] == 1 and "Zebulon" not in answer.content.decode()
        for body, kind, code in (
            (b"PK\x03\x04", "text/csv", "excel"),
            (b"", "text/csv", "file_required"),
            (b"list_number\n1\x00\n", "text/csv", "nul_character"),
            (b"{}", "application/json", "file_required"),
        ):
            answer = script.generic("POST", API, body, content_type=kind)
            assert (answer.status_code, answer.json()["code"]) == (400, code), body
        assert script.generic("POST", f"{API}?unknown=x", LIST, content_type="text/csv").status_code == 400
        assert script.post(API, {"file": "text"}, format="multipart").status_code == 400
    assert page(cast.meera).post(PAGE, {"file": file()}).status_code == 400  # of which of her sites?
    assert (
        api(cast.meera).generic("POST", API, LIST, content_type="text/csv").json()["code"] == "site_required"
    )


@pytest.mark.django_db
def test_sizes(cast: Any, page: Any, api: Any, settings: Any) -> None:
    settings.IMPORT_BYTES = 3_000_000
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    big = LIST + b"3,2026-03-01,14\n" * 220_000
    browser = page(cast.asha)
    with nothing_changed():
        for size, status in ((3_000_100, 400), (3_400_000, 413)):
            answer = browser.post(PAGE, {"file": file(big[:size])})
            assert answer.status_code == status
        assert (
            api(cast.asha).generic("POST", API, big[:3_000_500], content_type="text/csv").status_code == 413
        )
        assert (
            api(cast.asha).generic("POST", "/api/v1/participants/", big, content_type="text/csv").status_code
            == 413
        )
        assert browser.post("/tokens/", {"name": file(big)}).status_code == 413


@pytest.mark.django_db
def test_bad_requests_to_commit_and_rows(cast: Any, api: Any, page: Any, upload: Upload) -> None:
    script, browser = api(cast.asha), page(cast.asha)
    with nothing_changed():
        for body in ({"overwrite": "perhaps"}, {"everything": True}, []):
            assert script.post(f"{API}{upload.pk}/commit/", body).status_code == 400, body
        assert (
            script.post(f"{API}{upload.pk}/commit/", {"overwrite": True, "reason": {"code": "x"}}).status_code
            == 400
        )
        assert script.get(f"{API}{upload.pk}/rows/?verdict=nice").status_code == 400
        assert browser.get(f"{PAGE}{upload.pk}/?verdict=nice&page=999").status_code == 200
    actions.commit(upload=upload, by=cast.asha)
    answer = script.post(f"{API}{upload.pk}/commit/", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "settled")
    assert script.post(f"{API}{upload.pk}/abandon/").status_code == 409
    for tail in ("commit/", "abandon/"):
        answer = browser.post(f"{PAGE}{upload.pk}/{tail}")
        assert answer.status_code == 409 and b"settled already" in answer.content


# --- The whole road --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_by_pages(cast: Any, page: Any) -> None:
    browser = page(cast.asha)
    answer = browser.post(PAGE, {"file": file()}, follow=True)
    upload = Upload.objects.get()
    assert answer.redirect_chain == [(f"{PAGE}{upload.pk}/", 302)]
    words = answer.content.decode()
    assert "Commit 1 new row" in words and "can be read in two ways" in words
    assert "UTF-8, separated by comma" in words
    refused = browser.get(f"{PAGE}{upload.pk}/refused.csv")
    text = b"".join(refused.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[0] == "list_number,screened_on,age,import_line,import_problems"
    assert text.splitlines()[1].startswith("2,03/04/2016,15,3,")
    assert 'filename="list-refused.csv"' in refused["Content-Disposition"]
    done = browser.post(f"{PAGE}{upload.pk}/commit/", follow=True).content.decode()
    assert "1 row added" in done and "MUM-S0001" in done
    again = browser.post(PAGE, {"file": file()}, follow=True).content.decode()
    assert "This very file was committed before" in again and "Nothing of this file is new" in again
    second = Upload.objects.latest("pk")
    assert browser.post(f"{PAGE}{second.pk}/abandon/", follow=True).status_code == 200
    assert "its rows are deleted" in browser.get(f"{PAGE}{second.pk}/").content.decode()
    assert "list.csv" in browser.get("/imports/").content.decode()
    template = browser.get(f"{PAGE}template.csv")
    assert template.content.decode("utf-8-sig").startswith("list_number,screened_on,")


@pytest.mark.django_db
def test_a_page_asks_for_the_reason_and_keeps_what_was_ticked(cast: Any, page: Any) -> None:
    browser = page(cast.asha)
    for number, content in enumerate(
        (b"list_number,screened_on,age\n1,2026-03-01,14\n", b"list_number,age\n1,15\n")
    ):
        browser.post(PAGE, {"file": file(content)})
        if number == 0:
            browser.post(f"{PAGE}{Upload.objects.latest('pk').pk}/commit/")
    upload = Upload.objects.latest("pk")
    answer = browser.post(f"{PAGE}{upload.pk}/commit/", {"overwrite": "yes", "reason": ""})
    words = answer.content.decode()
    assert answer.status_code == 400
    assert "Say why you change them" in words and 'name="overwrite" value="yes" checked' in words
    assert "Age in years: 14 → 15" in words
    browser.post(f"{PAGE}{upload.pk}/commit/", {"overwrite": "yes", "reason_code": "source_corrected"})
    assert ScreeningEntry.objects.get().age == 15


@pytest.mark.django_db
def test_by_script(cast: Any, api: Any) -> None:
    script = api(cast.meera)
    answer = script.generic("POST", f"{API}?site=MUM&name=march.csv", LIST, content_type="text/csv")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["ready"], made["refused"], made["file_name"], made["site"]) == (1, 1, "march.csv", "MUM")
    url = f"{API}{made['id']}/"
    rows = script.get(f"{url}rows/?verdict=refused").json()["results"]
    assert [(row["line"], row["problems"][0]["code"]) for row in rows] == [(3, "ambiguous_date")]
    first = script.get(f"{url}rows/?limit=1").json()
    assert script.get(first["next"]).json()["results"][0]["line"] == 3
    done = script.post(f"{url}commit/", {})
    assert (done.status_code, done.json()["state"], done.json()["added"]) == (200, "committed", 1)
    assert script.get(url).json()["settled_at"]
    assert script.get(f"{API}template.csv", headers={"Accept": "text/csv"}).status_code == 200
    refused = script.get(f"{url}refused.csv")
    assert b"03/04/2016" in b"".join(refused.streaming_content)
    again = script.generic("POST", f"{API}?site=MUM", LIST, content_type="text/csv").json()
    assert (again["same"], again["ready"], again["committed_before"]) == (1, 0, made["id"])
    assert script.post(f"{API}{again['id']}/commit/", json.dumps({"overwrite": True}), content_type="application/json").json()[
        "overwritten"
    ] == 0  # fmt: skip


@pytest.mark.django_db
def test_a_preview_takes_a_fixed_number_of_questions(cast: Any, page: Any) -> None:
    asked = []
    browser = page(cast.asha)
    for number in (3, 300):
        rows = "".join(f"{number}-{n},2026-03-01,14\n" for n in range(number))
        browser.post(PAGE, {"file": file(b"list_number,screened_on,age\n" + rows.encode())})
        url = f"{PAGE}{Upload.objects.latest('pk').pk}/?verdict=ready"
        browser.get(url)
        with questions() as taken:
            assert browser.get(url).status_code == 200
        asked.append(len(taken))
    assert asked[0] == asked[1]
