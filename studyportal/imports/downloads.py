"""The two files that an import gives: an empty template, and what was refused with the reasons."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from studyportal.access import walls
from studyportal.access.models import User
from studyportal.api.csv_cells import guarded
from studyportal.imports.models import Upload
from studyportal.imports.reading import LINE, PROBLEMS, REMARK
from studyportal.imports.registry import Importer
from studyportal.imports.selectors import rows_of

# Excel reads a file without it as Windows-1252.
MARK = "\ufeff"
CSV = "text/csv; charset=utf-8"


def template_response(importer: Importer) -> HttpResponse:
    return HttpResponse(template(importer), content_type=CSV, headers=_named(f"{importer.key}-template.csv"))


def template(importer: Importer) -> str:
    """The headings, and below each column explained in a line that an import leaves out."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in importer.all_columns])
    for column in importer.all_columns:
        needed = _("required") if column.required else _("may be empty")
        words = " ".join(part for part in (str(column.label) + f" ({needed}).", str(column.help)) if part)
        example = " " + _("Example: %s") % column.example if column.example else ""
        writer.writerow([f"{REMARK}{column.name}: {words}{example}"])
    return MARK + out.getvalue()


def refused_response(upload: Upload, by: User) -> StreamingHttpResponse:
    name = upload.file_name.rsplit(".", 1)[0][:100]
    return StreamingHttpResponse(
        _behind_the_wall(upload, by), content_type=CSV, headers=_named(f"{name}-refused.csv")
    )


def _behind_the_wall(upload: Upload, by: User) -> Iterator[bytes]:
    """A response that streams is read when the transaction of its request has ended."""
    with walls.opened(by):
        for part in refused(upload):
            yield part.encode()


def refused(upload: Upload) -> Iterator[str]:
    """The refused rows as they came, with the line and the reasons; can be uploaded again once corrected."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*(guarded(name) for name in upload.header), LINE, PROBLEMS])
    yield MARK + out.getvalue()
    for row in rows_of(upload, "refused").iterator(2_000):
        out.seek(0)
        out.truncate()
        said = "; ".join(
            f"{p['column']}: {p['message']}" if p["column"] else p["message"] for p in row.problems
        )
        writer.writerow([*(guarded(cell) for cell in row.cells), row.line, guarded(said)])
        yield out.getvalue()


def _named(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "X-Content-Type-Options": "nosniff",
    }
