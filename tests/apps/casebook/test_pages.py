"""Who may open the pages of the casebook, and that another site's participant is not found."""

from __future__ import annotations

from typing import Any

import pytest

from studyportal.queries import actions as query_actions
from tests.apps.casebook.conftest import Cohort
from tests.cast import Cast

pytestmark = pytest.mark.django_db

READ = ("", "records/lab-result/")
WRITE = ("change/", "visits/new/", "consent/new/")


@pytest.mark.parametrize("name", ["sanjay", "farah", "admin", "norole"])
@pytest.mark.parametrize("path", [*READ, *WRITE, "queries/new/"])
def test_refused_to_those_who_see_no_records(
    cast: Cast, cohort: Cohort, page: Any, name: str, path: str
) -> None:
    participant = cohort.case()
    assert page(getattr(cast, name)).get(f"/participants/{participant.code}/{path}").status_code == 403


@pytest.mark.parametrize("url", ["/participants/", "/screening/new/", "/queries/"])
@pytest.mark.parametrize("name", ["sanjay", "farah", "admin", "norole"])
def test_lists_are_refused(cast: Cast, page: Any, name: str, url: str) -> None:
    assert page(getattr(cast, name)).get(url).status_code == 403


@pytest.mark.parametrize("path", [*READ, *WRITE])
def test_another_sites_participant_is_not_found(cast: Cast, cohort: Cohort, page: Any, path: str) -> None:
    participant = cohort.case(site=cast.pune)
    assert page(cast.asha).get(f"/participants/{participant.code}/{path}").status_code == 404
    assert page(cast.vikram).get(f"/participants/{participant.code}/{path}").status_code == 200


@pytest.mark.parametrize("path", WRITE)
def test_nothing_is_written_for_another_site(cast: Cast, cohort: Cohort, page: Any, path: str) -> None:
    participant = cohort.case(site=cast.pune)
    answer = page(cast.asha).post(
        f"/participants/{participant.code}/{path}", {"key": "BL", "kind": "consent"}
    )
    assert answer.status_code == 404


def test_a_visit_of_another_participant_is_not_found(cast: Cast, cohort: Cohort, page: Any) -> None:
    one, other = cohort.case(), cohort.case()
    visit = cohort.visit(one, "BL", "2026-01-02")
    assert page(cast.asha).get(f"/participants/{other.code}/visits/{visit.pk}/").status_code == 404
    assert page(cast.asha).get(f"/participants/{one.code}/visits/{visit.pk}/").status_code == 200


@pytest.mark.parametrize("move", ["close", "reopen"])
def test_a_coordinator_closes_no_query(cast: Cast, cohort: Cohort, page: Any, move: str) -> None:
    query = query_actions.raise_query(participant=cohort.case(), message="Why?", by=cast.meera)
    assert page(cast.asha).post(f"/queries/{query.pk}/{move}/", {"text": "x"}).status_code == 403
    query.refresh_from_db()
    assert query.state == "open"


def test_another_sites_query_is_not_found(cast: Cast, cohort: Cohort, page: Any) -> None:
    query = query_actions.raise_query(participant=cohort.case(), message="Why?", by=cast.meera)
    assert page(cast.vikram).post(f"/queries/{query.pk}/answer/", {"text": "x"}).status_code == 404
    assert page(cast.vikram).get("/queries/").content.decode().count("Why?") == 0


def test_an_unknown_form_has_no_records(cast: Cast, cohort: Cohort, page: Any) -> None:
    assert page(cast.asha).get(f"/participants/{cohort.case().code}/records/no-such/").status_code == 404
