"""The second wall: with every filter of the application left out, the database shows identities to the site's staff."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from studyportal.access import walls
from studyportal.audit.models import Look
from studyportal.audit.selectors import event_model_of
from studyportal.identity import actions
from studyportal.identity.models import Identity
from tests.apps.enrolment.factories import a_case
from tests.cast import ROLES, Cast
from tests.studyportal.identity.conftest import PERSON

pytestmark = pytest.mark.django_db

TABLES = (Identity, event_model_of(Identity))


@pytest.fixture
def both(cast: Cast, recorded: Any, pune: Any) -> Any:
    actions.record(participant=pune, raw=PERSON, by=cast.vikram)


def sites_in(model: Any) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT s.code FROM {model._meta.db_table} t JOIN access_site s ON s.id = t.site_id")
        raw = {code for (code,) in cursor.fetchall()}
    assert raw == set(model.objects.values_list("site__code", flat=True))
    return raw


@pytest.mark.parametrize("who", [*ROLES])
def test_each_sees_the_identities_of_own_sites_only(cast: Cast, both: Any, who: str) -> None:
    expected = {"asha": {"MUM"}, "rao": {"MUM"}, "vikram": {"PUN"}, "iyer": {"PUN"}}.get(who, set())
    with walls.opened(getattr(cast, who)):
        assert [sites_in(model) for model in TABLES] == [expected, expected]


def test_nobody_sees_none(both: Any) -> None:
    walls.close()
    assert [sites_in(model) for model in TABLES] == [set(), set()]


@pytest.mark.parametrize("who", ["vikram", "meera", "admin"])
def test_another_writes_none(cast: Cast, both: Any, who: str) -> None:
    row = Identity(participant=a_case(cast), site=cast.mumbai, sealed=b"x", key_id="k")
    with walls.opened(getattr(cast, who)):
        assert Identity.objects.filter(site=cast.mumbai).update(key_id="stolen") == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            row.save()


def test_a_look_is_kept_in_the_log(cast: Cast, recorded: Any, page: Any) -> None:
    code = recorded.participant.code
    page(cast.asha).get(f"/participants/{code}/identity/")
    page(cast.asha).post("/participants/find/", {"hospital_number": PERSON["hospital_number"]})
    page(cast.asha).post("/participants/find/", {"hospital_number": "MH-1"})
    looks = Look.objects.filter(user=cast.asha).order_by("id")
    assert [(look.what, look.participant_code, look.detail) for look in looks] == [
        ("identity_comparison", code, "saved, and compared with the whole study"),
        ("identity", code, "shown on its page"),
        ("identity_search", code, "found"),
        ("identity_search", "", "nobody found"),
    ]
    assert looks[0].site == cast.mumbai
