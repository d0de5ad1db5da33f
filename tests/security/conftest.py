from __future__ import annotations

from typing import Any

import pytest

from tests.cast import Cast
from tests.security import worlds as making


@pytest.fixture
def worlds(cast: Cast, as_owner: Any) -> making.Worlds:
    """Mumbai's world and Pune's, complete."""
    return making.build(cast, as_owner)
