"""One spelling for one content: canonical JSON, and checksums of frames and of the code. No Django."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def canonical_json(content: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces. Raises ValueError on NaN and infinity."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def frame_sha256(*frames: pd.DataFrame) -> str:
    """Checksum of the frames' columns and rows, whatever the order of the rows."""
    digest = hashlib.sha256()
    for frame in frames:
        lines = sorted(
            json.dumps(
                [None if absent else str(cell) for cell, absent in zip(row, gaps, strict=True)],
                ensure_ascii=False,
            )
            for row, gaps in zip(
                frame.itertuples(index=False), frame.isna().itertuples(index=False), strict=True
            )
        )
        digest.update(json.dumps(list(frame.columns)).encode())
        for line in lines:
            digest.update(line.encode() + b"\n")
        digest.update(b"\0")
    return digest.hexdigest()


@lru_cache(maxsize=1)
def code_version() -> str:
    """Names the code that computes: the checksum of the sources of `statistics`."""
    digest = hashlib.sha256()
    for path in sorted((Path(__file__).parent / "statistics").glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"statistics-{digest.hexdigest()[:16]}"
