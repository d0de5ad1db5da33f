"""Protocols for tests: the study's own with visits counted otherwise, and amendments of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from studyportal import protocol
from studyportal.protocol import versions
from studyportal.protocol.actions import register_version

# The schedule of these tests: every anchor, and a chain of visits counted from the one before.
PHONE = """
  - key: ENR30
    label: 30 days after enrolment
    groups: [case, control]
    anchor: {case: enrolment, control: enrolment}
    target_day: 30
    window_before: 3
    window_after: 5
    content: Telephone
    forms:
      - {form: safety-review}
    source: Test

  - key: CALL1
    label: Two weeks after month 1
    groups: [case, control]
    anchor: {case: previous_visit, control: previous_visit}
    after: M1
    target_day: 14
    window_before: 2
    window_after: 2
    content: Telephone
    forms: []
    source: Test

  - key: CALL2
    label: Two weeks after the first call
    groups: [case]
    anchor: {case: previous_visit}
    after: CALL1
    target_day: 14
    window_before: 1
    window_after: 4
    content: Telephone
    forms: []
    source: Test

  - key: AFTER2
    label: A week after session 2
    groups: [case]
    anchor: {case: session_2}
    target_day: 7
    window_before: 1
    window_after: 1
    content: Telephone
    forms: []
    source: Test
"""
ANCHORS = """anchors:
  - {key: enrolment, label: Enrolment, groups: [case, control]}
  - {key: previous_visit, label: The visit before, groups: [case, control]}
"""


def text_of(
    version: str,
    *,
    applies_to: str = "everyone",
    in_force_on: str = "",
    calls: bool = False,
    without: str = "",
    windows: dict[str, int] | None = None,
) -> str:
    """The protocol of the study as another version. calls: with the visits above. without: a visit that it lacks.
    windows: visit key → window_after."""
    text = protocol.load(protocol.loader.DEFAULT_PATH).text
    force = f"\n  in_force_on: {in_force_on}" if in_force_on else ""
    text = re.sub(
        r'\n  version: "[^"]*"', f'\n  version: "{version}"\n  applies_to: {applies_to}{force}', text, count=1
    )
    if calls:
        text = text.replace("anchors:\n", ANCHORS, 1).replace(
            "\n  - key: M3\n", f"\n{PHONE}\n  - key: M3\n", 1
        )
    if without:
        text = re.sub(rf"\n  - key: {without}\n.*?(?=\n  - key: )", "\n", text, count=1, flags=re.DOTALL)
        text = re.sub(rf"\b{without}, |, {without}\b", "", text)
    for key, days in (windows or {}).items():
        text = re.sub(
            rf"(\n  - key: {key}\n.*?window_after: )\d+", rf"\g<1>{days}", text, count=1, flags=re.DOTALL
        )
    return text


@contextmanager
def running(*texts: str) -> Iterator[protocol.Protocol]:
    """The portal runs the last of these versions; those before it are registered."""
    *before, last = [protocol.parse(text) for text in texts]
    for one in before:
        register_version(one)
    versions.forget()
    patched: Any = patch.object(protocol, "current", lambda: last)
    try:
        with patched:
            yield last
    finally:
        versions.forget()
