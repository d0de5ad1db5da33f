"""Reading the chain: its state, its checkpoints, and the log as a file that anybody verifies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent import chain, chain_files
from apps.consent.chain_content import BATCH, Rows
from apps.consent.models import ChainHead, Checkpoint, ConsentEvent, Verification
from apps.consent.rules import canonical
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.jobs.models import Job, JobState

VERIFY_JOB = "consent.verify_log"
EXPORT_FORMAT = "consent-log-export/1"


@dataclass(frozen=True)
class Integrity:
    """The state of the chain as the last verification found it."""

    count: int
    head_sha256: str
    last: Verification | None
    last_intact: Verification | None
    checkpoint: Checkpoint | None

    @property
    def state(self) -> str:
        """never, intact or faulty; entries that came after the verification are not part of it."""
        if self.last is None:
            return "never"
        return "intact" if self.last.intact else "faulty"

    @property
    def since(self) -> int:
        """Entries that were added after the last verification."""
        return max(0, self.count - (self.last.count if self.last else 0))


def integrity() -> Integrity:
    head = ChainHead.objects.filter(pk=1).first()
    verifications = Verification.objects.select_related("by").order_by("-id")
    return Integrity(
        count=head.count if head else 0,
        head_sha256=head.sha256 if head else "",
        last=verifications.first(),
        last_intact=verifications.filter(intact=True).first(),
        checkpoint=Checkpoint.objects.order_by("-id").first(),
    )


def open_job(user: User) -> Job | None:
    """A verification that this person asked for and that has not ended."""
    found = Job.objects.filter(requester=user, kind=VERIFY_JOB, state__in=[JobState.QUEUED, JobState.RUNNING])
    return found.order_by("-id").first()


def verifications() -> QuerySet[Verification]:
    return Verification.objects.select_related("by").order_by("-id")


def checkpoints() -> QuerySet[Checkpoint]:
    return Checkpoint.objects.select_related("taken_by").order_by("-id")


def checkpoint_or_404(pk: int) -> Checkpoint:
    found = checkpoints().filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404(_("There is no checkpoint with this number."))
    return found


def checkpoint_line(one: Checkpoint) -> str:
    """The checkpoint in one line, as its QR code holds it."""
    return chain_files.checkpoint_line(one)


def checkpoint_qr(one: Checkpoint) -> str:
    """The line as a QR code, in SVG."""
    return chain_files.qr_svg(one)


# --- The log as a file -----------------------------------------------------------------------------------


def whole_log(user: User) -> QuerySet[ConsentEvent]:
    """What the user may read of the log."""
    return ConsentEvent.objects.visible_to(user, Permission.VIEW_CONSENT_LOG)


def jsonl(user: User, events: QuerySet[ConsentEvent] | None = None) -> Iterator[str]:
    """The log as JSON lines: first what the file is, then one line for each entry of the study, in the order of the chain.

    An entry among `events` (None: all that the user may read) comes whole, every other as its link alone, so that the
    chain is verified to its end whatever was chosen. Reads batch by batch, in the transaction and behind the wall of
    the caller; entries that are added meanwhile come at the end.
    """
    allowed = whole_log(user)
    chosen = allowed if events is None else allowed.filter(pk__in=events.order_by().values("pk"))
    head = ChainHead.objects.filter(pk=1).first()
    count = head.count if head else 0
    yield _line(
        {
            "format": EXPORT_FORMAT,
            "count": count,
            "head_sha256": head.sha256 if head else "",
            "content_format": canonical.FORMAT,
            "exported_at": canonical.moment(timezone.now()),
            "exported_by": user.get_username(),
        }
    )
    rows = Rows(ConsentEvent)
    last = 0
    while links := chain.links(last, BATCH):
        until = links[-1][0]
        ids = list(
            chosen.filter(sequence__gt=last, sequence__lte=until).order_by().values_list("pk", flat=True)
        )
        whole = rows.of(ids) if ids else {}
        for number, previous, content_sha256, sha256 in links:
            line: dict[str, Any] = {
                "sequence": number,
                "previous_sha256": previous,
                "content_sha256": content_sha256,
                "sha256": sha256,
            }
            if number in whole:
                line["content"] = whole[number].content
            yield _line(line)
        last = until


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def checkpoint_documents(found: list[Checkpoint]) -> list[dict[str, Any]]:
    """As they are handed out; one query for their keys."""
    keys = {key["key_id"]: key["public_key"] for key in chain_files.keys_document()["keys"]}
    return [chain_files.checkpoint_document(one, keys.get(one.key_id, "")) | {"id": one.pk} for one in found]
