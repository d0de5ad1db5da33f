from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What sends made-up requests to the running portal comes last, after those who read there."""
    items.sort(key=lambda item: item.path.name == "test_openapi.py")
