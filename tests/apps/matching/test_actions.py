"""Asking, proposing, reviewing, freezing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from apps.enrolment import actions as enrolment
from apps.enrolment.models import Participant
from apps.matching import actions, parameters, selectors
from apps.matching.models import MatchedControl, MatchedSet, MatchingEvent, MatchingRun, UnmatchedCase
from apps.visits.models import Visit
from studyportal.access.models import Membership
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.jobs.models import Job
from tests.apps.matching.conftest import Cohort, Propose, somebody
from tests.cast import Cast


def codes(caught: Any) -> list[str]:
    return [problem.code for problem in caught.value.problems]


def who(run: MatchingRun) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in MatchedControl.objects.filter(run=run).select_related(
        "participant", "matched_set__participant"
    ):
        found.setdefault(one.matched_set.participant.code, []).append(one.participant.code)
    return found


# --- Asking ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "field", "code"),
    [
        ({"ratio": 0}, "ratio", "whole_number"),
        ({"ratio": 5}, "ratio", "whole_number"),
        ({"ratio": 1.5}, "ratio", "whole_number"),
        ({"ratio": "many"}, "ratio", "whole_number"),
        ({"seed": "dice"}, "seed", "whole_number"),
        ({"seed": -1}, "seed", "whole_number"),
        ({"seed": 2**31}, "seed", "whole_number"),
        ({"seed": True}, "seed", "whole_number"),
        ({"seed": float("nan")}, "seed", "whole_number"),
        ({"method": "magic"}, "method", "choice"),
        ({"method": ["optimal"]}, "method", "choice"),
        ({"calipers": {"age": 0}}, "calipers.age", "width"),
        ({"calipers": {"age": "-2"}}, "calipers.age", "width"),
        ({"calipers": {"age": "wide"}}, "calipers.age", "number"),
        ({"calipers": {"age": float("inf")}}, "calipers.age", "number"),
        ({"calipers": {"age": 1e9}}, "calipers.age", "width"),
        ({"calipers": {"height": 2}}, "calipers.height", "unknown_field"),
        ({"calipers": [2]}, "calipers", "type"),
        ({"match_site": "perhaps"}, "match_site", "boolean"),
        ({"with_replacement": 1}, "with_replacement", "boolean"),
        ({"include_synthetic": "yes"}, "include_synthetic", "boolean"),
        ({"note": "n" * 501}, "note", "max_length"),
        ({"note": "\x00"}, "note", "type"),
        ({"colour": "red"}, "colour", "unknown_field"),
    ],
)
def test_what_cannot_be_asked(cast: Cast, raw: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(CrfInvalid) as caught:
        actions.start(raw=raw, by=cast.sanjay)
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [(field, code)]
    assert not Job.objects.exists()


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(CrfInvalid) as caught:
        parameters.read({"ratio": 9, "seed": "x", "calipers": {"age": 0, "hba1c": -1}})
    assert len(caught.value.problems) == 4


def test_what_is_left_out_is_the_protocols() -> None:
    asked = parameters.read({"calipers": {"age": "", "hba1c": "0.5"}, "seed": " "})
    widths = {one.key: one.width for one in asked.design.calipers}
    assert widths == {"age": 2, "duration": 1, "hba1c": 0.5, "calendar": 6}
    assert (asked.design.ratio, asked.design.method, asked.design.exact) == (2, "optimal", ("sex",))
    assert 0 <= asked.design.seed < 2**31
    assert parameters.read({"match_site": "true"}).design.exact == ("sex", "site")


def test_whoever_may_not_match_asks_for_nothing(cast: Cast) -> None:
    for user in (cast.asha, cast.meera, cast.farah, cast.rao):
        with pytest.raises(PermissionDenied):
            actions.start(raw={}, by=user)


@pytest.mark.parametrize(("groups", "said"), [((), "no case"), (("case",), "no candidates")])
def test_nobody_to_match_is_said_by_the_job(
    cast: Cast, eager_jobs: None, django_capture_on_commit_callbacks: Any, groups: tuple[str, ...], said: str
) -> None:
    for group in groups:
        somebody(cast, group)
    with django_capture_on_commit_callbacks(execute=True):
        job = actions.start(raw={}, by=cast.sanjay)
    job.refresh_from_db()
    assert job.state == "failed"
    assert said in job.error
    assert not MatchingRun.objects.exists()


# --- A run -----------------------------------------------------------------------------------------------


def test_a_run_keeps_its_sets(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    run = propose(ratio=1, note="First try")
    assert who(run) == {
        cohort.case.code: [cohort.controls[0].code],
        cohort.second.code: [cohort.controls[2].code],
        cohort.pune_case.code: [cohort.pune_controls[0].code],
    }
    assert selectors.state_of(run).key == "proposed"
    assert (run.summary["cases"], run.summary["matched_cases"], run.summary["pairs"]) == (3, 3, 3)
    assert (run.seed, run.method, run.note, run.sites) == (1, "optimal", "First try", None)
    control = MatchedControl.objects.get(run=run, participant=cohort.controls[0])
    assert control.site == cast.mumbai
    assert control.values["sex"] == ["female", "female"]
    assert control.values["hba1c"] == [8.5, 8.5]
    assert str(control.index_date) == "2024-02-01"
    assert not UnmatchedCase.objects.filter(run=run).exists()


def test_the_same_again_gives_the_same_sets(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    first, second = propose(ratio=2), propose(ratio=2)
    assert first.inputs_sha256 == second.inputs_sha256
    assert first.sets_sha256 == second.sets_sha256
    assert who(first) == who(second)
    somebody(cast, "control", age=20)
    assert propose(ratio=2).inputs_sha256 != first.inputs_sha256


def test_the_summary_names_nobody(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    run = propose()
    said = f"{run.summary} {run.design} {Job.objects.get().result}"
    for person in Participant.objects.all():
        assert person.code not in said


def test_unmatched_cases_say_why(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    boy = somebody(cast, "case", sex="male")
    undated = somebody(cast, "case", day0=None)
    untested = somebody(cast, "case", hba1c=None)
    run = propose(ratio=1)
    reasons = {one.participant: one for one in UnmatchedCase.objects.filter(run=run)}
    assert reasons[boy].reasons["cascade"][:3] == [
        {"step": "candidates", "left": 6, "missing": 0},
        {"step": "at_risk", "left": 6, "missing": 0},
        {"step": "sex", "left": 0, "missing": 0},
    ]
    assert reasons[undated].reasons["case_missing"] == ["index_date"]
    assert reasons[undated].index_date is None
    assert reasons[untested].reasons["case_missing"] == ["hba1c"]
    assert run.summary["reasons"] == {"case:hba1c": 1, "case:index_date": 1, "none:sex": 1}


def test_a_statistician_of_one_site_matches_there(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    Membership.objects.create(user=cast.norole, role="statistician", site=cast.pune, valid_from="2020-01-01")
    run = propose(by=cast.norole, ratio=1)
    assert run.sites == [cast.pune.pk]
    assert list(who(run)) == [cohort.pune_case.code]


def test_nothing_of_a_run_can_be_changed(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    run = propose(ratio=1)
    for model in (MatchingRun, MatchedSet, MatchedControl, MatchingEvent):
        row = model.objects.first()
        with pytest.raises(TypeError):
            row.save()
        with pytest.raises(TypeError):
            row.delete()
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(run=run) if model is not MatchingRun else model.objects.update(seed=2)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")


def test_the_database_holds_what_a_set_is(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    run = propose(ratio=1)
    one = MatchedSet.objects.filter(run=run).first()
    assert one is not None
    again = {"run": run, "user": cast.sanjay, "site": one.site, "index_date": one.index_date, "size": 1}
    for more in (
        {"number": one.number, "participant": cohort.controls[0]},
        {"number": 99, "participant": one.participant},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            MatchedSet.objects.create(**again, **more)
    with pytest.raises(IntegrityError), transaction.atomic():
        MatchingEvent.objects.create(run=run, kind="frozen", by=cast.meera)


# --- Review ----------------------------------------------------------------------------------------------


def test_who_proposed_does_not_review(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    run = propose()
    with pytest.raises(Refused) as caught:
        actions.review(run=run, by=cast.sanjay)
    assert codes(caught) == ["own_run"]


def test_reviewed_returned_and_reviewed_again(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    run = propose()
    actions.review(run=run, by=cast.meera)
    with pytest.raises(Refused) as caught:
        actions.review(run=run, by=cast.meera)
    assert codes(caught) == ["reviewed"]
    with pytest.raises(CrfInvalid):
        actions.return_(run=run, by=cast.meera, note="")
    actions.return_(run=run, by=cast.meera, note="Wider calipers, please")
    assert selectors.state_of(run).key == "returned"
    with pytest.raises(Refused) as caught:
        actions.freeze(run=run, by=cast.meera)
    assert codes(caught) == ["not_reviewed"]
    actions.review(run=run, by=cast.meera, note="Good after all")
    assert selectors.state_of(run).key == "reviewed"


# --- Freezing --------------------------------------------------------------------------------------------


def test_only_the_data_manager_of_the_whole_study_freezes(
    cast: Cast, cohort: Cohort, propose: Propose
) -> None:
    run = propose()
    actions.review(run=run, by=cast.meera)
    Membership.objects.create(
        user=cast.norole, role="data_manager", site=cast.mumbai, valid_from="2020-01-01"
    )
    for user in (cast.sanjay, cast.rao, cast.norole):
        with pytest.raises(PermissionDenied):
            actions.freeze(run=run, by=user)


def test_what_is_not_reviewed_or_of_some_sites_is_not_frozen(
    cast: Cast, cohort: Cohort, propose: Propose
) -> None:
    with pytest.raises(Refused) as caught:
        actions.freeze(run=propose(), by=cast.meera)
    assert codes(caught) == ["not_reviewed"]
    Membership.objects.create(user=cast.norole, role="statistician", site=cast.pune, valid_from="2020-01-01")
    run = propose(by=cast.norole)
    actions.review(run=run, by=cast.meera)
    with pytest.raises(Refused) as caught:
        actions.freeze(run=run, by=cast.meera)
    assert codes(caught) == ["some_sites"]


def test_a_run_without_sets_is_not_frozen(cast: Cast, propose: Propose) -> None:
    somebody(cast, "case", sex="male")
    somebody(cast, "control")
    run = propose()
    actions.review(run=run, by=cast.meera)
    with pytest.raises(Refused) as caught:
        actions.freeze(run=run, by=cast.meera)
    assert codes(caught) == ["no_sets"]


def test_freezing_gives_version_matched_case_and_index_date(
    cast: Cast, cohort: Cohort, frozen: MatchingRun
) -> None:
    assert (selectors.state_of(frozen).key, selectors.state_of(frozen).version) == ("frozen", 1)
    control = Participant.objects.get(pk=cohort.controls[2].pk)
    assert (control.matched_case, str(control.index_date)) == (cohort.second, "2024-02-11")
    free = Participant.objects.get(pk=cohort.controls[1].pk)
    assert (free.matched_case, free.index_date) == (None, None)
    assert selectors.frozen_run() == frozen


@pytest.mark.parametrize("act", [actions.review, actions.freeze])
def test_a_frozen_run_never_changes(cast: Cast, frozen: MatchingRun, act: Any) -> None:
    with pytest.raises(Refused) as caught:
        act(run=frozen, by=cast.meera)
    assert codes(caught) == ["frozen"]
    with pytest.raises(Refused) as caught:
        actions.return_(run=frozen, by=cast.meera, note="Too late")
    assert codes(caught) == ["frozen"]


def reviewed(cast: Cast, propose: Propose, **raw: Any) -> MatchingRun:
    run = propose(**raw)
    actions.review(run=run, by=cast.meera)
    return run


def test_a_moved_index_date_is_refused(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    run = reviewed(cast, propose, ratio=1)
    visit = Visit.objects.get(participant=cohort.case, key="S1")
    visit.happened_on = "2024-02-03"
    visit.save()
    with pytest.raises(Refused) as caught:
        actions.freeze(run=run, by=cast.meera)
    assert codes(caught) == ["index_date_moved", "no_longer_holds"]
    assert cohort.case.code in caught.value.problems[0].message


def test_a_control_treated_before_the_index_date_is_refused(
    cast: Cast, cohort: Cohort, propose: Propose
) -> None:
    run = reviewed(cast, propose, ratio=1)
    enrolment.cross_over(
        participant=cohort.controls[0], treated_on="2024-01-20", by=cast.asha, reason="Treated elsewhere"
    )
    with pytest.raises(Refused) as caught:
        actions.freeze(run=run, by=cast.meera)
    assert codes(caught) == ["not_at_risk", "no_longer_holds"]
    assert cohort.controls[0].code in caught.value.problems[0].message


def test_a_case_that_is_none_any_more_is_refused(cast: Cast, cohort: Cohort, propose: Propose) -> None:
    run = reviewed(cast, propose, ratio=1)
    Visit.objects.filter(participant=cohort.case).update(
        status="missed", missed_reason="other", happened_on=None
    )
    with pytest.raises(Refused) as caught:
        actions.freeze(run=run, by=cast.meera)
    assert "index_date_moved" in codes(caught)


def test_a_control_treated_after_the_index_date_still_holds(
    cast: Cast, cohort: Cohort, propose: Propose
) -> None:
    run = reviewed(cast, propose, ratio=1)
    enrolment.cross_over(
        participant=cohort.controls[0], treated_on="2024-09-01", by=cast.asha, reason="Treated later"
    )
    assert actions.freeze(run=run, by=cast.meera).version == 1
    treated = Participant.objects.get(pk=cohort.controls[0].pk)
    assert (treated.group, treated.index_date) == ("case", None)


def test_a_later_version_supersedes_and_moves_what_it_must_say(
    cast: Cast, cohort: Cohort, frozen: MatchingRun
) -> None:
    """The first case's control has begun its visits; the new version gives it another case and day."""
    control = cohort.controls[0]
    Visit.objects.create(
        site=control.site,
        participant=control,
        key="M1",
        status="done",
        happened_on="2024-03-02",
        anchor="index",
    )
    pairs = [
        {"case": cohort.second.code, "control": control.code},
        {"case": cohort.case.code, "control": cohort.controls[1].code},
    ]
    run = actions.propose_given(raw={"pairs": pairs, "calipers": {"age": 20}}, by=cast.sanjay)
    actions.review(run=run, by=cast.meera)
    with pytest.raises(CrfInvalid) as caught:
        actions.freeze(run=run, by=cast.meera)
    assert codes(caught) == ["reason_required"]
    assert control.code in caught.value.problems[0].message
    assert selectors.state_of(run).key == "reviewed"

    event = actions.freeze(run=run, by=cast.meera, reason="Session 1 was entered for the wrong case")
    assert event.version == 2
    assert selectors.state_of(frozen).key == "superseded"
    assert Participant.objects.get(pk=control.pk).matched_case == cohort.second
    # Who is in no set any more has no matched case.
    gone = Participant.objects.get(pk=cohort.pune_controls[0].pk)
    assert (gone.matched_case, gone.index_date) == (None, None)
    change = selectors.differences(run, cast.meera)
    assert change is not None
    assert change.cases_gone == (cohort.pune_case.code,)
    assert change.changed[cohort.case.code] == ((control.code,), (cohort.controls[1].code,))


def test_with_replacement_a_control_takes_the_earliest_case(cast: Cast, propose: Propose) -> None:
    late = somebody(cast, "case", day0="2024-02-20")
    early = somebody(cast, "case", day0="2024-02-05")
    control = somebody(cast, "control")
    run = reviewed(cast, propose, ratio=1, with_replacement=True)
    assert who(run) == {late.code: [control.code], early.code: [control.code]}
    actions.freeze(run=run, by=cast.meera)
    control.refresh_from_db()
    assert (control.matched_case, str(control.index_date)) == (early, "2024-02-05")


# --- Sets made elsewhere ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "field", "code"),
    [
        (None, "pairs", "required"),
        ([], "pairs", "required"),
        ("a,b", "pairs", "required"),
        (["a,b"], "pairs.0", "type"),
        ([{"case": ["x"], "control": "y"}], "pairs.0.case", "type"),
        ([{"case": "x", "control": "y" * 41}], "pairs.0.control", "type"),
        (
            [{"case": "MUM-0001-X", "control": "MUM-0002-X", "colour": "red"}],
            "pairs.0.colour",
            "unknown_field",
        ),
        ([{"case": "MUM-9999-X"}], "pairs.0.case", "unknown"),
    ],
)
def test_pairs_that_cannot_be_read(cast: Cast, pairs: Any, field: str, code: str) -> None:
    with pytest.raises(CrfInvalid) as caught:
        actions.propose_given(raw={"pairs": pairs}, by=cast.sanjay)
    assert (field, code) in [(problem.field, problem.code) for problem in caught.value.problems]
    assert not MatchingRun.objects.exists()


def test_too_many_controls_for_the_protocol(cast: Cast) -> None:
    case = somebody(cast, "case")
    controls = [somebody(cast, "control") for _ in range(5)]
    pairs = [{"case": case.code, "control": one.code} for one in controls]
    with pytest.raises(CrfInvalid) as caught:
        actions.propose_given(raw={"pairs": pairs}, by=cast.sanjay)
    assert codes(caught) == ["ratio"]


def test_given_sets_are_proposed_like_any_other(cast: Cast, cohort: Cohort) -> None:
    pairs = [
        {"case": cohort.case.code.lower(), "control": cohort.controls[1].code, "set": 1},
        {"case": cohort.second.code, "control": cohort.controls[2].code, "set": 2},
    ]
    run = actions.propose_given(raw={"pairs": pairs, "note": "MatchIt 4.5"}, by=cast.sanjay)
    assert run.method == "given"
    assert who(run) == {
        cohort.case.code: [cohort.controls[1].code],
        cohort.second.code: [cohort.controls[2].code],
    }
    assert [one.participant for one in UnmatchedCase.objects.filter(run=run)] == [cohort.pune_case]
    assert run.summary["balance"]
