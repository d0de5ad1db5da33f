"""Approvals of a site: what is refused, what the database holds, the gate, and who becomes a deviation."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.enrolment import actions, selectors
from apps.enrolment.models import ApprovalSuspension, Participant, SiteApproval
from studyportal.access.clock import today_at
from studyportal.audit.selectors import history_of
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.partial_date import PartialDate
from studyportal.deviations.models import Deviation
from tests.approvals import approval_of, lapse, none_at
from tests.cast import Cast
from tests.counting import questions
from tests.studyportal.files.samples import PDF, SVG

pytestmark = pytest.mark.django_db
EC = "ethics_committee"


def today() -> dt.date:
    return timezone.now().astimezone(ZoneInfo("Asia/Kolkata")).date()


def ago(days: int) -> dt.date:
    return today() - dt.timedelta(days=days)


def given(**changes: Any) -> dict[str, Any]:
    return {
        "kind": EC,
        "authority": "Ethics committee of the hospital",
        "number": "EC/2026/9",
        "approved_on": ago(30).isoformat(),
        "valid_from": ago(30).isoformat(),
        "valid_until": (today() + dt.timedelta(days=335)).isoformat(),
    } | changes


def waiver(**changes: Any) -> dict[str, Any]:
    return given(kind="regulator", waived=True, number="", waiver_reason="No product is imported") | changes


def codes_of(error: Any) -> list[tuple[str | None, str]]:
    return [(problem.field, problem.code) for problem in error.value.problems]


def pdf(content: bytes = PDF, name: str = "letter.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def enrolled(cast: Cast, on: str, **more: Any) -> Participant:
    participant = actions.register(site=cast.mumbai, by=cast.meera, **more)
    Participant.objects.filter(pk=participant.pk).update(enrolled_on=PartialDate.parse(on))
    participant.refresh_from_db()
    return participant


def deviation_of(participant: Participant) -> Deviation | None:
    return Deviation.objects.filter(participant=participant, code="enrolled_without_approval").first()


# --- Refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"kind": "tax_office"}, "kind", "choice"),
        ({"number": ""}, "number", "required"),
        ({"number": " "}, "number", "required"),
        ({"number": "N" * 81}, "number", "max_length"),
        ({"number": 17}, "number", "type"),
        ({"number": "EC\x00"}, "number", "type"),
        ({"authority": ""}, "authority", "required"),
        (
            {"approved_on": (ago(-1)).isoformat(), "valid_from": ago(-1).isoformat()},
            "approved_on",
            "in_future",
        ),
        ({"approved_on": "03/04/2026"}, "approved_on", "invalid_date"),
        ({"approved_on": 5}, "approved_on", "invalid_date"),
        ({"valid_until": ago(31).isoformat()}, "valid_until", "before_start"),
        ({"valid_until": ""}, "valid_until", "required"),
        ({"without_end": True}, "valid_until", "contradiction"),
        ({"without_end": "yes"}, "without_end", "boolean"),
        ({"waived": True, "number": ""}, "waiver_reason", "required"),
        ({"signed_by": "x"}, "signed_by", "unknown_field"),
        ({"number": "mum/ETHICS_committee/1"}, "number", "unique"),
    ],
)
def test_wrong_input_is_named(cast: Cast, changes: dict[str, Any], field: str, code: str) -> None:
    before = SiteApproval.objects.count()
    with pytest.raises(CrfInvalid) as error:
        actions.record_approval(site=cast.mumbai, by=cast.rao, **given(**changes))
    assert codes_of(error) == [(field, code)]
    assert SiteApproval.objects.count() == before


def test_a_document_of_another_kind_is_not_kept(cast: Cast) -> None:
    with pytest.raises(CrfInvalid) as error:
        actions.record_approval(site=cast.mumbai, by=cast.rao, upload=pdf(SVG, "letter.svg"), **given())
    assert codes_of(error) == [("document", "type")]


def test_every_problem_is_named_at_once(cast: Cast) -> None:
    with pytest.raises(CrfInvalid) as error:
        actions.record_approval(site=cast.mumbai, by=cast.rao, upload=pdf(b"x"), kind="x")
    assert {field for field, _code in codes_of(error)} == {
        "kind", "authority", "number", "approved_on", "valid_from", "valid_until", "document",
    }  # fmt: skip


def test_the_number_is_free_again_after_an_error_and_at_another_site(cast: Cast) -> None:
    made = actions.record_approval(site=cast.mumbai, by=cast.rao, **given())
    actions.record_approval(site=cast.pune, by=cast.meera, **given())
    actions.enter_in_error(approval=made, by=cast.rao, reason="Of another study")
    actions.record_approval(site=cast.mumbai, by=cast.rao, **given())


def test_a_renewal_is_of_the_same_kind_and_site_and_begins_later(cast: Cast) -> None:
    old = approval_of(cast.mumbai)
    for changes, code in (
        ({"kind": "regulator"}, "other_approval"),
        ({"approved_on": "1999-01-01", "valid_from": "1999-01-01"}, "before_renewed"),
    ):
        with pytest.raises(CrfInvalid) as error:
            actions.record_approval(site=cast.mumbai, by=cast.rao, supersedes=old, **given(**changes))
        assert codes_of(error)[0][1] == code
    with pytest.raises(CrfInvalid) as error:
        actions.record_approval(site=cast.pune, by=cast.meera, supersedes=old, **given())
    assert codes_of(error) == [("supersedes", "other_approval")]
    actions.record_approval(site=cast.mumbai, by=cast.rao, supersedes=old, **given())
    with pytest.raises(CrfInvalid) as error:
        actions.record_approval(site=cast.mumbai, by=cast.rao, supersedes=old, **given(number="EC/2026/10"))
    assert codes_of(error) == [("supersedes", "unique")]


def test_what_was_given_changes_only_with_a_reason_and_never_in_kind(cast: Cast) -> None:
    made = actions.record_approval(site=cast.mumbai, by=cast.rao, **given())
    with pytest.raises(CrfInvalid) as error:
        actions.change_approval(approval=made, by=cast.rao, number="EC/2026/10")
    assert codes_of(error) == [("reason", "reason_required")]
    with pytest.raises(CrfInvalid) as error:
        actions.change_approval(approval=made, by=cast.rao, kind="regulator", reason="Wrong kind")
    assert codes_of(error) == [("kind", "read_only")]
    with pytest.raises(CrfInvalid) as error:
        actions.change_approval(approval=made, by=cast.rao, valid_until="2001-01-01", reason="Misread")
    assert codes_of(error) == [("valid_until", "before_start")]
    with pytest.raises(StaleVersion):
        actions.change_approval(approval=made, by=cast.rao, note="x", expected_version=7)
    actions.change_approval(approval=made, by=cast.rao, note="Seen", covers="Protocol 1.0")  # was empty
    changed = actions.change_approval(approval=made, by=cast.rao, number="EC/2026/10", reason="Misread")
    assert (changed.number, changed.version) == ("EC/2026/10", 3)
    told = history_of(changed)[0]
    assert (told.reason, told.by) == ("Misread", "rao")
    assert [(f.name, f.before, f.after) for f in told.fields] == [("number", "EC/2026/9", "EC/2026/10")]
    assert actions.change_approval(approval=made, by=cast.rao, number="EC/2026/10").version == 3


def test_another_document_needs_a_reason_and_the_same_one_changes_nothing(cast: Cast) -> None:
    made = actions.record_approval(site=cast.mumbai, by=cast.rao, upload=pdf(), **given())
    assert made.document is not None
    assert len(made.document.sha256) == 64
    assert actions.change_approval(approval=made, by=cast.rao, upload=pdf()).version == 1
    other = PDF.replace(b"/Count 0", b"/Count 0 ")
    with pytest.raises(CrfInvalid) as error:
        actions.change_approval(approval=made, by=cast.rao, upload=pdf(other))
    assert codes_of(error) == [("reason", "reason_required")]
    changed = actions.change_approval(approval=made, by=cast.rao, upload=pdf(other), reason="Better scan")
    assert changed.document_id != made.document_id


def test_an_error_says_why_and_is_for_good(cast: Cast) -> None:
    made = actions.record_approval(site=cast.mumbai, by=cast.rao, **given())
    with pytest.raises(CrfInvalid) as error:
        actions.enter_in_error(approval=made, by=cast.rao, reason="")
    assert codes_of(error) == [("reason", "reason_required")]
    actions.enter_in_error(approval=made, by=cast.rao, reason="Of another study")
    for again in (
        lambda: actions.enter_in_error(approval=made, by=cast.rao, reason="Of another study"),
        lambda: actions.change_approval(approval=made, by=cast.rao, note="x"),
        lambda: actions.suspend_approval(approval=made, by=cast.rao, kind="suspended", from_on=ago(3), reason="Why not"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            again()
        assert codes_of(refused) == [(None, "in_error")]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"kind": "revoked"}, "kind", "choice"),
        ({"from_on": ""}, "from_on", "required"),
        ({"from_on": "soon"}, "from_on", "invalid_date"),
        ({"from_on": "1999-12-31"}, "from_on", "outside"),
        ({"from_on": "2999-01-01"}, "from_on", "in_future"),
        ({"reason": ""}, "reason", "required"),
        ({"lifted_on": "2020-03-01", "lift_reason": "Settled"}, "lifted_on", "before_start"),
        ({"lifted_on": "2020-04-01"}, "lift_reason", "required"),
        ({"lift_reason": "Settled"}, "lifted_on", "required"),
        (
            {"kind": "withdrawn", "lifted_on": "2020-04-01", "lift_reason": "Settled"},
            "lifted_on",
            "withdrawn",
        ),
    ],
)
def test_wrong_suspensions_are_named(cast: Cast, changes: dict[str, Any], field: str, code: str) -> None:
    said = {"kind": "suspended", "from_on": "2020-03-01", "reason": "Inspection"} | changes
    with pytest.raises(CrfInvalid) as error:
        actions.suspend_approval(approval=approval_of(cast.mumbai), by=cast.rao, **said)
    assert codes_of(error) == [(field, code)]


def test_suspended_lifted_and_suspended_again(cast: Cast) -> None:
    approval = approval_of(cast.mumbai)
    first = actions.suspend_approval(
        approval=approval, by=cast.rao, kind="suspended", from_on="2020-03-01", reason="Inspection"
    )
    with pytest.raises(CrfInvalid) as error:
        actions.suspend_approval(
            approval=approval, by=cast.rao, kind="withdrawn", from_on="2020-05-01", reason="Inspection"
        )
    assert codes_of(error) == [("from_on", "overlap")]
    with pytest.raises(CrfInvalid) as error:
        actions.lift_suspension(suspension=first, by=cast.rao, lifted_on="2020-03-01", reason="Settled")
    assert codes_of(error) == [("lifted_on", "before_start")]
    with pytest.raises(CrfInvalid) as error:
        actions.lift_suspension(suspension=first, by=cast.rao, lifted_on="2020-04-01", reason="")
    assert codes_of(error) == [("lift_reason", "required")]
    actions.lift_suspension(suspension=first, by=cast.rao, lifted_on="2020-04-01", reason="Settled")
    with pytest.raises(Refused) as refused:
        actions.lift_suspension(suspension=first, by=cast.rao, lifted_on="2020-04-02", reason="Settled")
    assert codes_of(refused) == [(None, "lifted")]
    actions.suspend_approval(
        approval=approval, by=cast.rao, kind="suspended", from_on="2019-03-01", reason="Inspection",
        lifted_on="2019-04-01", lift_reason="Settled",
    )  # fmt: skip
    withdrawn = actions.suspend_approval(
        approval=approval, by=cast.rao, kind="withdrawn", from_on="2021-03-01", reason="Closed"
    )
    with pytest.raises(Refused) as refused:
        actions.lift_suspension(suspension=withdrawn, by=cast.rao, lifted_on="2021-04-01", reason="Settled")
    assert codes_of(refused) == [(None, "withdrawn")]
    found = {
        day: selectors.standings([cast.mumbai], on=dt.date.fromisoformat(day))[cast.mumbai.pk][1].state
        for day in ("2019-02-28", "2019-03-01", "2020-03-31", "2020-04-01", "2021-02-28", "2021-03-01")
    }
    assert list(found.values()) == ["valid", "suspended", "suspended", "valid", "valid", "suspended"]
    actions.suspension_in_error(suspension=withdrawn, by=cast.rao, reason="Of another study")
    assert selectors.standings([cast.mumbai])[cast.mumbai.pk][1].state == "valid"


# --- What the database refuses by itself -----------------------------------------------------------------

ROW: dict[str, Any] = {
    "kind": EC, "authority": "Committee", "number": "EC/7", "approved_on": dt.date(2026, 1, 1),
    "valid_from": dt.date(2026, 1, 1), "valid_until": dt.date(2026, 12, 31),
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"number": ""}, "siteapproval_number_unless_waived"),
        ({"waived": True, "waiver_reason": "Why"}, "siteapproval_number_unless_waived"),
        ({"waived": True, "number": ""}, "siteapproval_waiver_says_why"),
        ({"waiver_reason": "Why"}, "siteapproval_waiver_says_why"),
        ({"authority": ""}, "siteapproval_authority_given"),
        ({"valid_until": None}, "siteapproval_end_or_without"),
        ({"without_end": True}, "siteapproval_end_or_without"),
        ({"valid_until": dt.date(2025, 12, 31)}, "siteapproval_ends_after_start"),
        ({"valid_from": dt.date(2025, 12, 31)}, "siteapproval_not_before_given"),
        ({"in_error": True}, "siteapproval_error_says_why"),
        ({"error_reason": "Why"}, "siteapproval_error_says_why"),
        ({"number": "MUM/Ethics_committee/1"}, "siteapproval_number_once"),
    ],
)
def test_an_approval_that_cannot_be_does_not_stand(
    cast: Cast, changes: dict[str, Any], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        SiteApproval.objects.create(**{"site": cast.mumbai, "recorded_by": cast.rao} | ROW | changes)


def test_renewals_in_the_database(cast: Cast) -> None:
    row = {"site": cast.mumbai, "recorded_by": cast.rao, "supersedes": approval_of(cast.mumbai)} | ROW
    made = SiteApproval.objects.create(**row)
    with pytest.raises(IntegrityError, match="siteapproval_renewed_once"), transaction.atomic():
        SiteApproval.objects.create(**row | {"number": "EC/8"})
    with pytest.raises(IntegrityError, match="siteapproval_not_renewal_of_itself"), transaction.atomic():
        SiteApproval.objects.filter(pk=made.pk).update(supersedes=made.pk)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"kind": "revoked"}, "approvalsuspension_known_kind"),
        ({"reason": ""}, "approvalsuspension_says_why"),
        ({"lifted_on": dt.date(2020, 4, 1)}, "approvalsuspension_lifted_says_why"),
        ({"lift_reason": "Why"}, "approvalsuspension_lifted_says_why"),
        ({"lifted_on": dt.date(2020, 3, 1), "lift_reason": "Why"}, "approvalsuspension_lifted_after"),
        (
            {"kind": "withdrawn", "lifted_on": dt.date(2020, 4, 1), "lift_reason": "Why"},
            "approvalsuspension_withdrawn_stays",
        ),
        ({"in_error": True}, "approvalsuspension_error_says_why"),
        ({}, "approvalsuspension_one_open"),
    ],
)
def test_a_suspension_that_cannot_be_does_not_stand(
    cast: Cast, changes: dict[str, Any], constraint: str
) -> None:
    row: dict[str, Any] = {
        "site": cast.mumbai, "approval": approval_of(cast.mumbai), "kind": "suspended",
        "from_on": dt.date(2020, 3, 1), "reason": "Inspection", "recorded_by": cast.rao,
    }  # fmt: skip
    if not changes:
        ApprovalSuspension.objects.create(**row)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ApprovalSuspension.objects.create(**row | changes)


# --- The gate --------------------------------------------------------------------------------------------


def bars(cast: Cast, on: str) -> list[str]:
    participant = Participant.objects.filter(site=cast.mumbai).first() or actions.register(
        site=cast.mumbai, by=cast.asha
    )
    return [problem.code for problem in actions.approvals_gate(participant, PartialDate.parse(on))]


def test_a_new_site_cannot_enrol_and_each_approval_is_named(cast: Cast) -> None:
    none_at(cast.mumbai)
    participant = actions.register(site=cast.mumbai, by=cast.asha)  # a code is given all the same
    found = list(actions.approvals_gate(participant, PartialDate.parse("2026-03-04")))
    assert [problem.code for problem in found] == ["approval_missing"] * 4
    assert "“Institutional ethics committee” at Mumbai is not recorded" in found[1].message
    assert "Study start-up" in found[1].message


def test_enrolment_ends_with_the_last_day(cast: Cast) -> None:
    lapse(cast.mumbai, dt.date(2026, 3, 3))
    assert bars(cast, "2026-03-03") == []
    assert bars(cast, "2026-03-04") == ["approval_lapsed"]
    assert bars(cast, "2026-02") == []
    assert bars(cast, "2026-03") == ["approval_not_shown"]
    assert bars(cast, "2026-04") == ["approval_lapsed"]
    assert bars(cast, "age:17") == ["approval_not_shown"] * 4


def test_another_sites_approval_does_not_help(cast: Cast) -> None:
    none_at(cast.mumbai)
    assert len(bars(cast, "2026-03-04")) == 4


def test_a_waiver_and_a_renewal_admit(cast: Cast) -> None:
    old = lapse(cast.mumbai, ago(40))
    lapse(cast.mumbai, ago(40), "regulator")
    assert bars(cast, ago(10).isoformat()) == ["approval_lapsed"] * 2
    actions.record_approval(site=cast.mumbai, by=cast.rao, supersedes=old, **given())
    actions.record_approval(site=cast.mumbai, by=cast.rao, **waiver())
    assert bars(cast, ago(10).isoformat()) == []
    assert bars(cast, ago(35).isoformat()) == ["approval_lapsed"] * 2  # in the gap before them
    relied = selectors.basis(cast.mumbai, PartialDate.of(ago(10)))
    assert [(one["kind"], one["number"], one["waived"]) for one in relied] == [
        ("stem_cell_committee", "MUM/stem_cell_committee/1", False),
        (EC, "EC/2026/9", False),
        ("regulator", "", True),
        ("trial_registry", "MUM/trial_registry/1", False),
    ]
    assert relied[1]["valid_until"] == given()["valid_until"]
    assert relied[0]["valid_until"] is None


def test_the_day_is_the_sites_own(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 20:00 UTC it is the next day at Mumbai already."""
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2026, 3, 3, 20, tzinfo=dt.UTC))
    lapse(cast.mumbai, dt.date(2026, 3, 3))
    assert today_at(cast.mumbai) == dt.date(2026, 3, 4)
    assert selectors.standings([cast.mumbai])[cast.mumbai.pk][1].state == "lapsed"


# --- Those who were enrolled already ---------------------------------------------------------------------


def test_an_approval_that_ends_earlier_makes_deviations_and_the_correction_withdraws_them(cast: Cast) -> None:
    before, after = enrolled(cast, "2026-03-03"), enrolled(cast, "2026-03-04")
    vague, past = enrolled(cast, "2026-03"), enrolled(cast, "2016-03-04", retrospective=True)
    approval = approval_of(cast.mumbai)
    actions.change_approval(
        approval=approval, by=cast.rao, reason="Misread", valid_until="2026-03-03", without_end=False
    )
    assert deviation_of(before) is None
    assert deviation_of(past) is None
    for participant, says in ((after, "lapsed: its last day was 3 Mar 2026"), (vague, "It cannot be shown")):
        found = deviation_of(participant)
        assert found is not None
        assert (found.classification, found.state, found.form) == ("critical", "open", "start-up")
        assert says in found.description
    actions.change_approval(approval=approval, by=cast.rao, reason="Read again", valid_until="2026-03-31")
    assert [deviation_of(one).state for one in (after, vague)] == ["withdrawn"] * 2  # type: ignore[union-attr]


def test_suspended_backwards_and_entered_in_error(cast: Cast) -> None:
    participant = enrolled(cast, "2020-03-04")
    suspension = actions.suspend_approval(
        approval=approval_of(cast.mumbai),
        by=cast.rao,
        kind="suspended",
        from_on="2020-03-01",
        reason="Inspection",
    )
    found = deviation_of(participant)
    assert found is not None
    assert "Enrolled on 4 Mar 2020 without valid approval" in found.description
    actions.lift_suspension(suspension=suspension, by=cast.rao, lifted_on="2020-03-04", reason="Settled")
    assert deviation_of(participant).state == "withdrawn"  # type: ignore[union-attr]
    actions.enter_in_error(approval=approval_of(cast.mumbai), by=cast.rao, reason="Of another study")
    assert deviation_of(participant).state == "open"  # type: ignore[union-attr]


def test_judging_again_asks_no_more_with_more_people(cast: Cast) -> None:
    def asked() -> int:
        with questions() as found:
            actions.recheck_enrolments(site=cast.mumbai, by=cast.rao)
        return len(found)

    enrolled(cast, "2026-03-04")
    few = asked()
    for _number in range(5):
        enrolled(cast, "2026-03-04")
    assert asked() == few


# --- The worklist ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "listed"), [(61, False), (60, True), (0, True), (-1, True)])
def test_what_is_due(cast: Cast, left: int, listed: bool) -> None:
    lapse(cast.mumbai, today() + dt.timedelta(days=left))
    due = selectors.approvals_due([cast.mumbai, cast.pune])
    assert [(one.site.code, one.standing.kind, one.days_left) for one in due] == (
        [("MUM", EC, left if left >= 0 else None)] if listed else []
    )


def test_a_renewal_on_record_ends_the_warning(cast: Cast) -> None:
    old = lapse(cast.mumbai, today() + dt.timedelta(days=10))
    actions.record_approval(
        site=cast.mumbai, by=cast.rao, supersedes=old,
        **given(valid_from=(today() + dt.timedelta(days=11)).isoformat()),
    )  # fmt: skip
    assert selectors.approvals_due([cast.mumbai]) == []


def test_standings_take_two_questions(cast: Cast) -> None:
    for sites in ([cast.mumbai], [cast.mumbai, cast.pune]):
        with questions() as asked:
            selectors.standings(sites)
        assert len(asked) == 2


# --- The act of enrolment --------------------------------------------------------------------------------


def screened(cast: Cast, **more: Any) -> Participant:
    return actions.register(site=cast.mumbai, by=cast.meera, **more)


def test_enrolment_is_refused_and_nothing_changes(cast: Cast) -> None:
    none_at(cast.mumbai)
    participant = screened(cast)
    with pytest.raises(Refused) as refused:
        actions.enrol(participant=participant, on=today().isoformat(), by=cast.asha)
    assert [code for _field, code in codes_of(refused) if code == "approval_missing"] == [
        "approval_missing"
    ] * 4
    participant.refresh_from_db()
    assert participant.enrolled_on is None


def test_a_participant_of_the_past_needs_none(cast: Cast) -> None:
    none_at(cast.mumbai)
    participant = screened(cast, retrospective=True)
    done = actions.enrol(participant=participant, on="2016-11", by=cast.meera)
    assert "approvals" not in done.enrolment_basis
    assert deviation_of(participant) is None


def test_what_the_enrolment_relied_on_is_kept(cast: Cast) -> None:
    participant = screened(cast)
    day = PartialDate.of(today())
    basis = actions.enrolment.basis_of(participant, day)  # type: ignore[attr-defined]
    assert [one["kind"] for one in basis["approvals"]] == [key for key, _label in selectors.approval_kinds()]


def test_a_day_of_enrolment_that_is_put_right_is_judged_again(cast: Cast) -> None:
    from apps.enrolment import signals

    participant = enrolled(cast, "2026-03-04")
    lapse(cast.mumbai, dt.date(2026, 3, 3))
    told: dict[str, Any] = {"sender": Participant, "created": False, "changed": frozenset({"enrolled_on"}), "by": cast.asha}  # fmt: skip
    signals.participant_saved.send(participant=participant, **told)
    assert deviation_of(participant).state == "open"  # type: ignore[union-attr]
    participant.enrolled_on = PartialDate.parse("2026-03-03")  # type: ignore[assignment]
    participant.save()
    signals.participant_saved.send(participant=participant, **told)
    assert deviation_of(participant).state == "withdrawn"  # type: ignore[union-attr]
