"""A directory of its own for each test's servers, and a look at which processes they leave."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from config import servers
from studyportal.embedded.clean import remove_outside


def processes_of(var: Path) -> list[str]:
    """Every living process whose command, directory or environment names `var`."""
    needle = str(var).encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                continue
            places = [process.joinpath("cmdline").read_bytes(), process.joinpath("environ").read_bytes()]
            places.append(os.fsencode(os.readlink(process / "cwd")))
        except OSError:
            continue
        if any(needle in place for place in places):
            found.append(f"{process.name} {places[0].replace(bytes(1), b' ').decode(errors='replace')}")
    return found


def wait_for(condition: Callable[[], bool], what: str, patience: float = 15) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"Waited {patience} s in vain: {what}"
        time.sleep(0.05)


@pytest.fixture
def var() -> Iterator[Path]:
    directory = servers.BASE_DIR / "var" / "tests" / f"life-{uuid.uuid4().hex[:8]}"
    directory.mkdir(parents=True)
    yield directory
    for line in processes_of(directory):
        with suppress(ProcessLookupError):  # it ended by itself in the meantime
            os.kill(int(line.split()[0]), signal.SIGKILL)
    wait_for(lambda: not processes_of(directory), "the killed processes to end")
    remove_outside(directory)
    shutil.rmtree(directory)


class Portal:
    """A supervisor as a child process."""

    def __init__(self, var: Path, *options: str) -> None:
        environment = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("STUDYPORTAL", "DJANGO", "PYTEST", "PORT"))
        }
        self.var = var
        self.output = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "studyportal.embedded.demo", "--var", str(var), *options],
            cwd=servers.BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_ready(self) -> str:
        """Everything printed until it was ready."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if line.startswith(("Ready", "StudyPortal is ready")):
                return self.output
        raise AssertionError(f"The supervisor ended:\n{self.output}")

    def end(self, with_signal: int | None = signal.SIGTERM, patience: float = 40) -> tuple[int, str]:
        if with_signal is not None:
            self.process.send_signal(with_signal)
        rest, _ = self.process.communicate(timeout=patience)
        self.output += rest
        return self.process.returncode, self.output


@pytest.fixture
def portal(var: Path) -> Iterator[Callable[..., Portal]]:
    started: list[Portal] = []

    def start(*options: str, var: Path = var) -> Portal:
        started.append(Portal(var, *options))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()
