"""Bodies that are too large, too deep, doubled, unfinished, of the wrong kind; codes that only look right."""

from __future__ import annotations

import json
import resource
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from rest_framework.test import APIClient

from studyportal.crf import fields as f
from studyportal.crf.registry import all_specs
from tests.security.attack import HEADERS, send
from tests.security.worlds import nothing_changed
from tests.world import World

TEN_MB = "x" * 10_000_000
LOOK_ALIKES = (
    "MUM-0001-\u0410", "\uff2d\uff35\uff2d-0001-7", "MUM-\uff10\uff10\uff10\uff11-7", "MUM-0001\u200d-7", "\u202eMUM-0001-7",
    "MUM\u20110001\u20117", "MUM-0001-7\u0000", "mum-0001-7", " MUM-0001-7", "MUM-0001-7\n", "MUM-OOO1-7", "MUM-0001-7\ufeff",
)  # fmt: skip


def raw(client: Any, url: str, body: bytes, content_type: str = "application/json", **more: Any) -> Any:
    return client.generic("POST", url, body, content_type=content_type, **more)


@pytest.mark.django_db
def test_ten_megabytes_of_text(world: World, api: Any, page: Any) -> None:
    """In each form, by API and by page: 413, without the memory of it being taken again and again."""
    scripts, browser = api(world.cast.rao), page(world.cast.rao)
    with nothing_changed():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for spec in all_specs()[:3]:
            name = next(iter(spec.entered_fields))
            answer = scripts.post(
                f"/api/v1/forms/{spec.key}/", {"participant": world.participant.code, name: TEN_MB}
            )
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
            answer = browser.post(world.records[spec.key].get_absolute_url(), {name: TEN_MB})
            assert answer.status_code == 413
            assert b"larger than" in answer.content
        answer = browser.post("/sign-in/", {"login": TEN_MB, "username": TEN_MB})
        assert answer.status_code == 413
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 150_000, "KB"  # the test's own copies, not seven of them more


@pytest.mark.django_db
def test_a_text_just_within_the_body_limit_is_too_long_for_its_field(
    world: World, api: Any, page: Any
) -> None:
    scripts, browser = api(world.cast.rao), page(world.cast.rao)
    with nothing_changed():
        for spec in all_specs():
            free = [name for name, field in spec.entered_fields.items() if isinstance(field, f.TextField)]
            if not free:
                continue
            url = f"/api/v1/forms/{spec.key}/{world.records[spec.key].pk}/"
            answer = scripts.patch(url, {free[0]: "x" * 500_000}, headers=HEADERS)
            assert answer.status_code == 400, spec.key
            assert {"max_length"} <= {e["code"] for e in answer.json()["errors"]} | {"not_asked"}
    assert browser.post("/tokens/", {"name": "x" * 500_000}).status_code in (200, 400)
    assert not world.cast.rao.auth_token_set.exists()


@pytest.mark.django_db
def test_a_hundred_thousand_fields(cast: Any, page: Any) -> None:
    body = "&".join(f"f{n}=1" for n in range(100_000)).encode()
    for url in ("/tokens/", "/screening/new/", "/sign-in/", "/language/"):
        answer = raw(page(cast.rao), url, body, "application/x-www-form-urlencoded")
        assert answer.status_code == 400, url
        assert b"more fields" in answer.content


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"absent": ' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"participant": "MUM-0001-7", "participant": "PUN-0001-3"}',
        b'{"absent": {"weight": "unknown", "weight": "refused"}}',
        b'{"weight": NaN}', b'{"weight": Infinity}', b'{"weight": -Infinity}', b'{"weight": 1e999}',
        b'{"weight": ' + b"9" * 6_000 + b"}",
        b'{"\\ud800": 1}', b"\xff\xfe{}", b'{"weight": "\xff"}', b"", b"{", b"{}}", b"null", b"7", b'"text"', b"[]", b"[{}]",
        b"\xef\xbb\xbf{}", b"{'a': 1}", b'{"participant": {"$ne": null}}', b'{"participant": ["MUM-0001-7"]}',
        b'{"participant": true}', b'{"participant": 12345678901234567890123456789012345}', b'{"visit": 1e400}',
        b'{"visit": 99999999999999999999}', b'{"visit": -1}', b'{"visit": 1.5}', b'{"visit": "1; DROP"}', b'{"complete": "true"}',
        b'{"reason": {}}', b'{"reason": "\\ud800"}', b'{"reason": "\\u0000"}', b'{"absent": {"\\u0000": "unknown"}}',
    ],
    ids=lambda body: body[:24].decode("latin-1").encode("unicode_escape").decode(),
)  # fmt: skip
@pytest.mark.django_db
def test_bodies_that_no_one_means(bare_world: World, api: Any, body: bytes) -> None:
    """Each write that takes JSON answers with a problem that says what; no 500."""
    scripts = api(bare_world.cast.rao)
    with nothing_changed():
        for url in ("forms/vital-signs/", "participants/", "visits/", "consent-events/", "glucose-readings/", "sessions/",
                    "products/", "tokens/"):  # fmt: skip
            answer = raw(scripts, f"/api/v1/{url}", body)
            assert answer.status_code in (400, 401), (url, answer.content)
            assert answer["Content-Type"] == "application/problem+json"
            assert answer.json()["detail"]


@pytest.mark.django_db
def test_the_reader_says_what_it_cannot_read(cast: Any, api: Any) -> None:
    scripts = api(cast.rao)
    for body, word in (
        (b'{"a": 1, "a": 2}', "twice"), (b'{"a": NaN}', "NaN"), (b"[" * 10_000 + b"]" * 10_000, "deeper"),
        (b"\xff", "UTF-8"), (b"{", "JSON"), (b'{"a": 1e999}', "beyond"),
    ):  # fmt: skip
        problem = raw(scripts, "/api/v1/participants/", body).json()
        assert problem["code"] == "parse_error" and word in problem["detail"], problem


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "nonsense", "application/json; charset=utf-16"])  # fmt: skip
@pytest.mark.django_db
def test_other_content_types(cast: Any, api: Any, kind: str) -> None:
    with nothing_changed():
        answer = raw(api(cast.rao), "/api/v1/participants/", b"site=MUM", kind)
    assert answer.status_code in (400, 415)


@pytest.mark.django_db
def test_bodies_without_a_stated_length_and_compressed_ones(cast: Any, api: Any, page: Any) -> None:
    scripts, browser = api(cast.rao), page(cast.rao)
    with nothing_changed():
        for client, url in ((scripts, "/api/v1/participants/"), (browser, "/screening/new/")):
            assert raw(client, url, b"{}", HTTP_TRANSFER_ENCODING="chunked").status_code == 411
            assert raw(client, url, b"\x1f\x8b", HTTP_CONTENT_ENCODING="gzip").status_code == 415
            assert raw(client, url, b"{}", CONTENT_LENGTH="-1").status_code == 400
            assert raw(client, url, b"{}", CONTENT_LENGTH="nonsense").status_code == 400
            assert raw(client, url, b"{}", CONTENT_LENGTH="9" * 40).status_code == 413


@pytest.mark.django_db
def test_a_method_is_what_the_request_line_says(world: World, api: Any) -> None:
    url = f"/api/v1/forms/vital-signs/{world.records['vital-signs'].pk}/"
    with nothing_changed():
        for header in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
            answer = api(world.cast.rao).post(url, {"remarks": "x"}, headers={header: "PATCH", **HEADERS})
            assert answer.status_code == 405
        assert api(world.cast.rao).post(f"{url}?_method=PATCH", {"_method": "PATCH"}).status_code == 405
        assert APIClient().generic("TRACE", url).status_code in (401, 405)


@pytest.mark.django_db
def test_codes_that_only_look_right(bare_world: World, api: Any, page: Any) -> None:
    """By address, body and page: another letter is another code."""
    scripts, browser = api(bare_world.cast.rao), page(bare_world.cast.rao)
    held = bare_world.participant.code
    wrong = []
    with nothing_changed():
        for shape in LOOK_ALIKES:
            code = shape.replace("0001-7", held[4:]) if "0001-7" in shape else shape
            for client, url in (
                (scripts, f"/api/v1/participants/{quote(code)}/"),
                (browser, f"/participants/{quote(code)}/"),
            ):
                answer = send(client, "get", url)
                if answer.status not in (400, 404):
                    wrong.append((url, str(answer)))
            for path, body in (
                ("forms/vital-signs/", {"participant": code, "visit": bare_world.visit.pk, "complete": False}),
                ("visits/", {"participant": code, "key": "M3", "happened_on": "2017-02-01"}),
                ("consent-events/", {"participant": code, "kind": "oral_assent"}),
                ("participants/", {"site": "MUM", "group": "control", "index_date": "2016-11-01", "matched_case": code}),
                ("participants/", {"site": code[:3] + "\u200d", "group": "case"}),
                ("sessions/", {"participant": code}),
            ):  # fmt: skip
                answer = send(scripts, "post", f"/api/v1/{path}", body)
                if not answer.refused:
                    wrong.append((path, code, str(answer)))
    assert not wrong


@pytest.mark.django_db
def test_characters_that_turn_or_hide_text_are_refused(world: World, api: Any) -> None:
    """A right-to-left override or a bell in a text can make a record read as what it is not."""
    scripts = api(world.cast.rao)
    with nothing_changed():
        for spec in all_specs():
            free = [n for n, one in spec.entered_fields.items() if isinstance(one, f.TextField)]
            url = f"/api/v1/forms/{spec.key}/{world.records[spec.key].pk}/"
            for sign in ("\u202e", "\u2066", "\x07", "\x1b[2J", "\x7f") if free else ():
                answer = scripts.patch(url, {free[0]: f"a{sign}b"}, headers=HEADERS)
                assert answer.status_code == 400, (spec.key, sign)
                assert "control_character" in {error["code"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    "path",
    ["/%ff/", "/participants/%ff%fe/", "/api/v1/participants/%c3%28/", "/participants/?q=%ff", "/api/v1/visits/?participant=%ff",
     "/..%2f..%2fetc/passwd", "/static/../config/settings.py", "/static/%2e%2e/settings.py", "/%2fevil.example/", "/participants/" + "9" * 5000 + "/",
     "/forms/vital-signs/" + "9" * 400 + "/", "/api/v1/jobs/" + "9" * 30 + "/", "/queries/99999999999999999999/answer/",
     "/api/v1/consent-events/9999999999999999999999/", "/outcomes/99999999999999999999/", "/oversight/99999999999999999999/"],
)  # fmt: skip
@pytest.mark.django_db
def test_addresses_that_lead_nowhere(cast: Any, page: Any, api: Any, path: str) -> None:
    for person in (cast.rao, cast.farah, cast.meera):
        client = api(person) if path.startswith("/api/") else page(person)
        answer = client.generic("GET", path)
        assert answer.status_code in (200, 400, 403, 404, 405), answer.content
        assert b"SECRET_KEY" not in getattr(answer, "content", b"")


@pytest.mark.django_db
def test_absurd_headers(cast: Any, page: Any) -> None:
    client = page(cast.rao)
    for headers in (
        {"Accept-Language": "x" * 10_000}, {"Cookie": "theme=" + "x" * 50_000}, {"If-Match": "9" * 10_000}, {"Accept": "*/*;q=x" * 500},
        {"X-Forwarded-For": "nonsense, <script>"}, {"X-Forwarded-Host": "evil.example"}, {"HX-Request": "true\r\nX: y"},
        {"HX-Current-URL": "javascript:alert(1)"}, {"Range": "bytes=0-" + "9" * 100}, {"If-Modified-Since": "yesterday"},
    ):  # fmt: skip
        answer = client.get("/participants/", headers=headers)
        assert answer.status_code < 500, headers
        assert b"evil.example" not in answer.content
    assert Client().get("/sign-in/", headers={"Host": "evil.example"}).status_code == 400


def test_nothing_of_a_body_is_kept_in_a_problem(settings: Any) -> None:
    """What cannot be read is not quoted back or logged."""
    from studyportal.api import parsers
    from studyportal.api.problems import ProblemError

    with pytest.raises(ProblemError) as refused:
        parsers.read(b'{"name": "Planted Name", }')
    assert "Planted" not in json.dumps(str(refused.value.detail))
    with pytest.raises(ProblemError):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
        parsers.StrictJSONParser().parse(BytesIO(b'{"a": "' + b"x" * 100 + b'"}'))
