"""A CSV file as people's programs write it → rows of texts under known columns. Nothing is kept here.

Whatever cannot be read is refused with the line where it stands; no message quotes a cell of the file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from studyportal.api.csv_cells import DANGEROUS_FIRST
from studyportal.imports.errors import FileRefused
from studyportal.imports.identity_trap import headings_of_identity, holds_contact
from studyportal.imports.registry import Column, Importer

DELIMITERS = (",", ";", "\t")
# What the file of refused rows has beside the columns of the import: left out when it comes back.
LINE, PROBLEMS = "import_line", "import_problems"
REMARK = "# "  # a line that begins so explains and is left out

_EXCEL = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")
_MARKUP = re.compile(rb"\A\s*<\s*(?:!doctype|html|table|\?xml)", re.IGNORECASE)
_MANY_BYTES = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_BETWEEN = re.compile(r"[\W_]+")
WORDS_OF_ENCODINGS = {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}


@dataclass(frozen=True)
class Record:
    """A line of the file: its number, the cells of the known columns, how many cells it had and should have."""

    line: int
    cells: tuple[str, ...]
    had: int
    wanted: int


@dataclass(frozen=True)
class Sheet:
    """header and columns: of the known columns, in the order of the file. records: to be gone through once."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    columns: tuple[Column, ...]
    left_out: tuple[str, ...]
    records: Iterator[Record]


def open_sheet(content: bytes, importer: Importer, *, leave_out_unknown: bool = False) -> Sheet:
    """Read the header and check it; the rows are read as `records` is gone through. Raises FileRefused, there too."""
    text, encoding = decoded(content)
    columns = importer.all_columns
    known = _known(columns)
    delimiter = _delimiter(text, known)
    records = _records(text, delimiter)
    try:
        first, header = next(records)
    except StopIteration:
        raise FileRefused("empty", _("The file holds no line with the names of the columns.")) from None
    header = [cell.strip() for cell in header]
    _refuse_identity(header, first, known, importer)
    found = [known.get(_plain(name)) for name in header]
    own = {_plain(LINE), _plain(PROBLEMS), ""}
    unknown = [
        name for name, column in zip(header, found, strict=True) if column is None and _plain(name) not in own
    ]
    named = [column.name for column in found if column is not None]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise FileRefused(
            "column_twice",
            _("These columns stand twice: %s. Remove one of each.") % ", ".join(twice), line=first, columns=twice,
        )  # fmt: skip
    if missing := [column.name for column in columns if column.required and column.name not in named]:
        raise FileRefused(
            "column_missing",
            _("These columns are missing: %(missing)s. The first line must name the columns. It names: %(named)s.")
            % {"missing": ", ".join(missing), "named": ", ".join(named) or _("none that is known")},
            line=first, columns=missing,
        )  # fmt: skip
    if unknown and not leave_out_unknown:
        raise FileRefused(
            "column_unknown",
            _("These columns are not known: %(unknown)s. Remove or rename them, or choose to leave out unknown columns."
              " Known are: %(known)s.")
            % {"unknown": ", ".join(unknown), "known": ", ".join(column.name for column in columns)},
            line=first, columns=unknown,
        )  # fmt: skip
    places = [place for place, column in enumerate(found) if column is not None]
    return Sheet(
        encoding=WORDS_OF_ENCODINGS[encoding],
        delimiter=delimiter,
        header=tuple(header[place] for place in places),
        columns=tuple(column for column in found if column is not None),
        left_out=tuple(unknown),
        records=_rows(records, places, header, importer.takes),
    )


def _rows(
    records: Iterator[tuple[int, list[str]]], places: Sequence[int], header: list[str], most: int
) -> Iterator[Record]:
    count, longest = 0, settings.IMPORT_CELL
    for line, cells in records:
        count += 1
        if count > most:
            raise FileRefused(
                "too_many_rows", _("More than %d rows. Divide the file into several.") % most, line=line
            )
        had = len(cells)
        while had > len(header) and not cells[had - 1].strip():
            had -= 1
        kept = tuple(_unguarded(cells[place].strip()) if place < len(cells) else "" for place in places)
        if any(len(cell) > longest for cell in kept):
            raise FileRefused(
                "cell_too_long",
                _(
                    "Line %(line)d has a cell of more than %(most)d characters. Was a quotation mark never closed?"
                )
                % {"line": line, "most": longest},
                line=line,
            )
        if any(kept) or had > len(header):
            yield Record(line, kept, had, len(header))
        else:
            count -= 1


def _unguarded(cell: str) -> str:
    """Without the apostrophe that the portal puts before what a spreadsheet would take for a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in DANGEROUS_FIRST else cell


# --- Headings --------------------------------------------------------------------------------------------


def _plain(name: str) -> str:
    return _BETWEEN.sub("", name.casefold())


def _known(columns: Sequence[Column]) -> dict[str, Column]:
    """How a heading may name a column: by its name, or by a label that no other column has."""
    labels: dict[str, list[Column]] = {}
    for column in columns:
        for label in _labels_of(column):
            labels.setdefault(label, []).append(column)
    by_label = {label: found[0] for label, found in labels.items() if len(found) == 1}
    return by_label | {_plain(column.name): column for column in columns}


def _labels_of(column: Column) -> set[str]:
    with translation.override("en"):
        english = str(column.label)
    return {_plain(str(column.label)), _plain(english)}


def _refuse_identity(header: list[str], line: int, known: dict[str, Column], importer: Importer) -> None:
    if any(holds_contact(name) for name in header):
        raise FileRefused(
            "no_header",
            _("The first line holds a number or an address of a person, so it does not name the columns. Nothing of the"
              " file was kept. Add the names of the columns as first line."),
            line=line,
        )  # fmt: skip
    caught = headings_of_identity(header, known=[name for name in header if _plain(name) in known])
    if caught:
        raise FileRefused(
            "identity",
            _("This file carries names or contacts; %(holds_none)s. Nothing of it was kept. Remove the columns"
              " (%(columns)s) and upload again.")
            % {"holds_none": importer.holds_none or _("this import takes none"), "columns": ", ".join(caught)},
            line=line, columns=caught,
        )  # fmt: skip


# --- Bytes → text ----------------------------------------------------------------------------------------


def decoded(content: bytes) -> tuple[str, str]:
    """The text and the encoding that it was in: utf-8, utf-16 or cp1252. Raises FileRefused."""
    limit: int = settings.IMPORT_BYTES
    if len(content) > limit:
        raise FileRefused(
            "too_large", _("The file is larger than %d MB. Divide it into several.") % (limit // 1_000_000)
        )
    if not content.strip():
        raise FileRefused("empty", _("The file is empty. Choose another."))
    if content.startswith(_EXCEL):
        raise FileRefused(
            "excel",
            _("This is a workbook of Excel or another spreadsheet. Open it, choose “Save as”, the type “CSV UTF-8"
              " (comma delimited)”, and upload that file."),
        )  # fmt: skip
    if content.startswith(b"%PDF") or _MARKUP.match(content[:200]):
        raise FileRefused("type", _("By its content this is no CSV file. Save the table as CSV."))
    text, encoding = _decode(content)
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise FileRefused(
            "nul_character",
            _("Line %d holds a NUL character, which no text has. Save the table as CSV again.") % line, line=line,
        )  # fmt: skip
    return text, encoding


def _decode(content: bytes) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise FileRefused("encoding", _("The file is UTF-32. Save it as CSV UTF-8."))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _strict(content, "utf-16"), "utf-16"
    if (guess := _utf16_without_mark(content)) is not None:
        return _strict(content, guess), "utf-16"
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError as error:
        place = error.start
    line = content[:place].count(b"\n") + 1
    if _is_surrogate(content, place):
        raise FileRefused(
            "surrogate",
            _("Line %d holds half of a character (a lone surrogate). Type the text of this line anew.") % line, line=line,
        )  # fmt: skip
    if _MANY_BYTES.search(content):
        raise FileRefused(
            "encoding",
            _("Line %d is in another encoding than the rest of the file. Save the whole as CSV UTF-8.") % line, line=line,
        )  # fmt: skip
    return _strict(content, "cp1252"), "cp1252"


def _is_surrogate(content: bytes, place: int) -> bool:
    return content[place] == 0xED and 0xA0 <= (content[place + 1 : place + 2] or b"\x00")[0] <= 0xBF


def _utf16_without_mark(content: bytes) -> str | None:
    """Every other byte of most European text in UTF-16 is NUL; in a file of bytes none is."""
    start = content[:400]
    half = len(start) // 2
    if half and start[1::2].count(0) > 0.6 * half and start[0::2].count(0) == 0:
        return "utf-16-le"
    if half and start[0::2].count(0) > 0.6 * half and start[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def _strict(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileRefused(
            "encoding",
            _("Line %d cannot be read: the file is neither UTF-8, UTF-16 nor Windows-1252. Save it as CSV UTF-8.") % line,
            line=line,
        ) from None  # fmt: skip


# --- Text → records --------------------------------------------------------------------------------------


def _delimiter(text: str, known: dict[str, Column]) -> str:
    """The one with which the first line names most known columns; of equal ones that which divides it most."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            _line, header = next(_records(text, delimiter))
        except (StopIteration, FileRefused):
            return (-1, 0)
        return (sum(_plain(cell) in known for cell in header), len(header))

    return max(DELIMITERS, key=score)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Number of the first line, and cells, of each record that is neither empty nor a remark."""
    lines = io.StringIO(text, newline="")
    if text[:4].casefold() == "sep=":  # what Excel writes for itself
        lines.readline()
    skipped = 1 if lines.tell() else 0
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _unreadable(str(error), line) from None
        if cells and not cells[0].startswith(REMARK) and any(cell.strip() for cell in cells):
            yield line, cells


def _unreadable(said: str, line: int) -> FileRefused:
    if "field limit" in said or "end of data" in said:
        return FileRefused(
            "quote_open",
            _("A quotation mark that opens in line %d is never closed, or a cell there is too long.") % line, line=line,
        )  # fmt: skip
    return FileRefused(
        "quote_inside",
        _("Line %d has a quotation mark within a text in quotation marks. Write it twice (\"\").") % line, line=line,
    )  # fmt: skip
