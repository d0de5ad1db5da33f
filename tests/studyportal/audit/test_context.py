"""Who, by which road, and why: in each row of history, and only there."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from apps.enrolment import actions as enrolment
from apps.enrolment.models import Participant
from studyportal.audit import acting, because
from studyportal.audit.selectors import history_of

pytestmark = pytest.mark.django_db


def test_nothing_is_kept_in_a_shared_context(cast: Any, as_owner: Any) -> None:
    enrolment.register(site=cast.mumbai, by=cast.asha)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pghistory_context")
        assert cursor.fetchone() == (0,)
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('pghistory_context', 'SELECT')")
        assert cursor.fetchone() == (False,)


def test_an_inner_reason_does_not_stick(cast: Any) -> None:
    participant = enrolment.register(site=cast.mumbai, by=cast.asha)
    with acting(user=cast.meera, source="command"):
        with because("First reason"):
            Participant.objects.filter(pk=participant.pk).update(label="one")
        Participant.objects.filter(pk=participant.pk).update(label="two")
    two, one, _first = history_of(participant)
    assert (one.by, one.source, one.reason) == ("meera", "command", "First reason")
    assert (two.by, two.source, two.reason) == ("meera", "command", "")


def test_bulk_writes_are_kept_row_by_row(cast: Any) -> None:
    people = [enrolment.register(site=cast.mumbai, by=cast.asha) for _ in range(3)]
    with acting(user=cast.meera, source="import", reason="Relabelled"):
        Participant.objects.filter(pk__in=[p.pk for p in people]).update(label="many")
    for person in people:
        newest = history_of(person)[0]
        assert [(f.name, f.before, f.after) for f in newest.fields] == [("label", "", "many")]
        assert (newest.by, newest.source, newest.reason) == ("meera", "import", "Relabelled")
