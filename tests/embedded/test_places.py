"""Where the servers' things lie, by table."""

import os
from pathlib import Path

import pytest

from studyportal.embedded.places import LONGEST_SOCKET_DIRECTORY, Places, SystemUser, reachable

OUTSIDER = SystemUser("outsider", 54321, 54321)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0o755, True), (0o711, True), (0o700, False), (0o770, False), (0o744, False)],
)
def test_a_directory_is_reached_only_when_each_above_it_lets_pass(tmp_path: Path, mode: int, expected: bool):
    directory = Path("/tmp") / f"reach-{os.getpid()}-{mode:o}"
    directory.mkdir()
    try:
        directory.chmod(mode)
        assert reachable(directory / "inside", OUTSIDER) is expected
    finally:
        directory.rmdir()


@pytest.mark.parametrize("name", ["with space", "naïve", "percent%20", "x" * 120, "quote'", "a?b", "a#b"])
def test_an_odd_or_long_path_gets_a_short_plain_socket_directory(name: str):
    places = Places.at(Path("/tmp") / name)
    assert len(str(places.sockets)) <= LONGEST_SOCKET_DIRECTORY
    assert places.sockets.parent == Path("/tmp")
    assert " " not in places.database_url() + places.broker_url + places.cache_url


def test_two_directories_never_share_a_socket_directory():
    assert Places.at("/tmp/a b").sockets != Places.at("/tmp/a  b").sockets


def test_a_plain_path_keeps_everything_below_itself():
    places = Places.at("/tmp/plain")
    assert places.sockets == Path("/tmp/plain/servers/run")
    assert places.database_url() == "postgres://studyportal_app@/studyportal?host=/tmp/plain/servers/run"
    assert places.broker_url == "redis+socket:///tmp/plain/servers/run/redis.sock?virtual_host=0"
