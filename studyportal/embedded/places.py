"""Where the embedded servers keep their data, sockets and logs, and as which system user they run."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import stat
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

# A unix socket's path must fit into sockaddr_un (108 bytes); ".s.PGSQL.5432.lock" is the longest name we add.
LONGEST_SOCKET_DIRECTORY = 80
PLAIN_PATH = re.compile(r"^[A-Za-z0-9_./-]+$")

OWNER_ROLE = "studyportal_owner"
APP_ROLE = "studyportal_app"
DATABASE = "studyportal"

# PostgreSQL refuses to run as root; the first of these that exists runs it instead.
SERVICE_USERS = ("postgres", "nobody", "daemon")


@dataclass(frozen=True, slots=True)
class SystemUser:
    name: str
    uid: int
    gid: int


def service_user() -> SystemUser | None:
    """The user that the servers run as when we are root; None: run as who we are."""
    if os.geteuid() != 0:
        return None
    for name in SERVICE_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise LookupError(
        "PostgreSQL does not run as root, and this system has none of the users "
        f"{', '.join(SERVICE_USERS)}. Start as an ordinary user, or add one: useradd --system postgres"
    )


def reachable(path: Path, user: SystemUser) -> bool:
    """Whether `user` may walk down to `path` (execute permission on every directory above it)."""
    for directory in path.resolve().parents:
        if not directory.exists():
            continue
        info = directory.stat()
        if info.st_uid == user.uid:
            allowed = info.st_mode & stat.S_IXUSR
        elif info.st_gid == user.gid:
            allowed = info.st_mode & stat.S_IXGRP
        else:
            allowed = info.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


@dataclass(frozen=True)
class Places:
    """The paths of one embedded installation; computing them touches nothing."""

    var: Path

    @classmethod
    def at(cls, var: str | os.PathLike[str]) -> Places:
        return cls(Path(var).resolve())

    @property
    def name(self) -> str:
        """A short name that is this directory's own."""
        return hashlib.sha256(str(self.var).encode()).hexdigest()[:12]

    @cached_property
    def servers(self) -> Path:
        """The servers' data: under `var`, unless the service user cannot reach it (a checkout in /root)."""
        inside = self.var / "servers"
        user = service_user()
        if user is None or reachable(inside, user):
            return inside
        return Path("/var/lib") / f"studyportal-{self.name}"

    @property
    def moved(self) -> bool:
        return self.servers.parent != self.var

    @cached_property
    def sockets(self) -> Path:
        """The directory of the sockets: short and plain, because URLs and sockaddr_un ask for it."""
        inside = self.servers / "run"
        if len(str(inside)) <= LONGEST_SOCKET_DIRECTORY and PLAIN_PATH.match(str(inside)):
            return inside
        return Path(tempfile.gettempdir()) / f"studyportal-{os.geteuid()}-{self.name}"

    @property
    def postgres_data(self) -> Path:
        return self.servers / "postgres"

    @property
    def valkey_data(self) -> Path:
        return self.servers / "valkey"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def postgres_log(self) -> Path:
        return self.logs / "postgres.log"

    @property
    def valkey_log(self) -> Path:
        return self.logs / "valkey.log"

    @property
    def keeper_log(self) -> Path:
        return self.logs / "keeper.log"

    @property
    def secret_key(self) -> Path:
        return self.var / "secret_key"

    @property
    def identity_keys(self) -> Path:
        return self.var / "identity_keys"

    @property
    def identity_index_key(self) -> Path:
        return self.var / "identity_index_key"

    @property
    def checkpoint_key(self) -> Path:
        return self.var / "checkpoint_key"

    def database_url(self, role: str = APP_ROLE, database: str = DATABASE) -> str:
        return f"postgres://{role}@/{database}?host={quote(str(self.sockets), safe='/')}"

    @property
    def broker_url(self) -> str:
        return f"redis+socket://{self.valkey_socket}?virtual_host=0"

    @property
    def cache_url(self) -> str:
        return f"unix://{self.valkey_socket}?db=1"
