"""Pictures drawn anew: what one sees stays, and nothing else."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from studyportal.files.checks import Accepted, FileRefused, accept
from studyportal.files.pictures import LONGEST_SIDE, MOST_PIXELS, THUMBNAIL_SIDE, drawn_anew, thumbnail
from tests.studyportal.attachments.pictures import PLACE, given, photo, picture
from tests.studyportal.files.samples import JPEG, PNG, zipped

KINDS = ("application/pdf", "image/jpeg", "image/png", "image/webp")


def sent(content: bytes, content_type: str = "image/jpeg") -> Accepted:
    return Accepted("photo", content, content_type, "0" * 64)


def png_of(width: int, height: int) -> bytes:
    """A few bytes that say they are a picture of this size: a bomb."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (JPEG, "image/jpeg", "broken"),  # begins and ends as one, and is none
        (photo()[:300], "image/jpeg", "broken"),
        (PNG[:30], "image/png", "broken"),
        (png_of(60_000, 60_000), "image/png", "too_many_pixels"),
        (png_of(8_001, 8_000), "image/png", "too_many_pixels"),
        (png_of(2_000_000_000, 2_000_000_000), "image/png", "too_many_pixels"),
        (png_of(9_000, 7_000), "image/png", "broken"),  # within the limit, and its points are not there
    ],
)
def test_wrong_pictures(content: bytes, content_type: str, code: str) -> None:
    with pytest.raises(FileRefused) as refused:
        drawn_anew(sent(content, content_type))
    assert refused.value.code == code
    assert len(str(refused.value)) > 20


def test_a_picture_that_moves() -> None:
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    with pytest.raises(FileRefused) as refused:
        drawn_anew(sent(out.getvalue(), "image/webp"))
    assert refused.value.code == "animated"


def test_place_device_and_what_is_appended_are_gone() -> None:
    content = photo() + b"SEFT-of-a-telephone" + PLACE
    assert PLACE in content
    kept = drawn_anew(sent(content))
    assert PLACE not in kept.accepted.content
    assert b"Exif" not in kept.accepted.content
    assert not Image.open(io.BytesIO(kept.accepted.content)).getexif()
    assert (kept.original_sha256, kept.accepted.sha256 != kept.original_sha256) == ("0" * 64, True)


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (60, 40)), (3, (60, 40)), (6, (40, 60)), (8, (40, 60))]
)
def test_it_stands_upright(orientation: int, size: tuple[int, int]) -> None:
    kept = drawn_anew(sent(photo(orientation=orientation)))
    assert (kept.width, kept.height) == size


@pytest.mark.parametrize(
    ("fmt", "mode", "content_type", "kept_as"),
    [
        ("JPEG", "RGB", "image/jpeg", "image/jpeg"),
        ("JPEG", "L", "image/jpeg", "image/jpeg"),
        ("JPEG", "CMYK", "image/jpeg", "image/jpeg"),
        ("PNG", "RGB", "image/png", "image/png"),
        ("PNG", "RGBA", "image/png", "image/png"),
        ("PNG", "L", "image/png", "image/png"),
        ("PNG", "P", "image/png", "image/png"),
        ("PNG", "1", "image/png", "image/png"),
        ("PNG", "I;16", "image/png", "image/png"),
        ("WEBP", "RGB", "image/webp", "image/jpeg"),
        ("WEBP", "RGBA", "image/webp", "image/jpeg"),
    ],
)
def test_each_kind_of_picture(fmt: str, mode: str, content_type: str, kept_as: str) -> None:
    kept = drawn_anew(sent(picture(fmt, mode=mode, colour=1), content_type)).accepted
    assert kept.content_type == kept_as
    assert Image.open(io.BytesIO(kept.content)).size == (60, 40)
    assert Image.open(io.BytesIO(thumbnail(kept.content))).format == "JPEG"


def test_a_large_picture_is_made_smaller() -> None:
    kept = drawn_anew(sent(picture(size=(LONGEST_SIDE + 400, 1_100))))
    assert (kept.width, kept.height) == (LONGEST_SIDE, 1_000)
    assert max(Image.open(io.BytesIO(thumbnail(kept.accepted.content))).size) <= THUMBNAIL_SIDE
    assert MOST_PIXELS > 50_000_000, "what telephones make"


# --- What `accept` takes when pictures are drawn anew ----------------------------------------------------


@pytest.mark.parametrize("tail", [b"SEFT", b"\x00" * 50])
def test_what_a_telephone_appends_is_no_reason_to_refuse(tail: bytes) -> None:
    assert accept(given("a.jpg", photo() + tail), kinds=KINDS, limit=100_000, drawn_anew=True)
    with pytest.raises(FileRefused):
        accept(given("a.jpg", photo() + tail), limit=100_000)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", photo() + b"<html><script>x</script>"),
        ("a.jpg", photo() + zipped()),
        ("a.png", picture("PNG") + b"<svg onload=x>"),
        ("a.webp", picture("WEBP") + b"<?php x ?>"),
        ("a.webp", picture("WEBP") + zipped()),
    ],
)
def test_two_kinds_in_one_are_refused(name: str, content: bytes) -> None:
    with pytest.raises(FileRefused) as refused:
        accept(given(name, content), kinds=KINDS, limit=100_000, drawn_anew=True)
    assert refused.value.code == "two_kinds"


def test_a_webp_is_no_document() -> None:
    with pytest.raises(FileRefused) as refused:
        accept(given("a.webp", picture("WEBP")), limit=100_000)
    assert refused.value.code == "type"
