"""The published patient's casebook asks what the paper leaves open, and decides nothing silently."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Entrance

pytestmark = pytest.mark.e2e


def test_look(door: Entrance, patient: dict[str, Any]) -> None:
    asha = door.sign_in("asha")
    page = asha.visit(f"/participants/{patient['code']}/")
    print(page.locator("main").inner_text())
