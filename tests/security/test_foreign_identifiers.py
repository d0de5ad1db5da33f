"""IDOR: every identifier of every address and of every body, replaced by one of a site that is not one's own."""

from __future__ import annotations

import re
from typing import Any

import pytest

from studyportal.access.declare import declared
from studyportal.crf.registry import all_specs
from tests.security.attack import (
    ALL_ADDRESSES,
    HEADERS,
    Write,
    base,
    foreign_urls,
    form_of,
    names_objects,
    send,
    target,
    writes,
)
from tests.security.worlds import Worlds, nothing_changed

METHODS = ("post", "put", "patch", "delete")
SAME_FOR_ALL = (
    "api-schema",
    "api-docs",
    "api-problems",
    "ui-gallery",
    "protocol",
    "api:protocol",
    "api:forms",
)


@pytest.mark.django_db
def test_no_address_opens_with_a_foreign_identifier(worlds: Worlds, api: Any, page: Any) -> None:
    """Rao holds Mumbai, and at Mumbai all that a person of one site can hold: of Pune nothing opens, by any method."""
    wrong, tried = [], 0
    scripts, browser = api(worlds.cast.rao), page(worlds.cast.rao)
    with nothing_changed("foreign addresses"):
        for address in ALL_ADDRESSES:
            if not names_objects(address):
                continue
            client = scripts if address.is_api else browser
            asked = declared(address.callback) or {}
            methods = (
                [m for m in METHODS if m.upper() in asked or "*" in asked] if address.is_api else ["post"]
            )
            for url in foreign_urls(address, worlds):
                for method in ("get", *methods):
                    tried += 1
                    answer = send(client, method, url, None if method == "get" else {}, **if_api(address))
                    said = answer.text.replace(url, "").replace(answer.headers.get("Location", ""), "")
                    if answer.status not in (403, 404, 405) or worlds.pune.code in said:
                        wrong.append((method, url, str(answer)))
    assert tried > 500
    assert not wrong


def if_api(address: Any) -> dict[str, Any]:
    return {"headers": HEADERS} if address.is_api else {}


@pytest.mark.django_db
def test_what_belongs_to_a_person_is_that_persons_alone(worlds: Worlds, api: Any, page: Any) -> None:
    """Jobs, tokens and receipts of Vikram, tried by everybody else, whatever sites they reach."""
    wrong = []
    owned = worlds.pune.others
    keys = {"job_id": owned["job"].pk, "digest": owned["token"].token_key, "pk": owned["receipt"].pk}
    # What names the person too (an administrator's page about somebody) is no address of one's own.
    addresses = [
        a
        for a in ALL_ADDRESSES
        if re.search(r"job_id|digest|export-receipts/<uuid", a.route) and set(a.parameters) <= set(keys)
    ]
    assert len(addresses) >= 8
    for name, person in worlds.cast.everyone().items():
        if name == "vikram":
            continue
        scripts, browser = api(person), page(person)
        with nothing_changed(name):
            for address in addresses:
                client = scripts if address.is_api else browser
                url = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(keys[m[1]]), address.route)
                for method in ("get", *METHODS):
                    answer = send(client, method, url, {})
                    if answer.status not in (403, 404, 405):
                        wrong.append((name, method, url, str(answer)))
    assert not wrong


@pytest.mark.django_db
def test_no_body_reaches_a_foreign_object(worlds: Worlds, api: Any) -> None:
    """Each member that names something, in each write of the API that takes it, at one's own address."""
    scripts = api(worlds.cast.rao)
    wrong, tried = [], 0
    with nothing_changed("foreign members"):
        for write in writes():
            url = target(write, worlds.mumbai)
            for name, values in foreign_members(write, worlds).items():
                for value in values:
                    tried += 1
                    answer = send(
                        scripts,
                        write.method,
                        url,
                        base(write, worlds.mumbai) | {name: value},
                        headers=HEADERS,
                    )
                    if not answer.refused:
                        wrong.append((str(write), name, value, str(answer)))
    assert tried > 150
    assert not wrong


def foreign_members(write: Write, worlds: Worlds) -> dict[str, list[Any]]:
    """Member → what Pune has under that name: the object itself where it is known, else every number."""
    pune, spec = worlds.pune, form_of(write.path)
    known: dict[str, Any] = {
        "participant": pune.code,
        "matched_case": pune.code,
        "site": "PUN",
        "visit": pune.world.visit.pk,
    }
    known |= {"chart": pune.world.records["glucose-chart"].pk, "corrects": pune.others["consent"].pk}
    known |= {"harvest": pune.world.records["cell-product"].harvest_id}
    if spec is not None:
        known |= {name: parent.pk for name, parent in pune.world.parents_of(spec).items()}
        numeric: set[str] = set()
    else:
        said = write.schema.get("properties", {})
        numeric = {n for n in said if "integer" in str(said[n].get("type")) and n not in ("number", "days")}
    return {
        name: [known[name]] if name in known else worlds.foreign_numbers()
        for name in write.members & (set(known) | numeric)
    }


@pytest.mark.django_db
def test_lists_filtered_by_foreign_objects_are_empty(worlds: Worlds, api: Any, page: Any) -> None:
    wrong = []
    scripts, browser = api(worlds.cast.rao), page(worlds.cast.rao)
    code, number = worlds.pune.code, worlds.foreign_numbers()[0]
    asked: list[dict[str, Any]] = [
        {"participant": code, "q": code, "search": code}
        | dict.fromkeys(("visit", "session", "chart", "record"), number),
        {"site": "PUN"},
    ]
    for address in ALL_ADDRESSES:
        if address.parameters or address.name in SAME_FOR_ALL:
            continue
        for query in asked:
            answer = send(scripts if address.is_api else browser, "get", f"/{address.route}", query)
            said = answer.text
            for name in query:  # what was asked stands in its own control, in links and on paper
                said = (
                    said.replace(f'value="{code}"', "")
                    .replace(f"{name}={code}", "")
                    .replace(f"{name}: {code}", "")
                )
            if answer.status >= 500 or (answer.status == 200 and code in said):
                wrong.append((address.name, query, answer.status, said[max(0, said.find(code) - 80) :][:160]))
    assert not wrong


@pytest.mark.django_db
def test_a_new_form_hangs_on_no_foreign_parent(worlds: Worlds, page: Any) -> None:
    """The parents of a new form are named in the query of its page."""
    browser = page(worlds.cast.rao)
    wrong = []
    with nothing_changed("new forms"):
        for spec in all_specs():
            parents = worlds.pune.world.parents_of(spec)
            for name, parent in parents.items():
                own = {n: p.pk for n, p in worlds.mumbai.world.parents_of(spec).items()} | {name: parent.pk}
                query = "&".join(f"{n}={pk}" for n, pk in own.items())
                url = f"/participants/{worlds.mumbai.code}/forms/{spec.key}/new/?{query}"
                for answer in (send(browser, "get", url), send(browser, "post", url, {"incomplete": "1"})):
                    if answer.status != 404:
                        wrong.append((spec.key, name, str(answer)))
    assert not wrong
