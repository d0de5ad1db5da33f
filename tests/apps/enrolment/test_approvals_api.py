"""The API of the approvals of sites."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.enrolment.models import SiteApproval
from tests.approvals import approval_of, lapse, none_at
from tests.cast import Cast
from tests.security.worlds import nothing_changed
from tests.studyportal.files.samples import PDF, SVG

pytestmark = pytest.mark.django_db
LIST = "/api/v1/site-approvals/"


def given(**changes: Any) -> dict[str, Any]:
    return {
        "site": "MUM", "kind": "ethics_committee", "authority": "Committee", "number": "EC/2026/9",
        "approved_on": "2026-01-01", "valid_from": "2026-01-01", "valid_until": "2027-12-31",
    } | changes  # fmt: skip


def send(client: Any, method: str, url: str, body: Any, *, seen: int | None = None) -> Any:
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    return getattr(client, method)(url, body, format="json", headers=headers)


def errors_of(answer: Any) -> list[tuple[str, str]]:
    return [(one["field"], one["code"]) for one in answer.json()["errors"]]


def test_who_may_not(cast: Cast, api: Any) -> None:
    one = f"{LIST}{approval_of(cast.mumbai).pk}/"
    assert api(None).get(LIST).status_code == 401
    for name in ("admin", "norole"):
        assert api(getattr(cast, name)).get(LIST).status_code == 403
    clients = [api(getattr(cast, name)) for name in ("asha", "farah", "sanjay")]
    with nothing_changed():
        for client in clients:
            assert send(client, "post", LIST, given()).status_code == 403
            assert send(client, "patch", one, {"note": "x"}, seen=1).status_code == 403
            assert send(client, "post", f"{one}suspensions/", {}).status_code == 403


def test_another_site_is_not_there(cast: Cast, api: Any) -> None:
    theirs, rao = f"{LIST}{approval_of(cast.pune).pk}/", api(cast.rao)
    with nothing_changed():
        assert {
            rao.get(url).status_code for url in (theirs, f"{theirs}document/", "/api/v1/sites/PUN/start-up/")
        } == {404}
        assert send(rao, "patch", theirs, {"note": "x"}, seen=1).status_code == 404
        assert send(rao, "post", f"{theirs}suspensions/", {}).status_code == 404
        assert errors_of(send(rao, "post", LIST, given(site="PUN"))) == [("site", "not_found")]
        renewal = given(supersedes=approval_of(cast.pune).pk)
        assert errors_of(send(rao, "post", LIST, renewal)) == [("supersedes", "not_found")]
    assert {one["site"] for one in rao.get(LIST).json()["results"]} == {"MUM"}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"kind": "tax_office"}, "kind", "choice"),
        ({"kind": None}, "kind", "choice"),
        ({"number": ["EC"]}, "number", "type"),
        ({"valid_until": "2025-12-31"}, "valid_until", "before_start"),
        ({"without_end": 1, "valid_until": None}, "without_end", "boolean"),
        ({"approved_on": "2999-01-01", "valid_from": "2999-01-01"}, "approved_on", "in_future"),
        ({"version": 3}, "version", "unknown_field"),
        ({"by": "rao"}, "by", "unknown_field"),
        ({"upload": "x"}, "upload", "unknown_field"),
        ({"supersedes": "1"}, "supersedes", "not_found"),
        ({"site": 7}, "site", "not_found"),
    ],
)
def test_wrong_input(cast: Cast, api: Any, changes: dict[str, Any], field: str, code: str) -> None:
    answer = send(api(cast.rao), "post", LIST, given(**changes))
    assert answer.status_code == 400
    assert (field, code) in errors_of(answer)


def test_record_correct_and_mark_as_error(cast: Cast, api: Any) -> None:
    rao = api(cast.rao)
    made = send(rao, "post", LIST, given())
    assert made.status_code == 201
    assert made["ETag"] == '"1"'
    url = f"{LIST}{made.json()['id']}/"
    assert send(rao, "patch", url, {"number": "EC/8"}).status_code == 428
    assert errors_of(send(rao, "patch", url, {"number": "EC/8"}, seen=1)) == [("reason", "reason_required")]
    assert errors_of(send(rao, "patch", url, {"kind": "regulator"}, seen=1)) == [("kind", "read_only")]
    changed = send(rao, "patch", url, {"number": "EC/8", "reason": {"code": "transcription_error"}}, seen=1)
    assert (changed.json()["number"], changed["ETag"]) == ("EC/8", '"2"')
    assert send(rao, "patch", url, {"note": "x"}, seen=1).status_code == 412
    assert errors_of(send(rao, "patch", url, {"in_error": False, "reason": "Other study"}, seen=2)) == [
        ("in_error", "boolean")
    ]
    assert errors_of(
        send(rao, "patch", url, {"in_error": True, "note": "x", "reason": "Other study"}, seen=2)
    ) == [("in_error", "alone")]
    assert errors_of(send(rao, "patch", url, {"in_error": True}, seen=2)) == [("reason", "reason_required")]
    gone = send(rao, "patch", url, {"in_error": True, "reason": "Of another study"}, seen=2)
    assert (gone.json()["in_error"], gone.json()["error_reason"]) == (True, "Of another study")
    assert send(rao, "patch", url, {"note": "x"}, seen=3).status_code == 409
    assert rao.delete(url).status_code == 405


def test_a_document_goes_in_and_comes_out(cast: Cast, api: Any) -> None:
    rao, url = api(cast.rao), f"{LIST}{approval_of(cast.mumbai).pk}/document/"
    assert rao.get(url).status_code == 404

    def put(content: bytes, name: str, **more: Any) -> Any:
        body = {"file": SimpleUploadedFile(name, content)} | more
        return rao.put(url, body, format="multipart", headers={"If-Match": f'"{SiteApproval.objects.get(pk=approval_of(cast.mumbai).pk).version}"'})  # fmt: skip

    assert errors_of(put(SVG, "letter.svg")) == [("document", "type")]
    assert errors_of(rao.put(url, {}, format="multipart", headers={"If-Match": '"1"'})) == [
        ("file", "required")
    ]
    assert send(rao, "put", url, {}, seen=1).status_code == 415
    kept = put(PDF, "letter.pdf")
    assert kept.status_code == 200
    assert kept.json()["document"]["name"] == "letter.pdf"
    # As large as a page takes; what is too large is refused by its size.
    large = PDF.replace(b"trailer", b"%" + b"x" * 3_000_000 + b"\ntrailer")
    assert put(large, "large.pdf", reason="Whole letter").status_code == 200
    assert put(b"x" * 14_000_000, "huge.pdf", reason="Whole letter").status_code == 413
    sent = api(cast.farah).get(url)
    assert sent.content == large
    assert sent["Content-Disposition"].startswith("attachment")


def test_suspend_and_lift(cast: Cast, api: Any) -> None:
    rao, one = api(cast.rao), f"{LIST}{approval_of(cast.mumbai).pk}/"
    assert errors_of(send(rao, "post", f"{one}suspensions/", {})) == [
        ("kind", "choice"), ("reason", "required"), ("from_on", "required"),
    ]  # fmt: skip
    body = {"kind": "suspended", "from_on": "2026-02-01", "reason": "Inspection"}
    made = send(rao, "post", f"{one}suspensions/", body)
    assert made.status_code == 201
    held = f"/api/v1/approval-suspensions/{made.json()['id']}/"
    assert api(cast.vikram).get(held).status_code == 404
    assert errors_of(send(rao, "patch", held, {}, seen=1)) == [
        ("lift_reason", "required"), ("lifted_on", "required"),
    ]  # fmt: skip
    lifted = send(rao, "patch", held, {"lifted_on": "2026-02-10", "lift_reason": "Settled"}, seen=1)
    assert lifted.json()["lifted_on"] == "2026-02-10"
    assert (
        send(rao, "patch", held, {"lifted_on": "2026-02-11", "lift_reason": "Settled"}, seen=2).status_code
        == 409
    )
    wrong = send(rao, "patch", held, {"in_error": True, "reason": "Of another study"}, seen=2)
    assert wrong.json()["in_error"] is True
    assert [s["id"] for s in rao.get(one).json()["suspensions"]] == [made.json()["id"]]


def test_whether_a_site_may_enrol(cast: Cast, api: Any) -> None:
    url, asha = "/api/v1/sites/MUM/start-up/", api(cast.asha)
    assert errors_of(asha.get(f"{url}?on=soon")) == [("on", "invalid_date")]
    lapse(cast.mumbai, dt.date(2026, 3, 3))
    assert asha.get(f"{url}?on=2026-03-03").json()["may_enrol"] is True
    after = asha.get(f"{url}?on=2026-03-04").json()
    assert after["may_enrol"] is False
    assert after["approvals"][1] | {"approval": 0} == {
        "kind": "ethics_committee", "label": "Institutional ethics committee", "state": "lapsed", "approval": 0,
        "number": "MUM/ethics_committee/1", "until": "2026-03-03",
    }  # fmt: skip
    none_at(cast.mumbai)
    assert {one["state"] for one in asha.get(url).json()["approvals"]} == {"missing"}


def test_filters(cast: Cast, api: Any) -> None:
    meera = api(cast.meera)
    for query, number in (("site=PUN", 4), ("kind=regulator", 2), ("waived=true", 0), ("site=XX", 0)):
        assert len(meera.get(f"{LIST}?{query}").json()["results"]) == number
