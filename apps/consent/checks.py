"""Soft checks that rest on the consent log."""

from __future__ import annotations

from collections.abc import Iterable

from studyportal.crf.outcomes import Finding
from studyportal.words import said


def end_by_withdrawal(reason: str | None, withdrawn: bool) -> Iterable[Finding]:
    """Of the end of study. withdrawn: whether the log holds a withdrawal that stands."""
    if reason == "withdrew" and not withdrawn:
        yield Finding(
            "reason",
            "withdrawal_not_in_log",
            said(
                "The consent log holds no withdrawal. Record there what is withdrawn, from when, and by whom."
            ),
        )
