"""The OpenAPI document is valid, and whatever is sent along it is answered: by a success or a clear 4xx, never a 5xx.

The requests are made up from the document itself and go to the running portal. They name a participant of their own
and its records, so that they come as deep as a real client and change nothing of the demo study.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

pytestmark = pytest.mark.e2e

PASSWORD = "studyportal-demo"
# A data manager may do most of what the API offers.
WHO = "meera"
EXAMPLES = 3
NOBODYS = 987_654_321


@dataclass
class Client:
    """The portal's API as one person's script sees it, and the records that the script may spoil."""

    url: str
    token: str = ""
    participant: str = ""
    records: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    http: requests.Session = field(default_factory=requests.Session)

    def sign_in(self) -> None:
        body = {
            "username": WHO,
            "password": PASSWORD,
            "name": "OpenAPI test",
            "days": 1,
            "access": "read_write",
        }
        self.token = ""
        self.token = self.post("/api/v1/tokens/", body)["token"]

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Token {self.token}"
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return {"refused": error.code, "said": error.read().decode()}

    def get(self, path: str) -> Any:
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Token {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def fill(self) -> None:
        """A participant with a visit, and an empty record of every form that can be had."""
        made = self.post(
            "/api/v1/participants/",
            {"site": "MUM", "group": "case", "retrospective": True, "label": "OpenAPI test"},
        )
        self.participant = made["code"]
        visit = self.post(
            "/api/v1/visits/", {"participant": self.participant, "key": "BL", "happened_on": "2016-11-01"}
        )
        self.records["visit"] = visit["id"]
        for form in self.get("/api/v1/forms/"):
            parents = {name: self.records[name] for name in form["parents"] if name in self.records}
            made = self.post(
                f"/api/v1/forms/{form['key']}/",
                {"participant": self.participant, "complete": False, **parents},
            )
            if "id" in made:
                self.records[form["key"]] = made["id"]
                # Other forms name it by its last word: cell-session → session.
                self.records[form["key"].rsplit("-", 1)[-1]] = made["id"]

    def identifier_for(self, path: str) -> int:
        """The own record that a path means, or one that nobody has."""
        name = path.removeprefix("/api/v1/").split("{")[0].strip("/").split("/")[-1]
        return self.records.get(name, self.records.get(name.rstrip("s"), NOBODYS))


@pytest.fixture(scope="module")
def client(running_portal: Any) -> Iterator[Client]:
    client = Client(running_portal.url)
    client.sign_in()
    client.fill()
    yield client
    client.http.close()


@pytest.fixture(scope="module")
def document(running_portal: Any) -> dict[str, Any]:
    with urllib.request.urlopen(f"{running_portal.url}/api/schema/?format=json", timeout=60) as answer:
        return json.loads(answer.read())


@pytest.fixture(scope="module")
def schema(document: dict[str, Any]) -> Any:
    return schemathesis.openapi.from_dict(document)


def test_the_document_is_valid(document: dict[str, Any], schema: Any) -> None:
    assert document["openapi"].startswith("3.1")
    schema.validate()
    for name, part in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(part)
        assert part, name


def test_every_operation_is_named_once_and_says_what_it_answers(document: dict[str, Any]) -> None:
    names: list[str] = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            names.append(operation["operationId"])
            assert operation["responses"], (method, path)
    assert len(names) == len(set(names))


def target(client: Client, case: Case) -> Case:
    """Point a made-up request at the own records: it then passes the first gate, and meets the checks behind it."""
    if isinstance(case.body, dict):
        for name in case.body.keys() & ({"participant"} | client.records.keys()):
            case.body[name] = client.participant if name == "participant" else client.records[name]
    return case


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "misfit"]
)
@pytest.mark.slow
def test_no_request_is_met_by_a_server_error(client: Client, schema: Any, mode: GenerationMode) -> None:
    broken: list[str] = []
    unclear: list[str] = []
    tried = 0

    def send(case: Case) -> None:
        nonlocal tried
        tried += 1
        # This operation ends the token that it is sent with.
        if case.method == "DELETE" and case.path.endswith("/tokens/own/"):
            client.sign_in()
        address = case.formatted_path
        headers = {"Authorization": f"Token {client.token}", "If-Match": client.versions.get(address, '"1"')}
        answer = target(client, case).call(
            base_url=client.url, session=client.http, headers=headers, timeout=60
        )
        if case.method == "DELETE" and case.path.endswith("/tokens/own/"):
            client.sign_in()
        if "etag" in answer.headers:
            client.versions[address] = answer.headers["etag"][0]
        if answer.status_code >= 500:
            broken.append(f"{answer.status_code}: {case.as_curl_command(headers={})}")
        elif answer.status_code >= 400:
            kind = answer.headers.get("content-type", [""])[0]
            if not kind.startswith("application/problem+json"):
                unclear.append(f"{answer.status_code} {kind}: {case.as_curl_command(headers={})}")

    operations = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result.err()
        operation = result.ok()
        operations += 1
        fixed = {
            "id": client.identifier_for(operation.path),
            "job_id": NOBODYS,
            "code": client.participant,
        }
        named = {p.name for p in operation.path_parameters}
        chosen = {name: value for name, value in fixed.items() if name in named} if mode.is_positive else None
        strategy = operation.as_strategy(generation_mode=mode, path_parameters=chosen)

        @given(case=strategy)
        @settings(
            max_examples=EXAMPLES,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        def along(case: Case) -> None:
            send(case)

        with suppress(Unsatisfiable):  # an operation that takes nothing cannot be sent a misfit
            along()
    assert operations > 100
    assert tried > operations
    assert not broken, f"{len(broken)} of {tried}:\n" + "\n".join(broken)
    assert not unclear, f"{len(unclear)} of {tried}:\n" + "\n".join(unclear)
