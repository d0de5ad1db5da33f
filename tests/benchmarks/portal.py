"""A scratch portal: its own embedded servers, migrated, with gunicorn in front; gone when the benchmark ends."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from studyportal.embedded import Places, lease
from studyportal.embedded.clean import remove_outside
from studyportal.embedded.processes import tail

ROOT = Path(__file__).resolve().parents[2]


class Portal:
    """Use as a context. `places` names the servers; `port` is where gunicorn answers."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.places = Places.at(var)
        self.port = 0
        self.web: subprocess.Popen[bytes] | None = None
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL", "DATABASE_OWNER_URL", "STUDYPORTAL_DATABASE_ROLE")
        } | {"STUDYPORTAL_VAR": str(var), "DJANGO_SETTINGS_MODULE": "config.settings"}

    def __enter__(self) -> Portal:
        self._remove()
        self.var.mkdir(parents=True)
        self.lease = lease(self.var)
        os.environ.update(self.environment)
        self.run(["-m", "studyportal.embedded.prepare"], STUDYPORTAL_DATABASE_ROLE="owner")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_web()
        self.lease.release()
        self._remove()

    def _remove(self) -> None:
        if self.var.exists():
            remove_outside(self.var)
            shutil.rmtree(self.var)

    def run(self, words: list[str], **more: str) -> None:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment | more,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")

    def start_web(self) -> None:
        """gunicorn as the supervisor starts it."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        log = self.places.logs / "web.log"
        with log.open("wb") as output:
            self.web = subprocess.Popen(
                [
                    sys.executable,
                    *(
                        "-m",
                        "gunicorn",
                        "--config",
                        "python:config.gunicorn",
                        "--bind",
                        f"127.0.0.1:{self.port}",
                    ),
                    "config.wsgi",
                ],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/sign-in/", timeout=5).close()
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if self.web.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError(f"gunicorn did not answer:\n{tail(log, 30)}")

    def stop_web(self) -> None:
        if self.web is not None:
            self.web.terminate()
            try:
                self.web.wait(15)
            except subprocess.TimeoutExpired:
                self.web.kill()
                self.web.wait()
            self.web = None

    def restart_web(self) -> None:
        """Fresh workers, so that a peak of memory belongs to what comes next."""
        self.stop_web()
        self.start_web()

    def peak_memory(self) -> int:
        """The largest resident set that one worker has had, in bytes (Linux)."""
        assert self.web is not None
        peaks = [0]
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                status = (directory / "status").read_text()
            except OSError:
                continue
            if f"PPid:\t{self.web.pid}\n" in status:
                peaks.append(int(status.split("VmHWM:")[1].split()[0]) * 1024)
        return max(peaks)
