"""Verifying the chain of the consent log, and signing what was found intact."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent import chain_keys, chain_mail
from apps.consent.chain_content import Rows
from apps.consent.models import ChainHead, Checkpoint, CheckpointKey, ConsentEvent, Verification
from apps.consent.rules.canonical import moment
from apps.consent.rules.verification import FORGED_CHECKPOINT, UNLINKED, Mark, Outcome, Walk
from apps.consent.selectors.chain import VERIFY_JOB, open_job
from studyportal.access import walls
from studyportal.access.models import User
from studyportal.jobs import actions as jobs
from studyportal.jobs.models import Job

logger = logging.getLogger(__name__)

TELL_EVERY = 500

Tell = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Report:
    """What a verification found; nothing of it is kept yet."""

    outcome: Outcome
    checkpoints: int
    seconds: float


def ask(*, by: User) -> Job:
    """The job that verifies the log; one of this person's that still waits or runs is not started twice.

    Raises PermissionDenied.
    """
    return open_job(by) or jobs.start(VERIFY_JOB, by=by)


def verify(*, tell: Tell = lambda done, total, message: None) -> Report:
    """Read the whole log, whoever asks, and compare it with itself, its head and every checkpoint. Writes nothing.

    Call it in a transaction that sees one moment. What is found names numbers of entries only: it gives nothing away.
    """
    began = time.monotonic()
    with walls.whole_study():
        head = ChainHead.objects.filter(pk=1).first()
        marks, wrong = _marks()
        forged = {mark for mark, _said in wrong}
        walk = Walk([mark for mark in marks if mark not in forged])
        for mark, said in wrong:
            walk.found(mark.count, FORGED_CHECKPOINT, said)
        total = head.count if head else 0
        done = 0
        for done, read in enumerate(Rows(ConsentEvent).numbered(), start=1):
            walk.take(read.entry)
            if done % TELL_EVERY == 0:
                tell(done, max(total, done), _("Entry %(number)d") % {"number": read.entry.sequence})
        without = ConsentEvent.objects.filter(sequence__isnull=True).count()
        if without:
            walk.found(0, UNLINKED, f"{without} entries have no number and stand outside of the chain.")
        if head is None and done:
            walk.found(0, "head", "The head of the log, which the database keeps apart, is gone.")
        outcome = walk.end((head.count, head.sha256) if head else None)
        tell(done, max(total, done), _("Verified"))
    return Report(outcome, len(marks), time.monotonic() - began)


def _marks() -> tuple[list[Mark], list[tuple[Mark, str]]]:
    """Every checkpoint, and those whose signature does not hold."""
    keys = {key.key_id: key.public_key for key in CheckpointKey.objects.all()}
    marks, wrong = [], []
    for one in Checkpoint.objects.order_by("id"):
        mark = Mark(one.count, one.head_sha256, one.taken_at, f"checkpoint {one.pk}")
        marks.append(mark)
        if said := signature_fault(one, keys.get(one.key_id, "")):
            wrong.append((mark, said))
    return marks, wrong


def signature_fault(one: Checkpoint, public_key: str) -> str:
    """What is wrong with the signature of a checkpoint, in words; "" when it holds."""
    if not public_key:
        return f"Checkpoint {one.pk} is signed with the key {one.key_id}, which the portal does not know."
    statement = chain_keys.checkpoint_statement(one.count, one.head_sha256, one.taken_at, one.key_id)
    if chain_keys.key_id_of(public_key) != one.key_id or not chain_keys.verifies(
        public_key, statement, one.signature
    ):
        return f"Checkpoint {one.pk} does not have the signature of its key: it was changed or made up."
    return ""


@transaction.atomic
def keep(*, report: Report, by: User | None, at: dt.datetime) -> tuple[Verification, Checkpoint | None]:
    """Keep what a verification found; an intact log of at least one entry is signed, when this process holds a key.

    at: when the log was read. Mails follow when the transaction commits.
    """
    outcome = report.outcome
    verification = Verification.objects.create(
        at=at,
        by=by,
        intact=outcome.intact,
        count=outcome.count,
        head_sha256=outcome.sha256,
        faults=[asdict(fault) for fault in outcome.faults],
        checkpoints=report.checkpoints,
        seconds=round(report.seconds, 3),
    )
    checkpoint = None
    if not outcome.intact:
        logger.error(
            "The consent log is not intact: %d faults, first: %s",
            outcome.faults_in_all,
            outcome.faults[0].message if outcome.faults else "",
        )
    elif outcome.count and chain_keys.can_sign():
        checkpoint = _sign(outcome, at=at, by=by)
    elif outcome.count:
        logger.warning("The consent log is intact; this process holds no CHECKPOINT_KEY and signs nothing")
    _tell_by_mail(verification, checkpoint)
    return verification, checkpoint


def _sign(outcome: Outcome, *, at: dt.datetime, by: User | None) -> Checkpoint:
    key = _key_in_use(at)
    statement = chain_keys.checkpoint_statement(outcome.count, outcome.sha256, at, key.key_id)
    return Checkpoint.objects.create(
        count=outcome.count,
        head_sha256=outcome.sha256,
        taken_at=at,
        key_id=key.key_id,
        signature=chain_keys.sign(statement, with_key=key.public_key),
        taken_by=by,
    )


def _key_in_use(at: dt.datetime) -> CheckpointKey:
    """The row of the key that signs; a new key is endorsed by the last one, as long as this process still holds it."""
    own = chain_keys.own_public_keys()
    key_id = chain_keys.key_id_of(own[0])
    known = CheckpointKey.objects.filter(key_id=key_id).first()
    if known is not None:
        return known
    last = CheckpointKey.objects.order_by("-id").first()
    endorsed_by = endorsement = ""
    if last is not None and last.public_key in own:
        endorsed_by = last.key_id
        endorsement = chain_keys.sign(
            chain_keys.endorsement_statement(key_id, own[0], at, endorsed_by), with_key=last.public_key
        )
    elif last is not None:
        logger.warning(
            "The key of checkpoints changed and the last one, %s, is no longer here to endorse it",
            last.key_id,
        )
    return CheckpointKey.objects.create(
        key_id=key_id, public_key=own[0], since=at, endorsed_by=endorsed_by, endorsement=endorsement
    )


def _tell_by_mail(verification: Verification, checkpoint: Checkpoint | None) -> None:
    if checkpoint is None and verification.intact:
        return
    chain_mail.hand_over(verification, checkpoint)


def verify_now(*, by: User | None = None) -> tuple[Verification, Checkpoint | None]:
    """Verify and keep, in this process: the nightly task. What is read is of one moment."""
    at = timezone.now()
    alone = not connection.in_atomic_block
    with transaction.atomic():
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        report = verify()
    return keep(report=report, by=by, at=at)


def summary(verification: Verification, checkpoint: Checkpoint | None) -> dict[str, object]:
    """What a job tells of it."""
    return {
        "intact": verification.intact,
        "entries": verification.count,
        "head_sha256": verification.head_sha256,
        "faults": len(verification.faults),
        "verified_at": moment(verification.at),
        "checkpoint": None if checkpoint is None else checkpoint.pk,
    }
