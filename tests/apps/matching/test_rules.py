"""The state of a run."""

from __future__ import annotations

import pytest

from apps.matching.rules import State, Step, state_of

P, V, R = Step("proposed", 1), Step("reviewed", 2), Step("returned", 2)


@pytest.mark.parametrize(
    ("steps", "newest", "state"),
    [
        ([], None, State("proposed")),
        ([P], 3, State("proposed")),
        ([P, V], 3, State("reviewed")),
        ([P, V, R], 3, State("returned")),
        ([P, R, V], 3, State("reviewed")),
        ([P, V, Step("frozen", 2, 3)], 3, State("frozen", 3)),
        ([P, V, Step("frozen", 2, 3)], 4, State("superseded", 3)),
        ([P, V, Step("frozen", 2, 3), R], 3, State("frozen", 3)),
    ],
)
def test_the_fold(steps: list[Step], newest: int | None, state: State) -> None:
    assert state_of(steps, newest_version=newest) == state
