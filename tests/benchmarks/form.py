"""Opening and saving a form of thirty fields over HTTP with eight clients, as a coordinator's browser does it.

Opening is the GET of the page; saving is the POST of what was typed, with the page's ticket and its token against
forgery, up to the answer that leads on. Beside it stand, in the same run and on the same database, one prepared INSERT of
a row as wide, and a bare Django view that draws, validates and inserts thirty texts (`bare.py`).
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from studyportal.embedded.places import DATABASE, OWNER_ROLE
from tests.benchmarks.limits import connect, pgbench
from tests.benchmarks.portal import ROOT, Portal
from tests.benchmarks.report import Report, ms, per_second, percentile
from tests.benchmarks.study import People

CLIENTS = 8
KEY = "medical-history"
SECRET = "b" * 32
TICKET = re.compile(rb'name="ticket" value="([^"]+)"')


def form(portal: Portal, people: People, report: Report, *, participants: int, seconds: float) -> None:
    """The rows of the report; every refusal stops it with what was said."""
    values = _answers()
    numbers = itertools.count(1)
    cookies = {"Cookie": f"sessionid={people.coordinator_session}; csrftoken={SECRET}"}

    def pair(client: _Client) -> tuple[float, float]:
        number = 2 * next(numbers)  # Mumbai has the even ones
        if number > participants:
            raise RuntimeError("More forms were saved than there are participants: give more of them.")
        url = f"/participants/MUM-{number:06}-X/forms/{KEY}/new/"
        began = time.perf_counter()
        page = client.send("GET", url)
        opened = time.perf_counter() - began
        found = TICKET.search(page)
        if found is None:
            raise RuntimeError(f"{url} carries no ticket: {page[:500]!r}")
        body = urllib.parse.urlencode(
            values | {"ticket": found[1].decode(), "csrfmiddlewaretoken": SECRET}, doseq=True
        )
        began = time.perf_counter()
        client.send("POST", url, body, expect=302)
        return opened, time.perf_counter() - began

    with closing(connect(portal.places)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM enrolment_medicalhistory")
        before = int((cursor.fetchone() or (0,))[0])
    ours = _load(lambda: _Client(portal.port, cookies), pair, seconds)
    with closing(connect(portal.places)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM enrolment_medicalhistory")
        saved = int((cursor.fetchone() or (0,))[0]) - before
    if saved < len(ours):
        raise RuntimeError(f"{len(ours)} forms were answered and {saved} stand in the database")

    with _bare(portal) as port:
        texts = urllib.parse.urlencode({f"field_{number}": f"value {number}" for number in range(30)})

        def bare_pair(client: _Client) -> tuple[float, float]:
            began = time.perf_counter()
            client.send("GET", "/form/")
            opened = time.perf_counter() - began
            began = time.perf_counter()
            client.send("POST", "/form/", texts, expect=302)
            return opened, time.perf_counter() - began

        bare = _load(lambda: _Client(port, {}), bare_pair, seconds)
        from tests.benchmarks.bare import insert_sql

        statement = insert_sql("'value'").replace("%s", ":number", 1)
        limit, rate = pgbench(
            portal.places,
            f"\\set number random(1, 100000)\n{statement};\n",
            clients=CLIENTS,
            seconds=seconds,
        )
    what = f"form of {len(_fields())} fields, {CLIENTS} clients"
    for name, column in (("open", 0), ("save", 1)):
        mine = [one[column] for one in ours]
        theirs = [one[column] for one in bare]
        for share, word in ((0.5, "p50"), (0.95, "p95")):
            report.add(
                f"{name} a {what}: {word}",
                ms(percentile(mine, share)),
                f"bare Django {ms(percentile(theirs, share))}",
                f"{percentile(mine, share) / percentile(theirs, share):.1f} ×",
            )
    saves = [one[1] for one in ours]
    report.add(
        f"save a {what}, beside one INSERT as wide",
        f"{ms(percentile(saves, 0.5))}, {per_second(len(saves), seconds)} with opening",
        f"{ms(limit)} mean, {rate:,.0f}/s",
        f"{percentile(saves, 0.5) / limit:.1f} ×",
    )


# --- What is typed ---------------------------------------------------------------------------------------


def _fields() -> dict[str, Any]:
    from studyportal.crf.registry import get

    return get(KEY).entered_fields


def _answers() -> dict[str, Any]:
    """What a coordinator types: a value wherever the rules allow one, elsewhere why there is none."""
    from studyportal.crf import cleaning
    from studyportal.crf.registry import get

    spec = get(KEY)
    raw: dict[str, Any] = {name: _value(crf_field) for name, crf_field in spec.entered_fields.items()}
    for _ in range(10):
        cleaned = cleaning.clean(spec, raw)
        problems = cleaned.problems or cleaning.check_rules(
            spec, cleaned.values | dict.fromkeys(spec.derived_fields) | {"participant": None}
        )
        if not problems:
            break
        for problem in problems:
            name = problem.field or ""
            raw.pop(name, None)
            absent = raw.setdefault("absent", {})
            if name in spec.entered_fields and problem.code != "not_asked":
                absent[name] = "not_recorded"
    else:
        raise RuntimeError(f"The form cannot be filled: {problems}")
    absent = raw.pop("absent", {})
    return raw | {f"absent-{name}": why for name, why in absent.items()}


def _value(crf_field: Any) -> Any:
    if crf_field.code_labels:
        code = crf_field.code_labels[0][0]
        return [code] if crf_field.widget == "multiselect" else code
    typed = {
        "yesno": "yes",
        "number": "2",
        "date": "2015-03-01",
        "partial-date": "2015-03",
        "laboratory": "0.4",
    }
    return typed.get(crf_field.widget, "As written in the source.")


# --- Clients ---------------------------------------------------------------------------------------------


class _Client:
    """One kept connection that sends forms and does not follow."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.headers = headers
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def send(self, method: str, path: str, body: str | None = None, *, expect: int = 200) -> bytes:
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        self.connection.request(method, path, body, self.headers | kind)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != expect:
            said = re.sub(rb"<[^>]+>|\s+", b" ", content)
            raise RuntimeError(f"{method} {path}: {answer.status}: {said[:3000].decode(errors='replace')}")
        return content


def _load(
    make: Callable[[], _Client], pair: Callable[[_Client], tuple[float, float]], seconds: float
) -> list[tuple[float, float]]:
    """Eight threads that open and save for so long; a tenth of it before the clock starts, to be warm."""
    found: list[tuple[float, float]] = []
    faults: list[Exception] = []
    began = time.perf_counter() + seconds / 10
    stop_at = began + seconds

    def work() -> None:
        client = make()
        try:
            while (now := time.perf_counter()) < stop_at and not faults:
                one = pair(client)
                if now >= began:
                    found.append(one)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return found


@contextmanager
def _bare(portal: Portal) -> Iterator[int]:
    """The bare application on the database of the portal, by gunicorn with the portal's settings."""
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE,
        "USER": OWNER_ROLE,
        "HOST": str(portal.places.sockets),
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    table = [sys.executable, "-c", "from tests.benchmarks.bare import TABLE; print(TABLE)"]
    made = subprocess.run(table, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    with closing(connect(portal.places)) as connection, connection.cursor() as cursor:
        cursor.execute(made.stdout)
    log = portal.places.logs / "bare.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [
                sys.executable,
                *("-m", "gunicorn", "--config", "python:config.gunicorn", "--bind", f"127.0.0.1:{port}"),
                "tests.benchmarks.bare",
            ],
            cwd=ROOT,
            env=environment | {"BARE_DATABASE": json.dumps(database)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"the bare application did not answer: {log.read_text()[-2000:]}")
        yield port
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
