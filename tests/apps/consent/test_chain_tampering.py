"""Verifying the log in the portal: what the owner of the database does to it is found and named, and nothing is signed."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from apps.consent import chain_keys, tasks
from apps.consent.actions import chain as actions
from apps.consent.models import Checkpoint, CheckpointKey, Verification
from apps.consent.selectors.chain import VERIFY_JOB
from apps.enrolment import actions as enrolment
from studyportal.access import walls
from studyportal.jobs import actions as jobs
from tests.apps.consent.factories import an_adults_consent, an_event
from tests.apps.consent.tampering import Owner, a_later_entry, run
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(cast: Cast) -> list[Any]:
    """Six entries, three of each site."""
    found = []
    for site, by in ((cast.mumbai, cast.asha), (cast.pune, cast.vikram)):
        participant = enrolment.register(site=site, by=by)
        found += [
            an_adults_consent(participant, by),
            an_event(participant, "copy_given", by),
            an_event(participant, "withdrawal", by, withdrawal_scopes=["visits"]),
        ]
    return found


@pytest.fixture
def owner(as_owner: Any) -> Owner:
    return Owner(as_owner)


def verified() -> Verification:
    return actions.verify_now()[0]


def codes(verification: Verification) -> set[tuple[int, str]]:
    return {(fault["sequence"], fault["code"]) for fault in verification.faults}


# --- An intact log ---------------------------------------------------------------------------------------


def test_an_intact_log_is_signed(log: list[Any]) -> None:
    verification, checkpoint = actions.verify_now()
    assert (verification.intact, verification.count, verification.faults) == (True, 6, [])
    assert verification.head_sha256 == log[-1].sha256
    assert verification.by is None
    assert checkpoint is not None
    assert (checkpoint.count, checkpoint.head_sha256, checkpoint.taken_at) == (
        6,
        log[-1].sha256,
        verification.at,
    )
    key = CheckpointKey.objects.get()
    assert checkpoint.key_id == key.key_id == chain_keys.key_id_of(key.public_key)
    assert actions.signature_fault(checkpoint, key.public_key) == ""
    again, _checkpoint = actions.verify_now()
    assert again.checkpoints == 1
    assert CheckpointKey.objects.count() == 1


def test_an_empty_log_is_intact_and_not_signed(db: None) -> None:
    verification, checkpoint = actions.verify_now()
    assert (verification.intact, verification.count, checkpoint) == (True, 0, None)


def test_it_reads_the_whole_log_whoever_asks(cast: Cast, log: list[Any]) -> None:
    """A person of one site finds what happened at the other, and is shown nothing of it but the number."""
    run("UPDATE access_membership SET site_id = %s WHERE user_id = %s", [cast.pune.pk, cast.farah.pk])
    farah = type(cast.farah).objects.get(pk=cast.farah.pk)
    with walls.opened(farah):
        assert actions.verify().outcome.count == 6
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM consent_consentevent")
            assert cursor.fetchone() == (3,), "behind the wall there are three, before and after"


# --- Tampering -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (lambda o: o.edits(3), {(3, "edited")}),
        (lambda o: o.deletes(6), {(6, "cut_off")}),
        (lambda o: o.deletes(3), {(3, "gap")}),
        (lambda o: o.does("DELETE FROM consent_consentevent"), {(1, "cut_off")}),
        (lambda o: o.exchanges_contents(2, 4), {(2, "swapped"), (4, "swapped")}),
        (lambda o: o.exchanges_numbers(2, 4),
         {(2, "swapped"), (4, "swapped"), (2, "fork"), (3, "fork"), (4, "fork"), (5, "fork")}),
        (lambda o: o.back_dates(4), {(4, "edited"), (4, "back_dated")}),
        (lambda o: o.does("UPDATE consent_consentevent SET salt = repeat('0', 32) WHERE sequence = 2"), {(2, "edited")}),
        (lambda o: o.does("UPDATE consent_chainhead SET count = 4"), {(6, "head")}),
        (lambda o: o.does("UPDATE consent_chainhead SET sha256 = repeat('0', 64)"), {(6, "head")}),
        (lambda o: o.does("DELETE FROM consent_chainhead"), {(0, "head")}),
        (lambda o: o.does("UPDATE access_user SET username = 'nobody' WHERE username = 'asha'"),
         {(1, "edited"), (2, "edited"), (3, "edited")}),
        (lambda o: o.does("UPDATE enrolment_participant SET code = 'MUM-9998-X' WHERE code LIKE 'MUM%'"),
         {(1, "edited"), (2, "edited"), (3, "edited")}),
        (lambda o: o.does("ALTER TABLE consent_consentevent ALTER sequence DROP NOT NULL",
                          "UPDATE consent_consentevent SET sequence = NULL WHERE sequence = 5"), {(5, "gap"), (0, "unlinked")}),
    ],
    ids=["edit", "delete the last", "delete the middle", "delete all", "exchange contents", "exchange numbers", "back-date",
         "salt", "count of the head", "hash of the head", "head", "name of who entered", "code of the participant",
         "take out of the chain"],
)  # fmt: skip
def test_without_any_checkpoint_it_is_found(
    log: list[Any], owner: Owner, what: Any, expected: set[tuple[int, str]]
) -> None:
    what(owner)
    verification, checkpoint = actions.verify_now()
    assert not verification.intact
    assert codes(verification) == expected
    assert checkpoint is None
    assert not Checkpoint.objects.exists(), "what is not intact is not signed"


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (lambda o: o.edits_and_rechains(3), {(6, "rechained")}),
        (lambda o: o.deletes(6, head=True), {(6, "cut_off")}),
        (lambda o: (o.deletes(3), o.rechains()), {(6, "cut_off")}),
        (lambda o: o.truncates(), {(1, "cut_off")}),
        (lambda o: (o.exchanges_contents(2, 4), o.rechains()), {(6, "rechained")}),
        (lambda o: (o.back_dates(6), o.rechains()), {(6, "rechained"), (6, "back_dated")}),
    ],
    ids=["edit", "delete the last", "delete the middle", "truncate", "exchange", "back-date"],
)  # fmt: skip
def test_rechained_with_its_head_it_is_found_by_an_earlier_checkpoint(
    log: list[Any], owner: Owner, what: Any, expected: set[tuple[int, str]]
) -> None:
    assert verified().intact
    what(owner)
    assert codes(verified()) == expected
    assert Checkpoint.objects.count() == 1


def test_what_is_added_after_a_cut_does_not_hide_it(cast: Cast, log: list[Any], owner: Owner) -> None:
    """The log goes on after its head, so the gap stays."""
    owner.deletes(5, 6)
    event = a_later_entry(log[0].participant, cast.asha)
    assert event.sequence == 7
    assert codes(verified()) == {(5, "gap")}


def test_after_a_hidden_cut_new_entries_do_not_agree_with_the_checkpoint(
    cast: Cast, log: list[Any], owner: Owner
) -> None:
    assert verified().intact
    owner.deletes(6, head=True)
    a_later_entry(log[0].participant, cast.asha)
    assert codes(verified()) == {(6, "rechained")}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_checkpoint SET head_sha256 = (SELECT sha256 FROM consent_consentevent WHERE sequence = 6)",
        "UPDATE consent_checkpoint SET count = 5",
        "UPDATE consent_checkpoint SET taken_at = taken_at + interval '1 day'",
        "UPDATE consent_checkpoint SET signature = repeat('A', 86) || '=='",
        "UPDATE consent_checkpoint SET signature = 'nonsense'",
        "DELETE FROM consent_checkpointkey",
    ],
)
def test_a_checkpoint_that_was_made_to_fit_has_no_signature(
    log: list[Any], owner: Owner, statement: str
) -> None:
    assert verified().intact
    owner.edits_and_rechains(3)
    owner.does(statement)
    assert "forged_checkpoint" in {code for _n, code in codes(verified())}


def test_a_fork_needs_the_unique_number_to_be_dropped(log: list[Any], owner: Owner) -> None:
    ((name,),) = run(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'consent_consentevent'::regclass AND contype = 'u'"
        " AND conname LIKE '%sequence%'"
    )
    owner.does(
        f"ALTER TABLE consent_consentevent DROP CONSTRAINT {name}",
        "UPDATE consent_consentevent SET sequence = 4 WHERE sequence = 5",
    )
    found = codes(verified())
    assert (4, "fork") in found
    assert (5, "gap") in found


# --- Jobs, mails, keys -----------------------------------------------------------------------------------


def test_only_who_may_read_the_log_has_it_verified(cast: Cast, eager_jobs: None) -> None:
    from django.core.exceptions import PermissionDenied

    for person in (cast.asha, cast.sanjay, cast.admin):
        with pytest.raises(PermissionDenied):
            jobs.start(VERIFY_JOB, by=person)


def test_the_job_keeps_what_it_found(
    cast: Cast, log: list[Any], eager_jobs: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.start(VERIFY_JOB, by=cast.farah)
    job.refresh_from_db()
    assert job.state == "done", job.error
    assert job.result["intact"] is True
    assert job.result["url"] == "/oversight/integrity/"
    verification = Verification.objects.get()
    assert (verification.by, verification.count) == (cast.farah, 6)
    assert Checkpoint.objects.get(pk=job.result["checkpoint"]).taken_by == cast.farah


def test_every_night_it_is_verified_for_nobody(log: list[Any]) -> None:
    tasks.verify_nightly()
    assert Verification.objects.get().by is None
    assert Checkpoint.objects.count() == 1


def test_the_night_is_planned() -> None:
    from django.conf import settings

    assert settings.CELERY_BEAT_SCHEDULE["verify-consent-log"]["task"] == tasks.verify_nightly.name


def test_the_committee_is_mailed_the_checkpoint(
    log: list[Any], settings: Any, eager_jobs: None, django_capture_on_commit_callbacks: Any
) -> None:
    settings.CHECKPOINT_RECIPIENTS = ["committee@hospital.example"]
    with django_capture_on_commit_callbacks(execute=True):
        actions.verify_now()
    (sent,) = mail.outbox
    assert sent.to == ["committee@hospital.example"]
    assert log[-1].sha256 in sent.body
    ((name, content, kind),) = sent.attachments
    assert (name.endswith(".json"), kind) == (True, "application/json")
    assert log[-1].sha256 in content
    assert log[0].participant.code not in sent.body + content


def test_a_log_that_is_not_intact_is_mailed_too(
    log: list[Any], owner: Owner, settings: Any, eager_jobs: None, django_capture_on_commit_callbacks: Any
) -> None:
    settings.CHECKPOINT_RECIPIENTS = ["committee@hospital.example"]
    owner.edits(3)
    with django_capture_on_commit_callbacks(execute=True):
        actions.verify_now()
    (sent,) = mail.outbox
    assert "NOT intact" in sent.subject
    assert "entry 3" in sent.body
    assert not sent.attachments


def test_nobody_is_mailed_when_nobody_is_named(
    log: list[Any], eager_jobs: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        actions.verify_now()
    assert mail.outbox == []


def test_a_process_without_a_key_verifies_and_signs_nothing(
    log: list[Any], settings: Any, caplog: Any
) -> None:
    settings.CHECKPOINT_KEYS = ()
    verification, checkpoint = actions.verify_now()
    assert (verification.intact, checkpoint) == (True, None)
    assert "CHECKPOINT_KEY" in caplog.text


OLD, NEW, OTHER = "oldkey0123456789" * 3, "newkey0123456789" * 3, "otherkey0123456789" * 3


def test_a_new_key_is_endorsed_by_the_old_one(log: list[Any], settings: Any) -> None:
    settings.CHECKPOINT_KEYS = (OLD,)
    actions.verify_now()
    settings.CHECKPOINT_KEYS = (NEW, OLD)
    actions.verify_now()
    settings.CHECKPOINT_KEYS = (NEW,)
    verification, checkpoint = actions.verify_now()
    old, new = CheckpointKey.objects.order_by("id")
    assert (verification.intact, verification.checkpoints) == (True, 2), (
        "the old public key still checks the old one"
    )
    assert checkpoint is not None and checkpoint.key_id == new.key_id
    assert (old.endorsed_by, new.endorsed_by) == ("", old.key_id)
    said = chain_keys.endorsement_statement(new.key_id, new.public_key, new.since, old.key_id)
    assert chain_keys.verifies(old.public_key, said, new.endorsement)


def test_a_key_without_the_old_one_is_endorsed_by_nobody(log: list[Any], settings: Any, caplog: Any) -> None:
    settings.CHECKPOINT_KEYS = (OLD,)
    actions.verify_now()
    settings.CHECKPOINT_KEYS = (OTHER,)
    actions.verify_now()
    assert CheckpointKey.objects.order_by("id").last().endorsed_by == ""
    assert "no longer here to endorse" in caplog.text


@pytest.mark.parametrize(
    ("keys", "others", "said"),
    [
        (("short",), (), "is no key"),
        (("a" * 60,), (), "is no key"),
        ((OLD, OLD), (), "twice"),
        ((OLD,), (OLD,), "one purpose"),
        ((OLD, NEW), ("x",), ""),
    ],
)
def test_what_is_no_key_is_said_without_repeating_it(keys: Any, others: Any, said: str) -> None:
    found = " ".join(chain_keys.faults(keys, other_secrets=others))
    assert said in found if said else not found
    assert OLD not in found


def test_a_moment_is_kept_to_the_microsecond(log: list[Any]) -> None:
    at = timezone.now()
    _verification, checkpoint = actions.keep(report=actions.verify(), by=None, at=at)
    assert checkpoint is not None
    fresh = Checkpoint.objects.get(pk=checkpoint.pk)
    assert actions.signature_fault(fresh, CheckpointKey.objects.get().public_key) == ""
