"""What the portal sets itself, sent along with what a person may set: refused by the API, without effect on a page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studyportal.crf.registry import all_specs
from tests.security.attack import HEADERS, base, send, target, writes
from tests.security.worlds import Worlds, nothing_changed, state

SET_BY_THE_PORTAL: dict[str, Any] = {
    "id": 1, "pk": 1, "site": "PUN", "site_id": 1, "participant_id": 1, "status": "complete", "version": 99,
    "created_at": "2000-01-01T00:00:00Z", "updated_at": "2000-01-01T00:00:00Z", "registered_by": 1,
    "entered_by": 1, "requester": 1, "user": 1, "user_id": 1, "by": 1, "code": "PUN-0001-3", "synthetic": True,
    "retrospective": True, "is_superuser": True, "is_staff": True, "role": "administrator", "permissions": ["*"],
    "wall": None, "__class__": "x", "_state": {}, "expected_version": 1, "participant__site": 2, "digest": "0",
}  # fmt: skip


@pytest.mark.django_db
def test_the_api_refuses_what_it_does_not_take(worlds: Worlds, api: Any) -> None:
    """All at once, beside a body that would be taken: each is named in the errors, or else refused alone as well."""
    scripts = api(worlds.cast.rao)
    wrong, tried = [], 0
    with nothing_changed("mass assignment"):
        for write in writes():
            url = target(write, worlds.mumbai)
            if "jobs/" in url or "/tokens/own/" in url or not write.members:
                continue  # they take no body at all
            body = base(write, worlds.mumbai)
            extra = {name: value for name, value in SET_BY_THE_PORTAL.items() if name not in write.members}
            answer = send(scripts, write.method, url, body | extra, headers=HEADERS)
            if not answer.refused:
                wrong.append((str(write), "all", str(answer)))
            named = {error["field"] for error in json.loads(answer.text).get("errors", [])}
            tried += len(named)
            for name in set(extra) - named:
                tried += 1
                answer = send(scripts, write.method, url, body | {name: extra[name]}, headers=HEADERS)
                if not answer.refused:
                    wrong.append((str(write), name, str(answer)))
    assert tried > 1000
    assert not wrong


@pytest.mark.django_db
def test_what_an_endpoint_takes_is_not_taken_from_everybody(worlds: Worlds, api: Any) -> None:
    """Retrospective is the data manager's to say; a foreign site nobody's but that site's own."""
    scripts = api(worlds.cast.rao)
    with nothing_changed():
        for extra in ({"retrospective": True}, {"site": "PUN"}, {"status": "root"}, {"synthetic": "yes"}):
            answer = scripts.post("/api/v1/participants/", {"site": "MUM", "group": "case"} | extra)
            assert answer.status_code in (400, 403), extra


@pytest.mark.django_db
def test_nested_members_are_refused(worlds: Worlds, api: Any) -> None:
    scripts = api(worlds.cast.rao)
    chart = worlds.mumbai.world.records["glucose-chart"].pk
    good = {"measured_on": "2016-11-01", "slot": "fasting", "value": "110"}
    with nothing_changed():
        for extra in (
            {"id": 1},
            {"chart": 1},
            {"site": "PUN"},
            {"participant": worlds.pune.code},
            {"version": 7},
        ):
            body = {"chart": chart, "readings": [good | extra]}
            assert scripts.post("/api/v1/glucose-readings/", body).status_code == 400, extra
        for spec in all_specs():
            body = {"absent": {"site": "not_done", "status": "unknown", "version": "refused"}}
            url = f"/api/v1/forms/{spec.key}/{worlds.mumbai.world.records[spec.key].pk}/"
            assert scripts.patch(url, body, headers=HEADERS).status_code == 400, spec.key


@pytest.mark.django_db
def test_a_page_takes_no_more_than_its_controls(worlds: Worlds, page: Any) -> None:
    """The same post, with and without what the portal sets: the same outcome, and nobody moves anywhere."""
    browser = page(worlds.cast.rao)
    extra = {
        name: str(value)
        for name, value in SET_BY_THE_PORTAL.items()
        if name not in ("status", "version", "site")
    }
    extra |= {"participant": worlds.pune.code}
    for spec in all_specs():
        record = worlds.mumbai.world.records[spec.key]
        before = spec.model._default_manager.filter(pk=record.pk).values()[0]
        answer = send(
            browser, "post", record.get_absolute_url(), {"version": record.version, "incomplete": "1"} | extra
        )
        assert answer.status in (302, 400, 409), (spec.key, str(answer))
        after = spec.model._default_manager.filter(pk=record.pk).values()[0]
        for name in (
            "id",
            "site_id",
            "participant_id",
            "status",
            "created_at",
            *(f"{p}_id" for p in spec.parents),
        ):
            assert after[name] == before[name], (spec.key, name)
    code = worlds.mumbai.code
    accounts = {table: found for table, found in state().items() if table.startswith("access_")}
    for url in (f"/participants/{code}/change/", f"/participants/{code}/visits/{worlds.mumbai.world.visit.pk}/",
                "/screening/new/", f"/participants/{code}/consent/new/", "/tokens/", "/sign-in/"):  # fmt: skip
        answer = send(browser, "post", url, extra)
        assert answer.status < 500, (url, str(answer))
    held = worlds.mumbai.world.participant
    held.refresh_from_db()
    assert (held.site_id, held.code, held.synthetic) == (worlds.cast.mumbai.pk, code, False)
    after_all = {table: found for table, found in state().items() if table.startswith("access_")}
    assert after_all == accounts
