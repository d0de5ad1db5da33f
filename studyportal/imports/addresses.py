"""Where the pages of an import are: each has its own, those of a family share theirs."""

from __future__ import annotations

from django.urls import reverse

from studyportal.imports.registry import Importer


def address_of(importer: Importer, name: str, *args: int) -> str:
    """name: start, template, upload, commit, abandon or refused."""
    if importer.family:
        return reverse(f"imports:{importer.family}-{name}", args=[importer.member, *args])
    return reverse(f"imports:{importer.key}-{name}", args=args)
