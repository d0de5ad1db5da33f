from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunningPortal
from tests.e2e.browser import ARGUMENTS, Entrance, Script, Scripts, token_of


# The browser closes with the last test of this package: while it is open an event loop runs in this process, and
# Django refuses database work beside one.
@pytest.fixture(scope="package")
def entrance(running_portal: RunningPortal, artefacts: Path) -> Iterator[Entrance]:
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.fail("The end-to-end tests need Chromium. Install it: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield Entrance(browser, running_portal.url, artefacts)
        browser.close()


@pytest.fixture
def door(entrance: Entrance, request: pytest.FixtureRequest) -> Iterator[Entrance]:
    """`door.sign_in("asha")`; the tabs are closed after the test. A test that fails leaves a picture of each."""
    failed = request.session.testsfailed
    yield entrance
    if request.session.testsfailed > failed:
        for number, context in enumerate(entrance.contexts):
            for page in context.pages:
                page.screenshot(
                    path=entrance.shots / f"failed-{request.node.name}-{number}.png", timeout=5000
                )
    entrance.close()


@pytest.fixture(scope="package")
def scripts(running_portal: RunningPortal) -> Scripts:
    """`scripts("sanjay")("/api/v1/me/")`: one token for each person."""
    held: dict[str, Script] = {}

    def of(name: str) -> Script:
        if name not in held:
            held[name] = token_of(running_portal.url, name)
        return held[name]

    return of


@pytest.fixture(scope="package")
def patient(scripts: Scripts) -> dict[str, Any]:
    """The published case, as the API gives it."""
    answer = scripts("asha")("/api/v1/participants/?retrospective=true").json()
    found = [one for one in answer["results"] if one["label"] == "Published case"]
    assert len(found) == 1, answer
    return found[0]


@pytest.fixture(scope="package")
def places(scripts: Scripts, patient: dict[str, Any]) -> dict[str, Any]:
    asha = scripts("asha")
    product = asha("/api/v1/forms/cell-product/?limit=50").json()["results"][-1]
    treated = product["participant"]
    insulin = asha(f"/api/v1/forms/insulin/?participant={patient['code']}").json()["results"][0]
    visit = asha(f"/api/v1/visits/?participant={treated}").json()["results"][0]
    entry = asha(f"/api/v1/consent-events/?participant={treated}").json()["results"][0]
    return {
        "published": patient["code"],
        "treated": treated,
        "product": product["id"],
        "insulin": insulin["id"],
        "visit": visit["id"],
        "entry": entry["id"],
    }
