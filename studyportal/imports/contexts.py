"""What the pages of imports show, as the components take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from studyportal.access.models import User
from studyportal.audit.reason_fields import field_views
from studyportal.imports import selectors
from studyportal.imports.addresses import address_of as url
from studyportal.imports.errors import FileRefused
from studyportal.imports.models import Upload, UploadRow, UploadState, VerdictKind
from studyportal.imports.registry import Importer
from studyportal.ui.parts import Cell, Column, FieldView, Row, Tab

PAGE = 50
SEPARATORS = {",": gettext_lazy("comma"), ";": gettext_lazy("semicolon"), "\t": gettext_lazy("tab")}
TONES = {"ready": "good", "same": "neutral", "changed": "attention", "refused": "bad"}
Problems = list[tuple[str, str, str]]


# --- Upload ----------------------------------------------------------------------------------------------


def upload_page(
    importer: Importer, user: User, posted: Mapping[str, Any], refused: FileRefused | None = None, **more: Any
) -> dict[str, Any]:
    errors: dict[str, str] = dict(more.get("errors", {}))
    if refused is not None:
        errors["pasted" if posted.get("pasted", "").strip() else "file"] = str(refused)
    fields = _upload_fields(importer, user, posted, errors)
    labels = {field.name: str(field.label) for field in fields}
    return {
        "importer": importer,
        "fields": fields,
        "problems": [(name, labels.get(name, ""), said) for name, said in errors.items()],
        "columns": [Column(_("Column")), Column(_("Meaning")), Column(_("Needed")), Column(_("Example"))],
        "described": [
            [
                Cell(column.name, code=True),
                Cell(str(column.label), detail=column.help),
                _("always") if column.required else _("may be empty"),
                Cell(column.example, code=True) if column.example else "",
            ]
            for column in importer.all_columns
        ],
        "template_url": url(importer, "template"),
        "upload_columns": _upload_columns(),
        "uploads": [_upload_row(upload) for upload in selectors.uploads(user, importer)[:20]],
    }


def _upload_fields(
    importer: Importer, user: User, posted: Mapping[str, Any], errors: Mapping[str, str]
) -> list[FieldView]:
    fields = []
    sites = list(selectors.sites_for(user, importer))
    if len(sites) != 1:
        fields.append(
            FieldView(
                "site",
                _("Site"),
                widget="select",
                value=posted.get("site", ""),
                choices=[(site.code, str(site)) for site in sites],
                help=_("A file is of one site."),
                errors=[errors["site"]] if "site" in errors else [],
            )
        )
    again = " " + _("The file has to be chosen again.") if errors else ""
    fields.append(
        FieldView(
            "file",
            _("File"),
            widget="file",
            accept=".csv,.txt,.tsv,text/csv",
            help=_("CSV, of at most %(rows)s rows and %(size)d MB.")
            % {"rows": f"{importer.takes:,}", "size": settings.IMPORT_BYTES // 1_000_000}
            + again,
            required=False,
            conditional=True,
            errors=[errors["file"]] if "file" in errors else [],
        )
    )
    fields.append(
        FieldView(
            "pasted",
            _("Or cells copied from a spreadsheet"),
            widget="textarea",
            value=posted.get("pasted", ""),
            help=_("With the line that names the columns. Instead of a file."),
            errors=[errors["pasted"]] if "pasted" in errors else [],
            required=False,
            conditional=True,
        )
    )
    fields.append(
        FieldView(
            "unknown",
            _("Columns that are not known"),
            widget="radio",
            value=posted.get("unknown", "refuse"),
            choices=[
                ("refuse", _("Refuse the file and name them")),
                ("leave_out", _("Leave them out: nothing of them is kept")),
            ],
        )
    )
    return fields


def index_page(user: User) -> dict[str, Any]:
    importers = selectors.importers_for(user)
    rows = [
        [Cell(str(upload.declared.title), url=url(upload.declared, "start")), *_upload_row(upload)]
        for upload in selectors.newest(user, importers)
    ]
    return {
        "importers": [(one, url(one, "start")) for one in importers if not one.family],
        "forms": [(one, url(one, "start")) for one in importers if one.family],
        "upload_columns": [Column(_("Import")), *_upload_columns()],
        "uploads": rows,
    }


def _upload_columns() -> list[Column]:
    return [
        Column(_("File")), Column(_("Site")), Column(_("State")), Column(_("Rows"), numeric=True),
        Column(_("New"), numeric=True), Column(_("Refused"), numeric=True), Column(_("Uploaded by")), Column(_("At")),
    ]  # fmt: skip


def _upload_row(upload: Upload) -> list[Any]:
    return [
        Cell(upload.file_name, url=upload.get_absolute_url()),
        upload.site.code,
        _state_word(upload),
        upload.rows,
        upload.ready,
        upload.refused,
        str(upload.uploaded_by),
        upload.uploaded_at,
    ]


def _state_word(upload: Upload) -> str:
    return _("A job is committing it") if upload.at_work else str(upload.get_state_display())


# --- Preview ---------------------------------------------------------------------------------------------


def preview_page(
    upload: Upload,
    params: Mapping[str, Any],
    *,
    posted: Mapping[str, Any] | None = None,
    problems: Problems | None = None,
) -> dict[str, Any]:
    importer, problems = upload.declared, problems or []
    verdict = params.get("verdict", "")
    verdict = verdict if verdict in VerdictKind.values else ""
    counted: Any = _Counted(upload, verdict)
    page = Paginator(counted, PAGE).get_page(params.get("page"))
    first = (page.number - 1) * PAGE + 1
    labels = {column.name: str(column.label) for column in importer.all_columns}
    # What this page has nothing of would only push the rest aside.
    places = [at for at in range(len(upload.columns)) if any(row.cells[at] for row in page.object_list)]
    committed = upload.state == UploadState.COMMITTED
    return {
        "importer": importer,
        "upload": upload,
        "earlier": selectors.committed_before(upload),
        "facts": _facts(upload),
        "moved": _moved(upload),
        "done": _done(upload) if committed else "",
        "previewed": upload.state == UploadState.PREVIEWED,
        "abandoned": upload.state == UploadState.ABANDONED,
        "start_url": url(importer, "start"),
        "tabs": _tabs(upload, verdict),
        "columns": [
            Column(_("Line"), numeric=True),
            Column(_("Verdict")),
            Column(_("What is said")),
            *(Column(labels.get(upload.columns[at], upload.columns[at])) for at in places),
        ],
        "rows": [_row(row, labels, places, committed) for row in page.object_list],
        "page": page,
        "shown": f"{first:,}–{first + len(page.object_list) - 1:,}" if page.object_list else "",
        "total": f"{page.paginator.count:,}",
        "previous_url": _page_url(verdict, page.number - 1) if page.has_previous() else "",
        "next_url": _page_url(verdict, page.number + 1) if page.has_next() else "",
        "refused_url": url(importer, "refused", upload.pk)
        if upload.refused and upload.state != UploadState.ABANDONED
        else "",
        "commit_url": url(importer, "commit", upload.pk),
        "abandon_url": url(importer, "abandon", upload.pk),
        "overwrite": bool(posted and posted.get("overwrite")),
        "reason_fields": field_views(
            posted or {},
            help=_("Needed when values that were given before are overwritten."),
            errors=[said for name, _label, said in problems if name == "reason"],
        ),
        "problems": problems,
        "big": upload.ready + upload.changed > importer.waits_for,
    }


class _Counted:
    """Rows of an upload whose number is known without counting them."""

    def __init__(self, upload: Upload, verdict: str) -> None:
        self.rows = selectors.rows_of(upload, verdict)
        self.number = 0 if upload.state == UploadState.ABANDONED else getattr(upload, verdict or "rows")

    def __len__(self) -> int:
        return int(self.number)

    def __getitem__(self, part: slice) -> list[UploadRow]:
        return list(self.rows[part])


def _page_url(verdict: str, number: int) -> str:
    return f"?verdict={verdict}&page={number}" if verdict else f"?page={number}"


def _tabs(upload: Upload, verdict: str) -> list[Tab]:
    counts = {"": upload.rows} | {kind: getattr(upload, kind) for kind in VerdictKind.values}
    labels = {"": _("All")} | {kind.value: str(kind.label) for kind in VerdictKind}
    return [
        Tab(labels[kind], f"?verdict={kind}" if kind else "?", active=kind == verdict, count=count)
        for kind, count in counts.items()
    ]


def _row(row: UploadRow, labels: Mapping[str, str], places: Sequence[int], committed: bool) -> Row:
    said = [
        f"{labels.get(p['column'], p['column'])}: {p['message']}" if p["column"] else p["message"]
        for p in row.problems
    ]
    if said and row.verdict != VerdictKind.REFUSED:
        said = [_("Will ask: %s") % " ".join(said)]
    said += [
        f"{labels.get(d['column'], d['column'])}: {d['before'] or '–'} → {d['after']}"
        for d in row.differences
    ]
    verdict = VerdictKind(row.verdict)
    word = str(verdict.label)
    if row.written_as:
        word = _("Written")
    elif committed and verdict == VerdictKind.CHANGED:
        word = _("Other values; not written")
    return Row(
        [
            row.line,
            Cell(word, detail=row.written_as),
            " ".join(said),
            *(_cell(row.cells[at]) for at in places),
        ],
        TONES[row.verdict],
    )


def _cell(text: str) -> Cell:
    """A date or a number stays on one line."""
    return Cell(text, nowrap=len(text) <= 12)


def _facts(upload: Upload) -> list[tuple[str, Any]]:
    read = _("%(encoding)s, separated by %(separator)s") % {
        "encoding": upload.encoding,
        "separator": SEPARATORS.get(upload.delimiter, upload.delimiter),
    }
    facts = [
        (_("File"), upload.file_name),
        (_("Site"), str(upload.site)),
        (_("Read as"), read),
        (_("Uploaded by"), str(upload.uploaded_by)),
        (_("At"), upload.uploaded_at),
        (_("State"), _state_word(upload)),
    ]
    if upload.left_out:
        facts.append((_("Columns left out"), ", ".join(upload.left_out)))
    return facts


def _done(upload: Upload) -> str:
    if not upload.added and not upload.overwritten:
        return _("Nothing of this file was new, so nothing changed.")
    said = []
    if upload.added:
        said.append(
            ngettext("%(n)s row added", "%(n)s rows added", upload.added) % {"n": f"{upload.added:,}"}
        )
    if upload.overwritten:
        said.append(
            ngettext("%(n)s record overwritten", "%(n)s records overwritten", upload.overwritten)
            % {"n": f"{upload.overwritten:,}"}
        )
    return ", ".join(said) + "."


def _moved(upload: Upload) -> list[str]:
    """What the commit judged otherwise than the preview, in words."""
    said = []
    for kinds, count in sorted(upload.moved.items()):
        before, after = kinds.split()
        said.append(
            _("%(n)s rows: %(before)s → %(after)s")
            % {"n": f"{count:,}", "before": VerdictKind(before).label, "after": VerdictKind(after).label}
        )
    return said
