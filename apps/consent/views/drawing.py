"""A signature that was drawn on the screen: the picture that the page sends, as a file is accepted."""

from __future__ import annotations

import base64
import binascii
import io
import zlib

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.utils.translation import gettext as _

from studyportal.crf.outcomes import Problem
from studyportal.files.checks import Accepted, FileRefused, accept

PREFIX = "data:image/png;base64,"
# A drawing of the largest pad takes a tenth of it; the sheet of a scanner is another road.
LARGEST = 1_000_000
# More than any pad has; what a picture unpacks to is bounded by it.
MOST_PIXELS = 2400 * 1200
# A page of one colour holds a handful of different bytes, whatever way it is packed; a line drawn with a pen dozens.
FEWEST_TONES = 12


def drawn(text: str, *, field: str = "drawing", name: str = "signature.png") -> Accepted | Problem:
    """The drawing of a hidden control, or what is wrong with it.

    Refused are no drawing, an empty one, and whatever is no PNG of the pad.
    """
    if not text:
        return Problem(field, "required", _("Sign in the field, or choose to sign on paper."))
    broken = Problem(
        field, "drawing", _("The drawn signature did not arrive whole. Clear the field and sign again.")
    )
    if not text.startswith(PREFIX) or len(text) > LARGEST * 4 // 3 + len(PREFIX):
        return broken
    try:
        content = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        upload = InMemoryUploadedFile(io.BytesIO(content), field, name, "image/png", len(content), None)
        accepted = accept(upload, kinds=("image/png",), limit=LARGEST)
        empty = _is_of_one_colour(content)
    except (binascii.Error, ValueError, FileRefused, zlib.error):
        return broken
    if empty:
        return Problem(field, "empty", _("The field is empty. Sign in it, or choose to sign on paper."))
    return accepted


def _is_of_one_colour(png: bytes) -> bool:
    """Whether nothing is drawn. ValueError for what is no picture of a pad."""
    at, packed = 8, b""
    while at + 8 <= len(png):
        length, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
            if not 0 < width * height <= MOST_PIXELS:
                raise ValueError("size")
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    pixels = zlib.decompressobj().decompress(packed, MOST_PIXELS * 4 + 1200)
    if not pixels:
        raise ValueError("no picture")
    return len(set(pixels)) < FEWEST_TONES
