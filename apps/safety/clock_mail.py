"""The mails by which people are reminded of what is to be reported: codes and times, never what happened or to whom."""

from __future__ import annotations

import logging

from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from kombu.exceptions import KombuError, OperationalError

TASK = "safety.mail_reminder"
logger = logging.getLogger(__name__)


def is_wanted() -> bool:
    return bool(settings.MAIL_IS_SET_UP)


def hand_over(address: str, lines: list[str]) -> None:
    """To the queue, where it is tried until it is sent."""
    try:
        current_app.signature(TASK, args=[address, lines]).apply_async()
    except (OperationalError, KombuError, OSError):
        logger.exception("A reminder could not be handed to the queue")


def send(address: str, lines: list[str]) -> None:
    """One mail to one person. Raises what the mail server raises."""
    with translation.override(settings.LANGUAGE_CODE):
        mail = EmailMessage(to=[address])
        mail.subject = ngettext(
            "Safety: %(n)d matter to see to", "Safety: %(n)d matters to see to", len(lines)
        ) % {"n": len(lines)}
        mail.body = _(
            "%(lines)s\n\nSign in to the portal and open “Safety”: there each is with what is recorded, and there it is"
            " reported or acknowledged. This mail holds codes only; do not answer it with names."
        ) % {"lines": "\n\n".join(lines)}
        mail.send()
