"""Files as people's programs write them: what is refused, with which line, and what is read."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from studyportal.imports.errors import FileRefused
from studyportal.imports.identity_trap import holds_contact, is_identity
from studyportal.imports.reading import Sheet, open_sheet
from tests.studyportal.imports.labels import LABELS


def opened(content: bytes | str, **more: Any) -> tuple[Sheet, list[tuple[int, tuple[str, ...]]]]:
    sheet = open_sheet(content.encode() if isinstance(content, str) else content, LABELS, **more)
    return sheet, [(record.line, record.cells) for record in sheet.records]


def workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "empty", None),
        (b" \r\n\r\n", "empty", None),
        ("# only a remark\n", "empty", None),
        (workbook(), "excel", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel", None),
        (b"%PDF-1.7", "type", None),
        (b"<html><table>", "type", None),
        (b"\xff\xfe\x00\x00l\x00\x00\x00", "encoding", None),
        (b"label\nA\nB\x00\n", "nul_character", 3),
        (b"label,note\nA,\xed\xa0\x80\n", "surrogate", 2),
        ("label\nA\n".encode("utf-16") + b"\x00\xd8\x0a\x00", "encoding", 3),
        (b"label,note\nA,caf\xc3\xa9\nB,caf\xe9\n", "encoding", 3),
        (b"label,note\nA,x\nB,\x81\x8d\n", "encoding", 3),
        ('label,note\nA,"open\nB,x\n', "quote_open", 2),
        ('label,note\nA,x\nB,"a"b\n', "quote_inside", 3),
        ("label,note\nA," + "x" * 4001 + "\n", "cell_too_long", 2),
        ("label,note\nA," + "x" * 200_000 + "\n", "quote_open", 2),
        ("label,LABEL\nA,B\n", "column_twice", 1),
        ("note\nA\n", "column_missing", 1),
        ("A-1,2016\nA-2,2017\n", "column_missing", 1),
        ("label,colour\nA,red\n", "column_unknown", 1),
        ("# remark\n\nlabel,Patient Name\nA,Ramesh\n", "identity", 3),
        ("Ramesh,9876543210\nSita,9876543211\n", "no_header", 1),
        ("label,ramesh@example.org\n", "no_header", 1),
    ],
)  # fmt: skip
def test_what_is_refused(content: bytes | str, code: str, line: int | None) -> None:
    with pytest.raises(FileRefused) as refused:
        opened(content)
    assert (refused.value.code, refused.value.line) == (code, line)
    assert len(str(refused.value)) > 25


def test_too_many_rows_and_bytes(settings: Any) -> None:
    settings.IMPORT_ROWS = 2
    with pytest.raises(FileRefused) as refused:
        opened("label\nA\n\nB\nC\n")
    assert (refused.value.code, refused.value.line) == ("too_many_rows", 5)
    settings.IMPORT_BYTES = 5
    with pytest.raises(FileRefused) as refused:
        opened("label\nA\n")
    assert refused.value.code == "too_large"


def test_the_refusal_names_the_columns() -> None:
    with pytest.raises(FileRefused) as refused:
        opened("label,colour,Shoe size\nA,red,42\n")
    assert refused.value.columns == ("colour", "Shoe size")
    assert "colour, Shoe size" in str(refused.value) and "enrolled_on" in str(refused.value)
    with pytest.raises(FileRefused) as refused:
        opened("label,Patient Name,DOB\nA,Ramesh,1999\n", leave_out_unknown=True)
    assert refused.value.columns == ("Patient Name", "DOB")
    assert "Ramesh" not in str(refused.value)


TABLE = "label,enrolled_on,note\nA-1,2016-11,déjà vu\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TABLE.encode(), "UTF-8"),
        (b"\xef\xbb\xbf" + TABLE.encode(), "UTF-8"),
        (TABLE.encode("utf-16"), "UTF-16"),
        (TABLE.encode("utf-16-le"), "UTF-16"),
        (TABLE.encode("utf-16-be"), "UTF-16"),
        (TABLE.encode("cp1252"), "Windows-1252"),
    ],
)
def test_encodings_are_told_apart_and_said(content: bytes, encoding: str) -> None:
    sheet, rows = opened(content)
    assert sheet.encoding == encoding
    assert rows == [(2, ("A-1", "2016-11", "déjà vu"))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(delimiter: str, end: str) -> None:
    lines = ["Label", "NOTE", "Enrolled On"], ["A", '"two, or; three\tthings"', "2016"]
    sheet, rows = opened(end.join(delimiter.join(cells) for cells in lines) + end)
    assert sheet.delimiter == delimiter
    assert sheet.header == ("Label", "NOTE", "Enrolled On")
    assert [column.name for column in sheet.columns] == ["label", "note", "enrolled_on"]
    assert rows == [(2, ("A", "two, or; three\tthings", "2016"))]


def test_lines_are_counted_as_in_the_file() -> None:
    content = 'sep=;\r\n# remark\r\nlabel;note\r\nA;"one\r\ntwo"\r\n\r\n;;\r\nB;x\r\n'
    _sheet, rows = opened(content)
    assert rows == [(4, ("A", "one\r\ntwo")), (8, ("B", "x"))]


def test_what_the_portal_wrote_itself_comes_back() -> None:
    sheet, rows = opened(
        "label,import_line,note,import_problems,,\nA,7,'=1+1,note: wrong,,\nB,8,'quoted',,,\n"
    )
    assert [column.name for column in sheet.columns] == ["label", "note"]
    assert sheet.left_out == ()
    assert rows == [(2, ("A", "=1+1")), (3, ("B", "'quoted'"))]


def test_unknown_columns_are_left_out_when_chosen() -> None:
    sheet, rows = opened("colour,label\nred,A\n", leave_out_unknown=True)
    assert sheet.left_out == ("colour",)
    assert rows == [(2, ("A",))]


@pytest.mark.parametrize(
    "heading",
    ["Name", "Patient Name", "patient_name", "PatientName", "NAME OF PATIENT", "Pt. name", "Surname", "Father's name", "Initials",
     "Phone", "Mobile No.", "Contact", "Tel", "DOB", "Date of birth", "birth_date", "dateofbirth", "Hospital No", "Hospital number",
     "MRN", "UHID", "Aadhaar", "aadhar no", "Address", "e-mail", "E mail", "Email ID", "Village", "PIN code pincode", "नाव", "पता"],
)  # fmt: skip
def test_headings_of_identity(heading: str) -> None:
    assert is_identity(heading)


@pytest.mark.parametrize(
    "heading",
    ["label", "list_number", "screened_on", "age", "sex", "referral", "considered_for", "outcome", "reason_text", "note",
     "Site name", "Drug name", "Laboratory name", "criterion:age", "number", "HbA1c", "panel", "enrolled"],
)  # fmt: skip
def test_headings_of_nothing_personal(heading: str) -> None:
    assert not is_identity(heading)


@pytest.mark.parametrize(
    "text",
    ["call 9876543210", "+91 98765 43210", "098765-43210", "(022) 2345 6789 0", "1234 5678 9012", "a.b@example.org", "x 9876543210.",
     "mother: 98765-43210"],
)  # fmt: skip
def test_contacts(text: str) -> None:
    assert holds_contact(text)


@pytest.mark.parametrize(
    "text",
    ["", "2016-11-03", "2016-11-03 2016-11-04", "HbA1c 9.1 %", "seen 2016-11-03 10:30, 2016-11-04 09:15", "S-0017", "110 120 130",
     "@home", "dose 1000000 units"],
)  # fmt: skip
def test_no_contacts(text: str) -> None:
    assert not holds_contact(text)
