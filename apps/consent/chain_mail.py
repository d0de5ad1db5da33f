"""What is mailed to CHECKPOINT_RECIPIENTS after a verification of the consent log."""

from __future__ import annotations

import logging

from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from kombu.exceptions import KombuError, OperationalError

from apps.consent import chain_files
from apps.consent.models import Checkpoint, Verification
from apps.consent.rules.canonical import moment

TASK = "consent.mail_verification"
logger = logging.getLogger(__name__)


def is_wanted() -> bool:
    return bool(settings.CHECKPOINT_RECIPIENTS and settings.MAIL_IS_SET_UP)


def hand_over(verification_id: int, checkpoint_id: int | None) -> None:
    """To the queue, where it is tried until it is sent. A queue that is away loses a mail, never a checkpoint."""
    if not is_wanted():
        return
    try:
        current_app.signature(TASK, args=[verification_id, checkpoint_id]).apply_async()
    except (OperationalError, KombuError, OSError):
        logger.exception("The mail on verification %s could not be handed to the queue", verification_id)


def send(verification: Verification, checkpoint: Checkpoint | None) -> None:
    """One mail to all. Raises what the mail server raises."""
    if not is_wanted():
        return
    mail = EmailMessage(to=list(settings.CHECKPOINT_RECIPIENTS))
    if checkpoint is None:
        mail.subject = _("The consent log is NOT intact")
        found = "\n".join(f"- {fault['message']}" for fault in verification.faults)
        mail.body = _(
            "The consent log was verified at %(at)s and is not intact. What was found:\n\n%(found)s\n\nNo checkpoint was"
            " signed. Keep the checkpoints that you hold: the log is compared with them."
        ) % {"at": moment(verification.at), "found": found}
    else:
        mail.subject = _("Checkpoint of the consent log: %(count)d entries") % {"count": checkpoint.count}
        mail.body = _(
            "The consent log was verified at %(at)s and found intact.\n\nEntries: %(count)d\nSHA-256 of the last"
            " entry: %(head)s\nKey: %(key)s\n\nKeep this mail with its attachment outside of the portal. Whoever rewrites"
            " the log later cannot make it agree with this checkpoint. The portal's page “Integrity of the"
            " consent log” gives the program that compares them."
        ) % {
            "at": moment(checkpoint.taken_at),
            "count": checkpoint.count,
            "head": checkpoint.head_sha256,
            "key": checkpoint.key_id,
        }
        mail.attach(
            chain_files.checkpoint_name(checkpoint),
            chain_files.checkpoint_json(checkpoint),
            "application/json",
        )
    mail.send()
