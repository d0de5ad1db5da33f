"""Verifying, locking and freezing: what is refused, what is kept, and what a later change breaks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.visits.crfs import SYMPTOMS, VITAL_SIGNS
from apps.visits.models import VitalSigns
from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Finding
from studyportal.queries import actions as queries
from studyportal.queries.models import Query
from studyportal.review import actions, closing, selectors
from studyportal.review.kinds import VISIT, Kind, kinds
from studyportal.review.models import Freeze, Lock, Verification
from studyportal.review.rules import ReviewState
from tests.conftest import _as_owner
from tests.world import World

pytestmark = pytest.mark.django_db

Change = Callable[..., Any]
Asks = Callable[..., None]


def state(record: Any, form: str = "vital-signs") -> ReviewState:
    return selectors.states({form: [record.pk]})[form, record.pk]


def codes(error: pytest.ExceptionInfo[Any]) -> list[str]:
    return [problem.code for problem in error.value.problems]


def asked_of(record: Any) -> Query:
    """A question that a check asked of the record."""
    queries.reconcile(
        record=record,
        form="vital-signs",
        findings=[Finding("weight", "sure", "Sure of it?")],
        values={"weight": "61.2"},
        by=None,
    )
    return Query.objects.get(form="vital-signs", object_id=record.pk)


# --- Verifying -------------------------------------------------------------------------------------------


def test_a_draft_is_not_verified(bare_world: World, kind: Kind, meera: User, asks: Asks) -> None:
    draft = crf.save(
        VITAL_SIGNS, raw={}, by=bare_world.cast.asha, parents={"visit": bare_world.visit}, complete=False
    )
    with pytest.raises(Refused) as error:
        actions.verify(kind, record=draft, by=meera, version_seen=draft.version)
    assert codes(error) == ["incomplete"]


def test_what_changed_since_it_was_seen_is_not_verified(
    kind: Kind, record: VitalSigns, meera: User, change: Change, asks: Asks
) -> None:
    seen = record.version
    change(weight="62")
    with pytest.raises(StaleVersion):
        actions.verify(kind, record=record, by=meera, version_seen=seen)
    assert not Verification.objects.exists()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"fields": ["wieght"]}, "unknown_field"),
        ({"fields": ["bmi"]}, "unknown_field"),  # derived: it has no source
        ({"fields": [12]}, "unknown_field"),
        ({"method": "by heart"}, "choice"),
        ({"note": "x" * 501}, "max_length"),
        ({"note": "a\x00b"}, "type"),
        ({"note": "\ud800"}, "type"),
    ],
)
def test_what_makes_no_verification(
    kind: Kind, record: VitalSigns, meera: User, more: dict[str, Any], code: str, asks: Asks
) -> None:
    with pytest.raises(CrfInvalid) as error:
        actions.verify(kind, record=record, by=meera, version_seen=record.version, **more)
    assert codes(error) == [code]


def test_the_whole_form_is_verified_and_any_change_breaks_it(
    kind: Kind, record: VitalSigns, meera: User, change: Change, asks: Asks
) -> None:
    (mark,) = actions.verify(
        kind, record=record, by=meera, version_seen=record.version, note="Ward chart", method="copy"
    )
    assert (mark.field, mark.note, mark.by_name, mark.record_version) == ("", "Ward chart", str(meera), 1)
    assert state(record).verified
    change(height="159")
    assert (state(record).verified, state(record).broken) == (False, True)
    change(height="158")
    assert state(record).broken, "the same value again is not the value that was compared"
    record.refresh_from_db()
    actions.verify(kind, record=record, by=meera, version_seen=record.version)
    assert (state(record).verified, state(record).broken) == (True, False)


def test_a_change_of_one_field_breaks_the_mark_on_that_field_alone(
    kind: Kind, record: VitalSigns, meera: User, change: Change, asks: Asks
) -> None:
    asks(verification={"verify": "critical_fields", "critical_fields": {"vital-signs": ["weight", "height"]}})
    actions.verify(kind, record=record, by=meera, version_seen=record.version, fields=["weight", "height"])
    assert state(record).verified
    change(weight="62")
    found = state(record)
    assert (found.verified_fields, found.broken_fields) == ({"height"}, {"weight"})
    assert (found.verified, found.broken) == (False, True)
    change(systolic="113")
    assert state(record).verified_fields == {"height"}, "another field says nothing of this one"
    change(weight="61.20")
    assert state(record).broken_fields == {"weight"}
    record.refresh_from_db()
    actions.verify(kind, record=record, by=meera, version_seen=record.version, fields=["weight"])
    assert state(record).verified


def test_a_reason_of_absence_is_verified_like_a_value(
    kind: Kind, record: VitalSigns, meera: User, change: Change, asks: Asks
) -> None:
    actions.verify(kind, record=record, by=meera, version_seen=record.version, fields=["pulse"])
    assert state(record).verified_fields == {"pulse"}
    change(pulse="80")
    assert state(record).broken_fields == {"pulse"}


def test_a_verification_is_taken_back_with_a_reason(
    kind: Kind, record: VitalSigns, meera: User, asks: Asks
) -> None:
    with pytest.raises(Refused) as refused:
        actions.take_back(kind, record=record, by=meera, reason="Wrong chart")
    assert codes(refused) == ["not_verified"]
    actions.verify(kind, record=record, by=meera, version_seen=record.version)
    for reason in ("", "  ", "no"):
        with pytest.raises(CrfInvalid):
            actions.take_back(kind, record=record, by=meera, reason=reason)
    actions.take_back(kind, record=record, by=meera, reason="Wrong chart")
    assert (state(record).verified, state(record).broken) == (False, False)
    assert [one.act for one in selectors.verifications_on("vital-signs", record.pk)] == [
        "taken_back",
        "verified",
    ]


# --- Locking ---------------------------------------------------------------------------------------------


def test_a_lock_says_all_that_it_waits_for(
    bare_world: World, kind: Kind, record: VitalSigns, meera: User, asks: Asks
) -> None:
    asks(verification={"verify": "all"}, sign=["vital-signs"])
    asked_of(record)
    with pytest.raises(Refused) as error:
        actions.lock(kind, record=record, by=meera)
    assert codes(error) == ["open_queries", "not_verified", "not_signed"]
    assert not Lock.objects.exists()


def test_a_locked_form_takes_no_change_and_its_other_records_do(
    bare_world: World, kind: Kind, record: VitalSigns, meera: User, change: Change, asks: Asks
) -> None:
    actions.lock(kind, record=record, by=meera, version_seen=record.version)
    assert state(record).locked
    with pytest.raises(Refused) as error:
        change(weight="62")
    assert codes(error) == ["locked"]
    with pytest.raises(Refused) as twice:
        actions.lock(kind, record=record, by=meera)
    assert codes(twice) == ["locked"]
    record.refresh_from_db()
    assert record.weight == Decimal("61.2")
    crf.save(
        SYMPTOMS, raw={}, by=bare_world.cast.asha, parents={"visit": bare_world.visit}, complete=False
    )  # another form of the visit


def test_it_is_unlocked_with_a_reason(
    kind: Kind, record: VitalSigns, meera: User, change: Change, asks: Asks
) -> None:
    with pytest.raises(Refused) as error:
        actions.unlock(kind, record=record, by=meera, reason="Source corrected")
    assert codes(error) == ["not_locked"]
    actions.lock(kind, record=record, by=meera)
    with pytest.raises(CrfInvalid):
        actions.unlock(kind, record=record, by=meera, reason="")
    actions.unlock(kind, record=record, by=meera, reason="Source corrected")
    change(weight="62")
    assert not state(record).locked


def test_a_derived_value_follows_after_the_lock_and_it_shows(
    kind: Kind, record: VitalSigns, meera: User, asks: Asks
) -> None:
    actions.lock(kind, record=record, by=meera)
    VitalSigns.objects.filter(pk=record.pk).update(height="160")  # as a job that works on what it rests on
    assert crf.rederive(record, reason="Derived anew")
    found = state(record)
    assert found.locked
    assert found.changed_after_lock


# --- Visits, sites, the study ----------------------------------------------------------------------------


def test_a_visit_is_locked_with_its_forms_or_says_which_are_not_ready(
    bare_world: World, kind: Kind, record: VitalSigns, meera: User, asks: Asks
) -> None:
    visit = bare_world.visit
    draft = crf.save(SYMPTOMS, raw={}, by=bare_world.cast.asha, parents={"visit": visit}, complete=False)
    closed = closing.lock_visit(visit=visit, by=meera)
    assert [pk for _kind, pk in closed.locked] == [record.pk]
    assert [(pk, len(why)) for _kind, pk, why in closed.refused] == [(draft.pk, 1)]
    assert not state(visit, VISIT).locked
    absent = dict.fromkeys(SYMPTOMS.entered_fields, "not_done")
    crf.save(
        SYMPTOMS,
        raw={"absent": absent},
        by=bare_world.cast.asha,
        record=draft,
        expected_version=draft.version,
    )
    closed = closing.lock_visit(visit=visit, by=meera)
    assert closed.whole
    assert state(visit, VISIT).locked
    with pytest.raises(Refused) as error:  # nothing is added to it either
        crf.save(VITAL_SIGNS, raw={}, by=meera, parents={"visit": visit}, complete=False)
    assert codes(error) == ["locked"]
    assert closing.unlock_visit(visit=visit, by=meera, reason="A page was found") == 3
    assert not state(visit, VISIT).locked
    assert not state(record).locked


@pytest.mark.parametrize("where", ["visit", "site", "study"])
def test_a_freeze_closes_what_lies_in_it_and_is_lifted(
    bare_world: World, record: VitalSigns, meera: User, change: Change, asks: Asks, where: str
) -> None:
    def freeze(act: str) -> None:
        if where == "visit":
            getattr(closing, f"{act}_visit")(visit=bare_world.visit, by=meera, reason="Interim analysis")
        else:
            site = bare_world.cast.mumbai if where == "site" else None
            getattr(closing, act)(site=site, by=meera, reason="Interim analysis")

    with pytest.raises(Refused):
        freeze("lift")
    freeze("freeze")
    with pytest.raises(Refused):
        freeze("freeze")
    assert state(record).frozen
    with pytest.raises(Refused) as error:
        change(weight="62")
    assert codes(error) == ["frozen"]
    with pytest.raises(Refused) as error:
        crf.save(SYMPTOMS, raw={}, by=meera, parents={"visit": bare_world.visit}, complete=False)
    assert codes(error) == ["frozen"]
    freeze("lift")
    change(weight="62")
    assert not state(record).frozen


def test_another_site_goes_on_and_so_does_safety(
    bare_world: World, record: VitalSigns, meera: User, change: Change, asks: Asks
) -> None:
    from studyportal.crf.registry import get

    closing.freeze(site=bare_world.cast.pune, by=meera, reason="Pune closes")
    change(weight="62")
    closing.freeze(site=None, by=meera, reason="Database closes")
    crf.save(
        get("adverse-event"), raw={}, by=bare_world.cast.asha, participant=bare_world.participant, complete=False
    )  # fmt: skip


# --- What is kept ----------------------------------------------------------------------------------------


def test_events_are_only_added_to(kind: Kind, record: VitalSigns, meera: User, asks: Asks) -> None:
    (mark,) = actions.verify(kind, record=record, by=meera, version_seen=record.version)
    lock = actions.lock(kind, record=record, by=meera)
    freeze = closing.freeze(site=None, by=meera, reason="Database closes")
    for one in (mark, lock, freeze):
        with pytest.raises(TypeError):
            one.save()
        with pytest.raises(TypeError):
            one.delete()
    for table in ("review_verification", "review_lock", "review_freeze"):
        for statement in (f"UPDATE {table} SET by_name = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
            with (
                pytest.raises(InternalError),
                _as_owner(),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
    assert Freeze.objects.count() == 1


def test_the_states_of_many_records_cost_as_many_queries_as_those_of_one(
    bare_world: World, kind: Kind, record: VitalSigns, meera: User, asks: Asks
) -> None:
    actions.verify(kind, record=record, by=meera, version_seen=record.version, fields=["weight"])
    with CaptureQueriesContext(connection) as one:
        found = selectors.states({"vital-signs": [record.pk], "gone": [1], "symptoms": [987654321]})
    assert set(found) == {("vital-signs", record.pk)}
    bare_world.records["vital-signs"] = record
    bare_world.fill()
    with CaptureQueriesContext(connection) as many:
        found = selectors.states_of([bare_world.participant.pk])
    assert len(found) > 30
    assert found["vital-signs", record.pk].verified_fields == {"weight"}
    assert len(one) == len(many) == 5


def test_the_gate_costs_one_query(record: VitalSigns, asks: Asks) -> None:
    from studyportal.review import gate

    with CaptureQueriesContext(connection) as asked:
        assert gate.closed(VITAL_SIGNS, record, None) == []
    assert len(asked) == 1


def test_every_form_can_be_asked(bare_world: World, asks: Asks) -> None:
    asks(verification={"verify": "percent", "percent": 50})
    for kind in kinds().values():
        sql = (
            f"SELECT {kind.verified}, {kind.signed}, {kind.locked}, {kind.asks_verification}, {kind.queried}"
            f" FROM {kind.table} rec WHERE rec.id = %s"
        )
        assert selectors.fetch(sql, [0]) == []


def test_the_lot_is_the_same_in_the_database(record: VitalSigns, kind: Kind) -> None:
    from studyportal.protocol.review import lot
    from studyportal.review.kinds import LOT

    sql = f"SELECT {LOT.format(form='vital-signs')} FROM {kind.table} rec WHERE rec.id = %s"
    assert selectors.fetch(sql, [record.pk]) == [(lot("vital-signs", record.pk),)]
