"""The generator of the synthetic cohort: pure, so the whole cohort is looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

import numpy as np
import pytest

from apps.visits import rules
from demo import synthetic, synthetic_forms, synthetic_history, synthetic_identities, trajectories
from demo.synthetic import Blemish, Form, SyntheticParticipant
from studyportal import protocol
from studyportal.crf import cleaning, registry
from studyportal.identity import fields as identity_fields
from studyportal.identity import rules as identity_rules

UNTIL = dt.date(2026, 3, 31)


@cache
def cohort() -> tuple[SyntheticParticipant, ...]:
    return tuple(synthetic.cohort(until=UNTIL))


def cases() -> list[SyntheticParticipant]:
    return [one for one in cohort() if one.person.control is None]


def controls() -> list[SyntheticParticipant]:
    return [one for one in cohort() if one.person.control is not None]


def forms(one: SyntheticParticipant, key: str, visit: str | None = None) -> Iterator[Form]:
    for at in one.visits:
        if visit in (None, at.key):
            yield from (form for form in at.forms if form.key == key)


def hba1c(one: SyntheticParticipant, visit: str) -> float | None:
    for form in forms(one, "lab-result", visit):
        if form.values["analyte"] == "hba1c":
            number = float(form.values["reported"])
            return number if form.values["unit"] == "%" else (number + 23.5) / 10.93
    return None


def test_the_same_seed_and_day_give_the_same_records() -> None:
    assert tuple(synthetic.cohort(until=UNTIL)) == cohort()
    assert tuple(synthetic.cohort(seed=7, until=UNTIL)) != cohort()


def test_a_smaller_cohort_has_the_same_people() -> None:
    few = synthetic.people(seed=synthetic.SEED, until=UNTIL, cases=3, controls=2)
    assert few == [one.person for one in cohort()][:9]


def test_size_groups_and_sites() -> None:
    assert (len(cases()), len(controls())) == (24, 48)
    assert {one.person.site for one in cases()} == {"MUM", "PUN"}
    assert len({one.person.label for one in cohort()}) == 72
    assert all(one.person.label.startswith("Synthetic") for one in cohort())


def test_controls_are_matched_within_the_calipers_of_the_protocol() -> None:
    width = {key: float(caliper.width) for key, caliper in protocol.current().matching.calipers.items()}
    by_number = {one.person.number: one.person for one in cases()}
    for one in controls():
        person, case = one.person, by_number[one.person.number]
        assert (person.sex, person.site, person.day0) == (case.sex, case.site, case.day0)
        assert abs(person.age - case.age) <= width["age"]
        assert abs(person.duration_years - case.duration_years) <= width["duration"]
        assert abs(person.hba1c - case.hba1c) <= width["hba1c"]


def test_nobody_is_outside_the_ages_and_values_of_eligibility() -> None:
    criteria = protocol.current().eligibility
    for one in cohort():
        assert criteria["age"].minimum <= one.person.age <= criteria["age"].maximum
        assert one.person.hba1c >= criteria["hba1c"].minimum


def test_the_schedule_is_that_of_the_protocol() -> None:
    visits = protocol.current().visits
    for key, (target, before, after) in synthetic.SCHEDULE.items():
        assert (visits[key].target_day, visits[key].window_before, visits[key].window_after) == (
            target,
            before,
            after,
        )


def withdrawn(one: synthetic.SyntheticParticipant) -> bool:
    return any(event["kind"] == "withdrawal" for event in one.consents)


def test_visits_are_in_order_and_none_lies_after_the_day_of_the_data() -> None:
    for one in cohort():
        days = [visit.day for visit in one.visits]
        assert days == sorted(days)
        assert one.enrolled_on <= one.person.day0
        assert all(visit.happened_on <= UNTIL for visit in one.visits if visit.happened_on)
        if not withdrawn(one):
            assert "M12" in [visit.key for visit in one.visits]


def test_some_visits_are_missed_with_a_reason_and_some_are_late() -> None:
    every = [visit for one in cohort() for visit in one.visits]
    missed = [visit for visit in every if visit.happened_on is None]
    assert 5 <= len(missed) <= len(every) * 0.05
    assert all(visit.missed_reason and not visit.forms for visit in missed)
    late = [v for v in every if v.happened_on and v.day > sum(synthetic.SCHEDULE[v.key][::2])]
    assert 10 <= len(late) <= len(every) * 0.08


def test_some_values_are_absent_with_a_reason() -> None:
    reasons = {
        (form.key, name, reason)
        for one in cohort()
        for visit in one.visits
        for form in visit.forms
        for name, reason in form.values.get("absent", {}).items()
    }
    assert {("vital-signs", "weight", "not_done"), ("lab-result", "reported", "not_done")} <= reasons


def test_both_groups_fall_from_a_high_value_and_the_treated_more() -> None:
    """Over many, so that the direction is no chance: regression to the mean alone in controls."""
    rng = np.random.default_rng(1)
    days = (-7, 90, 180, 365)

    def mean_change(answer: float) -> float:
        changes = []
        for _ in range(600):
            start = trajectories.baseline_hba1c(rng)
            found = trajectories.course(
                rng, days, baseline=start, answer=answer, insulin=0.8, c_peptide=0.3
            ).hba1c
            changes.append(found[-1] - found[0])
        return float(np.mean(changes))

    untreated, treated = mean_change(0.0), mean_change(1.0)
    assert -0.9 < untreated < -0.2
    assert treated < untreated - 0.7


def test_residuals_are_correlated_and_keep_their_spread() -> None:
    rng = np.random.default_rng(2)
    start = rng.normal(0, trajectories.RESIDUAL_SD, 4000)
    paths = np.array([trajectories.residuals(rng, (0, 90, 180), first) for first in start])
    assert np.corrcoef(paths[:, 0], paths[:, 1])[0, 1] == pytest.approx(
        trajectories.CORRELATION_90_DAYS, abs=0.05
    )
    assert np.corrcoef(paths[:, 0], paths[:, 2])[0, 1] == pytest.approx(
        trajectories.CORRELATION_90_DAYS**2, abs=0.05
    )
    assert paths.std(axis=0) == pytest.approx(trajectories.RESIDUAL_SD, rel=0.05)


def test_baseline_and_month_12_of_the_cohort_are_plausible() -> None:
    for one in cohort():
        for visit in ("BL", "M12"):
            value = hba1c(one, visit)
            assert value is None or 5 <= value <= 14.6
        for form in forms(one, "insulin"):
            assert Decimal(form.values["dose"]) == 0 or form.values["taken"]


def test_every_case_has_two_sessions_with_two_products_each() -> None:
    ranges = protocol.current().dose_ranges
    outside = []
    for one in cases():
        assert [session.number for session in one.sessions] == [1, 2]
        for session in one.sessions:
            assert [product.component for product in session.products] == ["bm_mnc", "svf"]
            for product in session.products:
                dose = Decimal(product.infusion.values["total_dose"])
                low, high = ranges[product.component].minimum, ranges[product.component].maximum
                if not low <= dose <= high:
                    outside.append((one.person.number, session.number, product.component))
    assert outside == [(2, 2, "svf")]
    assert not any(one.sessions for one in controls())


def test_every_blemish_is_there_once() -> None:
    there = [blemish for one in cohort() for blemish in one.person.blemishes]
    assert sorted(there) == sorted(Blemish)


def test_a_minor_has_representative_and_assent_except_one() -> None:
    lacking = []
    for one in cohort():
        kinds = {event["kind"] for event in one.consents}
        if one.person.age >= 18:
            assert "consent" in kinds
        else:
            assert "lar_consent" in kinds
            if not kinds & {"oral_assent", "written_assent"}:
                lacking.append(one.person.label)
    assert lacking == ["Synthetic case 02, control 1"]


def test_consent_is_signed_before_the_first_visit_except_one() -> None:
    late = [
        one.person.label
        for one in cohort()
        if any(
            e["name"] == "first" and e["signed_on"] >= one.visits[0].happened_on.isoformat()
            for e in one.consents
        )
    ]
    assert late == ["Synthetic case 05, control 1"]


def test_nothing_follows_a_withdrawal() -> None:
    gone = [one for one in cohort() if withdrawn(one)]
    assert [one.person.label for one in gone] == ["Synthetic case 07"]
    event = next(e for e in gone[0].consents if e["kind"] == "withdrawal")
    last = max(visit.happened_on for visit in gone[0].visits if visit.happened_on)
    assert last.isoformat() <= event["signed_on"]


def test_a_few_charts_carry_readings() -> None:
    charts = [chart for one in cohort() for visit in one.visits for chart in visit.charts]
    assert all(bool(chart.readings) == chart.form.values["transcribed"] for chart in charts)
    assert sum(bool(chart.readings) for chart in charts) >= 24


def test_a_few_have_an_identity_that_is_nobodys() -> None:
    given = [(one, who) for one in cohort() if (who := synthetic_identities.identity(one)) is not None]
    assert {one.person.site for one, _who in given} == {"MUM", "PUN"}
    assert 3 <= len(given) <= 10
    for one, raw in given:
        person, problems = identity_fields.read(raw, today=UNTIL)
        assert not problems
        assert not identity_rules.mentions(person, one.person.label)
        born = dt.date.fromisoformat(person.birth_date)
        on = one.enrolled_on
        assert on.year - born.year - ((on.month, on.day) < (born.month, born.day)) == one.person.age
        assert bool(person.guardian_name) == (one.person.age < 18)


# --- history, loss and end -------------------------------------------------------------------------------------


def of_history(one: SyntheticParticipant, key: str) -> list[Form]:
    return [form for form in one.history if form.key == key]


def test_everybody_has_a_history_and_an_antibody_that_was_positive_at_diagnosis() -> None:
    for one in cohort():
        (history,) = of_history(one, "medical-history")
        assert history.values["c_peptide_unit"] == "ng/mL"
        found = {f.values["antibody"]: f.values["result"] for f in of_history(one, "antibody-at-diagnosis")}
        assert "positive" in found.values()
        assert set(found) == {"ica", "gad65", "ia2", "znt8"}


def test_ketoacidosis_says_the_same_in_every_place() -> None:
    for one in cohort():
        values = of_history(one, "medical-history")[0].values
        stays = of_history(one, "hospitalisation")
        assert bool(stays) == values["dka_history"]
        assert ("ketoacidosis" in values["symptoms_at_onset"]) == bool(values.get("dka_at_diagnosis"))


def test_who_cannot_read_has_a_witness() -> None:
    for one in cohort():
        cannot = of_history(one, "demographics")[0].values.get("can_read") is False
        assert cannot == any(event.get("witness") for event in one.consents)
    assert any(of_history(one, "demographics")[0].values.get("can_read") is False for one in cohort())


def test_losses_and_ends_fit_the_visits() -> None:
    endings = [(one, form) for one in cohort() for form in one.endings]
    assert {form.key for _one, form in endings} == {"lost-to-follow-up", "end-of-study"}
    reasons = {form.values["reason"] for _one, form in endings if form.key == "end-of-study"}
    assert reasons == {"withdrew", "lost", "treated_elsewhere"}
    losses = [form.values for _one, form in endings if form.key == "lost-to-follow-up"]
    assert {bool(loss.get("found_again")) for loss in losses} == {True, False}
    for one, form in endings:
        seen = [visit.happened_on for visit in one.visits if visit.happened_on]
        values = {n: dt.date.fromisoformat(v) for n, v in form.values.items() if n.endswith("_on")}
        assert all(day <= UNTIL for day in values.values())
        if form.key == "end-of-study":
            assert values["last_visit_on"] == max(seen) <= values["ended_on"]
        else:
            until = values.get("found_on", UNTIL)
            assert not [day for day in seen if values["last_contact_on"] < day < until]


def test_nobody_has_a_blemish_and_an_ending() -> None:
    assert not set(synthetic.BLEMISHES) & set(synthetic_history.ENDINGS)


# --- forms of protocol 1.4 -------------------------------------------------------------------------------------


def test_the_forms_of_1_4_are_filled_where_the_protocol_asks_and_nothing_asks_back() -> None:
    """Pure: parsed, ruled and checked as the portal does, without saving."""
    filled: set[tuple[str, str]] = set()
    for one in cohort():
        given = [(visit.key, form) for visit in one.visits for form in visit.forms]
        for key, form in [*given, *(("", form) for form in one.history)]:
            if form.key not in (*NEW_AT, "concomitant-medication"):
                continue
            filled.add((form.key, key))
            spec = registry.get(form.key)
            cleaned = cleaning.clean(spec, form.values)
            assert not cleaned.problems, (one.person.label, key, cleaned.problems)
            values = dict.fromkeys(spec.fields) | cleaned.values
            assert not cleaning.check_rules(spec, values)
            context = {"planned": synthetic_forms.MEAL_MINUTES, "sex": one.person.sex}
            derived = spec.derive(values, context) if spec.derive else {}
            found = [finding for check in spec.checks for finding in check(values | dict(derived), context)]
            assert not found, (one.person.label, key, found)
    expected = {(form, visit) for form, visits in NEW_AT.items() for visit in visits}
    assert filled == {*expected, ("concomitant-medication", "")}
    (mmtt,) = [test.minutes for test in protocol.current().dynamic_tests.values()]
    assert tuple(map(int, mmtt)) == synthetic_forms.MEAL_MINUTES


NEW_AT = {
    "quality-of-life": synthetic_forms.QUALITY_AT,
    "mixed-meal-test": synthetic_forms.MEAL_AT,
    "complications": synthetic_forms.COMPLICATIONS_AT,
    "pregnancy-test": synthetic_forms.PREGNANCY_AT,
}


def test_every_change_of_insulin_says_why() -> None:
    for one in cohort():
        before: dict[str, Decimal] | None = None
        for visit in one.visits:
            given = {f.values["product"]: f.values for f in visit.forms if f.key == "insulin"}
            doses = {
                product: Decimal(values["dose"]) * int(values.get("frequency_per_day", 1))
                for product, values in given.items()
            }
            for product, values in given.items():
                expected = (
                    None
                    if before is None
                    else rules.change_of(before.get(product, Decimal(0)), doses[product])
                )
                assert values.get("change") == expected
                assert ("change_reason" in values) == (expected not in (None, "unchanged"))
            before = doses or before
