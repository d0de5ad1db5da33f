"""What is mailed to CHECKPOINT_RECIPIENTS after a verification of the consent log."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from apps.consent import chain_files
from apps.consent.models import Checkpoint, Verification
from apps.consent.rules.canonical import moment
from studyportal.mail import actions as mail


def is_wanted() -> bool:
    return bool(settings.CHECKPOINT_RECIPIENTS) and mail.is_wanted()


def hand_over(verification: Verification, checkpoint: Checkpoint | None) -> None:
    """One mail to all, in the transaction that keeps the verification. A queue that is away loses a mail, never a
    checkpoint."""
    if not is_wanted():
        return
    with translation.override(settings.LANGUAGE_CODE):
        subject, body, attachments = _written(verification, checkpoint)
    mail.hand_over(
        to=list(settings.CHECKPOINT_RECIPIENTS), subject=subject, body=body, attachments=attachments
    )


def _written(
    verification: Verification, checkpoint: Checkpoint | None
) -> tuple[str, str, list[mail.Attachment]]:
    """Subject, body and what is attached, in the language in use."""
    attachments: list[mail.Attachment] = []
    if checkpoint is None:
        subject = _("The consent log is NOT intact")
        found = "\n".join(f"- {fault['message']}" for fault in verification.faults)
        body = _(
            "The consent log was verified at %(at)s and is not intact. What was found:\n\n%(found)s\n\nNo checkpoint was"
            " signed. Keep the checkpoints that you hold: the log is compared with them."
        ) % {"at": moment(verification.at), "found": found}
    else:
        subject = _("Checkpoint of the consent log: %(count)d entries") % {"count": checkpoint.count}
        body = _(
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
        attachments.append(
            mail.Attachment(
                chain_files.checkpoint_name(checkpoint),
                chain_files.checkpoint_json(checkpoint),
                "application/json",
            )
        )
    return subject, body, attachments
