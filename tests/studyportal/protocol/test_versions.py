"""Start-up checks, registration of versions, the command, the page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.utils import ProgrammingError
from django.test import RequestFactory

from studyportal.protocol import current, forget, parse, views
from studyportal.protocol.actions import VersionTaken, register_version
from studyportal.protocol.checks import protocol_is_valid
from studyportal.protocol.loader import DEFAULT_PATH
from studyportal.protocol.models import ProtocolVersion

TEXT = DEFAULT_PATH.read_text(encoding="utf-8")


@pytest.fixture
def wrong_file(tmp_path: Path, settings: object) -> Path:
    path = tmp_path / "wrong.yaml"
    path.write_text(TEXT.replace("window_before: 21", "window_before: -1"), encoding="utf-8")
    settings.PROTOCOL_FILE = path  # type: ignore[attr-defined]
    forget()
    return path


def test_a_wrong_protocol_is_an_error_of_the_system_check(wrong_file: Path) -> None:
    (error,) = protocol_is_valid(None)

    assert error.id == "protocol.E001"
    assert f"{wrong_file}:" in error.msg and "window_before" in error.msg


def test_the_check_passes_for_the_study(settings: object) -> None:
    assert protocol_is_valid(None) == []


def test_web_and_worker_do_not_start_on_a_wrong_protocol(wrong_file: Path) -> None:
    script = (
        "from django.conf import settings\n"
        f"settings.configure(PROTOCOL_FILE={str(wrong_file)!r}, INSTALLED_APPS=['studyportal.protocol'])\n"
        "import django; django.setup()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        timeout=60,
        check=False,
    )

    assert run.returncode != 0
    assert "ImproperlyConfigured: The protocol cannot be used" in run.stderr
    assert f"{wrong_file}:" in run.stderr


@pytest.mark.django_db
def test_the_same_version_with_another_text_is_refused() -> None:
    register_version(current())
    other = parse(TEXT.replace("label: Screening", "label: Screening visit"))

    with pytest.raises(VersionTaken, match="raise the version"):
        register_version(other)
    assert ProtocolVersion.objects.count() == 1


@pytest.mark.django_db
def test_the_database_holds_one_row_per_hash_and_per_number() -> None:
    version, _ = register_version(current())
    for values in (
        {"version": "9", "sha256": version.sha256},
        {"version": version.version, "sha256": "0" * 64},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            ProtocolVersion.objects.create(key=version.key, text="", **values)


@pytest.mark.django_db
def test_a_registered_version_cannot_be_changed() -> None:
    version, _ = register_version(current())

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        ProtocolVersion.objects.filter(pk=version.pk).update(text="other")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        ProtocolVersion.objects.filter(pk=version.pk).delete()


@pytest.mark.django_db
def test_registering_twice_changes_nothing_and_a_new_version_is_added() -> None:
    first, created = register_version(current())
    again, created_again = register_version(current())
    second, _ = register_version(parse(TEXT.replace('version: "1.4"', 'version: "1.5"')))

    assert (created, created_again) == (True, False)
    assert first.pk == again.pk != second.pk
    assert first.text == TEXT


@pytest.mark.django_db
def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    call_command("load_protocol")
    assert "Protocol t1dm-cell-therapy 1.4 registered" in capsys.readouterr().out
    path = tmp_path / "trial.yaml"
    path.write_text("study: {}\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"trial\.yaml:1: .*is missing"):
        call_command("load_protocol", file=str(path))


def test_the_schema_command(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("protocol_schema")

    assert json.loads(capsys.readouterr().out)["title"] == "Protocol of a cohort study"


@pytest.mark.django_db
def test_the_page_shows_the_protocol_as_people_read_it(rf: RequestFactory, admin_user: object) -> None:
    register_version(current())
    request = rf.get("/protocol/")
    request.user = admin_user  # type: ignore[assignment]

    page = views.page(request).content.decode()

    for text in ("45 ± 7", "−42 to −1", "500–5000 ×10⁶", "400–1600 ×10⁶", "4548-4",
                 "working default of this study", current().sha256, "no growth at 14 days", "Release criteria"):  # fmt: skip
        assert text in page, text


@pytest.mark.django_db
def test_answers_for_programs(rf: RequestFactory) -> None:
    version, _ = register_version(current())

    assert json.loads(views.protocol_json(rf.get("/")).content)["study"]["version"] == "1.4"
    assert "properties" in json.loads(views.schema_json(rf.get("/")).content)
    assert views.version_text(rf.get("/"), version.sha256).content.decode() == TEXT


@pytest.fixture(autouse=True)
def fresh() -> object:
    yield
    forget()
