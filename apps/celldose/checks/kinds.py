"""What every check takes and gives, and what is asked of history. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Finding
from studyportal.words import said

Values = Mapping[str, Any]


Context = Mapping[str, Any]


Check = Callable[[Values, Context], Iterable[Finding]]


def history(values: Values, context: Context) -> Iterable[Finding]:
    """What would have barred this step, had it been entered when it happened.

    context["history"]: the Problems that a gate held back because the event precedes the study. They open
    queries here, and breaches become deviations: nothing of the past is passed over in silence.
    """
    for bar in context.get("history", ()):
        yield Finding(
            None,
            f"history_{bar.code}",
            said(
                "Happened before the study, so it is recorded and not refused: %(message)s",
                message=bar.message,
            ),
        )
