"""Pictures as telephones make them."""

from __future__ import annotations

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

PLACE = b"GPS-DEVICE-MARK"


def picture(fmt: str = "JPEG", *, mode: str = "RGB", size: tuple[int, int] = (60, 40), colour: Any = 90, **more: Any) -> bytes:  # fmt: skip
    out = io.BytesIO()
    ground = colour if len(mode) == 1 else (colour,) * Image.new(mode, (1, 1)).im.bands
    Image.new(mode, size, ground).save(out, fmt, **more)
    return out.getvalue()


def photo(*, orientation: int = 1, colour: int = 90) -> bytes:
    """A JPEG that says where and with what it was taken."""
    exif = Image.Exif()
    exif[0x010F] = PLACE.decode()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825).update({1: "N", 2: (18.0, 57.0, 0.0), 3: "E", 4: (72.0, 49.0, 0.0)})
    return picture(exif=exif, colour=colour)


def given(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")
