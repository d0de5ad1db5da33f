"""Handing mails over to the queue, and choosing which one wants."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from kombu.exceptions import KombuError, OperationalError

from studyportal.access.models import User
from studyportal.mail import kinds
from studyportal.mail.models import MailChoice, MailSent

TASK = "mail.send"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attachment:
    name: str
    text: str
    type: str = "text/plain"


def is_wanted() -> bool:
    """Whether the portal sends mails at all."""
    return bool(settings.MAIL_IS_SET_UP)


def hand_over(*, to: Sequence[str], subject: str, body: str, attachments: Sequence[Attachment] = ()) -> None:
    """One mail to the queue once the transaction is committed. A queue that is away loses a mail, and the log says so."""
    packed = {
        "to": list(to),
        "subject": one_line(subject),
        "body": body,
        "attachments": [asdict(one) for one in attachments],
    }

    def queue() -> None:
        try:
            current_app.signature(TASK, kwargs={"packed": packed}).apply_async()
        except (OperationalError, KombuError, OSError):
            logger.exception("A mail could not be handed to the queue")

    if is_wanted() and packed["to"]:
        transaction.on_commit(queue)


@transaction.atomic
def tell(kind: str, *, user: User, on: dt.date, subject: str, body: str) -> bool:
    """One mail of the kind to a person, at most once a day; whether it was handed over.

    on: the day at the person's place. Not handed over: there is no mail, the person has no address, is deactivated,
    does not want it, may not get it, or got it that day. Raises KeyError for an unknown kind.
    """
    known = kinds.get(kind)
    reached = user.is_active and user.email and any(user.may(one) for one in known.permissions)
    if not (is_wanted() and reached and wants(user, kind)):
        return False
    _row, new = MailSent.objects.get_or_create(user=user, kind=kind, day=on)
    if new:
        hand_over(to=[user.email], subject=subject, body=body)
    return new


def wants(user: User, kind: str) -> bool:
    return kind not in left_by(user)


def left_by(user: User) -> set[str]:
    """The kinds that the person does not want."""
    return set(MailChoice.objects.filter(user=user, wanted=False).values_list("kind", flat=True))


def who_declined(kind: str) -> set[int]:
    """Ids of those who do not want it: one query for a list of people."""
    return set(MailChoice.objects.filter(kind=kind, wanted=False).values_list("user_id", flat=True))


@transaction.atomic
def choose(*, by: User, wanted: Iterable[str]) -> None:
    """The kinds that the person wants, of those that he or she may get."""
    chosen = set(wanted)
    for kind in kinds.of(by):
        MailChoice.objects.update_or_create(user=by, kind=kind.key, defaults={"wanted": kind.key in chosen})


def send(packed: dict[str, Any]) -> None:
    """Raises what the mail server raises."""
    mail = EmailMessage(to=packed["to"], subject=packed["subject"], body=packed["body"])
    for one in packed.get("attachments", ()):
        mail.attach(one["name"], one["text"], one["type"])
    mail.send()


def one_line(text: str) -> str:
    return " ".join(text.split())
