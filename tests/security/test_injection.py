"""Words of SQL, templates, HTML, spreadsheets and headers, in every text of every form: kept as typed, shown as text."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import pytest
from django.db import transaction

from studyportal.crf import fields as f
from studyportal.crf.registry import all_specs
from tests.contracts.test_urls import url_of
from tests.security.attack import ALL_ADDRESSES, send
from tests.security.test_foreign_identifiers import SAME_FOR_ALL
from tests.security.worlds import Worlds, nothing_changed

SQL = "' OR 1=1 --; DROP TABLE access_user; %s %(x)s \\"
TEMPLATE = "{{7*7}}{% load static %}{# x #}${7*7}#{7*7}"
MARKUP = '"><img src=x onerror=alert(1)><script>alert(1)</script>javascript:alert(1)'
# All at once, within the shortest text that a form takes whole.
EVERYTHING = f"=cmd|' /C calc'!A0 {MARKUP} {TEMPLATE} {SQL}"
# What a spreadsheet takes for the beginning of a formula (OWASP), said here once more on purpose.
DANGEROUS_FIRST = ("=", "+", "-", "@", "\t", "\r")
RAW = ("<img src=x", "<script>alert", '"><img src=x', "onerror=alert(1)>")
PAYLOADS = (
    SQL,
    TEMPLATE,
    MARKUP,
    "=1+1",
    "../../etc/passwd",
    "a\r\nSet-Cookie: x=1",
    "%00",
    "\u202e",
    "%",
    "_",
    "\\",
)


def texts(spec: Any) -> dict[str, str]:
    """Field → as much of the attack as the field takes."""
    found = {}
    for name, field in spec.entered_fields.items():
        if isinstance(field, f.TextField) and name not in spec.show_if:
            found[name] = EVERYTHING[: field.limit].strip()
    return found


@pytest.mark.django_db
def test_every_text_is_kept_and_shown_as_typed(worlds: Worlds, api: Any, page: Any) -> None:
    scripts, browser, auditor = api(worlds.cast.rao), page(worlds.cast.rao), page(worlds.cast.farah)
    exports = api(worlds.cast.meera)
    wrong, kept = [], 0
    for spec in all_specs():
        typed = texts(spec)
        if not typed:
            continue
        record = spec.model._default_manager.get(pk=worlds.mumbai.world.records[spec.key].pk)
        url = f"/api/v1/forms/{spec.key}/{record.pk}/"
        answer = send(
            scripts, "patch", url, typed | {"complete": False}, headers={"If-Match": f'"{record.version}"'}
        )
        if answer.status in (400, 409):
            continue  # the form refuses the words themselves, such as an identifier with a space
        assert answer.status == 200, (spec.key, str(answer))
        stored = spec.model._default_manager.get(pk=record.pk)
        for name, text in typed.items():
            kept += 1
            assert getattr(stored, name) == text, (spec.key, name)
        edit = send(browser, "get", record.get_absolute_url())
        assert next(iter(typed.values()))[:30] in html.unescape(edit.text), spec.key
        pages = [
            (browser, record.get_absolute_url()),
            (browser, f"{record.get_absolute_url()}history/"),
            (browser, f"/participants/{worlds.mumbai.code}/records/{spec.key}/"),
        ]
        wrong += [(url, sign) for client, url in pages for sign in raw_in(send(client, "get", url))]
        wrong += unguarded(f"/api/v1/datasets/{spec.key}.csv", exports)
    assert kept > 20
    for client, url in [
        (browser, f"/participants/{worlds.mumbai.code}/"),
        (browser, "/participants/"),
        (browser, "/worklist/"),
        (browser, "/queries/"),
        (auditor, "/oversight/audit-trail/"),
        (auditor, "/oversight/consent-log/"),
        (auditor, "/oversight/consent-log/print/"),
        (auditor, f"/oversight/consent-log/{worlds.mumbai.others['consent'].pk}/"),
        (auditor, f"/oversight/consent/{worlds.mumbai.code}/"),
    ]:
        answer = send(client, "get", url)
        assert answer.status == 200, (url, str(answer))
        wrong += [(url, sign) for sign in raw_in(answer)]
    assert not wrong


def raw_in(answer: Any) -> list[str]:
    """The signs of the attack that stand in the page as markup."""
    return [sign for sign in RAW if sign in answer.text]


def unguarded(url: str, client: Any) -> list[Any]:
    answer = send(client, "get", url)
    if answer.status != 200:
        return [(url, str(answer))]
    return cells_that_compute(url, answer.text)


def cells_that_compute(url: str, text: str) -> list[Any]:
    """Cells that a spreadsheet would run: they begin with a sign of a formula and are no number."""
    number = re.compile(r"-?\d+(\.\d+)?")
    return [
        (url, cell[:60])
        for row in csv.reader(io.StringIO(text))
        for cell in row
        if cell.startswith(DANGEROUS_FIRST) and not number.fullmatch(cell)
    ]


@pytest.mark.django_db
def test_every_file_of_cells_is_safe_to_open(worlds: Worlds, api: Any, page: Any) -> None:
    """Every address that answers with CSV, with formulae planted wherever a person can type."""
    formula = "=cmd|' /C calc'!A0"
    for held in (worlds.mumbai, worlds.pune):
        type(held.world.participant).objects.filter(pk=held.world.participant.pk).update(label=formula)
        held.world.visit.nominal_label = formula
        held.world.visit.save()
        for spec in all_specs():
            record = held.world.records[spec.key]
            free = [n for n, one in spec.entered_fields.items() if isinstance(one, f.TextField)]
            if free:  # numbered, because some texts of a form must differ
                planted = {name: f"{formula}{record.pk}{number}" for number, name in enumerate(free)}
                spec.model._default_manager.filter(pk=record.pk).update(**planted)
    found, wrong = 0, []
    people = {n: (api(u), page(u)) for n, u in worlds.cast.everyone().items() if n in ("meera", "farah")}
    for address in ALL_ADDRESSES:
        if address.name == "api:dataset-csv":
            continue
        for scripts, browser in people.values():
            if "csv" not in address.route and "kind" not in address.route:
                continue
            url = url_of(address, worlds.mumbai.world).replace(".json", ".csv")
            answer = send(scripts if address.is_api else browser, "get", url)
            if answer.status == 200 and "csv" in str(answer.headers.get("Content-Type", "")):
                found += 1
                wrong += cells_that_compute(url, answer.text)
    for dataset in people["meera"][0].get("/api/v1/datasets/").json():
        found += 1
        wrong += unguarded(dataset["csv"], people["meera"][0])
    assert found > 20
    assert not wrong


@pytest.mark.django_db
def test_every_text_of_a_query_is_only_a_text(worlds: Worlds, api: Any, page: Any) -> None:
    """Every filter of every list, by the OpenAPI document and by the controls of the pages."""
    meera, farah = worlds.cast.meera, worlds.cast.farah
    clients = [(api(u), page(u)) for u in (meera, farah)]
    wrong, tried = [], 0
    with nothing_changed("filters"):
        for address in ALL_ADDRESSES:
            if address.parameters or address.name in SAME_FOR_ALL or "sign" in address.route:
                continue
            for scripts, browser in clients:
                client, url = (scripts if address.is_api else browser), f"/{address.route}"
                first = send(client, "get", url)
                if first.status != 200:
                    continue
                names = set(re.findall(r'<(?:input|select)[^>]*\bname="([\w-]+)"', first.text))
                names |= {
                    "participant",
                    "site",
                    "cursor",
                    "limit",
                    "updated_since",
                    "q",
                    "page",
                    "format",
                    "order",
                }
                for payload in PAYLOADS:
                    tried += 1
                    answer = send(
                        client, "get", url, dict.fromkeys(sorted(names - {"csrfmiddlewaretoken"}), payload)
                    )
                    if answer.status >= 500 or raw_in(answer) or "Set-Cookie: x" in str(answer.headers):
                        wrong.append((url, payload, raw_in(answer), str(answer)[:400]))
                break
    assert tried > 150
    assert not wrong


@pytest.mark.django_db
def test_texts_beside_the_forms(worlds: Worlds, api: Any, page: Any) -> None:
    """Labels, reasons, questions, names of tokens: every payload, as text or refused, never run."""
    scripts, browser, manager = api(worlds.cast.rao), page(worlds.cast.rao), page(worlds.cast.meera)
    code, query = worlds.mumbai.code, worlds.mumbai.others["query"].pk
    wrong = []
    for payload in (*PAYLOADS, EVERYTHING, "\x00"):
        posts = [
            (scripts, "/api/v1/participants/", {"site": "MUM", "group": "case", "label": payload[:60]}),
            (scripts, f"/api/v1/queries/{query}/answer/", {"text": payload}),
            (scripts, "/api/v1/visits/", {"participant": code, "key": payload, "happened_on": payload}),
            (
                scripts,
                "/api/v1/consent-events/",
                {"participant": code, "kind": payload, "document_version": payload},
            ),
            (scripts, "/api/v1/tokens/", {"username": payload, "password": payload, "name": payload}),
        ]
        if payload.isprintable():
            posts += [
                (manager, f"/participants/{code}/queries/new/", {"message": payload}),
                (browser, f"/participants/{code}/consent/new/", {"kind": payload, "witness": payload}),
                (browser, f"/participants/{code}/visits/new/", {"key": payload, "nominal_label": payload}),
                (
                    browser,
                    "/screening/new/",
                    {"site": payload, "label": payload, "matched_case": payload},
                ),
                (browser, "/tokens/", {"name": payload[:80], "days": payload}),
            ]
        for client, url, data in posts:
            with transaction.atomic():
                answer = send(client, "post", url, data)
                transaction.set_rollback(True)
            if answer.status >= 500 or (client is not scripts and raw_in(answer)):
                wrong.append((url, payload, str(answer)[:300]))
    assert not wrong
