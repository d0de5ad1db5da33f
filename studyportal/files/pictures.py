"""Pictures drawn anew: what is kept holds what one sees and nothing else.

A photo carries the place and the moment where it was taken, the device, a preview of what was cut away, and whatever
somebody appended. The picture is decoded, turned as it is to be seen, and encoded again without any of it.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from studyportal.files.checks import Accepted, FileRefused

# Decoded, a picture takes four bytes for each: 256 MB at most. Telephones make 12 to 50 million.
MOST_PIXELS = 64_000_000
# The longer side as it is kept: a page of A4 at 340 points to the inch, where handwriting is read well.
LONGEST_SIDE = 4_000
THUMBNAIL_SIDE = 240
QUALITY = 88
_FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True)
class Picture:
    """accepted: the file as it is kept; original_sha256: of the bytes that were sent. Width and height in pixels."""

    accepted: Accepted
    original_sha256: str
    width: int
    height: int


def drawn_anew(sent: Accepted) -> Picture:
    """The picture without what cannot be seen; a PNG stays one, others become JPEG. Raises FileRefused."""
    with _opened(sent.content) as image:
        if getattr(image, "is_animated", False) and image.format != "MPO":
            raise FileRefused("animated", _("This picture moves. Attach one that stands still."))
        upright: Image.Image = ImageOps.exif_transpose(image)
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
        is_png = sent.content_type == "image/png"
        plain = _in_plain_colours(upright, keep_palette=is_png)
        out = io.BytesIO()
        if is_png:
            plain.save(out, "PNG", optimize=False)
        else:
            plain.save(out, "JPEG", quality=QUALITY, optimize=True)
    content = out.getvalue()
    return Picture(
        accepted=Accepted(
            name=sent.name,
            content=content,
            content_type="image/png" if is_png else "image/jpeg",
            sha256=hashlib.sha256(content).hexdigest(),
        ),
        original_sha256=sent.sha256,
        width=plain.width,
        height=plain.height,
    )


def thumbnail(content: bytes) -> bytes:
    """A small JPEG of a picture that was drawn anew."""
    with _opened(content) as image:
        image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        out = io.BytesIO()
        _in_plain_colours(image).save(out, "JPEG", quality=75)
    return out.getvalue()


def _opened(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Pillow warns of pictures beyond a limit of its own; ours is asked right below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
            if image.width * image.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            image.load()
    except Image.DecompressionBombError:
        raise FileRefused(
            "too_many_pixels",
            _("The picture has more than %d million points. Make it smaller.") % (MOST_PIXELS // 1_000_000),
        ) from None
    except (
        UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, MemoryError,
        OverflowError,
    ):  # fmt: skip
        raise FileRefused(
            "broken", _("The picture is broken or ends too early. Take it again, or save it anew.")
        ) from None
    return image


def _in_plain_colours(image: Image.Image, *, keep_palette: bool = False) -> Image.Image:
    """A new picture of the same points: grey, or red, green and blue on white; nothing else goes with it."""
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "P") or "transparency" in image.info:
        shown = image.convert("RGBA")
        ground = Image.new("RGB", shown.size, "white")
        ground.paste(shown, mask=shown.getchannel("A"))
        return ground
    if image.mode in ("1", "L", "I", "I;16", "F"):
        mode = "1" if image.mode == "1" and keep_palette else "L"
        if image.mode in ("I", "I;16"):  # sixteen bits of grey
            image = image.convert("I").point(lambda value: value / 256)
        plain = image.convert(mode)
    else:
        plain = image.convert("RGB")
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    return bare
