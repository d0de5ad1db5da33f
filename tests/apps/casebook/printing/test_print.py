"""A casebook on paper: who may have it, what it holds, and that it never says who the participant is."""

from __future__ import annotations

from typing import Any

import pytest

from apps.casebook.printing import content, job
from apps.casebook.printing.layout import layout
from studyportal.audit.models import Look
from studyportal.crf import actions as crf
from studyportal.crf.registry import get
from studyportal.files.models import StoredFile
from studyportal.identity import actions as identity
from studyportal.jobs import actions as jobs
from studyportal.jobs.models import Job
from studyportal.jobs.tasks import run as run_job
from studyportal.ui.pdf import draw as drawn
from tests.apps.casebook.conftest import Cohort
from tests.cast import Cast

pytestmark = pytest.mark.django_db


class Paper:
    """Whatever is drawn while a test runs, in order."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.drawn).split())


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Paper:
    seen = Paper()

    def draw(canvas: Any, x: float, y: float, text: str, size: float, **how: Any) -> None:
        seen.drawn.append(text)
        drawn(canvas, x, y, text, size, **how)

    monkeypatch.setattr("studyportal.ui.pdf.draw", draw)
    return seen


@pytest.fixture
def case(cast: Cast, cohort: Cohort) -> Any:
    return cohort.case(day_0="2026-03-02", label="tall, from Nashik")


@pytest.mark.parametrize("name", ["admin", "norole"])
def test_refused_to_those_who_see_no_participants(cast: Cast, case: Any, page: Any, name: str) -> None:
    assert page(getattr(cast, name)).get(f"/participants/{case.code}/print/").status_code == 403


@pytest.mark.parametrize("tail", ["", "cover.pdf", "1/"])
def test_another_site_finds_nothing(cast: Cast, case: Any, page: Any, tail: str) -> None:
    assert page(cast.vikram).get(f"/participants/{case.code}/print/{tail}").status_code == 404
    assert page(cast.vikram).post(f"/participants/{case.code}/print/").status_code == 404
    assert not Job.objects.exists()


def test_the_cover_is_for_those_who_may_see_identities(cast: Cast, case: Any, page: Any) -> None:
    address = f"/participants/{case.code}/print/"
    assert page(cast.meera).get(f"{address}cover.pdf").status_code in (403, 404)
    assert "Cover sheet" not in page(cast.meera).get(address).content.decode()
    assert "Cover sheet" in page(cast.asha).get(address).content.decode()


def test_no_cover_of_somebody_whose_identity_is_not_recorded(cast: Cast, case: Any, page: Any) -> None:
    assert page(cast.asha).get(f"/participants/{case.code}/print/cover.pdf").status_code == 404


def test_the_cover_says_who_it_is_is_logged_and_kept_nowhere(
    cast: Cast, case: Any, page: Any, paper: Paper
) -> None:
    identity.record(participant=case, raw={"full_name": "Zzyzx Quux"}, by=cast.asha)
    answer = page(cast.asha).get(f"/participants/{case.code}/print/cover.pdf")
    assert answer.content.startswith(b"%PDF") and "Zzyzx Quux" in paper.words
    assert "no-store" in answer["Cache-Control"]
    assert Look.objects.filter(what="identity", participant_code=case.code, detail=job.PURPOSE).exists()
    assert not StoredFile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_file_of_somebody_else_is_not_given(cast: Cast, case: Any, page: Any) -> None:
    started = made_by(cast.asha, case)
    address = f"/participants/{case.code}/print/{started.pk}/"
    assert page(cast.rao).get(address).status_code == 404
    assert page(cast.asha).get(address).status_code == 200
    assert Look.objects.filter(what="casebook_file", participant_code=case.code).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_file_of_another_participant_is_not_given(cast: Cast, case: Any, cohort: Cohort, page: Any) -> None:
    started = made_by(cast.asha, case)
    other = cohort.case(day_0="2026-03-02")
    assert page(cast.asha).get(f"/participants/{other.code}/print/{started.pk}/").status_code == 404


def made_by(user: Any, participant: Any, *, blank: bool = False, history: bool = False) -> Job:
    started = job.start(participant=participant, blank=blank, history=history, by=user)
    run_job(started.pk)
    started.refresh_from_db()
    return started


@pytest.mark.django_db(transaction=True)
def test_a_job_for_somebody_whom_one_may_not_see_fails_in_words(cast: Cast, case: Any) -> None:
    started = jobs.start(job.KIND, params={"code": case.code}, by=cast.vikram)
    run_job(started.pk)
    started.refresh_from_db()
    assert (started.state, bool(started.error)) == ("failed", True)
    assert not StoredFile.objects.exists()


def test_filled_with_values_reasons_and_queries(cast: Cast, case: Any, cohort: Cohort, paper: Paper) -> None:
    visit = cohort.visit(case, "M1", happened_on="2026-04-01")
    absent = {"systolic": "refused", "diastolic": "refused", "pulse": "not_done", "height": "not_done"}
    cohort.form("vital-signs", visit=visit, weight="61.2", absent=absent)
    parts = content.filled(case)
    layout(case, parts, made_by="asha")
    words = paper.words
    assert "61.2 kg" in words
    assert "no value: Refused" in words or "no value: refused" in words.lower()
    assert case.code in words and "History" not in words
    assert "Nashik" not in words


def test_with_its_history(cast: Cast, case: Any, cohort: Cohort, paper: Paper) -> None:
    visit = cohort.visit(case, "M1", happened_on="2026-04-01")
    absent = {"systolic": "refused", "diastolic": "refused", "pulse": "not_done", "height": "not_done"}
    record = cohort.form("vital-signs", visit=visit, weight="61.2", absent=absent)
    crf.save(
        get("vital-signs"),
        record=record,
        raw={"weight": "62.2"},
        by=cast.asha,
        expected_version=record.version,
        reason="read wrongly",
    )
    layout(case, content.filled(case), made_by="asha", with_history=True)
    words = paper.words
    assert "61.2 kg → 62.2 kg" in words and "read wrongly" in words


def test_blank_holds_every_form_and_no_value(cast: Cast, case: Any, cohort: Cohort, paper: Paper) -> None:
    visit = cohort.visit(case, "M1", happened_on="2026-04-01")
    absent = {"systolic": "refused", "diastolic": "refused", "pulse": "not_done", "height": "not_done"}
    cohort.form("vital-signs", visit=visit, weight="61.2", absent=absent)
    parts = content.blank(case)
    titles = {str(spec.title) for part in parts for spec in part.blank}
    layout(case, parts, made_by="asha", blank=True)
    words = paper.words
    assert titles and all(" ".join(title.split()) in words for title in titles)
    assert "61.2" not in words and "computed" not in words


def test_progress_counts_every_form(cast: Cast, case: Any, cohort: Cohort) -> None:
    parts, seen = content.blank(case), []
    layout(case, parts, made_by="asha", blank=True, progress=seen.append)
    assert seen == list(range(1, content.count(parts) + 1))


@pytest.mark.django_db(transaction=True)
def test_the_page_starts_it_and_the_job_leads_to_the_file(cast: Cast, case: Any, page: Any) -> None:
    answer = page(cast.asha).post(f"/participants/{case.code}/print/", {"what": "filled", "history": "1"})
    started = Job.objects.get()
    assert answer["Location"] == started.get_absolute_url()
    assert started.params == {"code": case.code, "blank": False, "history": True}
    run_job(started.pk)
    started.refresh_from_db()
    given = page(cast.asha).get(started.result["url"])
    assert given["Content-Type"] == "application/pdf" and given.content.startswith(b"%PDF")
