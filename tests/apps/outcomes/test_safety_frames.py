"""From records to the frames of the safety tables."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from apps.celldose.models import (
    CellProduct,
    CellSession,
    Discard,
    Harvest,
    Infusion,
    Microbiology,
    NearMiss,
    Release,
    ReleaseEvaluation,
)
from apps.consent.models import ConsentEvent
from apps.enrolment import actions as enrolment
from apps.outcomes import safety_computing, safety_frames
from apps.outcomes.safety_models import Audience
from apps.safety.models import AdverseEvent, FollowUp
from studyportal.deviations.models import Deviation
from tests.apps.outcomes.conftest import screened, visit

GROUPS = ["case", "control"]


def adverse_event(person: Any, **values: Any) -> AdverseEvent:
    return AdverseEvent.objects.create(
        site=person.site,
        participant=person,
        status="complete",
        **(
            {"verbatim": "Hot", "term": "fever", "onset_on": "2024-02-01", "grade": "2", "serious": False}
            | values
        ),
    )


def cell_product(person: Any, number: int = 1, **values: Any) -> CellProduct:
    session, _made = CellSession.objects.get_or_create(
        site=person.site, participant=person, number=number, defaults={"performed_on": "2024-01-01"}
    )
    harvest, _made = Harvest.objects.get_or_create(
        site=person.site, participant=person, session=session, tissue="bone_marrow",
        defaults={"ended_at": "2023-12-31T20:00:00Z"},
    )  # fmt: skip
    return CellProduct.objects.create(
        site=person.site,
        participant=person,
        harvest=harvest,
        **({"component": "bm_mnc", "product_identifier": f"D-{person.code}-{number}"} | values),
    )


def of_product(model: Any, product: CellProduct, **values: Any) -> Any:
    return model.objects.create(site=product.site, participant=product.participant, product=product, **values)


def near_miss(product: CellProduct, **values: Any) -> NearMiss:
    return of_product(
        NearMiss, product, **({"step": "bedside", "code": "other_participant", "message": "Stopped"} | values)
    )


def read(site_ids: Any = None) -> Any:
    return safety_frames.read(site_ids, GROUPS)[0]


def person_row(found: Any, code: str, group: str = "case") -> Any:
    people = found.people
    return next(
        people.loc[(people["participant"] == code) & (people["group"] == group)].itertuples(index=False)
    )


# --- Follow-up -------------------------------------------------------------------------------------------


def test_nobody(cast):
    found, unassigned = safety_frames.read(None, GROUPS)
    assert (len(found.people), len(found.events), len(found.products), unassigned) == (0, 0, 0, 0)
    assert safety_frames.latest_change(None) is None


def test_day_0_and_the_last_contact(cohort):
    visit(cohort["one"], "M1", happened_on="2024-04-02")
    row = person_row(read(), "MUM-0001-X")
    assert (row.day_0, row.last_contact) == (dt.date(2024, 1, 1), dt.date(2024, 4, 2))
    control = person_row(read(), "PUN-0001-X", "control")
    assert (control.day_0, control.last_contact) == (dt.date(2024, 1, 1), None)
    assert safety_frames.read(None, GROUPS)[1] == 1  # who is in no group


def test_a_visit_known_by_month_counts_from_its_first_day(cohort):
    visit(cohort["one"], "M9", happened_on="2024-06")
    assert person_row(read(), "MUM-0001-X").last_contact == dt.date(2024, 6, 1)


def test_an_event_its_follow_up_and_an_infusion_are_contacts(cohort):
    event = adverse_event(cohort["one"], onset_on="2024-05-01")
    assert person_row(read(), "MUM-0001-X").last_contact == dt.date(2024, 5, 1)
    FollowUp.objects.create(
        site=event.site, participant=event.participant, event=event, number=1, seen_on="2024-06-10"
    )
    assert person_row(read(), "MUM-0001-X").last_contact == dt.date(2024, 6, 10)
    infused = of_product(Infusion, cell_product(cohort["one"]), started_at="2024-08-01T20:00:00Z")
    assert person_row(read(), "MUM-0001-X").last_contact == dt.date(2024, 8, 2)  # in the zone of the site
    assert infused.pk


def test_a_withdrawal_and_a_death_end_follow_up(cohort, cast):
    ConsentEvent.objects.create(
        site=cohort["two"].site, participant=cohort["two"], kind="withdrawal", withdrawal_scopes=["visits"],
        signed_on="2024-04-15", entered_at="2024-04-15T00:00Z", entered_by=cast.asha,
    )  # fmt: skip
    adverse_event(cohort["one"], outcome="fatal", ended_on="2024-03-03")
    two, one = person_row(read(), "MUM-0002-X"), person_row(read(), "MUM-0001-X")
    assert (two.exited_on, two.exited_as) == (dt.date(2024, 4, 15), "withdrawn")
    assert (one.exited_on, one.exited_as) == (dt.date(2024, 3, 3), "died")


def test_who_asked_for_erasure_is_left_out_with_everything(cohort, cast):
    adverse_event(cohort["two"])
    cell_product(cohort["two"])
    assert len(read().events) == 1
    ConsentEvent.objects.create(
        site=cohort["two"].site, participant=cohort["two"], kind="withdrawal", withdrawal_scopes=["erasure_request"],
        signed_on="2024-04-15", entered_at="2024-04-15T00:00Z", entered_by=cast.asha,
    )  # fmt: skip
    found = read()
    assert "MUM-0002-X" not in set(found.people["participant"])
    assert (len(found.events), len(found.products)) == (0, 0)


def test_a_control_who_was_treated_later_has_two_rows(cast, cohort):
    enrolment.cross_over(
        participant=cohort["control"],
        treated_on="2024-07-01",
        by=cast.meera,
        reason="Asked for the treatment",
    )
    control, case = person_row(read(), "PUN-0001-X", "control"), person_row(read(), "PUN-0001-X")
    assert (control.day_0, control.censored_on) == (dt.date(2024, 1, 1), dt.date(2024, 7, 1))
    assert (case.day_0, case.censored_on) == (dt.date(2024, 7, 1), None)


# --- Events ----------------------------------------------------------------------------------------------


def test_an_event_as_the_tables_read_it(cohort):
    product = cell_product(cohort["one"])
    adverse_event(
        cohort["one"], onset_on="2024-02", ended_on="2024-03-01", grade="3", serious=True, product=product,
        session=product.session, serious_criteria=["hospitalisation", "death"], related_to_product="possible",
    )  # fmt: skip
    (row,) = read().events.itertuples(index=False)
    assert (row.onset_from, row.onset_to, row.ended_on) == (
        dt.date(2024, 2, 1), dt.date(2024, 2, 29), dt.date(2024, 3, 1),
    )  # fmt: skip
    assert (row.grade, row.serious, row.criteria) == (3.0, True, "hospitalisation;death")
    assert (row.linked, row.session, row.component, row.to_product) == (True, 1, "bm_mnc", "possible")


def test_an_event_of_which_nothing_is_known_yet(cohort):
    AdverseEvent.objects.create(site=cohort["one"].site, participant=cohort["one"])
    (row,) = read().events.itertuples(index=False)
    assert (row.term, row.onset_from, row.serious, row.criteria, row.complete) == (
        None,
        None,
        None,
        "",
        False,
    )
    assert row.grade != row.grade


def test_only_the_sites_that_are_asked_for(cohort, cast):
    adverse_event(cohort["one"])
    adverse_event(cohort["control"])
    near_miss(cell_product(cohort["one"]))
    found = read([cast.pune.pk])
    assert set(found.people["site"]) == {"PUN"}
    assert found.events["participant"].tolist() == ["PUN-0001-X"]
    assert (len(found.products), len(found.near_misses)) == (0, 0)


# --- Products --------------------------------------------------------------------------------------------


def test_a_product_as_the_tables_read_it(cohort, cast):
    product = cell_product(cohort["one"])
    for outcome in ("pass", "fail"):
        of_product(
            ReleaseEvaluation, product, evaluated_at=timezone.now(), evaluated_by=cast.rao, fingerprint="0" * 64,
            protocol_version="1.3", criteria=[{"key": "viability", "label": "Viability", "outcome": outcome}],
        )  # fmt: skip
    of_product(Release, product, decision="exceptional")
    of_product(Discard, product, reason_code="damaged")
    (row,) = read().products.itertuples(index=False)
    assert (row.evaluated, row.failing, row.decision) == (
        True,
        "Viability",
        "exceptional",
    )  # the newest counts
    assert (row.discarded, row.discard_reason, row.infused, row.culture) == (True, "damaged", False, None)
    assert row.made_on == dt.date(2024, 1, 1)  # in the zone of the site


@pytest.mark.parametrize(
    ("read_as", "culture", "late"),
    [
        ({}, None, False),
        ({"aerobic": "pending"}, "pending", False),
        ({"aerobic": "no_growth"}, "pending", False),
        ({"aerobic": "no_growth", "anaerobic": "no_growth", "fungal": "no_growth"}, "no_growth", False),
        ({"aerobic": "no_growth", "fungal": "growth"}, "growth", True),
        ({"gram_stain": "positive"}, "growth", True),
    ],
)
def test_what_cultures_come_to(cohort, read_as, culture, late):
    product = cell_product(cohort["one"])
    of_product(Microbiology, product, **read_as)
    of_product(Release, product, decision="conditional")
    (row,) = read().products.itertuples(index=False)
    assert (row.culture, row.grew_late) == (culture, late)


def test_near_misses_and_deviations(cohort):
    near_miss(cell_product(cohort["one"]))
    Deviation.objects.create(
        site=cohort["one"].site, participant=cohort["one"], code="dose", description="Low", classification="major",
        kind="dose", occurred_on="2024-02-02",
    )  # fmt: skip
    Deviation.objects.create(
        site=cohort["one"].site, participant=cohort["one"], code="x", description="Gone", classification="minor",
        state="withdrawn",
    )  # fmt: skip
    found = read()
    assert found.near_misses[["step", "code"]].values.tolist() == [["bedside", "other_participant"]]
    assert found.deviations.values.tolist() == [["MUM-0001-X", "major", "dose", dt.date(2024, 2, 2), False]]


# --- All of it -------------------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow(cast, cohort, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def compute() -> Any:
        return safety_computing.compute(by=cast.devi, audience=Audience.UNMASKED, include_synthetic=True)

    adverse_event(cohort["one"])
    near_miss(cell_product(cohort["one"]))
    with CaptureQueriesContext(connection) as few:
        compute()
    for number in range(12):
        person = screened(cast.pune, f"PUN-2{number:03d}-X", group="case")
        visit(person, "S1", happened_on="2024-01-01", anchor="session_1")
        adverse_event(person)
        near_miss(cell_product(person))
    with django_assert_max_num_queries(len(few)):
        compute()


def test_the_same_data_give_the_same_content(cast, cohort):
    adverse_event(cohort["one"])

    def compute() -> Any:
        return safety_computing.compute(
            by=cast.devi, audience=Audience.UNMASKED, include_synthetic=True
        ).content

    first = compute()
    assert first == compute()
    adverse_event(cohort["two"])
    assert first["provenance"]["data_sha256"] != compute()["provenance"]["data_sha256"]
