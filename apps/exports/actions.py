"""Downloading a dataset: the one road by which rows leave the portal as a file."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils import timezone

from apps.exports.datasets import Dataset, Filters
from apps.exports.models import ExportReceipt, SharedParticipant
from apps.exports.purposes import Purpose, leaving
from apps.exports.selectors import left_out_of, people_in, visible_sites
from apps.exports.stream import CopyStream, Sent
from studyportal import protocol
from studyportal.access import walls
from studyportal.access.models import User
from studyportal.access.profiles import CODED
from studyportal.audit.looks import log_look


@dataclass(frozen=True)
class Download:
    """A stream to be read once, the receipt that will stand when it ends, and a name for the file."""

    stream: CopyStream
    receipt: uuid.UUID
    filename: str


def download(*, dataset: Dataset, filters: Filters, by: User, source: str) -> Download:
    """Begin a download of the rows that `by` may export in the dataset's profile, and that may leave for the purpose of the
    filters. No row is read before the stream is iterated.

    The receipt is written when the stream ends, complete or not, and names who was left out and why.
    """
    sites = visible_sites(by, dataset.profile)
    allowed = leaving(filters.purpose, sites)
    left_out = left_out_of(dataset, filters, sites, allowed)
    shared_suffix = "" if filters.purpose == Purpose.ANALYSIS else f"_{filters.purpose}"
    suffix = "" if dataset.profile == CODED else f"_{dataset.profile}"
    receipt = uuid.uuid4()
    started = timezone.now()
    # The receipt stands when the file has ended; that it was asked for stands at once.
    log_look(
        what="export",
        by=by,
        detail={"dataset": dataset.key, "profile": dataset.profile}
        | filters.as_json()
        | {"receipt": receipt},
    )

    if filters.purpose == Purpose.SHARING:
        SharedParticipant.objects.bulk_create(
            SharedParticipant(
                site_id=site_id,
                user=by,
                participant_id=pk,
                receipt_id=receipt,
                dataset=dataset.key,
                shared_at=started,
            )
            for pk, site_id in people_in(dataset, filters, sites, allowed)
        )

    def keep_receipt(sent: Sent) -> None:
        ExportReceipt.objects.create(
            id=receipt,
            requester=by,
            source=source,
            dataset=dataset.key,
            filters=filters.as_json(),
            profile=dataset.profile,
            token_name="" if by.narrowing is None else by.narrowing.token,
            sites=None if sites is None else sorted(sites.values()),
            purpose=filters.purpose,
            left_out=[one.as_json() for one in left_out],
            protocol_version=protocol.current().version,
            started_at=started,
            complete=sent.complete,
            rows=sent.rows,
            bytes=sent.bytes,
            sha256=sent.sha256,
        )

    return Download(
        stream=CopyStream(
            dataset.select(filters, sites, leaving=allowed), on_end=keep_receipt, prepare=walls.for_cursor(by)
        ),
        receipt=receipt,
        filename=f"{dataset.key}{suffix}{shared_suffix}_{timezone.localdate().isoformat()}.csv",
    )
