"""Signing a form: who may not, what is refused, what is kept, and what breaks a signature afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from apps.visits.crfs import VITAL_SIGNS
from apps.visits.models import VitalSigns
from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.crf import signing
from studyportal.crf.registry import all_specs
from studyportal.signatures.content import sha256_of
from studyportal.signatures.models import Signature
from tests.conftest import _as_owner
from tests.studyportal.signatures.conftest import PASSWORD, asked, posted
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(api: Any, rao: User, url: str, record: VitalSigns) -> Signature:
    answer = api(rao).post(url, asked(record))
    assert answer.status_code == 201, answer.json()
    return Signature.objects.get(pk=answer.json()["id"])


# --- Refusals --------------------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in(
    api: Any, page: Any, url: str, sign_page: str, record: VitalSigns
) -> None:
    assert api(None).get(url).status_code == 401
    assert api(None).post(url, asked(record)).status_code == 401
    assert page(None).post(sign_page, posted(record))["Location"].startswith("/sign-in/")
    assert not Signature.objects.exists()


@pytest.mark.parametrize("who", ["asha", "meera", "sanjay", "farah", "admin", "norole"])
def test_who_may_not_sign_is_refused(
    bare_world: World, api: Any, page: Any, url: str, sign_page: str, record: VitalSigns, who: str
) -> None:
    person = getattr(bare_world.cast, who)
    person.set_password(PASSWORD)
    person.save()
    assert api(person).post(url, asked(record)).status_code == 403
    assert page(person).get(sign_page).status_code == 403
    assert page(person).post(sign_page, posted(record)).status_code == 403
    assert not Signature.objects.exists()


def test_another_sites_record_is_not_found(
    bare_world: World, api: Any, page: Any, url: str, sign_page: str, record: VitalSigns
) -> None:
    from studyportal.access.models import Membership

    vikram = bare_world.cast.vikram
    Membership.objects.create(
        user=vikram, role="investigator", site=bare_world.cast.pune, valid_from="2020-01-01"
    )
    vikram.set_password(PASSWORD)
    vikram.save()
    assert api(vikram).get(url).status_code == 404
    assert api(vikram).post(url, asked(record)).status_code == 404
    assert page(vikram).get(sign_page).status_code == 404
    assert page(vikram).post(sign_page, posted(record)).status_code == 404
    assert api(vikram).get("/api/v1/signatures/").json()["results"] == []
    assert not Signature.objects.exists()


@pytest.mark.parametrize("password", ["wrong", "", PASSWORD + " "])
def test_a_wrong_password_signs_nothing(
    api: Any, browser: Client, rao: User, url: str, sign_page: str, record: VitalSigns, password: str
) -> None:
    answer = api(rao).post(url, asked(record, password=password))
    assert answer.status_code == (403 if password else 400)
    answer = browser.post(sign_page, posted(record, password=password))
    assert answer.status_code == 403
    text = answer.content.decode()
    assert 'id="error-password"' in text
    assert PASSWORD not in text, "no password comes back in a page"
    assert not Signature.objects.exists()


def test_wrong_passwords_are_counted(
    settings: Any, browser: Client, sign_page: str, record: VitalSigns, signing_locks_out: Any
) -> None:
    for _attempt in range(settings.AXES_FAILURE_LIMIT):
        browser.post(sign_page, posted(record, password="wrong"))
    answer = browser.post(sign_page, posted(record))
    assert answer.status_code in (403, 429), "locked out, although the password is right now"
    assert not Signature.objects.exists()


@pytest.fixture
def signing_locks_out(settings: Any) -> Any:
    from django.core.cache import cache

    settings.AXES_ENABLED = True
    cache.clear()
    yield
    cache.clear()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"meaning": "adored"}, "meaning"),
        ({"meaning": ["reviewed"]}, "meaning"),
        ({"meaning": None}, "meaning"),
        ({"password": {"a": 1}}, "password"),
        ({"password": "a\x00b"}, "password"),
        ({"version": "three"}, "version"),
        ({"version": -1}, "version"),
        ({"content_sha256": "A" * 64}, "content_sha256"),
        ({"code": "9" * 21}, "code"),
    ],
    ids=str,
)
def test_bad_input_is_named(
    api: Any, rao: User, url: str, record: VitalSigns, change: dict[str, Any], field: str
) -> None:
    answer = api(rao).post(url, asked(record, **change))
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Signature.objects.exists()


def test_a_meaning_of_another_form_is_refused(
    api: Any, browser: Client, rao: User, url: str, sign_page: str, record: VitalSigns
) -> None:
    answer = api(rao).post(url, asked(record, meaning="released"))
    assert (answer.status_code, answer.json()["code"]) == (400, "meaning")
    assert browser.post(sign_page, posted(record, meaning="released")).status_code == 400
    assert browser.post(sign_page, posted(record, meaning="")).status_code == 400
    assert not Signature.objects.exists()


def test_an_incomplete_form_is_not_signed(
    api: Any, page: Any, rao: User, bare_world: World, browser: Client
) -> None:
    record = bare_world.record(VITAL_SIGNS)
    answer = api(rao).post(f"/api/v1/forms/vital-signs/{record.pk}/signatures/", asked(record))
    assert (answer.status_code, answer.json()["code"]) == (409, "incomplete")
    sign_page = f"/forms/vital-signs/{record.pk}/sign/"
    assert b'name="password"' not in browser.get(sign_page).content
    assert browser.post(sign_page, posted(record)).status_code == 409
    assert not Signature.objects.exists()


def test_a_version_must_be_said(api: Any, rao: User, url: str, record: VitalSigns) -> None:
    answer = api(rao).post(url, {"meaning": "reviewed", "password": PASSWORD})
    assert answer.status_code == 428
    answer = api(rao).post(
        url, {"meaning": "reviewed", "password": PASSWORD}, headers={"If-Match": f'"{record.version}"'}
    )
    assert answer.status_code == 201


def test_what_was_not_seen_is_not_signed(
    bare_world: World, api: Any, browser: Client, rao: User, url: str, sign_page: str, record: VitalSigns
) -> None:
    before = posted(record)
    crf.save(
        VITAL_SIGNS,
        raw={"weight": "63.4"},
        by=bare_world.cast.asha,
        record=record,
        expected_version=record.version,
        reason="Misread scale",
    )
    answer = api(rao).post(url, asked(record))
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")
    assert answer.json()["current"]["weight"] == "63.4"
    answer = browser.post(sign_page, before)
    assert answer.status_code == 412
    text = answer.content.decode()
    assert "Misread scale" in text and "63.4" in text and "asha" in text, "what changed, by whom and why"
    assert not Signature.objects.exists()


def test_a_change_that_left_no_new_version_is_seen_too(
    browser: Client, sign_page: str, record: VitalSigns
) -> None:
    """Sign what you see: the page names the hash of what it showed."""
    before = posted(record)
    VitalSigns.objects.filter(pk=record.pk).update(weight="63.4")
    assert browser.post(sign_page, before).status_code == 412
    assert browser.post(sign_page, before | {"content_sha256": ""}).status_code == 412
    assert not Signature.objects.exists()


def test_the_same_is_signed_once(
    api: Any, browser: Client, rao: User, url: str, sign_page: str, record: VitalSigns, signed: Signature
) -> None:
    answer = api(rao).post(url, asked(record))
    assert (answer.status_code, answer.json()["code"]) == (409, "already_signed")
    assert browser.post(sign_page, posted(record)).status_code == 409
    assert Signature.objects.count() == 1
    assert api(rao).post(url, asked(record, meaning="approved")).status_code == 201


def test_nobody_signs_for_somebody_else(bare_world: World, rao: User, record: VitalSigns, rf: Any) -> None:
    from studyportal.signatures.errors import NotPermitted

    request = rf.post("/")
    request.user = bare_world.cast.asha
    with pytest.raises(NotPermitted):
        signing.sign(
            VITAL_SIGNS,
            record=record,
            meaning="reviewed",
            by=rao,
            request=request,
            password=PASSWORD,
            version_seen=record.version,
        )


def test_the_log_is_closed_to_the_application(signed: Signature) -> None:
    for statement in (
        "UPDATE signatures_signature SET meaning = 'approved'",
        "DELETE FROM signatures_signature",
        "TRUNCATE signatures_signature",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_the_log_is_closed_to_the_owner_by_trigger(signed: Signature) -> None:
    with _as_owner():
        for statement in (
            "UPDATE signatures_signature SET meaning = 'approved'",
            "DELETE FROM signatures_signature",
        ):
            with (
                pytest.raises(InternalError, match="Cannot update or delete"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)


def test_a_signature_refuses_to_change(signed: Signature) -> None:
    signed.meaning = "approved"
    with pytest.raises(TypeError):
        signed.save()
    with pytest.raises(TypeError):
        signed.delete()


# --- Signing ---------------------------------------------------------------------------------------------


def test_what_a_signature_holds(record: VitalSigns, signed: Signature, rao: User) -> None:
    assert (signed.signer, signed.signer_name, signed.signer_role) == (rao, str(rao), "Investigator")
    assert (signed.form, signed.object_id, signed.record_version) == ("vital-signs", record.pk, 1)
    assert signed.statement.startswith("I have reviewed this record")
    assert signed.content_sha256 == sha256_of(signing.content_of(VITAL_SIGNS, record))
    assert (signed.method, signed.content_format) == ("password", "record/1")
    assert (signed.site_id, signed.participant_id) == (record.site_id, record.participant_id)


def test_by_page(browser: Client, sign_page: str, record: VitalSigns, rao: User) -> None:
    shown = browser.get(sign_page).content.decode()
    assert "61.2" in shown and "I have reviewed this record" in shown and "not recorded" in shown.lower()
    answer = browser.post(sign_page, posted(record), follow=True)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert rao.display_name in text and "Asia/Kolkata, UTC+05:30" in text
    signature = Signature.objects.get()
    assert signature.content_sha256 in text, "the whole hash, for the print"
    history = browser.get(f"{record.get_absolute_url()}history/").content.decode()
    assert "Signed: Reviewed, version 1" in history


def test_the_content_can_be_recomputed_from_the_api(api: Any, rao: User, url: str, signed: Signature) -> None:
    import hashlib

    answer = api(rao).get(url)
    body = answer.json()
    assert hashlib.sha256(body["content"].encode()).hexdigest() == body["content_sha256"]
    assert body["content_sha256"] == signed.content_sha256
    assert answer["ETag"] == '"1"'
    (one,) = body["signatures"]
    assert (one["state"], one["meaning"], one["signer"]) == ("signed", "reviewed", "rao")
    assert one["changed_since"] == []


def test_the_content_does_not_depend_on_the_language(record: VitalSigns) -> None:
    found = set()
    for language in ("en", "hi", "mr"):
        with translation.override(language):
            found.add(sha256_of(signing.content_of(VITAL_SIGNS, record)))
    assert len(found) == 1


def test_a_token_signs_with_the_password(rao: User, url: str, record: VitalSigns) -> None:
    from rest_framework.test import APIClient

    client = APIClient()
    made = client.post(
        "/api/v1/tokens/",
        {"username": "rao", "password": PASSWORD, "name": "Test", "days": 1, "access": "read_write"},
    )
    assert made.status_code == 201, made.json()
    client.credentials(HTTP_AUTHORIZATION=f"Token {made.json()['token']}")
    assert client.post(url, asked(record, password="wrong")).status_code == 403
    answer = client.post(url, asked(record))
    assert answer.status_code == 201, answer.json()


# --- What breaks it --------------------------------------------------------------------------------------


def by_action(record: VitalSigns, world: World) -> None:
    crf.save(VITAL_SIGNS, raw={"weight": "63.4"}, by=world.cast.asha, record=record, reason="Misread scale")


def by_raw_sql(record: VitalSigns, world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE visits_vitalsigns SET weight = 63.4 WHERE id = %s", [record.pk])


def there_and_back(record: VitalSigns, world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE visits_vitalsigns SET weight = 63.4 WHERE id = %s", [record.pk])
        cursor.execute("UPDATE visits_vitalsigns SET weight = 61.2 WHERE id = %s", [record.pk])


@pytest.mark.parametrize("change", [by_action, by_raw_sql, there_and_back])
def test_any_later_change_breaks_it_everywhere(
    bare_world: World,
    api: Any,
    browser: Client,
    rao: User,
    url: str,
    record: VitalSigns,
    signed: Signature,
    change: Callable[[VitalSigns, World], None],
) -> None:
    assert api(rao).get("/api/v1/signatures/?state=broken").json()["results"] == []
    assert [row["state"] for row in exported(api, bare_world)] == ["signed"]
    assert "grid-signature tone-good" in casebook(browser, bare_world)

    change(record, bare_world)

    (one,) = api(rao).get(url).json()["signatures"]
    assert (one["state"], one["content_sha256"]) == ("broken", signed.content_sha256)
    assert "weight" in {field["name"] for change in one["changed_since"] for field in change["fields"]}
    assert [s["id"] for s in api(rao).get("/api/v1/signatures/?state=broken").json()["results"]] == [
        signed.pk
    ]
    assert api(rao).get("/api/v1/signatures/?state=signed").json()["results"] == []
    text = browser.get(record.get_absolute_url()).content.decode()
    assert "The record has changed since it was signed" in text
    assert rao.display_name in text and signed.content_sha256 in text, "the signature stays visible"
    assert "63.4" in text, "what changed"
    assert "Signature broken" in browser.get(f"{record.get_absolute_url()}history/").content.decode()
    (row,) = exported(api, bare_world)
    assert (row["state"], row["content_sha256"]) == ("broken", signed.content_sha256)
    assert "grid-signature tone-bad" in casebook(browser, bare_world)
    assert Signature.objects.filter(pk=signed.pk).exists()


def exported(api: Any, world: World) -> list[dict[str, str]]:
    """The dataset's query, in the transaction of the test."""
    from apps.exports.catalogue import catalogue
    from apps.exports.datasets import Filters

    query = catalogue()["signatures"].select(Filters(), None)
    with connection.cursor() as cursor:
        cursor.execute(query)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def casebook(browser: Client, world: World) -> str:
    return browser.get(world.participant.get_absolute_url()).content.decode()


def test_the_changes_are_told_with_person_and_reason(
    bare_world: World, api: Any, rao: User, url: str, record: VitalSigns, signed: Signature
) -> None:
    by_action(record, bare_world)
    body = api(rao).get(url).json()
    (change,) = body["signatures"][0]["changed_since"]
    assert (change["by"], change["reason"]) == ("asha", "Misread scale")
    assert (body["record_version"], body["signatures"][0]["record_version"]) == (2, 1)


def test_what_changed_is_signed_anew_and_the_old_signature_stays(
    bare_world: World, api: Any, browser: Client, rao: User, url: str, record: VitalSigns, signed: Signature
) -> None:
    by_action(record, bare_world)
    assert api(rao).post(url, asked(record, version=2)).status_code == 201
    states = [one["state"] for one in api(rao).get(url).json()["signatures"]]
    assert states == ["broken", "signed"]
    assert "grid-signature tone-good" in casebook(browser, bare_world)


def test_there_and_back_may_be_signed_again(
    bare_world: World, api: Any, rao: User, url: str, record: VitalSigns, signed: Signature
) -> None:
    there_and_back(record, bare_world)
    assert api(rao).post(url, asked(record)).status_code == 201


def test_a_field_that_the_form_gains_later_breaks_nothing(record: VitalSigns) -> None:
    """A field without value and without reason is left out of the content."""
    content = signing.content_of(VITAL_SIGNS, record)
    assert None not in content["values"].values()
    assert set(content["values"]) | set(content["absent"]) == set(VITAL_SIGNS.fields)


def test_the_bulk_road_gives_the_same_hash_for_every_form(world: World) -> None:
    """Rows read as JSON for lists, and records read by the ORM: one content."""
    records = {(spec.key, world.records[spec.key].pk): spec for spec in all_specs()}
    standing = signing.standings(records)
    assert set(standing) == set(records)
    for (key, pk), spec in records.items():
        fresh = spec.model._default_manager.select_related("site", "participant").get(pk=pk)
        assert standing[key, pk][0].sha256 == sha256_of(signing.content_of(spec, fresh)), key


def test_lists_ask_a_fixed_number_of_queries(
    bare_world: World, api: Any, rao: User, url: str, record: VitalSigns, signed: Signature
) -> None:
    client = api(rao)

    def asked_queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            signing.signed_records([bare_world.participant.pk])
            client.get("/api/v1/signatures/")
        return len(queries)

    asked_queries()  # the person's grants are read once
    first = asked_queries()
    client.post(url, asked(record, meaning="approved"))
    for spec in ("demographics", "symptoms"):
        other = bare_world.record(next(s for s in all_specs() if s.key == spec))
        type(other).objects.filter(pk=other.pk).update(status="complete")
        address = f"/api/v1/forms/{spec}/{other.pk}/signatures/"
        assert client.post(address, asked(other)).status_code == 201
    assert asked_queries() == first
