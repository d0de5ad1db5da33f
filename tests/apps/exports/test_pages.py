"""The pages: who may see them, what they show, and that they do not ask more with more rows."""

from __future__ import annotations

import pytest

from apps.exports.catalogue import catalogue

ADDRESSES = ("/exports/", "/exports/medical-history/")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stranger_is_sent_to_the_sign_in(page, db, address):
    response = page(None).get(address)
    assert response.status_code == 302 and response["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", ["asha", "rao", "farah", "admin", "norole"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_who_may_not_export_is_refused(page, cast, name, address):
    assert page(getattr(cast, name)).get(address).status_code == 403


def test_an_unknown_dataset_is_not_found(page, cast):
    assert page(cast.sanjay).get("/exports/nothing/").status_code == 404


def test_a_wrong_filter_is_named_and_nothing_is_filtered(page, cast, people):
    response = page(cast.sanjay).get("/exports/participants/?group=placebo")
    assert response.status_code == 200
    assert "placebo" in response.content.decode() and "PUN-0001-X" in response.content.decode()


def test_every_dataset_is_listed(page, cast, people):
    text = page(cast.sanjay).get("/exports/").content.decode()
    for key in catalogue():
        assert f'href="/exports/{key}/"' in text
    assert "/api/v1/dictionary.csv" in text


def test_a_dataset_shows_rows_columns_and_lines_to_copy(page, cast, people):
    text = page(cast.sanjay).get("/exports/medical-history/?site=MUM").content.decode()
    assert "MUM-0001-X" in text and "PUN-0001-X" not in text
    assert "insulin_since_precision" in text and "On insulin since" in text
    assert "http://testserver/api/v1/datasets/medical-history.csv?site=MUM" in text
    for words in ("curl --fail", "req_headers", "pd.read_csv", "STUDYPORTAL_TOKEN"):
        assert words in text


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_number_of_queries_does_not_grow(
    page, cast, people, participant, address, django_assert_max_num_queries
):
    client = page(cast.meera)
    client.get(address)
    for number in range(30):
        participant(f"PUN-{number + 100:04}-X")
    with django_assert_max_num_queries(18):
        assert client.get(address).status_code == 200
