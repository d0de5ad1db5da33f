"""Signed sheets: who opens them, that each look is kept, and that no change of keys loses one."""

from __future__ import annotations

import secrets
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.http import Http404

from apps.consent import actions
from apps.consent.models import ConsentEvent
from studyportal.access import walls
from studyportal.audit.models import Look
from studyportal.identity import papers, rotation, sealing
from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.models import Paper
from tests.apps.consent.factories import a_drawing, a_scan
from tests.apps.enrolment.factories import a_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(cast: Any) -> ConsentEvent:
    """A consent at Mumbai with its sheet."""
    return actions.record_event(
        participant=a_case(cast), kind="consent", by=cast.asha, signed_on="2024-02-01", signer="participant",
        sheet=a_scan(), method="paper",
    )  # fmt: skip


def paper_url(event: ConsentEvent) -> str:
    return f"/api/v1/consent-events/{event.pk}/paper/"


# --- Who opens them --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [(None, 401), ("meera", 403), ("farah", 403), ("sanjay", 403), ("admin", 403), ("norole", 403), ("vikram", 404)],
)  # fmt: skip
def test_refused(cast: Any, api: Any, event: Any, who: str | None, status: int) -> None:
    assert api(getattr(cast, who) if who else None).get(paper_url(event)).status_code == status
    assert not Look.objects.filter(what="signed_sheet").exists()


def test_an_entry_without_a_sheet(cast: Any, api: Any, event: Any) -> None:
    plain = actions.record_event(participant=event.participant, kind="dissent", by=cast.asha)
    assert api(cast.asha).get(paper_url(plain)).status_code == 404


def test_it_comes_as_it_was_brought_and_the_look_is_kept(cast: Any, api: Any, event: Any) -> None:
    answer = api(cast.rao).get(paper_url(event))
    assert (answer.status_code, answer.content) == (200, a_scan().content)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="signed-sheet.pdf"'
    assert "sandbox" in answer["Content-Security-Policy"]
    look = Look.objects.get(what="signed_sheet")
    assert (look.user, look.participant_code) == (cast.rao, event.participant.code)
    assert str(event.pk) in look.detail


def test_the_auditor_reads_its_hash(cast: Any, api: Any, event: Any) -> None:
    said = api(cast.farah).get(f"/api/v1/consent-events/{event.pk}/").json()
    assert said["paper_sha256"] == a_scan().sha256


def test_the_action_asks_too(cast: Any, event: Any) -> None:
    with pytest.raises(Http404):
        papers.opened_paper(event.paper_id, by=cast.vikram, purpose="test")
    with pytest.raises(PermissionDenied):
        papers.keep(participant=event.participant, sheet=a_drawing(), by=cast.meera)


@pytest.mark.parametrize(("who", "seen"), [("asha", 1), ("vikram", 0), ("meera", 0), ("farah", 0)])
def test_behind_the_wall_of_identities(cast: Any, event: Any, who: str, seen: int) -> None:
    with walls.opened(getattr(cast, who)), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM identity_paper")
        assert cursor.fetchone() == (seen,)


def test_nobody_else_writes_one(cast: Any, event: Any) -> None:
    row = Paper(
        site=cast.mumbai, participant=event.participant, name="x", content_type="x", size=1, sha256="0" * 64,
        sealed=b"x", key_id="x", added_by=cast.meera,
    )  # fmt: skip
    with (
        walls.opened(cast.meera),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        row.save()


def test_a_sheet_is_final(event: Any, as_owner: Any) -> None:
    for statement in ("UPDATE identity_paper SET name = 'x'", "DELETE FROM identity_paper"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        with as_owner(), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_name_of_the_file_is_not_kept(event: Any) -> None:
    """A site calls the scan by the person's name; the row is not sealed as a whole."""
    assert Paper.objects.get().name == "signed-sheet.pdf"


# --- What does not open ----------------------------------------------------------------------------------


def sealed_as(paper: Paper, **changed: Any) -> bytes:
    whose = {"participant_id": paper.participant_id, "site_id": paper.site_id, "sha256": paper.sha256}
    return sealing.unseal_paper(paper.sealed, paper.key_id, **(whose | changed))


def test_of_another_participant_site_or_hash(event: Any) -> None:
    paper = Paper.objects.get()
    assert sealed_as(paper) == a_scan().content
    for changed in ({"participant_id": 1}, {"site_id": 1}, {"sha256": "0" * 64}):
        with pytest.raises(CannotBeOpened):
            sealed_as(paper, **changed)


def test_a_changed_bit_and_a_cut_end(event: Any) -> None:
    paper = Paper.objects.get()
    box = bytes(paper.sealed)
    for changed in (box[:-1], box[:5], b"", box[:40] + bytes([box[40] ^ 1]) + box[41:]):
        paper.sealed = changed
        with pytest.raises(CannotBeOpened):
            papers.plain(paper)


def test_an_identity_is_no_sheet(event: Any) -> None:
    """Both are sealed with one key, and neither stands for the other."""
    paper = Paper.objects.get()
    with pytest.raises(CannotBeOpened):
        sealing.unseal(paper.sealed, paper.key_id, participant_id=paper.participant_id, site_id=paper.site_id)


def test_without_the_key_it_is_said_and_nothing_is_lost(
    cast: Any, api: Any, event: Any, settings: Any
) -> None:
    keys = settings.IDENTITY_KEYS
    settings.IDENTITY_KEYS = (secrets.token_hex(48),)
    answer = api(cast.asha).get(paper_url(event))
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_be_opened")
    settings.IDENTITY_KEYS = keys
    assert api(cast.asha).get(paper_url(event)).status_code == 200


# --- Keys change -----------------------------------------------------------------------------------------


def rotate(*flags: str) -> str:
    said = StringIO()
    call_command("rotate_identity_keys", *flags, stdout=said, stderr=said)
    return said.getvalue()


def test_rotation_takes_the_sheets_along(
    cast: Any, api: Any, event: Any, settings: Any, as_owner: Any
) -> None:
    actions.record_event(
        participant=event.participant, kind="dissent", by=cast.asha, sheet=a_drawing(), signed_on="2024-03-01"
    )
    settings.IDENTITY_KEYS = (secrets.token_hex(48), *settings.IDENTITY_KEYS)
    with as_owner():
        assert "papers: 2 rows\n  2 sealed with" in rotate("--check")
        assert "papers: 2 rows, 2 changed" in rotate()
        settings.IDENTITY_KEYS = settings.IDENTITY_KEYS[:1]
        assert "old key" not in rotate("--check")
        assert "papers: 2 rows, 0 changed" in rotate()
    assert api(cast.asha).get(paper_url(event)).content == a_scan().content


def test_an_interrupted_rotation_goes_on(
    cast: Any, api: Any, event: Any, settings: Any, as_owner: Any, monkeypatch: Any
) -> None:
    other = actions.record_event(
        participant=event.participant, kind="dissent", by=cast.asha, sheet=a_drawing(), signed_on="2024-03-01"
    )
    settings.IDENTITY_KEYS = (secrets.token_hex(48), *settings.IDENTITY_KEYS)
    monkeypatch.setattr(rotation, "BATCH_OF_PAPERS", 1)
    plain, done = rotation._renew_paper, []

    def breaks(row: Any, content: bytes) -> bool:
        if done:
            raise CannotBeOpened("the power went")
        done.append(row.pk)
        return plain(row, content)

    with as_owner():
        monkeypatch.setattr(rotation, "_renew_paper", breaks)
        with pytest.raises(CannotBeOpened):
            rotate()
        assert Paper.objects.values("key_id").distinct().count() == 2
        for one in (event, other):
            assert api(cast.asha).get(paper_url(one)).status_code == 200
        monkeypatch.setattr(rotation, "_renew_paper", plain)
        rotate()
        assert {paper.key_id for paper in Paper.objects.all()} == {sealing.first_key_id()}


def test_a_sheet_that_no_key_opens_is_told_and_left(event: Any, settings: Any, as_owner: Any) -> None:
    settings.IDENTITY_KEYS = (secrets.token_hex(48),)
    before = bytes(Paper.objects.get().sealed)
    with as_owner():
        for flags in (["--check"], []):
            with pytest.raises(CommandError, match="1 rows cannot be opened"):
                rotate(*flags)
    assert bytes(Paper.objects.get().sealed) == before
