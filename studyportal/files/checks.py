"""What a file is, by its content: never by its name, never by what the browser says of it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

import filetype
from django.utils.translation import gettext as _

# Content type → the endings that a name may have with it. SVG and HTML are programs and are in no list.
ENDINGS: Mapping[str, tuple[str, ...]] = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/webp": (".webp",),
}
DOCUMENTS = ("application/pdf", "image/png", "image/jpeg")
# A WebP is never kept as it came: `pictures` draws it anew.
PICTURES = ("image/jpeg", "image/png", "image/webp")
LONGEST_NAME = 150

# A file that some program takes for something else: a page in front, an archive behind, a script within.
MARKUP = re.compile(rb"<\s*(?:!doctype|html|head|body|script|svg|iframe|\?xml|\?php)", re.IGNORECASE)
ARCHIVE_END = b"PK\x05\x06"
PDF_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA)(?![A-Za-z])")


class Upload(Protocol):
    """What Django gives for a file that was sent."""

    name: str | None
    size: int | None

    def read(self, size: int = -1, /) -> bytes: ...


class FileRefused(ValueError):
    """The file is not taken; the message says why and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Accepted:
    name: str
    content: bytes
    content_type: str
    sha256: str


def accept(
    upload: Upload, *, kinds: Collection[str] = DOCUMENTS, limit: int, drawn_anew: bool = False
) -> Accepted:
    """The file with its type as its content says.

    kinds: content types of ENDINGS; limit: bytes. drawn_anew: pictures go through `pictures.drawn_anew` before they are
    kept, so that what a telephone appends to one is no reason to refuse it. Raises FileRefused.
    """
    name = clean_name(upload.name or "")
    if not upload.size:
        raise FileRefused("empty", _("The file is empty. Choose another."))
    # One byte more than allowed shows that it is too large, whatever size it states.
    content = b"" if upload.size > limit else upload.read(limit + 1)
    if upload.size > limit or len(content) > limit:
        raise FileRefused(
            "too_large",
            _("The file is larger than %(limit)d MB. Scan it again at a lower resolution.")
            % {"limit": limit // 1_000_000},
        )
    if not content:
        raise FileRefused("empty", _("The file is empty. Choose another."))
    kind = filetype.guess_mime(content)
    if kind not in kinds or kind not in ENDINGS:
        raise FileRefused(
            "type",
            _("By its content this file is none of: %s.") % ", ".join(e for k in kinds for e in ENDINGS[k]),
        )
    if PurePosixPath(name).suffix.lower() not in ENDINGS[kind]:
        raise FileRefused(
            "ending",
            _(
                "The content is %(kind)s, but the name does not end in %(ending)s. Rename it if the content is right."
            )
            % {"kind": kind, "ending": ", ".join(ENDINGS[kind])},
        )
    if not _is_only(kind, content, drawn_anew=drawn_anew):
        raise FileRefused(
            "two_kinds",
            _(
                "The file holds something beside the document: a script, a page or an archive. Print it to a new file."
            ),
        )
    return Accepted(name, content, kind, hashlib.sha256(content).hexdigest())


def clean_name(name: str) -> str:
    """The name as it may be shown and given back. Raises FileRefused for one that leads elsewhere or cannot be read."""
    if not name.strip() or "/" in name or "\\" in name or name.strip(". ") == "":
        raise FileRefused("name", _("The name of the file is none, or holds a path. Rename the file."))
    # Control signs, overrides of direction and halves of characters (categories C…).
    if any(unicodedata.category(sign)[0] == "C" for sign in name):
        raise FileRefused(
            "name", _("The name of the file holds a sign that cannot be seen. Rename the file.")
        )
    if len(name) > LONGEST_NAME:
        raise FileRefused("name", _("The name of the file is longer than %d characters.") % LONGEST_NAME)
    return name.strip()


def _is_only(kind: str, content: bytes, *, drawn_anew: bool = False) -> bool:
    """Whether the content begins and ends as its kind does, with nothing of another kind around or within."""
    if ARCHIVE_END in content[-66_000:] or MARKUP.search(content[:1024]):
        return False
    if kind == "application/pdf":
        return content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:] and not PDF_ACTIVE.search(content)
    if kind == "image/png":
        end, begins = b"IEND\xaeB`\x82", True
    elif kind == "image/jpeg":
        end, begins = b"\xff\xd9", content.startswith(b"\xff\xd8\xff")
    else:  # a WebP says its own length, and is always drawn anew
        said = 8 + int.from_bytes(content[4:8], "little")
        return drawn_anew and not MARKUP.search(content[said : said + 66_000])
    if not begins or drawn_anew:
        return begins and end in content and not MARKUP.search(content[content.rindex(end) :][:66_000])
    return content.endswith(end)
