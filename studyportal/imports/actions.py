"""Every write of imports: taking a file, committing it, abandoning it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, When
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from psycopg2.errors import UniqueViolation

from studyportal.access.models import Site, User
from studyportal.audit import acting
from studyportal.audit.reasons import Reason, ReasonError, parse
from studyportal.files import checks
from studyportal.imports import reading, tables
from studyportal.imports.errors import FileRefused, NotPossible, ReasonRequired
from studyportal.imports.judging import Judgement, judge
from studyportal.imports.models import Upload, UploadRow, UploadState
from studyportal.imports.reading import Record
from studyportal.imports.registry import Column, Importer
from studyportal.jobs import actions as jobs

JOB = "imports.commit"
_ROW_FIELDS = ("site", "upload", "line", "verdict", "cells", "problems", "differences", "written_as")


def upload(
    *,
    importer: Importer,
    site: Site,
    content: bytes,
    file_name: str,
    by: User,
    leave_out_unknown: bool = False,
) -> Upload:
    """Read a file and judge its rows; nothing of the study changes. Raises FileRefused: then nothing is kept either.

    The same bytes again, not committed yet, take the place of the earlier upload of the same person.
    """
    _require(importer, by, site)
    if not site.is_active:
        raise FileRefused("site_inactive", _("%s takes no new records.") % site.code)
    try:
        name = checks.clean_name(file_name)
    except checks.FileRefused as error:
        raise FileRefused(error.code, str(error)) from None
    sheet = reading.open_sheet(content, importer, leave_out_unknown=leave_out_unknown)
    judgement = judge(importer, sheet.columns, sheet.records, site=site, by=by)
    if not judgement.judged:
        raise FileRefused("no_rows", _("The file names its columns and holds no row."))
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic(), acting(user=by):
        waiting = Upload.objects.select_for_update(of=("self",)).filter(
            importer=importer.key, site=site, sha256=digest, uploaded_by=by, state=UploadState.PREVIEWED
        )
        for earlier in waiting:
            if not earlier.at_work:
                _abandon(earlier, by)
        made = Upload.objects.create(
            importer=importer.key,
            site=site,
            file_name=name,
            sha256=digest,
            size=len(content),
            encoding=sheet.encoding,
            delimiter=sheet.delimiter,
            header=list(sheet.header),
            columns=[column.name for column in sheet.columns],
            left_out=list(sheet.left_out),
            rows=len(judgement.judged),
            uploaded_by=by,
            **judgement.counts,
        )
        tables.insert(UploadRow, _ROW_FIELDS, _as_rows(made, judgement))
        return made


def commit(*, upload: Upload, by: User, overwrite: bool = False, reason: Any = None) -> Upload:
    """Write the new rows and (overwrite) those with other values; nothing of the rest. Many rows: by a job.

    Raises NotPossible (409), ReasonRequired (400): values that were given before need one.
    """
    _require(upload.declared, by, upload.site)
    why = _parsed(reason)
    if overwrite and why is None and _needs_reason(upload):
        raise _no_reason()
    if upload.ready + (upload.changed if overwrite else 0) <= upload.declared.waits_for:
        return write(upload=upload, by=by, overwrite=overwrite, reason=why)
    with transaction.atomic(), acting(user=by):
        held = _held(upload)
        held.job = jobs.start(
            JOB,
            params={"upload": held.pk, "overwrite": overwrite},
            by=by,
            reason=None if why is None else {"code": why.code, "text": why.text},
        )
        held.save(update_fields=["job"])
        return held


def write(
    *,
    upload: Upload,
    by: User,
    overwrite: bool,
    reason: Reason | str | None = None,
    job_id: int | None = None,
) -> Upload:
    """The commit itself, in one transaction. Every row is judged anew: somebody may have saved meanwhile."""
    importer = upload.declared
    _require(importer, by, upload.site)
    try:
        with transaction.atomic(), acting(user=by, source="import", reason=reason, upload=upload.pk):
            _one_at_a_time(importer, upload.site)
            held = _held(upload, job_id)
            before = dict(UploadRow.objects.filter(upload=held).values_list("line", "verdict"))
            judgement = judge(
                importer, _columns(importer, held), _stored(held), site=held.site, by=by, hold=True
            )
            new = [one for one in judgement.judged if one.verdict.kind == "ready"]
            changed = [one for one in judgement.judged if one.verdict.kind == "changed"] if overwrite else []
            if reason is None and any(d.given for one in changed for d in one.verdict.differences):
                raise _no_reason()
            written = importer.commit(new, changed, site=held.site, by=by, reason=reason)
            moved = Counter(
                f"{before[one.row.line]} {one.verdict.kind}"
                for one in judgement.judged
                if before[one.row.line] != one.verdict.kind
            )
            _judged_anew(held, judgement, before, written)
            for kind, count in judgement.counts.items():
                setattr(held, kind, count)
            held.added, held.overwritten, held.moved = len(new), len(changed), dict(moved)
            _settle(held, UploadState.COMMITTED, by)
            return held
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise  # no race but a fault of the import
        raise NotPossible(
            "saved_meanwhile",
            _("Somebody saved one of these rows at the same moment. Nothing was written; commit again."),
        ) from error


def abandon(*, upload: Upload, by: User) -> Upload:
    """Give the upload up: its rows are deleted, what it was stays. Raises NotPossible."""
    _require(upload.declared, by, upload.site)
    with transaction.atomic(), acting(user=by):
        return _abandon(_held(upload), by)


# --- Parts -----------------------------------------------------------------------------------------------


def _require(importer: Importer, by: User, site: Site) -> None:
    if not importer.may(by, site):
        raise PermissionDenied(
            _("At %(site)s you may not %(what)s.") % {"site": site.code, "what": importer.permission.label}
        )


def _held(upload: Upload, job_id: int | None = None) -> Upload:
    """The upload as it is now, locked; NotPossible when it is settled, or a job other than this one works at it."""
    held = Upload.objects.select_for_update(of=("self",)).select_related("site", "job").get(pk=upload.pk)
    if held.state != UploadState.PREVIEWED:
        raise NotPossible(
            "settled",
            _("This upload is settled already: %s. Upload the file again if there is more to do.")
            % str(held.get_state_display()).lower(),
        )
    if held.at_work and held.job_id != job_id:
        raise NotPossible("at_work", _("A job is committing this upload. Wait until it has ended."))
    return held


def _settle(held: Upload, state: UploadState, by: User) -> Upload:
    held.state, held.settled_by, held.settled_at = state, by, Now()
    held.save()
    held.refresh_from_db()
    return held


def _abandon(held: Upload, by: User) -> Upload:
    UploadRow.objects.filter(upload=held).delete()
    return _settle(held, UploadState.ABANDONED, by)


def _one_at_a_time(importer: Importer, site: Site) -> None:
    """Two commits of one import at one site follow each other: the second sees what the first wrote."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s), %s)", [f"imports {importer.key}", site.pk])


def _columns(importer: Importer, upload: Upload) -> list[Column]:
    found = [importer.column(name) for name in upload.columns]
    if None in found:
        raise NotPossible(
            "columns",
            _("The columns of this import have changed since. Nothing was written; upload the file again."),
        )
    return [column for column in found if column is not None]


def _stored(upload: Upload) -> Iterator[Record]:
    # What was refused for the number of its cells stays refused: its cells may stand under the wrong headings.
    wrong = Case(When(problems__contains=[{"code": "cells"}], then=1), default=0)
    lines = UploadRow.objects.filter(upload=upload).order_by("line")
    for line, cells, is_wrong in lines.values_list("line", "cells", wrong).iterator(5_000):
        yield Record(line, tuple(cells), len(cells) + is_wrong, len(cells))


def _as_rows(upload: Upload, judgement: Judgement) -> Iterator[list[Any]]:
    for one in judgement.judged:
        yield [
            upload.site_id,
            upload.pk,
            one.row.line,
            one.verdict.kind,
            one.row.cells,
            *_said(one.verdict),
            "",
        ]


def _said(verdict: Any) -> list[str]:
    return [
        tables.as_json(
            [{"column": p.column, "code": p.code, "message": p.message} for p in verdict.problems]
        ),
        tables.as_json(
            [
                {"column": d.column, "before": d.before, "after": d.after, "given": d.given}
                for d in verdict.differences
            ]
        ),
    ]


def _judged_anew(
    upload: Upload, judgement: Judgement, before: dict[int, str], written: Mapping[int, str]
) -> None:
    """Keep what each row was written as, and the verdicts that are others now; the rest stays as it is."""
    moved = [one for one in judgement.judged if one.verdict.kind != before[one.row.line]]
    if moved:
        rows = ([upload.pk, one.row.line, one.verdict.kind, *_said(one.verdict)] for one in moved)
        tables.update(UploadRow, ("upload", "line"), ("verdict", "problems", "differences"), rows)
    if written:
        named = ([upload.pk, line, called] for line, called in written.items())
        tables.update(UploadRow, ("upload", "line"), ("written_as",), named)


def _needs_reason(upload: Upload) -> bool:
    return UploadRow.objects.filter(
        upload=upload, verdict="changed", differences__contains=[{"given": True}]
    ).exists()


def _parsed(reason: Any) -> Reason | None:
    try:
        return parse(reason)
    except ReasonError as error:
        raise ReasonRequired(error.code, error.message) from None


def _no_reason() -> ReasonRequired:
    return ReasonRequired(
        "reason_required", _("Values that were given before would be overwritten. Say why you change them.")
    )
