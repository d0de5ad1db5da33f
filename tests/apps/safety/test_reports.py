"""Reports of serious events: refusals first, then versions, lateness, corrections, the PDF, pages and API."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from apps.safety import report_pdf
from apps.safety.actions import reports as actions
from apps.safety.crfs import ADVERSE_EVENT
from apps.safety.models import AdverseEvent, SafetyReport
from apps.safety.selectors.clocks import clocks_of_event
from studyportal.access.models import Membership
from studyportal.crf.actions import save
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.deviations.models import Deviation, DeviationState
from studyportal.signatures.content import sha256_of
from studyportal.ui import pdf
from tests.apps.enrolment.factories import a_case
from tests.apps.safety.reported import HOUR, a_serious_event, ago, sent

pytestmark = pytest.mark.django_db


def refusal(call: Any) -> set[str]:
    with pytest.raises((CrfInvalid, Refused)) as refused:
        call()
    assert not SafetyReport.objects.exists()
    return {problem.code for problem in refused.value.problems}


def clock_states(event: AdverseEvent) -> dict[str, tuple[str, bool | None]]:
    event = AdverseEvent.objects.select_related("participant", "site").get(pk=event.pk)
    return {
        clock.key: (clock.state, clock.late)
        for clock in clocks_of_event(event, event.reports.all())  # type: ignore[attr-defined]
    }


# --- Refusals of the action ------------------------------------------------------------------------------


def test_an_event_that_is_not_serious(cast: Any) -> None:
    event = a_serious_event(cast, serious=False, serious_criteria=None)
    assert refusal(lambda: sent(event, cast.rao)) == {"not_serious"}


def test_an_event_of_which_nobody_said_whether_it_is_serious(cast: Any) -> None:
    event = a_serious_event(cast, serious=None, serious_criteria=None)
    assert refusal(lambda: sent(event, cast.rao)) == {"seriousness_unknown"}


def test_a_transcribed_case(cast: Any) -> None:
    past = a_case(cast, by=cast.meera, retrospective=True)
    event = a_serious_event(cast, by=cast.meera, participant=past)
    assert refusal(lambda: sent(event, cast.rao)) == {"retrospective"}
    assert clock_states(event) == {}


def test_a_site_of_a_country_without_rules(cast: Any, monkeypatch: Any) -> None:
    event = a_serious_event(cast)
    monkeypatch.setattr("apps.safety.actions.reports.jurisdiction_of", lambda site: None)
    assert refusal(lambda: sent(event, cast.rao)) == {"no_jurisdiction"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": "letter"}, "unknown_code"),
        ({"recipient": "press"}, "unknown_code"),
        ({"sent_at": None}, "required"),
        ({"hours_ago": -1}, "in_future"),
        ({"hours_ago": 2}, "before_awareness"),
        ({"method": "x" * 81}, "too_long"),
        ({"kind": "final"}, "initial_missing"),
        ({"kind": "opinion"}, "initial_missing"),
    ],
)
def test_what_cannot_be(cast: Any, more: Any, code: str) -> None:
    event = a_serious_event(cast, aware=1)
    assert code in refusal(lambda: sent(event, cast.rao, **more))


def test_a_late_report_without_its_reason(cast: Any) -> None:
    event = a_serious_event(cast, aware=30)
    assert refusal(lambda: sent(event, cast.rao)) == {"late_reason_required"}


def test_an_unknown_awareness_asks_for_the_reason_as_well(cast: Any) -> None:
    event = a_serious_event(cast, aware=None)
    assert refusal(lambda: sent(event, cast.rao)) == {"late_reason_required"}


def test_an_event_that_changed_since_it_was_seen(cast: Any) -> None:
    event = a_serious_event(cast)
    save(ADVERSE_EVENT, raw={"note": "Worse"}, by=cast.asha, record=event, complete=False)
    with pytest.raises(StaleVersion):
        sent(event, cast.rao, expected_version=event.version)
    assert not SafetyReport.objects.exists()


def test_a_second_initial_report_to_the_same_recipient(cast: Any) -> None:
    event = a_serious_event(cast)
    sent(event, cast.rao)
    with pytest.raises(Refused, match="initial_twice"):
        sent(event, cast.rao)
    assert sent(event, cast.rao, recipient="sponsor").number == 2


def test_a_final_report_of_an_event_that_is_not_over(cast: Any) -> None:
    event = a_serious_event(cast, outcome="recovering")
    sent(event, cast.rao)
    with pytest.raises(Refused, match="event_open"):
        sent(event, cast.rao, kind="final")


def test_a_text_that_names_the_participant(cast: Any, monkeypatch: Any) -> None:
    event = a_serious_event(cast)
    monkeypatch.setattr(
        "apps.safety.actions.reports.mentioned_in", lambda participant, text, by: "Sunita" in text
    )
    assert refusal(lambda: sent(event, cast.rao, note="Sunita was admitted")) == {"identity_in_text"}


# --- Recorded --------------------------------------------------------------------------------------------


def test_a_report_in_time_stops_its_clock_and_says_what_it_said(cast: Any) -> None:
    event = a_serious_event(cast, aware=23, onset=25)
    report = sent(event, cast.rao, reference="EC/12", method="e-mail", note="Observed on the ward")

    assert (report.number, report.late, report.late_reason) == (1, False, "")
    assert (report.reporter_name, report.reporter_role) == ("Rao", "Investigator")
    assert report.event_version == event.version
    (clock,) = report.clocks
    assert clock["key"] == "investigator_report"
    assert clock["late"] is False
    assert clock["from_awareness_hours"] == ["23.00", "23.00"]
    assert clock["from_occurrence_hours"] == ["25.00", "25.00"]
    states = clock_states(event)
    assert states["investigator_report"] == ("stopped", False)
    assert states["investigator_report_sponsor"] == ("soon", False)
    assert states["investigator_analysis"] == ("running", False)
    assert report.content_sha256 == sha256_of(report.content)


def test_an_incomplete_event_can_be_reported_and_says_what_is_missing(cast: Any) -> None:
    report = sent(a_serious_event(cast), cast.rao)
    said = {label: text for section in report.content["sections"] for label, text in section["pairs"]}
    assert said["Grade"] == "not stated"


def test_a_late_report_keeps_its_reason_and_is_a_deviation(cast: Any) -> None:
    event = a_serious_event(cast, aware=30)
    report = sent(event, cast.rao, late_reason="The line was down")

    assert (report.late, report.late_reason) == (True, "The line was down")
    found = Deviation.objects.get(code="safety_report_late:investigator_report")
    assert (found.kind, found.classification, found.state) == ("safety", "major", DeviationState.OPEN)
    assert "The line was down" in found.description
    assert found.occurred_on is not None
    assert (found.form, found.object_id) == ("adverse-event", event.pk)


def test_a_clock_that_ran_out_is_a_deviation_before_anything_is_sent(cast: Any) -> None:
    event = a_serious_event(cast, aware=30)
    codes = set(Deviation.objects.filter(object_id=event.pk).values_list("code", flat=True))
    assert codes == {
        "safety_report_late:investigator_report",
        "safety_report_late:investigator_report_sponsor",
        "safety_report_late:investigator_report_regulator",
    }


def test_a_corrected_awareness_takes_the_deviation_back(cast: Any) -> None:
    event = a_serious_event(cast, aware=30)
    save(ADVERSE_EVENT, raw={"aware_at": ago(2)}, by=cast.asha, record=event, complete=False)
    states = set(Deviation.objects.filter(object_id=event.pk).values_list("state", flat=True))
    assert states == {DeviationState.WITHDRAWN}


def test_an_event_that_turns_out_not_to_be_serious_has_no_clock_and_no_deviation(cast: Any) -> None:
    event = a_serious_event(cast, aware=30)
    save(
        ADVERSE_EVENT,
        raw={"serious": False, "serious_criteria": None},
        by=cast.asha,
        record=event,
        complete=False,
    )
    assert clock_states(event) == {}
    assert not Deviation.objects.filter(object_id=event.pk).exclude(state=DeviationState.WITHDRAWN).exists()


def test_the_analysis_and_the_opinion_stop_their_own_clocks(cast: Any) -> None:
    event = a_serious_event(cast)
    sent(event, cast.rao)
    sent(event, cast.rao, kind="analysis", note="Possibly related to the product")
    sent(event, cast.rao, kind="opinion", note="No action needed")
    states = clock_states(event)
    assert {key for key, (state, _late) in states.items() if state == "stopped"} == {
        "investigator_report",
        "investigator_analysis",
        "ethics_committee",
    }


def test_a_site_elsewhere_has_the_clocks_of_elsewhere(cast: Any) -> None:
    cast.pune.country, cast.pune.timezone = "US", "America/New_York"
    cast.pune.save()
    person = a_case(cast, site=cast.pune, by=cast.vikram)
    event = a_serious_event(cast, by=cast.vikram, participant=person)
    assert set(clock_states(event)) == {"investigator_report", "investigator_report_sponsor"}


def test_reports_cannot_be_changed_or_deleted(cast: Any) -> None:
    report = sent(a_serious_event(cast), cast.rao)
    for change in (lambda: SafetyReport.objects.update(note="x"), lambda: report.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_database_keeps_a_late_report_with_its_reason(cast: Any) -> None:
    report = sent(a_serious_event(cast), cast.rao)
    report.pk, report.number, report.late = None, 9, True
    with pytest.raises(IntegrityError, match="safetyreport_late_has_reason"), transaction.atomic():
        report.save(force_insert=True)


# --- Corrections -----------------------------------------------------------------------------------------


def test_a_correction_without_reason_or_change_or_of_what_was_corrected(cast: Any) -> None:
    report = sent(a_serious_event(cast), cast.rao)
    with pytest.raises(CrfInvalid, match="reason_required"):
        actions.correct(report=report, reason=" ", by=cast.rao, reference="EC/1")
    with pytest.raises(CrfInvalid, match="nothing_changed"):
        actions.correct(report=report, reason="Typo", by=cast.rao)
    made = actions.correct(report=report, reason="Typo", by=cast.rao, reference="EC/1")
    with pytest.raises(Refused, match="already_corrected"):
        actions.correct(report=report, reason="Again", by=cast.rao, reference="EC/2")
    assert (made.number, made.corrects, made.reference) == (2, report, "EC/1")


def test_a_corrected_time_makes_it_late_and_asks_for_the_reason(cast: Any) -> None:
    event = a_serious_event(cast, aware=40)
    report = sent(event, cast.rao, hours_ago=20)
    later = timezone.now() - 10 * HOUR
    with pytest.raises(CrfInvalid, match="late_reason_required"):
        actions.correct(report=report, reason="Wrong day", by=cast.rao, sent_at=later)
    made = actions.correct(
        report=report, reason="Wrong day", by=cast.rao, sent_at=later, late_reason="Holiday"
    )
    assert made.late
    assert clock_states(event)["investigator_report"] == ("stopped", True)
    assert made.content["sections"] == report.content["sections"]
    assert ["Corrects version", "1"] in made.content["correction"]


def test_a_report_that_was_never_sent_stops_no_clock(cast: Any) -> None:
    event = a_serious_event(cast)
    report = sent(event, cast.rao)
    made = actions.correct(report=report, reason="The mail came back", by=cast.rao, taken_back=True)
    assert made.taken_back
    assert clock_states(event)["investigator_report"][0] == "running"
    with pytest.raises(Refused, match="taken_back"):
        actions.correct(report=made, reason="It did not", by=cast.rao, reference="x")
    assert sent(event, cast.rao).number == 3


# --- The PDF ---------------------------------------------------------------------------------------------


@pytest.fixture
def printed(monkeypatch: Any) -> list[str]:
    """What is put on paper, line by line."""
    lines: list[str] = []
    draw = pdf.Sheets._string

    def noting(self: Any, x: float, y: float, text: str, size: float, **more: Any) -> None:
        lines.append(text)
        draw(self, x, y, text, size, **more)

    monkeypatch.setattr(pdf.Sheets, "_string", noting)
    return lines


def test_the_pdf_is_printed_again_unchanged_whatever_became_of_the_event(
    cast: Any, printed: list[str]
) -> None:
    event = a_serious_event(cast, aware=30)
    report = sent(event, cast.rao, late_reason="The line was down")
    before = report_pdf.pdf_of(report)
    save(
        ADVERSE_EVENT,
        raw={"verbatim": "Something else", "aware_at": ago(2)},
        by=cast.asha,
        record=event,
        complete=False,
    )
    fresh = SafetyReport.objects.get(pk=report.pk)
    assert report_pdf.pdf_of(fresh) == before
    said = " ".join(printed)
    for part in (
        "High fever after the infusion",
        report.participant.code,
        "The line was down",
        "First report to the ethics committee",
        report.content_sha256,
        "late",
        "30.0 h",
    ):
        assert part in said, part


def test_a_preview_says_on_every_page_that_it_is_none(cast: Any, printed: list[str]) -> None:
    from apps.safety.rules.reports import Stated

    event = a_serious_event(cast)
    number, content = actions.preview(
        event=event, stated=Stated("initial", "ethics_committee", timezone.now()), by=cast.rao
    )
    report_pdf.preview_of(content, name="x")
    assert number == 1
    feet = [line for line in printed if line.startswith("Safety report")]
    assert feet and all("PREVIEW" in line for line in feet)
    assert not SafetyReport.objects.exists()


# --- Two at once -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_who_report_at_once_get_two_versions_or_are_told(cast: Any) -> None:
    event = a_serious_event(cast)
    answers: list[Any] = []

    def report(recipient: str) -> None:
        try:
            answers.append(sent(event, cast.rao, recipient=recipient).number)
        except (CrfInvalid, Refused) as error:
            answers.append(str(error))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=report, args=[to]) for to in ("ethics_committee", "sponsor", "sponsor")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["1", "2", "initial_twice"]


# --- Pages -----------------------------------------------------------------------------------------------

POST = {"kind": "initial", "recipient": ["ethics_committee"], "method": "e-mail"}


def posted(event: AdverseEvent, **more: Any) -> dict[str, Any]:
    at = timezone.localtime(timezone.now(), dt.timezone(dt.timedelta(hours=5, minutes=30)))
    return POST | {"sent_at": at.strftime("%Y-%m-%dT%H:%M"), "version": event.version} | more


def pune(cast: Any) -> Any:
    """An investigator of Pune only."""
    Membership.objects.create(user=cast.norole, role="investigator", site=cast.pune, valid_from="2020-01-01")
    return cast.norole


def test_who_may_not_report_is_refused(cast: Any, page: Any) -> None:
    event = a_serious_event(cast)
    url = f"/adverse-events/{event.pk}/report/"
    assert page(None).get(url).status_code == 302
    for name in ("asha", "meera", "sanjay", "farah", "admin"):
        assert page(getattr(cast, name)).post(url, posted(event)).status_code == 403, name
        assert page(getattr(cast, name)).post(f"{url}preview/", posted(event)).status_code == 403, name
    assert page(pune(cast)).post(url, posted(event)).status_code == 404
    assert page(cast.rao).get("/adverse-events/987654/report/").status_code == 404
    assert not SafetyReport.objects.exists()


def test_a_refused_report_keeps_everything_that_was_typed(cast: Any, page: Any) -> None:
    event = a_serious_event(cast, aware=30)
    answer = page(cast.rao).post(f"/adverse-events/{event.pk}/report/", posted(event, note="Seen at night"))
    assert answer.status_code == 400
    said = answer.content.decode()
    assert "Seen at night" in said
    assert "This report is late" in said
    assert 'value="ethics_committee" checked' in " ".join(said.split())


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"recipient": []}, 400),
        ({"sent_at": "yesterday"}, 400),
        ({"sent_at": "2026-01-01"}, 400),
        ({"kind": ""}, 400),
        ({"kind": "final"}, 409),
        ({"version": "77"}, 412),
        ({"recipient": ["press"]}, 400),
    ],
)
def test_bad_input_is_answered_and_never_a_fault(cast: Any, page: Any, more: Any, status: int) -> None:
    event = a_serious_event(cast, aware=1)
    answer = page(cast.rao).post(f"/adverse-events/{event.pk}/report/", posted(event, **more))
    assert answer.status_code == status
    assert not SafetyReport.objects.exists()


def test_one_act_reports_to_several_all_or_none(cast: Any, page: Any) -> None:
    event = a_serious_event(cast, aware=0.5)
    url = f"/adverse-events/{event.pk}/report/"
    sent(event, cast.rao, recipient="sponsor")
    both = posted(event, recipient=["ethics_committee", "sponsor"])
    assert page(cast.rao).post(url, both).status_code == 409
    assert SafetyReport.objects.count() == 1
    three = posted(event, recipient=["ethics_committee", "regulator"])
    assert page(cast.rao).post(url, three).status_code == 302
    assert SafetyReport.objects.count() == 3


def test_a_session_that_ended_leaves_a_draft(cast: Any, page: Any) -> None:
    event = a_serious_event(cast)
    url = f"/adverse-events/{event.pk}/report/"
    shown = page(cast.rao).get(url)
    ticket = str(shown.context["ticket"])
    answer = page(None).post(url, posted(event, note="Kept all the same", ticket=ticket))
    assert answer.status_code == 302
    assert "Kept all the same" in page(cast.rao).get(url).content.decode()


def test_who_may_see_reads_a_version_and_its_pdf(cast: Any, page: Any) -> None:
    report = sent(a_serious_event(cast), cast.rao)
    for name in ("asha", "rao", "meera", "farah"):
        client = page(getattr(cast, name))
        assert client.get(f"/safety/reports/{report.pk}/").status_code == 200, name
        paper = client.get(f"/safety/reports/{report.pk}/pdf/")
        assert (paper.status_code, paper["Content-Type"], paper.content[:4]) == (
            200,
            "application/pdf",
            b"%PDF",
        )
    assert page(cast.sanjay).get(f"/safety/reports/{report.pk}/").status_code == 403
    assert page(cast.vikram).get(f"/safety/reports/{report.pk}/").status_code == 404
    assert page(cast.vikram).get(f"/safety/reports/{report.pk}/pdf/").status_code == 404
    said = page(cast.farah).get(f"/safety/reports/{report.pk}/").content.decode()
    assert "/correct/" not in said
    assert "/correct/" in page(cast.rao).get(f"/safety/reports/{report.pk}/").content.decode()


def test_a_correction_on_the_page(cast: Any, page: Any) -> None:
    report = sent(a_serious_event(cast), cast.rao)
    url = f"/safety/reports/{report.pk}/correct/"
    assert page(cast.asha).get(url).status_code == 403
    form = page(cast.rao).get(url).context["fields"]
    values = {field.name: field.value for field in form if field.name != "taken_back"}
    assert page(cast.rao).post(url, values).status_code == 400
    answer = page(cast.rao).post(url, values | {"reason": "Number missing", "reference": "EC/3"})
    assert answer.status_code == 302
    made = SafetyReport.objects.get(corrects=report)
    assert made.sent_at == report.sent_at  # not cut to the minute that the page shows
    assert "Corrected by version 2" in page(cast.rao).get(f"/safety/reports/{report.pk}/").content.decode()


def test_the_list_of_reports(cast: Any, page: Any) -> None:
    report = sent(a_serious_event(cast), cast.rao)
    assert report.participant.code in page(cast.farah).get("/safety/reports/").content.decode()
    assert report.participant.code not in page(cast.vikram).get("/safety/reports/").content.decode()
    assert page(cast.farah).get("/safety/reports/?after=x&before=-1").status_code == 200


# --- API -------------------------------------------------------------------------------------------------


def test_the_api_refuses_whom_it_must(cast: Any, api: Any) -> None:
    event = a_serious_event(cast)
    body = {"event": event.pk, "kind": "initial", "recipient": "sponsor", "sent_at": ago(0)}
    assert api(None).post("/api/v1/safety-reports/", body, format="json").status_code == 401
    for name in ("asha", "meera", "sanjay", "farah", "admin"):
        assert (
            api(getattr(cast, name)).post("/api/v1/safety-reports/", body, format="json").status_code == 403
        )
    foreign = api(pune(cast)).post("/api/v1/safety-reports/", body, format="json")
    assert (foreign.status_code, foreign.json()["errors"][0]["code"]) == (400, "not_found")
    assert not SafetyReport.objects.exists()


@pytest.mark.parametrize(
    ("change", "status", "field", "code"),
    [
        ({"event": None}, 400, "event", "not_found"),
        ({"event": "1"}, 400, "event", "not_found"),
        ({"event": 2**70}, 400, "event", "not_found"),
        ({"extra": 1}, 400, "extra", "unknown_field"),
        ({"note": 5}, 400, "note", "text"),
        ({"note": "a\x00b"}, 400, "note", "text"),
        ({"sent_at": None}, 400, "sent_at", "required"),
        ({"sent_at": "soon"}, 400, "sent_at", "invalid_datetime"),
        ({"sent_at": 5}, 400, "sent_at", None),
        ({"sent_at": "2199-01-01T10:00"}, 400, "sent_at", None),
        ({"event_version": 77}, 412, None, None),
        ({"event_version": "1"}, 400, "event_version", "whole_number"),
        ({"kind": "final"}, 409, "kind", "initial_missing"),
    ],
)
def test_the_api_names_what_is_wrong(
    cast: Any, api: Any, change: Any, status: int, field: Any, code: Any
) -> None:
    event = a_serious_event(cast, aware=5)
    body = {"event": event.pk, "kind": "initial", "recipient": "sponsor", "sent_at": ago(0.1)} | change
    answer = api(cast.rao).post("/api/v1/safety-reports/", body, format="json")
    assert answer.status_code == status, answer.content
    if field:
        errors = {(one["field"], one["code"]) for one in answer.json()["errors"]}
        assert (field, code) in errors if code else field in {name for name, _code in errors}
    assert not SafetyReport.objects.exists()


def test_the_api_records_lists_corrects_and_prints(cast: Any, api: Any) -> None:
    event = a_serious_event(cast, aware=5)
    body = {"event": event.pk, "kind": "initial", "recipient": "sponsor", "sent_at": ago(0.1)}
    made = api(cast.rao).post("/api/v1/safety-reports/", body, format="json")
    assert made.status_code == 201
    pk = made.json()["id"]
    assert made.json()["content"]["format"] == "safety-report/1"
    assert made.json()["clocks"][0]["key"] == "investigator_report_sponsor"
    listed = api(cast.farah).get("/api/v1/safety-reports/?late=false").json()["results"]
    assert [one["id"] for one in listed] == [pk]
    assert "content" not in listed[0]
    assert api(cast.vikram).get("/api/v1/safety-reports/").json()["results"] == []
    assert api(cast.vikram).get(f"/api/v1/safety-reports/{pk}/").status_code == 404
    assert api(cast.farah).get(f"/api/v1/safety-reports/{pk}/pdf/").content[:4] == b"%PDF"
    url = f"/api/v1/safety-reports/{pk}/correct/"
    assert api(cast.asha).post(url, {"reason": "x"}, format="json").status_code == 403
    assert api(cast.rao).post(url, {"reason": "x", "taken_back": "yes"}, format="json").status_code == 400
    assert api(cast.rao).post(url, {"reason": "", "reference": "1"}, format="json").status_code == 400
    done = api(cast.rao).post(url, {"reason": "Number", "reference": "S/1"}, format="json")
    assert (done.status_code, done.json()["corrects"]) == (201, pk)
    assert api(cast.rao).post(url, {"reason": "Number", "reference": "S/1"}, format="json").status_code == 409


# --- Clock changes ---------------------------------------------------------------------------------------


def test_a_time_that_came_twice_is_asked_about_and_then_taken(cast: Any, page: Any) -> None:
    cast.mumbai.country, cast.mumbai.timezone = "US", "America/New_York"
    cast.mumbai.save()
    aware = dt.datetime(2026, 10, 31, 5, 15, tzinfo=dt.UTC)  # 01:15 before the night of the change
    event = a_serious_event(cast, aware=None, aware_at=aware.isoformat())
    url = f"/adverse-events/{event.pk}/report/"
    twice = POST | {"sent_at": "2026-11-01T01:10", "version": event.version, "late_reason": ""}
    asked = page(cast.rao).post(url, twice)
    assert asked.status_code == 400
    assert "came twice" in asked.content.decode()
    assert 'name="sent_at-offset" value="-05:00"' in asked.content.decode()
    # Before the clocks went back it is 23 h 55 min after the awareness; an hour later it is late.
    late = page(cast.rao).post(url, twice | {"sent_at-offset": "-05:00"})
    assert (late.status_code, "This report is late" in late.content.decode()) == (400, True)
    assert page(cast.rao).post(url, twice | {"sent_at-offset": "-04:00"}).status_code == 302
    report = SafetyReport.objects.get()
    assert report.sent_at == dt.datetime(2026, 11, 1, 5, 10, tzinfo=dt.UTC)
    assert report.clocks[0]["from_awareness_hours"] == ["23.92", "23.92"]
    assert ["Sent at", "1 Nov 2026 01:10 (UTC-04:00)"] in report.content["head"]


def test_a_correction_moves_no_later_report_to_who_was_never_told(cast: Any) -> None:
    """Else an analysis for the committee would stop the clock of a sponsor who heard nothing of the event."""
    event = a_serious_event(cast)
    sent(event, cast.rao)
    analysis = sent(event, cast.rao, kind="analysis")
    with pytest.raises(Refused) as caught:
        actions.correct(report=analysis, reason="Wrong recipient", by=cast.rao, recipient="sponsor")
    assert [problem.code for problem in caught.value.problems] == ["initial_missing"]
