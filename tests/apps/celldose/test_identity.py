"""Identity by two signed-in people: the fold of their readings, and what a reading refuses."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.celldose import crfs
from apps.celldose.actions import readings
from apps.celldose.models import IdentityReading, NearMiss
from apps.celldose.product_file import product_file
from apps.celldose.rules.identity import same_code, same_identifier, verification
from studyportal import protocol
from studyportal.access.models import Membership
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.deviations.models import Deviation
from tests.apps.celldose.conftest import Journey, at, save
from tests.apps.celldose.readings import read, verify
from tests.cast import Cast

NINE = dt.datetime(2025, 3, 10, 9, 0, tzinfo=dt.UTC)


# --- the fold -----------------------------------------------------------------------------------------------


@dataclass
class R:
    """A reading of the fold's tests."""

    pk: int
    reader_id: str
    matches: bool = True
    witness_of_id: int | None = None
    step: str = "bedside"
    said: str = ""
    read_at: dt.datetime = NINE

    @property
    def reader_name(self) -> str:
        return self.reader_id.title()


@dataclass
class C:
    """A check that a source names."""

    matches: bool | None
    checked_at: dt.datetime | None = NINE
    step: str | None = "bedside"
    first_person: str | None = "Sister A"
    second_person: str | None = "Sister B"
    identifier_read: str | None = "D-1"
    participant_code_read: str | None = "MUM-0001-K"


@pytest.mark.parametrize(
    ("made", "checks", "matches", "people", "waiting"),
    [
        ([], [], "absent", (), ()),
        ([R(1, "asha")], [], None, (), (1,)),
        ([R(1, "asha"), R(2, "nikhil", witness_of_id=1)], [], True, ("Asha", "Nikhil"), ()),
        ([R(1, "asha"), R(2, "asha", witness_of_id=1)], [], None, (), (1,)),
        ([R(1, "asha"), R(2, "nikhil")], [], None, (), (1, 2)),
        ([R(1, "asha"), R(2, "nikhil"), R(3, "asha", witness_of_id=2)], [], True, ("Nikhil", "Asha"), ()),
        ([R(1, "asha", False, said="read “X”")], [], False, ("Asha",), ()),
        ([R(1, "asha"), R(2, "nikhil", False, witness_of_id=1)], [], False, ("Nikhil",), ()),
        # A mismatch ends what was begun: the first reading before it makes no pair any more.
        ([R(1, "asha"), R(2, "rao", False), R(3, "nikhil", witness_of_id=1)], [], False, ("Rao",), ()),
        ([R(1, "rao", False), R(2, "asha")], [], False, ("Rao",), (2,)),
        (
            [R(1, "rao", False), R(2, "asha"), R(3, "nikhil", witness_of_id=2)],
            [],
            True,
            ("Asha", "Nikhil"),
            (),
        ),
        # A pair, then a mismatch: it bars again.
        (
            [R(1, "asha"), R(2, "nikhil", witness_of_id=1), R(3, "rao", False)],
            [],
            False,
            ("Rao",),
            (),
        ),
        # A pair stands while somebody begins to read again.
        (
            [R(1, "asha"), R(2, "nikhil", witness_of_id=1), R(3, "rao")],
            [],
            True,
            ("Asha", "Nikhil"),
            (3,),
        ),
        ([], [C(True)], True, ("Sister A", "Sister B"), ()),
        ([], [C(False)], False, ("Sister A", "Sister B"), ()),
        ([], [C(None)], None, ("Sister A", "Sister B"), ()),
        ([], [C(False), C(True)], True, ("Sister A", "Sister B"), ()),
        ([R(1, "rao", False)], [C(True)], False, ("Rao",), ()),
    ],
)
def test_what_readings_come_to(made: Any, checks: Any, matches: Any, people: Any, waiting: Any) -> None:
    found = verification(made, checks).get("bedside")
    if found is None:
        assert matches == "absent"
        return
    assert (found.matches, found.people) == (matches, people)
    assert tuple(one.reading for one in found.waiting) == waiting


def test_steps_do_not_mix_and_what_matched_once_is_known() -> None:
    found = verification(
        [
            R(1, "asha", step="issue"),
            R(2, "nikhil", witness_of_id=1, step="issue", read_at=NINE + dt.timedelta(minutes=2)),
            R(3, "rao", False, step="issue", said="read “X”", read_at=NINE + dt.timedelta(hours=1)),
            R(4, "asha", step="bedside"),
        ],
        [],
    )
    issue = found["issue"]
    assert (issue.matches, issue.ever_matched, issue.said) == (False, True, "read “X”")
    assert issue.matched_at == NINE + dt.timedelta(minutes=2)
    assert found["bedside"].matches is None
    assert "collection" not in found


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("D-001", True),
        (" d-001 ", True),
        ("D-001/01", True),
        ("D-001/02", False),
        ("D-002", False),
        ("", False),
    ],
)
def test_the_label_of_the_product_or_of_its_container(typed: str, same: bool) -> None:
    assert same_identifier(typed, "D-001", ["D-001/01"]) is same


def test_nothing_equals_what_is_not_there() -> None:
    assert not same_identifier("", None)
    assert not same_code("", "")
    assert not same_code("MUM-0001-K", None)


# --- refusals -----------------------------------------------------------------------------------------------


def invalid(act: Any) -> list[tuple[str | None, str]]:
    with pytest.raises(CrfInvalid) as caught:
        act()
    return [(p.field, p.code) for p in caught.value.problems]


def refused(act: Any) -> list[str]:
    with pytest.raises(Refused) as caught:
        act()
    return [p.code for p in caught.value.problems]


@pytest.fixture
def product(journey: Journey) -> Any:
    return journey.upto("product")


@pytest.mark.parametrize(
    ("changed", "where", "code"),
    [
        ({"step": "lunch"}, "step", "unknown_code"),
        ({"step": None}, "step", "unknown_code"),
        ({"how": "guessed"}, "how", "unknown_code"),
        ({"how": ["scanned"]}, "how", "unknown_code"),
        ({"identifier": ""}, "identifier", "required"),
        ({"identifier": None}, "identifier", "required"),
        ({"identifier": 7}, "identifier", "type"),
        ({"identifier": "D\x00"}, "identifier", "nul_character"),
        ({"identifier": "D" * 81}, "identifier", "max_length"),
        ({"participant_code": "  "}, "participant_code", "required"),
        ({"participant_code": "MUM-0001-0"}, "participant_code", "check_character"),
        ({"how": "paper"}, "read_at", "required"),
        ({"read_at": timezone.now() + dt.timedelta(days=2)}, "read_at", "in_future"),
        ({"read_at": timezone.now() - dt.timedelta(minutes=6)}, "read_at", "entered_later"),
        (
            {"how": "paper", "read_at": dt.datetime(2025, 3, 10, 3, 0, tzinfo=dt.UTC)},
            "read_at",
            "before_harvest",
        ),
    ],
)
def test_what_cannot_be_a_reading(product: Any, cast: Cast, changed: Any, where: str, code: str) -> None:
    values = {
        "step": "collection",
        "identifier": "D-001",
        "participant_code": product.participant.code,
        "how": "scanned",
    } | changed
    assert (where, code) in invalid(lambda: readings.read(product=product, by=cast.asha, **values))
    assert not IdentityReading.objects.exists()


def test_a_mistyped_donation_number_is_no_mismatch(journey: Journey, cast: Cast) -> None:
    journey.upto("product", product={"product_identifier": "A999826000001002"})
    slip = {"identifier": "A9998 26 000010 00 2"}
    assert invalid(lambda: read(journey.product, "collection", cast.asha, **slip)) == [
        ("identifier", "check_character")
    ]
    assert not IdentityReading.objects.exists()
    assert read(journey.product, "collection", cast.asha, identifier="a9998 26 000001 00 2").matches


def test_only_who_handles_products_there_reads(product: Any, cast: Cast) -> None:
    for somebody in (
        cast.leela,
        cast.vikram,
        cast.iyer,
        cast.sanjay,
        cast.devi,
        cast.farah,
        cast.admin,
        cast.norole,
    ):
        assert invalid(lambda who=somebody: read(product, "collection", who)) == [(None, "permission")]
    for somebody in (cast.asha, cast.rao, cast.nikhil, cast.meera):
        assert read(product, "collection", somebody).matches


def test_nobody_is_their_own_second(product: Any, cast: Cast) -> None:
    first = read(product, "collection", cast.asha)
    assert invalid(lambda: read(product, "collection", cast.asha, witness_of=first)) == [
        ("witness_of", "same_person")
    ]
    assert product_file(product.pk).verified["collection"].matches is None


def test_the_second_reads_the_same_step_of_the_same_product(
    journey: Journey, product: Any, cast: Cast
) -> None:
    first = read(product, "collection", cast.asha)
    not_this = [("witness_of", "not_this_check")]
    assert invalid(lambda: read(product, "receipt", cast.nikhil, witness_of=first)) == not_this
    second = read(product, "collection", cast.nikhil, witness_of=first)
    assert invalid(lambda: read(product, "collection", cast.rao, witness_of=second)) == not_this


def test_a_first_reading_has_one_second(product: Any, cast: Cast) -> None:
    first = read(product, "collection", cast.asha)
    assert read(product, "collection", cast.nikhil, witness_of=first).matches
    assert refused(lambda: read(product, "collection", cast.rao, witness_of=first)) == ["begin_again"]


def test_a_first_reading_of_before_a_mismatch_waits_no_more(product: Any, cast: Cast) -> None:
    first = read(product, "collection", cast.asha)
    assert not read(product, "collection", cast.rao, identifier="D-002").matches
    assert refused(lambda: read(product, "collection", cast.nikhil, witness_of=first)) == ["begin_again"]


@pytest.mark.parametrize(("minutes", "apart"), [(30, False), (31, True), (-30, False), (-31, True)])
def test_the_two_read_within_the_minutes_of_the_protocol(
    product: Any, cast: Cast, minutes: int, apart: bool
) -> None:
    assert protocol.current().custody.identity_minutes == 30
    first = read(product, "collection", cast.asha, at(11))
    then = (dt.datetime.fromisoformat(at(11)) + dt.timedelta(minutes=minutes)).isoformat()
    if apart:
        assert refused(lambda: read(product, "collection", cast.nikhil, then, witness_of=first)) == [
            "too_far_apart"
        ]
    else:
        assert read(product, "collection", cast.nikhil, then, witness_of=first).matches


def test_names_typed_by_one_person_are_no_check_in_the_study(
    journey: Journey, product: Any, transcribed: Journey
) -> None:
    values = {"step": "issue", "first_person": "Asha", "second_person": "Nikhil", "identifier_read": "D-001"}
    with pytest.raises(Refused) as caught:
        save(crfs.IDENTITY_CHECK, journey.asha, {"product": product}, **values)
    assert [p.code for p in caught.value.problems] == ["identity_needs_two_accounts"]
    transcribed.open(performed_on="2016-11")
    transcribed.upto("harvest", harvest={"started_at": None, "ended_at": None})
    old = transcribed.upto("product", product={"product_identifier": "P-1"})
    assert save(crfs.IDENTITY_CHECK, transcribed.asha, {"product": old}, **values).pk


def test_no_reading_after_the_end(journey: Journey, cast: Cast) -> None:
    journey.upto("infusion")
    for step in ("collection", "receipt", "issue", "bedside"):
        assert refused(lambda step=step: read(journey.product, step, cast.asha, at(16))) == ["already_used"]
    assert {one.code for one in NearMiss.objects.all()} == {"already_used"}


# --- what happens -------------------------------------------------------------------------------------------


def test_two_people_make_a_verification(product: Any, cast: Cast) -> None:
    second = verify(product, "collection", cast.asha, cast.nikhil, at(10))
    assert second.witness_of is not None
    assert (second.reader_name, second.reader_role) == ("Nikhil", "Cell technologist")
    held = product_file(product.pk).verified["collection"]
    assert (held.matches, held.people) == (True, ("Asha", "Nikhil"))
    assert held.at == dt.datetime.fromisoformat(at(10))
    assert not NearMiss.objects.exists()
    assert not Deviation.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"identifier": "D-002"}, "read the product “D-002”, expected “D-001”"),
        ({"participant_code": "MUM-0002-5"}, "read the participant “MUM-0002-5”"),
    ],
)
def test_a_mismatch_is_kept_bars_and_is_a_near_miss(
    journey: Journey, cast: Cast, wrong: dict[str, str], said: str
) -> None:
    journey.upto("issue")
    made = read(journey.product, "bedside", cast.asha, at(15), **wrong)
    assert not made.matches
    assert said in made.said
    (near,) = NearMiss.objects.all()
    assert (near.code, near.step, near.by, near.site) == (
        "identity_mismatch_bedside", "bedside", cast.asha, cast.mumbai,
    )  # fmt: skip
    assert next(iter(wrong.values())) in near.said
    deviation = Deviation.objects.get(code="identity_mismatch")
    assert (deviation.classification, deviation.object_id, deviation.form) == (
        "critical", made.pk, "identity-reading",
    )  # fmt: skip
    assert refused(journey.make_infusion) == ["identity_mismatch_bedside"]
    verify(journey.product, "bedside", cast.asha, cast.nikhil, at(15, 5))
    assert journey.make_infusion().pk
    # The reading and the infusion that was tried after it: both stay, the bar does not.
    assert [one.step for one in NearMiss.objects.order_by("id")] == ["bedside", "infusion"]


def test_a_mismatch_of_the_second_bars_too(product: Any, cast: Cast) -> None:
    first = read(product, "collection", cast.asha)
    assert not read(product, "collection", cast.nikhil, witness_of=first, identifier="D-009").matches
    assert product_file(product.pk).identity["collection"].matches is False


def test_one_reading_alone_is_no_check(journey: Journey, cast: Cast) -> None:
    journey.upto("issue")
    read(journey.product, "bedside", cast.asha, at(15))
    assert refused(journey.make_infusion) == ["identity_unchecked_bedside"]


def test_together_on_one_device(product: Any, cast: Cast) -> None:
    both = {
        "product": product, "step": "collection", "by": cast.asha, "second": cast.nikhil, "how": "scanned",
        "identifier": "D-001", "participant_code": product.participant.code,
    }  # fmt: skip
    with pytest.raises(readings.SecondInvalid):
        readings.read_together(**both, second_identifier="", second_participant_code="x")
    assert not IdentityReading.objects.exists(), "both or neither"
    first, second = readings.read_together(
        **both, second_identifier="D-001", second_participant_code=product.participant.code
    )
    assert second is not None
    assert (first.reader, second.reader, second.witness_of) == (cast.asha, cast.nikhil, first)


def test_after_a_first_mismatch_the_second_does_not_read(product: Any, cast: Cast) -> None:
    first, second = readings.read_together(
        product=product, step="collection", by=cast.asha, second=cast.nikhil, how="typed",
        identifier="D-404", participant_code=product.participant.code,
        second_identifier="D-001", second_participant_code=product.participant.code,
    )  # fmt: skip
    assert (first.matches, second) == (False, None)


def test_a_second_without_the_role_undoes_both(product: Any, cast: Cast) -> None:
    Membership.objects.filter(user=cast.nikhil).delete()
    with pytest.raises(readings.SecondInvalid):
        readings.read_together(
            product=product, step="collection", by=cast.asha, second=type(cast.nikhil).objects.get(pk=cast.nikhil.pk),
            how="typed", identifier="D-001", participant_code=product.participant.code,
            second_identifier="D-001", second_participant_code=product.participant.code,
        )  # fmt: skip
    assert not IdentityReading.objects.exists()


def test_a_reading_is_never_changed(product: Any, cast: Cast) -> None:
    made = read(product, "collection", cast.asha)
    mine = IdentityReading.objects.filter(pk=made.pk)
    for act in (lambda: mine.update(matches=False), mine.delete):
        with pytest.raises(DatabaseError, match=r"append_only|permission denied"), transaction.atomic():
            act()


def test_the_product_is_issued_when_two_people_checked_it(journey: Journey) -> None:
    journey.upto("release")
    assert product_file(journey.product.pk).life.state == "released"
    journey.make_issue()
    life = product_file(journey.product.pk).life
    assert life.state == "issued"
    assert life.when(life.state) == dt.datetime.fromisoformat(at(14, 30))
