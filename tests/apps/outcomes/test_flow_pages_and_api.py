"""Who may see the flow and take its files, what a wrong filter answers, and that all forms say the same."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import pytest
from django.conf import settings

from studyportal.api import throttling
from studyportal.audit.models import Look
from tests.counting import questions

VIEWERS = {"sanjay", "meera", "rao"}
EVERYONE = ("asha", "vikram", "rao", "meera", "sanjay", "farah", "admin", "norole")
ADDRESSES = ("/flow/", "/api/v1/flow/", "/api/v1/flow.csv", "/api/v1/flow.svg", "/api/v1/flow.png")
SVG = "{http://www.w3.org/2000/svg}"


# refusals
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stranger_is_asked_to_sign_in(api, page, db, address):
    if address.startswith("/api/"):
        assert api(None).get(address).status_code == 401
    else:
        assert page(None).get(address)["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", EVERYONE)
def test_each_role_sees_what_is_its_own(api, page, cast, cohort, name):
    user = getattr(cast, name)
    for address in ADDRESSES:
        response = (api if address.startswith("/api/") else page)(user).get(address)
        assert response.status_code == (200 if name in VIEWERS else 403), address


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("site=XXX", "site", "invalid_choice"),
        ("synthetic=perhaps", "synthetic", "invalid_choice"),
        ("as_of=2024-02-30", "as_of", "invalid_date"),
        ("as_of=2999-01-01", "as_of", "future_date"),
        ("visits=M3", "visits", "unknown_filter"),
    ],
)
def test_a_wrong_filter_is_named(api, page, cast, cohort, query, field, code):
    for end in ("/", ".csv", ".svg", ".png"):
        response = api(cast.sanjay).get(f"/api/v1/flow{end}?{query}")
        assert response.status_code == 400
        [error] = response.json()["errors"]
        assert (error["field"], error["code"]) == (field, code)
    response = page(cast.sanjay).get(f"/flow/?{query}")
    assert response.status_code == 400
    assert "The filter was not understood" in response.content.decode()


def test_another_site_is_as_one_that_there_is_not(api, cast, cohort):
    assert api(cast.rao).get("/api/v1/flow/?site=PUN").status_code == 400
    response = api(cast.rao).get("/api/v1/flow/").json()
    assert response["provenance"]["sites"] == ["MUM"]
    assert not response["provenance"]["whole_study"]
    assert by_key(response)["screened"]["n"] == 2


def test_nothing_is_written_to_the_flow(api, page, cast, cohort):
    assert api(cast.sanjay).post("/api/v1/flow/", {}).status_code == 405
    assert page(cast.sanjay).post("/flow/").status_code == 405


def test_files_wait_for_a_place(api, cast, cohort):
    caller = str(cast.sanjay.pk)
    with throttling.place("downloads", caller, most=settings.DOWNLOADS_AT_ONCE) as _one:
        assert api(cast.sanjay).get("/api/v1/flow.csv").status_code == 200
    held = [
        throttling.place("downloads", caller, most=settings.DOWNLOADS_AT_ONCE)
        for _ in range(settings.DOWNLOADS_AT_ONCE)
    ]
    for place in held:
        place.__enter__()
    response = api(cast.sanjay).get("/api/v1/flow.csv")
    assert (response.status_code, response["Retry-After"]) == (429, "10")
    for place in held:
        place.__exit__(None, None, None)


# the happy path
def by_key(response):
    return {step["key"]: step for step in response["steps"]}


def test_the_flow_of_the_cohort(api, cast, cohort):
    response = api(cast.sanjay).get("/api/v1/flow/?as_of=2024-06-01").json()
    assert response["reconciles"] and response["differences"] == []
    assert response["provenance"]["sites"] == ["MUM", "PUN"]
    assert response["provenance"]["whole_study"]
    steps = by_key(response)
    assert steps["screened"]["n"] == 4
    assert (steps["case"]["n"], steps["control"]["n"]) == (2, 1)
    assert steps["case.session"]["n"] == 2
    assert steps["case.M3"]["manner"] == {"done": 2}
    assert steps["case.M6"]["pending"] == [
        {"reason": "not_due", "label": "Window still open or not yet due", "n": 2}
    ]
    assert steps["control.matched"]["n"] == 1
    assert steps["case.analysed"]["follows"] == "case.M12"
    assert steps["screened"]["sites"]["PUN"]["n"] == 2


def test_the_synthetic_can_be_left_out_or_stand_alone(api, cast, cohort):
    def screened(query: str) -> int:
        return by_key(api(cast.sanjay).get(f"/api/v1/flow/?{query}").json())["screened"]["n"]

    assert [screened(f"synthetic={value}") for value in ("include", "exclude", "only")] == [4, 2, 2]
    assert screened("site=PUN") == 2


def test_csv_says_the_same_as_json(api, cast, cohort):
    said = by_key(api(cast.sanjay).get("/api/v1/flow/?as_of=2024-06-01").json())
    response = api(cast.sanjay).get("/api/v1/flow.csv?as_of=2024-06-01")
    assert response["Content-Disposition"] == 'attachment; filename="flow_study_2024-06-01.csv"'
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    for key, step in said.items():
        mine = [row for row in rows if row["step"] == key]
        for what, number in (("n", step["n"]), ("lost", sum(one["n"] for one in step["lost"]))):
            assert sum(int(row["n"]) for row in mine if row["what"] == what) == number
    assert {row["as_of"] for row in rows} == {"2024-06-01"}
    assert {row["sites"] for row in rows} == {"MUM;PUN"}
    assert all(row["protocol_version"] and row["code_version"].startswith("statistics-") for row in rows)


def test_the_svg_stands_by_itself_and_says_where_it_comes_from(api, cast, cohort):
    response = api(cast.sanjay).get("/api/v1/flow.svg?as_of=2024-06-01")
    assert response["Content-Type"].startswith("image/svg+xml")
    root = ElementTree.fromstring(response.content)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    texts = [element.text.replace("\u00a0", " ") for element in root.iter(f"{SVG}text")]
    assert "Screened: n = 4" in texts and "Cases: n = 2" in texts
    assert any("As of 2024-06-01" in text and "MUM, PUN" in text for text in texts)
    assert any("synthetic participants included" in text for text in texts)
    whole = response.content.decode()
    assert "style=" not in whole and "<style" not in whole and "<script" not in whole and "href" not in whole


def test_the_png_is_a_picture(api, cast, cohort):
    response = api(cast.sanjay).get("/api/v1/flow.png")
    assert response["Content-Type"] == "image/png"
    assert response.content.startswith(b"\x89PNG")
    assert b"Protocol" in response.content  # the provenance travels in its metadata


def test_the_page_shows_figure_list_and_provenance(page, cast, cohort):
    text = page(cast.sanjay).get("/flow/?as_of=2024-06-01").content.decode().replace("\u00a0", " ")
    for words in (
        'role="img"',
        "Screened: n = 4",
        "Cases: n = 2",
        "Step by step",
        "By site",
        "/api/v1/flow.csv?as_of=2024-06-01",
        "yes, at every arrow and over the sites",
        'href="/flow/"',
    ):
        assert words in text, words
    assert "By site" not in page(cast.rao).get("/flow/").content.decode()


def test_an_empty_study_says_so(page, cast):
    assert "Nobody has been screened yet" in page(cast.sanjay).get("/flow/").content.decode()
    assert "Nobody fits" in page(cast.sanjay).get("/flow/?synthetic=only").content.decode()


# side effects
def test_a_file_leaves_a_look_and_the_page_none(api, page, cast, cohort):
    page(cast.sanjay).get("/flow/")
    api(cast.sanjay).get("/api/v1/flow/")
    assert not Look.objects.filter(what="flow_file").exists()
    api(cast.sanjay).get("/api/v1/flow.svg?as_of=2024-06-01")
    look = Look.objects.get(what="flow_file")
    assert look.detail == "flow_study_2024-06-01.svg"


def test_no_code_and_no_label_of_a_person_is_in_any_form(api, page, cast, cohort):
    for address in ADDRESSES:
        body = (api if address.startswith("/api/") else page)(cast.sanjay).get(address).content
        assert b"MUM-0" not in body and b"PUN-0" not in body


def test_the_number_of_queries_does_not_grow(page, cast, cohort, many):
    client = page(cast.sanjay)
    client.get("/flow/")
    with questions() as few:
        client.get("/flow/")
    many(12)
    with questions() as more:
        client.get("/flow/")
    assert len(more) == len(few)
