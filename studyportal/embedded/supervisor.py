"""Starts the portal's processes in order, watches them, stops them in reverse order."""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from studyportal.embedded.leases import Lease, keeper_runs, lease, wait_until_stopped
from studyportal.embedded.places import Places
from studyportal.embedded.postgres import ServerError
from studyportal.embedded.processes import spawn, stop, tail

LOOK_EVERY = 0.05
READY_PATIENCE = 90.0
RESTARTS, RESTART_WINDOW = 3, 60.0  # more crashes than this within these seconds: the whole stops


class Failed(Exception):
    """Something cannot be started or ended by itself; the message says what, and shows its log's end."""


class AlreadyRunning(Exception):
    """Another supervisor has this directory."""


class Stopped(Exception):
    """We were asked to stop (Ctrl-C, SIGTERM)."""


@dataclass
class Service:
    """One child process that is to run all the time."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    death_signal: int = signal.SIGTERM
    patience: float = 10.0
    process: subprocess.Popen[bytes] | None = None
    crashes: list[float] = field(default_factory=list)


class Supervisor:
    """`with Supervisor(root, places) as s:` — what was started is stopped on leaving."""

    def __init__(self, root: Path, places: Places) -> None:
        self.root = root
        self.places = places
        self.url: str | None = None
        self.services: list[Service] = []
        self.lease: Lease | None = None
        self.lock: IO[bytes] | None = None
        self.asked_to_stop = False
        self.command: subprocess.Popen[bytes] | None = None
        self.embedded = not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))
        self.environment = os.environ | {
            "STUDYPORTAL_VAR": str(places.var),
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings"),
            "PYTHONPATH": str(root),
            "PYTHONUNBUFFERED": "1",
        }
        # A second start reads compiled modules; without them each process compiles all of Django again.
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)

    # --- Coming and going --------------------------------------------------------------------------------

    def __enter__(self) -> Supervisor:
        self.places.logs.mkdir(parents=True, exist_ok=True)
        self.lock = (self.places.var / "demo.lock").open("ab")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.lock.close()
            raise AlreadyRunning(self._who_runs()) from None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self.asked_to_stop = True  # further signals change nothing
        if self.command is not None:
            stop(self.command)
        if self.services or self.lease:
            self.say("Stopping …")
        for service in reversed(self.services):
            if service.process is not None:
                stop(service.process, patience=service.patience)
        if self.lease is not None:
            self.lease.release()
            try:
                wait_until_stopped(self.places, patience=30)
            except ServerError as error:
                self.say(str(error))
        (self.places.var / "demo.json").unlink(missing_ok=True)
        if self.lock is not None:
            self.lock.close()

    def _who_runs(self) -> str:
        try:
            running = json.loads((self.places.var / "demo.json").read_text())
            return (
                f"The portal already runs on this data ({self.places.var}): {running['url'] or 'servers only'}, "
                f"process {running['pid']}. Stop it first, or choose another directory with --var."
            )
        except (OSError, ValueError):
            return (
                f"The portal is just starting or stopping on this data ({self.places.var}). "
                "Wait a moment, or choose another directory with --var."
            )

    def _on_signal(self, *_: object) -> None:
        self.asked_to_stop = True

    def say(self, text: str) -> None:
        print(text, flush=True)

    def pause(self) -> None:
        """A short wait between two looks; raises Stopped when we were asked to stop."""
        if self.asked_to_stop:
            raise Stopped
        time.sleep(LOOK_EVERY)

    # --- Steps -------------------------------------------------------------------------------------------

    def start_servers(self) -> None:
        if not self.embedded:
            self.say("Using the servers that DATABASE_URL and REDIS_URL name.")
            return
        self.say("Starting PostgreSQL and Valkey …")
        self.lease = lease(self.places.var)
        if self.places.moved:
            self.say(f"The servers' user cannot reach {self.places.var}: data are in {self.places.servers}.")
        if self.asked_to_stop:
            raise Stopped

    def prepare(self) -> None:
        self.say("Preparing the database …")
        environment = {"STUDYPORTAL_DATABASE_ROLE": "owner"}
        self.run(["-m", "studyportal.embedded.prepare"], "the preparation", python=True, extra=environment)

    def start_web(self, host: str, port: int) -> None:
        self.say("Starting the web server …")
        chosen = free_port(host, port)
        if chosen != port:
            self.say(f"Port {port} is taken; using {chosen}.")
        name = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 (asked for by --host)
        self.url = f"http://{name}:{chosen}"
        self._start(
            Service(
                "web",
                [
                    "-m",
                    "gunicorn",
                    "--config",
                    "python:config.gunicorn",
                    "--bind",
                    f"{host}:{chosen}",
                    "config.wsgi",
                ],
                ready=lambda: answers(name, chosen),
            )
        )

    def start_worker(self) -> None:
        self.say("Starting the worker and the scheduler of the jobs …")
        quick = ["--without-gossip", "--without-mingle", "--concurrency", "2", "--loglevel", "INFO"]
        # A killed supervisor kills the worker at once: its jobs are made to survive that.
        self._start(self._celery("worker", quick, signal.SIGKILL))

    def start_beat(self) -> None:
        """After the others are ready: nobody waits for the first tick, and two cores start two processes best."""
        schedule = ["--schedule", str(self.places.var / "celerybeat-schedule"), "--pidfile="]
        self._start(self._celery("beat", schedule, signal.SIGTERM))

    def _celery(self, name: str, options: list[str], death_signal: int) -> Service:
        ready = self.places.var / f"{name}.ready"
        ready.unlink(missing_ok=True)
        return Service(name, ["-m", "celery", "--app", "config", name, *options], ready.exists, death_signal)

    def load_demo(self, *, always: bool = False) -> None:
        """The demo study goes in through the web API, once for each database and version of the study."""
        where = ("*/management/commands/load_demo.py", "*/*/management/commands/load_demo.py")
        if not any(next(self.root.glob(pattern), None) for pattern in where):
            return
        digest = hashlib.sha256()
        for path in sorted(self.root.glob("demo/*.*")):
            digest.update(path.name.encode() + path.read_bytes())
        # Beside the cluster, so that it goes with it; a database of one's own is asked each time.
        loaded = self.places.servers / "demo-loaded"
        if self.embedded and not always and loaded.exists() and loaded.read_text() == digest.hexdigest():
            return
        self.wait_until_ready("web")
        assert self.url is not None
        self.say("Loading the demo study (the first time takes a while) …")
        self.run(["manage.py", "load_demo", "--url", self.url], "load_demo", python=True, log="load_demo")
        if self.embedded:
            loaded.write_text(digest.hexdigest())

    def note_ready(self) -> None:
        running = {"pid": os.getpid(), "url": self.url}
        (self.places.var / "demo.json").write_text(json.dumps(running))

    # --- Processes ---------------------------------------------------------------------------------------

    def _log(self, name: str) -> Path:
        return self.places.logs / f"{name}.log"

    def _start(self, service: Service) -> None:
        self.services.append(service)
        self._log(service.name).write_bytes(b"")
        self._launch(service)

    def _launch(self, service: Service) -> None:
        ready_file = {"STUDYPORTAL_READY_FILE": str(self.places.var / f"{service.name}.ready")}
        service.process = spawn(
            [sys.executable, *service.command],
            log=self._log(service.name),
            death_signal=service.death_signal,
            cwd=self.root,
            env=self.environment | ready_file,
        )

    def run(
        self,
        command: Sequence[str],
        what: str,
        *,
        python: bool = False,
        quiet: bool = True,
        log: str = "prepare",
        extra: dict[str, str] | None = None,
    ) -> int:
        """Run a command to its end while watching the services; Failed when a quiet one fails."""
        environment = self.environment | (extra or {})
        if self.url:
            environment["STUDYPORTAL_URL"] = self.url
        words = [sys.executable, *command] if python else list(command)
        if quiet:
            self._log(log).write_bytes(b"")
            self.command = spawn(words, log=self._log(log), cwd=self.root, env=environment)
        else:
            self.command = subprocess.Popen(words, cwd=self.root, env=environment)
        while self.command.poll() is None:
            self.pause()
            self._look()
        status, self.command = self.command.returncode, None
        if status and quiet:
            end = tail(self._log(log), 30)
            raise Failed(f"{what} failed with status {status}. The end of {self._log(log)}:\n{end}")
        return status

    def wait_until_ready(self, name: str | None = None) -> None:
        deadline = time.monotonic() + READY_PATIENCE
        waiting = [s for s in self.services if name in {None, s.name}]
        while waiting:
            waiting = [service for service in waiting if not service.ready()]
            if not waiting:
                return
            if time.monotonic() > deadline:
                service = waiting[0]
                log = self._log(service.name)
                raise Failed(
                    f"{service.name} was not ready after {READY_PATIENCE:.0f} s. The end of {log}:\n{tail(log)}"
                )
            self._look()
            self.pause()

    def watch(self) -> None:
        """Until we are asked to stop."""
        while True:
            self.pause()
            time.sleep(LOOK_EVERY * 3)
            self._look()

    def _look(self) -> None:
        """Start a crashed service again; Failed when it keeps crashing or a server is gone."""
        if self.lease is not None and not keeper_runs(self.places):
            log = self.places.keeper_log
            raise Failed(f"The database servers ended. The end of {log}:\n{tail(log, 30)}")
        for service in self.services:
            if service.process is None or service.process.poll() is None:
                continue
            now = time.monotonic()
            service.crashes = [t for t in service.crashes if now - t < RESTART_WINDOW] + [now]
            log = self._log(service.name)
            if len(service.crashes) > RESTARTS:
                raise Failed(f"{service.name} ended again and again. The end of {log}:\n{tail(log)}")
            self.say(
                f"{service.name} ended with status {service.process.returncode}: starting it again (see {log})."
            )
            self._launch(service)


def free_port(host: str, wanted: int) -> int:
    """`wanted`, or the next free port after it, or any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (*range(wanted, min(wanted + 20, 65536)), 0):
        with socket.socket(family, socket.SOCK_STREAM) as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind((host, port))
            except PermissionError as error:
                raise Failed(
                    f"Port {port} needs more rights than this user has: choose one above 1023."
                ) from error
            except OSError as error:
                if isinstance(error, socket.gaierror):
                    raise Failed(f"There is no address {host} on this machine: {error}") from error
                continue
            return int(candidate.getsockname()[1])
    raise Failed(f"No free port on {host}.")


def answers(host: str, port: int) -> bool:
    """Whether the portal's health page says that web, database and cache work."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
