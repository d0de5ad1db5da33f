"""Jobs for the tests; the worker process imports them too (see worker_settings.py)."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

from django.db import OperationalError, connection
from pghistory.runtime import _tracker

from studyportal.access.models import Site
from studyportal.access.permissions import Permission
from studyportal.jobs import JobError, Params, Result, job


class Count(Params):
    steps: int = 3


class Marked(Params):
    marks: str  # directory where the job leaves its marks and finds leave to go on
    where: str = "work"
    code: str = "AAA"


def wait_for(path: Path, progress: Any = None) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(path)
        if progress is not None:
            progress.check()
        time.sleep(0.05)


@job("test.count", title="Count", permission=Permission.RUN_OUTCOMES, params=Count)
def count(params: Count, progress: Any, by: Any) -> Result:
    for step in range(params.steps):
        progress(step, params.steps, f"step {step}")
    said = dict(_tracker.value.metadata)
    return Result(
        {"steps": params.steps, "by": by.username, "context": said}, write=lambda: {"url": "/outcomes/"}
    )


@job("test.marked", title="Marked", permission=Permission.SIGNED_IN, params=Marked)
def marked(params: Marked, progress: Any, by: Any) -> Result:
    """Writes one site, and waits for leave in its work or in its write."""
    marks = Path(params.marks)
    progress(1, 2, "half")
    (marks / "started").write_text(str(time.time()))
    if params.where == "work":
        wait_for(marks / "go", progress)

    def write() -> None:
        # The code is free for each try, so that a second write would not be stopped by the constraint.
        code = f"A{'ABCDEFGHIJ'[Site.objects.count()]}"
        Site.objects.create(code=code, name="written by the job", timezone="UTC")
        if params.where == "write":
            (marks / "written").write_text("")
            wait_for(marks / "go")

    return Result({"done": True}, write=write)


@job("test.refuses", title="Refuses", permission=Permission.SIGNED_IN)
def refuses(params: dict[str, Any], progress: Any, by: Any) -> None:
    raise JobError("There is no snapshot; make one first.")


@job("test.breaks", title="Breaks", permission=Permission.SIGNED_IN)
def breaks(params: dict[str, Any], progress: Any, by: Any) -> Result:
    def write() -> None:
        Site.objects.create(code="ZZZ", name="half", timezone="UTC")
        raise ZeroDivisionError("secret detail")

    return Result({}, write=write)


@job("test.database", title="Database", permission=Permission.SIGNED_IN, max_attempts=2)
def database(params: dict[str, Any], progress: Any, by: Any) -> None:
    raise OperationalError("server closed the connection unexpectedly")


@job("test.cut_off", title="Cut off", permission=Permission.SIGNED_IN)
def cut_off(params: dict[str, Any], progress: Any, by: Any) -> dict[str, Any]:
    """The first attempt loses its connection in the middle, the second does not."""
    from studyportal.jobs.models import Job

    if Job.objects.get(pk=progress.job_id).attempts == 1:
        wire = socket.socket(fileno=os.dup(connection.connection.fileno()))
        wire.shutdown(socket.SHUT_RDWR)
        Site.objects.count()
    return {"attempt": 2}


@job("test.no_json", title="No JSON", permission=Permission.SIGNED_IN)
def no_json(params: dict[str, Any], progress: Any, by: Any) -> Result:
    return Result(
        {"x": float("nan")}, write=lambda: Site.objects.create(code="ZZZ", name="half", timezone="UTC")
    )
