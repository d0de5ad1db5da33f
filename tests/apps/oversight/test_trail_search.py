"""The audit trail searched, by field, about access, and as a file."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.enrolment.models import Participant
from apps.oversight import trail
from studyportal.access.models import ApiToken, Membership, User
from studyportal.audit import acting
from studyportal.audit.models import Look
from tests.apps.oversight.conftest import Records
from tests.cast import Cast

pytestmark = pytest.mark.django_db
URL, FILE, FIELD = "/oversight/audit-trail/", "/oversight/audit-trail.csv", "/oversight/audit-trail/field/"


@pytest.fixture
def changed(cast: Cast, records: Records) -> Any:
    """A weight entered by Asha and corrected with a reason."""
    record = records.weight(records.visit(records.participant()), "16.2")
    return records.weight(
        record.visit,
        "61.2",
        record=record,
        reason={"code": "transcription_error", "text": "digits exchanged"},
    )


@pytest.fixture
def pune_investigator(cast: Cast) -> User:
    user = User.objects.create(username="lalita")
    Membership.objects.create(user=user, role="investigator", site=cast.pune, valid_from="2020-01-01")
    return user


def file_of(browser: Any, query: str = "") -> list[dict[str, str]]:
    text = b"".join(browser.get(FILE + query).streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def field_query(record: Any, field: str = "weight") -> str:
    return f"{FIELD}?model=visits.vitalsigns&record={record.pk}&field={field}"


@pytest.mark.parametrize("name", ["asha", "sanjay", "admin", "norole"])
@pytest.mark.parametrize("url", [FILE, FIELD])
def test_refused_to_whom_it_is_not_for(cast: Cast, page: Any, name: str, url: str) -> None:
    assert page(getattr(cast, name)).get(url).status_code == 403


@pytest.mark.parametrize("query", ["", "?model=visits.vitalsigns", "?model=x&record=1&field=weight",
                                   "?model=visits.vitalsigns&record=1&field=password",
                                   "?model=visits.vitalsigns&record=999999&field=weight",
                                   "?model=visits.vitalsigns&record=x&field=weight"])  # fmt: skip
def test_no_such_field_is_not_found(cast: Cast, page: Any, query: str) -> None:
    assert page(cast.meera).get(FIELD + query).status_code == 404


def test_another_sites_field_is_not_found(
    cast: Cast, page: Any, changed: Any, pune_investigator: User
) -> None:
    assert page(pune_investigator).get(field_query(changed)).status_code == 404
    assert file_of(page(pune_investigator)) == [
        line for line in file_of(page(pune_investigator)) if line["site"] == "PUN"
    ]


def test_the_history_of_a_field(cast: Cast, page: Any, changed: Any) -> None:
    text = page(cast.rao).get(field_query(changed)).content.decode()
    for said in ("16.2", "61.2", "Transcription error: digits exchanged", "asha", "IST", "UTC"):
        assert said in text, said
    hidden = page(cast.farah).get(field_query(changed)).content.decode()
    assert "16.2" not in hidden and "61.2" not in hidden
    assert "digits exchanged" in hidden and "not shown to you" in hidden


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"reason": "transcription_error"}, True),
        ({"reason": "wrong_unit"}, False),
        ({"words": "Exchanged digits"}, True),
        ({"words": "exchanged letters"}, False),
        ({"words": "' | !:*"}, False),
        ({"label": "update"}, True),
        ({"label": "delete"}, False),
        ({"road": "page"}, True),
        ({"road": "command"}, False),
        ({"model": "visits.vitalsigns", "field": "weight"}, True),
        ({"model": "visits.vitalsigns", "field": "height"}, False),
        ({"username": "asha", "label": "update"}, True),
        ({"username": "rao"}, False),
    ],
)  # fmt: skip
def test_searched(cast: Cast, changed: Any, choice: dict[str, Any], found: bool) -> None:
    entries, _older, _newer = trail.recent(cast.meera, trail.Choice(**choice))
    # Rows of other tables may have the same number.
    wanted = [
        e for e in entries if e.label == "update" and e.model is type(changed) and e.record_id == changed.pk
    ]
    assert bool(wanted) == found


def test_every_field_can_be_looked_for(cast: Cast, records: Records) -> None:
    """The statement stands for every field of every table: no type is forgotten."""
    records.participant()
    for code in trail.tables():
        for name, _label in trail.fields_of(code):
            trail.recent(cast.meera, trail.Choice(model=code, field=name), size=1)


def test_searched_by_site(cast: Cast, records: Records, page: Any) -> None:
    own, other = records.participant(), records.participant(site=cast.pune)
    text = page(cast.meera).get(f"{URL}?site=PUN").content.decode()
    assert other.code in text and own.code not in text
    assert Look.objects.last().site == cast.pune


def test_a_change_past_the_portal_names_the_role_of_the_database(
    cast: Cast, records: Records, page: Any
) -> None:
    participant = records.participant()
    with connection.cursor() as cursor:
        # As from psql: what the portal said of itself ended with its transaction.
        cursor.execute("SET LOCAL pghistory.context_metadata = ''")
        cursor.execute("UPDATE enrolment_participant SET label = 'by hand' WHERE id = %s", [participant.pk])
        cursor.execute("SELECT session_user")
        (role,) = cursor.fetchone()
    changes = trail.recent(cast.meera, trail.Choice(road="database", label="update"))[0]
    (entry,) = [one for one in changes if not one.by]
    assert (entry.by, entry.road, entry.role) == ("", "database", role)
    text = page(cast.meera).get(f"{URL}?road=database").content.decode()
    assert "outside the portal" in text and role in text


def test_what_one_request_did_carries_its_number(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    with acting(user=cast.meera, source="page", request="4711abc"):
        Participant.objects.filter(pk=participant.pk).update(label="x")
    assert "4711abc" in page(cast.meera).get(URL).content.decode()


# --- Access -----------------------------------------------------------------------------------------------


def test_access_has_history_without_its_secrets(cast: Cast) -> None:
    factor = Authenticator.objects.create(
        user=cast.sanjay, type=Authenticator.Type.TOTP, data={"secret": "JBSWY3DPEHPK3PXP"}
    )
    Authenticator.objects.filter(pk=factor.pk).update(last_used_at="2026-01-01T00:00Z")
    token, _secret = ApiToken.objects.create(user=cast.sanjay)
    with acting(user=cast.admin, source="page"):
        cast.sanjay.set_password("correct horse battery")
        cast.sanjay.display_name = "S. Rao"
        cast.sanjay.save()
        Membership.objects.filter(user=cast.sanjay).update(valid_until="2026-12-31")
        User.objects.filter(pk=cast.sanjay.pk).update(last_login="2026-01-01T00:00Z")
    entries, _o, _n = trail.recent(cast.meera, trail.Choice(about="sanjay"))
    said = {
        (e.model._meta.model_name, e.label): {f.name: (f.before, f.after) for f in e.fields} for e in entries
    }
    assert said["user", "update"] == {"display_name": ("Sanjay", "S. Rao")}
    assert said["membership", "update"] == {"valid_until": ("", "2026-12-31")}
    assert ("apitoken", "insert") in said
    assert said["secondfactor", "insert"]["type"][1] and ("secondfactor", "update") not in said
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM audit_apitokenevent e")
        assert token.digest not in cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(e::text, ' ') FROM audit_userevent e")
        assert cast.sanjay.password not in cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(e::text, ' ') FROM audit_secondfactorevent e")
        assert "JBSWY3DPEHPK3PXP" not in cursor.fetchone()[0]


def test_of_access_one_site_sees_the_roles_at_that_site(
    cast: Cast, page: Any, pune_investigator: User
) -> None:
    entries, _o, _n = trail.recent(pune_investigator, trail.Choice())
    assert {e.site_id for e in entries if e.model is Membership} == {cast.pune.pk}
    assert not [e for e in entries if e.model is User]


# --- The file ----------------------------------------------------------------------------------------------


def test_the_file_is_whole_in_order_and_as_narrow_as_the_page(
    cast: Cast, records: Records, page: Any, changed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = file_of(page(cast.rao), "?model=visits.vitalsigns&label=update")
    (weight,) = lines
    assert (weight["field"], weight["before"], weight["after"]) == ("weight", "16.2", "61.2")
    assert (weight["user"], weight["road"], weight["reason_code"]) == ("asha", "page", "transcription_error")
    assert weight["at_utc"].endswith("+00:00") and weight["at_site"].endswith("+05:30")
    assert Look.objects.last().what == "audit_trail_file"
    whole = file_of(page(cast.rao))
    assert [line["at_utc"] for line in whole] == sorted(line["at_utc"] for line in whole)
    plain = trail.recent
    monkeypatch.setattr(
        trail, "recent", lambda user, choice, **more: plain(user, choice, **(more | {"size": 3}))
    )
    assert file_of(page(cast.rao)) == whole


def test_the_file_hides_what_the_page_hides(cast: Cast, page: Any, changed: Any) -> None:
    lines = file_of(page(cast.farah))
    assert any("digits exchanged" in line["reason"] and line["field"] == "weight" for line in lines)
    # Not the whole text: a moment of 11:20:16.2 is no weight.
    assert not {"16.2", "61.2"} & {line[side] for line in lines for side in ("before", "after")}


def test_the_file_runs_nothing(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    with acting(user=cast.meera, source="page", reason="=1+1 is a formula"):
        Participant.objects.filter(pk=participant.pk).update(label="@SUM(A1)")
    lines = file_of(page(cast.meera), f"?participant={participant.code}&label=update")
    (line,) = [one for one in lines if "SUM" in one["after"]]
    assert (line["after"], line["reason"]) == ("'@SUM(A1)", "'=1+1 is a formula")


@pytest.mark.parametrize("query", ["?words=%00&user=%ED%A0%80", "?model=visits.vitalsigns&field=nonsense",
                                   "?record=1", "?model=access.apitoken&record=1&field=name", "?about=%27--",
                                   "?participant=MUM-0001-7&about=asha&road=database&reason=other"])  # fmt: skip
def test_what_is_typed_breaks_nothing(cast: Cast, page: Any, query: str) -> None:
    for url in (URL, FILE):
        assert page(cast.meera).get(url + query).status_code in (200, 400)


def test_a_fixed_number_of_questions(cast: Cast, records: Records, page: Any, changed: Any) -> None:
    browser = page(cast.meera)
    for url in (URL + "?words=digits&road=page", field_query(changed)):
        with CaptureQueriesContext(connection) as few:
            browser.get(url)
        for number in range(20):
            records.weight(changed.visit, f"{50 + number}", record=changed, reason="digits again")
        with CaptureQueriesContext(connection) as many:
            browser.get(url)
        assert len(many) == len(few)
