"""Every wrong file, and the right ones."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from studyportal.files.checks import FileRefused, accept, clean_name
from tests.studyportal.files.samples import JPEG, PDF, PNG, SVG, zipped

LIMIT = 100_000


def given(name: str, content: bytes, content_type: str = "application/pdf") -> Any:
    return SimpleUploadedFile(name, content, content_type=content_type)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("sheet.pdf", b"", "empty"),
        ("sheet.pdf", PDF + b" " * LIMIT, "too_large"),
        ("sheet.pdf", b"MZ" + b"\0" * 300, "type"),
        ("sheet.pdf", b"\x7fELF" + b"\0" * 300, "type"),
        ("sheet.pdf", b"<html><script>alert(1)</script></html>", "type"),
        ("sheet.pdf", b"<!doctype html>" + PDF, "type"),
        ("sheet.pdf", b"just a text", "type"),
        ("sheet.pdf", zipped(), "type"),
        ("picture.svg", SVG, "type"),
        ("picture.png", SVG, "type"),
        ("sheet.html", PDF, "ending"),
        ("sheet.pdf.exe", PDF, "ending"),
        ("sheet", PDF, "ending"),
        ("sheet.png", PDF, "ending"),
        ("sheet.pdf", PNG, "ending"),
        ("sheet.pdf", PDF + zipped(), "two_kinds"),
        ("sheet.pdf", b"%PDF-1.7\n<script>alert(1)</script>\n" + PDF, "two_kinds"),
        ("sheet.pdf", PDF.replace(b"/Type", b"/JavaScript (app.alert(1)) /Type"), "two_kinds"),
        ("sheet.pdf", PDF.replace(b"/Type", b"/S /JS /Type"), "two_kinds"),
        ("sheet.pdf", PDF.replace(b"/Type", b"/Launch /Type"), "two_kinds"),
        ("sheet.pdf", PDF.replace(b"/Type", b"/EmbeddedFiles 3 0 R /Type"), "two_kinds"),
        ("sheet.pdf", PDF.removesuffix(b"%%EOF\n"), "two_kinds"),
        ("picture.png", PNG + b"<?php system($_GET[0]); ?>", "two_kinds"),
        ("picture.png", PNG + zipped(), "two_kinds"),
        ("picture.jpg", JPEG + b"<html>", "two_kinds"),
        ("picture.jpg", JPEG.replace(b"JFIF", b"<script>"), "two_kinds"),
    ],
)
def test_wrong_files(name: str, content: bytes, code: str) -> None:
    with pytest.raises(FileRefused) as refused:
        accept(given(name, content), limit=LIMIT)
    assert refused.value.code == code
    assert len(str(refused.value)) > 20, "it says what to do"


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "../../etc/passwd.pdf", "a/b.pdf", "a\\b.pdf", "C:\\x.pdf", "a\x00.pdf", "a\r\nX: y.pdf", "a\u202efdp.exe",
     "a\ud800.pdf", "x" * 200 + ".pdf"],
)  # fmt: skip
def test_wrong_names(name: str) -> None:
    with pytest.raises(FileRefused) as refused:
        clean_name(name)
    assert refused.value.code == "name"


def test_a_stated_size_is_not_believed() -> None:
    upload = given("sheet.pdf", PDF + b" " * LIMIT)
    upload.size = 10
    with pytest.raises(FileRefused) as refused:
        accept(upload, limit=LIMIT)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("Sheet of Dr Rao.PDF", PDF, "application/pdf"), ("p.png", PNG, "image/png"), ("p.jpeg", JPEG, "image/jpeg"),
     ("प्रमाणपत्र.pdf", PDF, "application/pdf")],
)  # fmt: skip
def test_right_files(name: str, content: bytes, kind: str) -> None:
    """Whatever the browser says of them."""
    found = accept(given(name, content, "text/html"), limit=LIMIT)
    assert (found.name, found.content, found.content_type, len(found.sha256)) == (name, content, kind, 64)


def test_only_the_kinds_asked_for() -> None:
    with pytest.raises(FileRefused):
        accept(given("p.png", PNG), kinds=("application/pdf",), limit=LIMIT)


def test_the_samples_are_what_they_say() -> None:
    assert zipfile.is_zipfile(io.BytesIO(zipped()))
