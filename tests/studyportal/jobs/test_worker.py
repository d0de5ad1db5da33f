"""A real worker process, killed in the middle of a job: the job is done again, and what it writes is written once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from config import servers
from config.celery import app
from studyportal.access.models import Site
from studyportal.embedded.places import APP_ROLE
from studyportal.jobs import actions, tasks
from studyportal.jobs.models import Job, JobState
from tests.cast import Cast
from tests.studyportal.jobs import kinds  # noqa: F401  (registers them)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """`worker(pool)` starts a worker on a queue of this test's own."""
    queue = f"test-{uuid.uuid4().hex}"
    before = app.conf.task_default_queue
    app.conf.task_default_queue = queue
    app.amqp.flush_routes()
    processes: list[subprocess.Popen[bytes]] = []

    def start(pool: str) -> subprocess.Popen[bytes]:
        log = (tmp_path / f"worker-{len(processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "config", "worker", f"--pool={pool}", "--concurrency=1",
             "--loglevel=INFO", "--without-gossip", "--without-mingle", "-n", f"{uuid.uuid4().hex}@test"],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tests.studyportal.jobs.worker_settings",
                "JOBS_TEST_DATABASE": connection.settings_dict["NAME"],
                "JOBS_TEST_ROLE": APP_ROLE,
                "JOBS_TEST_QUEUE": queue,
            },
            cwd=servers.BASE_DIR,
            stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
    app.conf.task_default_queue = before
    for log in sorted(tmp_path.glob("worker-*.log")):
        print(f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}")


def until(condition: Callable[[], Any], what: str, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.1)


def state(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def written() -> int:
    return Site.objects.filter(name="written by the job").count()


@pytest.mark.parametrize(("pool", "where"), [("solo", "work"), ("prefork", "work"), ("solo", "write")])
def test_a_killed_worker_loses_nothing_and_repeats_nothing(
    cast: Cast, worker: Any, tmp_path: Path, settings: Any, pool: str, where: str
) -> None:
    settings.JOBS_STALE_AFTER = 2
    job = actions.start("test.marked", params={"marks": str(tmp_path), "where": where}, by=cast.asha)
    first = worker(pool)
    mark = tmp_path / ("started" if where == "work" else "written")
    until(mark.exists, "the first worker to be in the middle of the job")
    until(lambda: state(job) == "running" and job.done == 1, "its progress to be seen from outside")

    first.send_signal(signal.SIGKILL)
    first.wait()
    mark.unlink()
    assert written() == 0
    until(lambda: tasks.rescue_stale() == 1, "the job to be found stale")
    assert state(job) == JobState.QUEUED
    worker(pool)
    until(mark.exists, "the second worker to be in the middle of the job")
    (tmp_path / "go").write_text("")
    until(lambda: state(job) in ("done", "failed"), "the job to end")

    assert (job.state, job.attempts, job.error) == (JobState.DONE, 2, "")
    assert job.result == {"done": True}
    assert written() == 1
    assert tasks.rescue_stale() == 0


def test_a_running_job_is_cancelled_across_processes(cast: Cast, worker: Any, tmp_path: Path) -> None:
    job = actions.start("test.marked", params={"marks": str(tmp_path)}, by=cast.asha)
    worker("solo")
    until((tmp_path / "started").exists, "the worker to be in the middle of the job")

    actions.cancel(job, by=cast.asha)

    until(lambda: state(job) != "running", "the job to stop", seconds=10)
    assert job.state == JobState.CANCELLED
    assert written() == 0
