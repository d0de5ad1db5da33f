"""What is sent twice is saved once: a double click, the back button, a script that did not hear the answer.

    with submissions.once(user=user, key=key, content=raw, form="attachment") as sent:
        if sent.object_id is None:              # the first time: make it, in the same transaction
            record = actions.make(...)
            sent.made(record.pk)
        else:                                   # sent before: answer with what it made then
            record = Model.objects.get(pk=sent.object_id)

The key is chosen by whoever sends: the token of a page (`Ticket.page`), or the header `Idempotency-Key` of the API. A key
that comes again with other content raises KeyReused and makes nothing. What was refused leaves no trace: mended, it may
be sent with the same key. Two requests at once: the second waits for the transaction of the first.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access import walls
from studyportal.access.models import User
from studyportal.crf.models import Submission

KEPT = dt.timedelta(days=30)
LONGEST_KEY = 200


class KeyRefused(Exception):
    """The key is no key; the message says what one is."""

    code = "idempotency_key_invalid"


class KeyReused(Exception):
    """The key came before with other content (422). object_id: what was made then; form: of which form."""

    code = "idempotency_key_reused"

    def __init__(self, form: str, object_id: int) -> None:
        super().__init__(
            _(
                "This key was used before with other content. Nothing was saved; send new content with a new key."
            )
        )
        self.form = form
        self.object_id = object_id


class Sent:
    """One thing that is sent. object_id: what it made when it was sent before, None the first time."""

    def __init__(self, submission: Submission | None, object_id: int | None = None) -> None:
        self._submission = submission
        self.object_id = object_id

    def made(self, object_id: int) -> None:
        """Say what came of it; the next time it is the answer."""
        if self._submission is not None:
            self._submission.object_id = object_id
            self._submission.save(update_fields=["object_id"])


@contextmanager
def once(*, user: User, key: str, content: Any, form: str) -> Iterator[Sent]:
    """One transaction in which content is taken once under a key. An empty key: taken every time.

    content: what JSON can say, in any order of its names. form: the key of the form, or a name of what is made.
    Raises KeyRefused and KeyReused, before anything of the body is done.
    """
    with transaction.atomic():
        if not key:
            yield Sent(None)
            return
        if not 8 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
            raise KeyRefused(
                _("A key has 8 to %(most)d printable ASCII characters, such as a UUID.")
                % {"most": LONGEST_KEY}
            )
        digest = sha256_of(content)
        submission, new = Submission.objects.get_or_create(
            user=user, key=key, defaults={"form": form, "content_sha256": digest}
        )
        if new:
            yield Sent(submission)
            if submission.object_id is None:
                submission.delete()
            return
        if (submission.form, submission.content_sha256) != (form, digest):
            raise KeyReused(submission.form, submission.object_id or 0)
        yield Sent(None, submission.object_id)


def page_key(page: str) -> str:
    """The key of an opened page of a form, "" without its token."""
    return f"page-{page}" if page else ""


def was_saved(*, user: User, page: str) -> bool:
    """Whether an opened page was saved: an autosave that comes late makes no draft of it any more."""
    return bool(page) and Submission.objects.filter(user=user, key=page_key(page)).exists()


def mark_saved(*, user: User, page: str, form: str, object_id: int) -> None:
    """An opened page saved a change."""
    if page:
        Submission.objects.get_or_create(
            user=user,
            key=page_key(page),
            defaults={"form": form, "content_sha256": "", "object_id": object_id},
        )


def sha256_of(content: Any) -> str:
    """The same for the same content, whatever the order of its names."""
    text = json.dumps(content, sort_keys=True, cls=_Plainly, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


class _Plainly(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        if isinstance(o, Mapping):
            return dict(o)
        return repr(o) if isinstance(o, bytes) else super().default(o)


def forget_old() -> int:
    """Delete the keys that nobody sends any more; how many there were."""
    with walls.whole_study():
        count, _by_model = Submission.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return count
