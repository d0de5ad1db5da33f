"""The consent log as a PDF: in the hand at once, or by a job when it is long."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from apps.oversight import log_pdf_job
from studyportal.access.models import Membership, User
from studyportal.audit.models import Look
from studyportal.files.models import StoredFile
from studyportal.jobs.models import Job
from studyportal.ui import pdf
from tests.apps.oversight.conftest import Records
from tests.cast import Cast

pytestmark = pytest.mark.django_db
URL = "/oversight/consent-log.pdf"
MAKE = "/oversight/consent-log/pdf/"


@pytest.fixture
def printed(monkeypatch: Any) -> list[str]:
    """What is put on paper, line by line, before the fonts make glyphs of it."""
    lines: list[str] = []
    put = pdf.Sheets._string

    def noting(self: Any, x: float, y: float, text: str, size: float, **more: Any) -> None:
        lines.append(text)
        put(self, x, y, text, size, **more)

    monkeypatch.setattr(pdf.Sheets, "_string", noting)
    return lines


def test_the_pdf_has_each_entry_in_full(cast: Cast, records: Records, page: Any, printed: list[str]) -> None:
    participant = records.participant()
    records.consent(participant, note="श्रीमती क्षत्रिय यांनी वाचले", obtained_by="Investigator 3")
    records.consent(records.participant(site=cast.pune), note="elsewhere")
    answer = page(cast.farah).get(URL + "?site=MUM")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "no-store"
    assert answer.content.startswith(b"%PDF-") and answer.content.rstrip().endswith(b"%%EOF")
    text = " ".join(printed)
    for said in (
        participant.code, "Consent of the participant", "1 Mar 2026", "Investigator 3",
        "श्रीमती क्षत्रिय यांनी वाचले", "Farah (farah)", "Site: MUM Mumbai", "page 1 of",
    ):  # fmt: skip
        assert said in text, said
    assert "elsewhere" not in text
    assert Look.objects.last().detail == "as: pdf; site: MUM"


def test_nothing_is_said_to_be_nothing(cast: Cast, page: Any, printed: list[str]) -> None:
    assert page(cast.farah).get(URL).status_code == 200
    assert "No entry fits." in printed


def test_what_cannot_be_printed_stops_no_file(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    records.consents(participant, ("🙂 測試 العربية", "x" * 3_900, "क्ष" * 1_200))
    answer = page(cast.farah).get(URL)
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF-")


@pytest.fixture
def long(monkeypatch: Any) -> None:
    monkeypatch.setattr("apps.oversight.log_files.AT_ONCE", 1)


def run(job: Job) -> Job:
    from studyportal.jobs.tasks import run as work

    work(job.pk)
    job.refresh_from_db()
    return job


@pytest.mark.django_db(transaction=True)
def test_a_long_log_is_made_by_a_job(cast: Cast, records: Records, page: Any, long: None) -> None:
    participant = records.participant()
    records.consents(participant, (f"entry {number}" for number in range(3)))
    browser = page(cast.farah)
    offered = browser.get(URL + "?site=MUM")
    assert offered.status_code == 302 and offered["Location"] == f"{MAKE}?site=MUM"
    asking = browser.get(offered["Location"])
    assert "Make the PDF" in asking.content.decode()
    assert not Job.objects.exists(), "looking starts nothing"
    sent = browser.post(MAKE, {"site": "MUM"})
    job = Job.objects.get()
    assert sent["Location"] == f"/jobs/{job.pk}/"
    job = run(job) if job.state == "queued" else job
    assert job.state == "done", job.error
    assert job.result["entries"] == 3
    answer = browser.get(job.result["url"])
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert Look.objects.last().detail == f"as: pdf; job: {job.pk}"


@pytest.fixture
def made(cast: Cast) -> Job:
    stored = StoredFile.objects.create(
        name="log.pdf", content_type="application/pdf", size=5, sha256="0" * 64, content=b"%PDF-", uploaded_by=cast.farah
    )  # fmt: skip
    return Job.objects.create(
        kind=log_pdf_job.KIND, requester=cast.farah, params={}, state="done", finished_at=timezone.now(),
        result={"file": stored.pk, "sites": [cast.mumbai.pk, cast.pune.pk]},
    )  # fmt: skip


def test_the_file_is_for_who_asked_for_it(cast: Cast, page: Any, made: Job) -> None:
    other = User.objects.create(username="lalita", display_name="Lalita")
    Membership.objects.create(user=other, role="ethics_auditor", valid_from="2020-01-01")
    url = f"{MAKE}{made.pk}/"
    assert page(cast.meera).get(url).status_code == 403
    assert page(other).get(url).status_code == 404
    assert page(cast.farah).get(f"{MAKE}987654321/").status_code == 404
    assert page(cast.farah).get(f"{MAKE}{2**70}/").status_code == 404
    assert page(cast.farah).get(url).status_code == 200


def test_the_file_is_not_given_once_a_site_is_out_of_reach(cast: Cast, page: Any, made: Job) -> None:
    Membership.objects.filter(user=cast.farah).update(valid_until="2021-01-01")
    Membership.objects.create(user=cast.farah, role="ethics_auditor", site=cast.pune, valid_from="2020-01-01")
    assert page(User.objects.get(pk=cast.farah.pk)).get(f"{MAKE}{made.pk}/").status_code == 404


def test_another_job_gives_no_file(cast: Cast, page: Any, made: Job) -> None:
    Job.objects.filter(pk=made.pk).update(kind="outcomes.hba1c")
    assert page(cast.farah).get(f"{MAKE}{made.pk}/").status_code == 404
