"""Posts demo/seed_case.yaml to the portal, record by record. What is there already is left as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from demo.client import ApiRefused, Client, Transport

FILE = Path(__file__).with_name("seed_case.yaml")
TOKEN_NAME = "load_demo"  # noqa: S105 (what the token is called)
MEMBERS = {"id", "row", "source", "as", "to", "known_by", "body"}


class SeedError(ValueError):
    """The file says something that cannot be posted; the message names the record."""


@dataclass(frozen=True)
class SeedRecord:
    """One request of the file.

    id: its name within the file; row, source: where it stands in the casebook of the domain reference and in the
    paper (never posted); user: who enters it; to: the endpoint below /api/v1/; known_by: the members that tell
    whether it is there already; body: what is posted, where "@other" stands for another record's identifier.
    """

    id: str
    row: str
    source: str
    user: str
    to: str
    known_by: tuple[str, ...]
    body: Mapping[str, Any]


@dataclass
class Loaded:
    """What became of the records: id → the record as the portal holds it."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)


def read(path: Path = FILE) -> list[SeedRecord]:
    """The records of the file, in order. Raises SeedError for an unknown member or a reference ahead."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    records: list[SeedRecord] = []
    seen: set[str] = set()
    for entry in document["records"]:
        name = str(entry.get("id"))
        unknown, missing = set(entry) - MEMBERS, MEMBERS - set(entry)
        if unknown or missing:
            raise SeedError(
                f"{path.name}, record “{name}”: unknown {sorted(unknown)}, missing {sorted(missing)}."
            )
        if name in seen:
            raise SeedError(f"{path.name}: two records are called “{name}”.")
        for value in entry["body"].values():
            if _is_reference(value) and value[1:] not in seen:
                raise SeedError(f"{path.name}, record “{name}”: {value} does not stand before it.")
        absent = [member for member in entry["known_by"] if member not in entry["body"]]
        if absent:
            raise SeedError(f"{path.name}, record “{name}”: known by {absent}, which its body does not give.")
        seen.add(name)
        records.append(
            SeedRecord(
                id=name,
                row=str(entry["row"]),
                source=" ".join(str(entry["source"]).split()),
                user=entry["as"],
                to=entry["to"],
                known_by=tuple(entry["known_by"]),
                body=entry["body"],
            )
        )
    return records


def load(
    transport: Transport,
    *,
    password: str,
    path: Path = FILE,
    say: Callable[[str], None] = lambda line: None,
) -> Loaded:
    """Sign in as each user whom the file names and post what is not there yet."""
    loaded = Loaded()
    records = read(path)
    listings: dict[tuple[str, str], list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        clients: dict[str, Client] = {}
        for record in records:
            if record.user not in clients:
                client = Client.sign_in(transport, record.user, password, name=TOKEN_NAME)
                clients[record.user] = stack.enter_context(client)
            client = clients[record.user]
            body = {name: _resolved(value, loaded) for name, value in record.body.items()}
            key = (record.user, record.to)
            if key not in listings:
                query = {n: body[n] for n in ("participant", "site") if n in body}
                listings[key] = list(client.everything(record.to, **query))
            found = _find(listings[key], record, body)
            if found is None:
                try:
                    found = client.post(record.to, body)
                except ApiRefused as error:
                    raise SeedError(f"{path.name}, record “{record.id}”: {error}") from error
                listings[key].append(found)
                loaded.created.append(record.id)
            loaded.records[record.id] = found
    there = len(records) - len(loaded.created)
    say(f"Published case {_code(loaded)}: {len(loaded.created)} records posted, {there} already there.")
    return loaded


def _code(loaded: Loaded) -> str:
    return next((str(record["code"]) for record in loaded.records.values() if "code" in record), "")


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("@")


def _resolved(value: Any, loaded: Loaded) -> Any:
    """A participant is named by code, everything else by id."""
    if not _is_reference(value):
        return value
    record = loaded.records[value[1:]]
    return record.get("code") or record["id"]


def _find(rows: list[dict[str, Any]], record: SeedRecord, body: Mapping[str, Any]) -> dict[str, Any] | None:
    for row in rows:
        if all(row.get(name) == body[name] for name in record.known_by):
            return row
    return None
