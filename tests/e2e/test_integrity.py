"""Farah has the log verified, takes away what is needed, and verifies it again where the portal is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Entrance

pytestmark = pytest.mark.e2e


def test_the_log_is_verified_on_the_spot_and_elsewhere(
    door: Entrance, patient: dict[str, Any], tmp_path: Path
) -> None:
    farah = door.sign_in("farah")
    page = farah.visit("/oversight/integrity/")
    page.get_by_role("button", name="Verify now").click()
    # The job may be done before the page that shows its progress is there.
    done = page.get_by_text("The job is done").or_(page.get_by_text("The consent log is intact"))
    expect(done.first).to_be_visible()
    farah.shot("integrity-verified", both=True)
    page = farah.visit("/oversight/integrity/")
    expect(page.get_by_text("The consent log is intact")).to_be_visible()

    page.get_by_role("region", name="Checkpoints of the consent log").get_by_role("link").first.click()
    expect(page.get_by_role("img", name="QR code of the checkpoint")).to_be_visible()
    farah.shot("checkpoint", both=True)
    with page.expect_download() as kept:
        page.get_by_role("link", name="The checkpoint").click()
    kept.value.save_as(tmp_path / "checkpoint.json")

    page = farah.visit("/oversight/integrity/")
    for label, name in (
        ("The log", "log.jsonl"),
        ("The verifier", "verify.py"),
        ("The public key", "key.pem"),
    ):
        with page.expect_download() as taken:
            page.get_by_role("main").get_by_role("link", name=label).first.click()
        taken.value.save_as(tmp_path / name)
    command = ["verify.py", "log.jsonl", "--checkpoint", "checkpoint.json", "--public-key", "key.pem"]
    done = subprocess.run(
        [sys.executable, "-I", *command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "INTACT." in done.stdout
    assert not farah.complaints


def test_a_coordinator_finds_no_way_there(door: Entrance) -> None:
    asha = door.sign_in("asha")
    assert asha.refused("/oversight/integrity/") == 403
    assert asha.posting("/oversight/integrity/verify/") == 403
    assert asha.refused("/api/v1/consent-log/export.jsonl") == 403
