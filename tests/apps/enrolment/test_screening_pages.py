"""The screening log by its pages: who may, what is refused with nothing lost, and what follows."""

from __future__ import annotations

from typing import Any

import pytest

from apps.enrolment import actions
from apps.enrolment.models import EligibilityAnswer, EligibilityOverride, Participant, ScreeningEntry
from studyportal.audit.models import Look
from tests.apps.enrolment.criteria import EVIDENCE, PASSWORD, answer
from tests.cast import Cast
from tests.counting import questions

pytestmark = pytest.mark.django_db

READERS = ("asha", "vikram", "rao", "meera", "farah")
WORKERS = ("asha", "rao", "meera")


@pytest.fixture
def entry(cast: Cast) -> ScreeningEntry:
    return screened(cast)


def screened(cast: Cast, site: Any = None, **more: Any) -> ScreeningEntry:
    site = site or cast.mumbai
    by = cast.asha if site == cast.mumbai else cast.vikram
    stated: dict[str, Any] = {
        "screened_on": "2026-10-01",
        "age": 20,
        "sex": "female",
        "considered_for": "case",
    }
    return actions.screening.open_entry(site=site, by=by, **(stated | more))


def url_of(entry: ScreeningEntry, more: str = "") -> str:
    return f"/screening/{entry.number}/{more}"


def typed(**other: str) -> dict[str, str]:
    """Every criterion as the page sends it, met unless `other` says otherwise."""
    from tests.apps.enrolment.criteria import met

    found = {}
    for key, given in met(**other).items():
        found |= {
            f"answer-{key}": given["answer"],
            f"evidence-{key}": given["evidence"],
            f"version-{key}": "0",
        }
    return found


# --- who may --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["/screening/", "/screening/log.csv"])
@pytest.mark.parametrize("name", ["sanjay", "admin", "norole"])
def test_the_log_is_refused(cast: Cast, page: Any, name: str, url: str) -> None:
    assert page(getattr(cast, name)).get(url).status_code == 403
    assert page(None).get(url).status_code == 302


@pytest.mark.parametrize("name", READERS)
def test_each_look_at_the_log_is_logged(cast: Cast, entry: ScreeningEntry, page: Any, name: str) -> None:
    user = getattr(cast, name)
    answer = page(user).get("/screening/", {"outcome": "open"})
    assert answer.status_code == 200
    assert (entry.number in answer.content.decode()) is (name != "vikram"), "another site's is not there"
    assert list(Look.objects.values_list("what", "user", "detail")) == [
        ("screening_log", user.pk, "outcome: open")
    ]


POSTS = ("change/", "eligibility/", "verdict/", "conclude/", "reopen/", "register/", "enrol/")


@pytest.mark.parametrize("path", ["new/", *(f"{{number}}/{path}" for path in POSTS)])
def test_an_auditor_reads_and_changes_nothing(
    cast: Cast, entry: ScreeningEntry, page: Any, path: str
) -> None:
    url = "/screening/" + path.format(number=entry.number)
    assert page(cast.farah).post(url, {}).status_code == 403
    assert page(None).post(url, {}).status_code == 302
    entry.refresh_from_db()
    assert entry.version == 1


def test_an_auditor_sees_the_entry_and_that_is_logged(cast: Cast, entry: ScreeningEntry, page: Any) -> None:
    answer(entry, cast.asha)
    shown = page(cast.farah).get(url_of(entry))
    assert shown.status_code == 200
    text = shown.content.decode()
    assert "Save the answers" not in text and EVIDENCE in text
    assert Look.objects.get().what == "screening_entry"
    page(cast.asha).get(url_of(entry))
    assert Look.objects.count() == 1, "who works on it is not logged for that"


@pytest.mark.parametrize("path", ["", "change/"])
def test_another_sites_entry_is_not_found(cast: Cast, page: Any, path: str) -> None:
    pune = screened(cast, cast.pune)
    assert page(cast.asha).get(url_of(pune, path)).status_code == 404
    assert page(cast.vikram).get(url_of(pune, path)).status_code == 200
    for path in POSTS:
        assert page(cast.asha).post(url_of(pune, path), {}).status_code == 404
    assert page(cast.rao).get(url_of(pune, "override/malignancy/")).status_code == 404
    assert page(cast.asha).get("/screening/nonsense/").status_code == 404
    assert page(cast.asha).get("/screening/%00/").status_code == 400


# --- a new entry ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"site": "PUN"}, "Choose the site"),
        ({"screened_on": ""}, "Say when the person was screened"),
        ({"screened_on": "03/04/2026"}, "two ways"),
        ({"screened_on": "2090-01-01"}, "future"),
        ({"age": "twenty"}, "whole number"),
        ({"sex": "unknown thing"}, "One of"),
        ({"note": "x" * 5000}, "At most 400"),
        ({"considered_for": "unassigned"}, "One of"),
    ],
)
def test_a_new_entry_refused(cast: Cast, page: Any, given: dict[str, str], said: str) -> None:
    sent = {"screened_on": "2026-10-01", "source_key": "kept text"} | given
    refused = page(cast.asha).post("/screening/new/", sent)
    assert refused.status_code == 400
    assert said in refused.content.decode() and "kept text" in refused.content.decode()
    assert not ScreeningEntry.objects.exists()


def test_a_number_of_the_sites_list_is_taken_once(cast: Cast, page: Any) -> None:
    screened(cast, source_key="12")
    refused = page(cast.asha).post("/screening/new/", {"screened_on": "2026-10-01", "source_key": "12"})
    assert refused.status_code == 400 and "in the screening log already" in refused.content.decode()


def test_a_new_entry(cast: Cast, page: Any) -> None:
    sent = {
        "screened_on": "2026-10-01",
        "age": "20",
        "sex": "female",
        "referral": "clinic",
        "source_key": "7",
    }
    made = page(cast.asha).post("/screening/new/", sent)
    entry = ScreeningEntry.objects.get()
    assert made.status_code == 302 and made["Location"] == url_of(entry)
    assert (entry.site, entry.age, entry.outcome, entry.participant, entry.entered_by) == (
        cast.mumbai, 20, "open", None, cast.asha,
    )  # fmt: skip


def test_screened_and_registered_in_one_go(cast: Cast, page: Any) -> None:
    # What only a published case brings counts as empty where its controls are hidden.
    sent = {"screened_on": "2026-10-01", "register": "1", "group": "case", "enrolled_on": "2026-05"}
    made = page(cast.asha).post("/screening/new/", sent)
    participant = Participant.objects.get()
    assert made["Location"] == f"/participants/{participant.code}/"
    assert (participant.group, participant.enrolled_on) == ("unassigned", None)
    assert participant.screening.number == "MUM-S0001"
    refused = page(cast.asha).post("/screening/new/", sent | {"age": "no"})
    assert refused.status_code == 400
    assert (ScreeningEntry.objects.count(), Participant.objects.count()) == (1, 1), "both, or neither"


def test_a_published_case_is_a_data_managers(cast: Cast, page: Any) -> None:
    assert "retrospective" not in page(cast.asha).get("/screening/new/").content.decode()
    assert "retrospective" in page(cast.meera).get("/screening/new/").content.decode()
    sent = {
        "site": "MUM",
        "retrospective": "true",
        "group": "case",
        "enrolled_on": "2016-11",
        "label": "kept",
    }
    assert page(cast.asha).post("/screening/new/", sent).status_code == 403
    for wrong, said in (({"group": "other"}, "One of"), ({"enrolled_on": "03/04/2016"}, "two ways")):
        refused = page(cast.meera).post("/screening/new/", sent | wrong)
        assert refused.status_code == 400
        assert said in refused.content.decode() and "kept" in refused.content.decode()
    assert not ScreeningEntry.objects.exists()
    assert page(cast.meera).post("/screening/new/", sent).status_code == 302
    made = Participant.objects.get()
    assert (made.retrospective, made.group, str(made.enrolled_on), made.label) == (
        True,
        "case",
        "2016-11",
        "kept",
    )
    assert made.screening.outcome == "enrolled"


# --- changing an entry ----------------------------------------------------------------------------------


def test_a_change_needs_a_reason_and_loses_nothing(cast: Cast, entry: ScreeningEntry, page: Any) -> None:
    url, sent = (
        url_of(entry, "change/"),
        {"version": "1", "screened_on": "2026-10-01", "age": "21", "note": "kept"},
    )
    refused = page(cast.asha).post(url, sent)
    assert refused.status_code == 400 and "kept" in refused.content.decode()
    assert page(cast.asha).post(url, sent | {"reason": "Digits exchanged"}).status_code == 302
    entry.refresh_from_db()
    assert (entry.age, entry.note, entry.version) == (21, "kept", 2)
    stale = page(cast.asha).post(url, sent | {"age": "22", "reason": "Digits exchanged"})
    assert stale.status_code == 412
    text = stale.content.decode()
    assert "Saved meanwhile" in text and ">21<" in text and 'value="22"' in text
    assert 'name="version" value="2"' in text


# --- answers --------------------------------------------------------------------------------------------


def test_answers_refused_keep_what_was_typed(cast: Cast, entry: ScreeningEntry, page: Any) -> None:
    sent = typed() | {"answer-t1dm": "maybe", "evidence-hba1c": "", "evidence-anaemia": "kept text"}
    refused = page(cast.asha).post(url_of(entry, "eligibility/"), sent)
    assert refused.status_code == 400
    text = refused.content.decode()
    assert "One of: yes, no, not_known" in text and "Say which result this rests on" in text
    assert "kept text" in text and 'href="#id_evidence-hba1c"' in text
    assert not EligibilityAnswer.objects.exists()


def test_answers_and_their_verdict(cast: Cast, entry: ScreeningEntry, page: Any) -> None:
    browser = page(cast.asha)
    assert "Not decided yet" in browser.get(url_of(entry)).content.decode()
    saved = browser.post(url_of(entry, "eligibility/"), typed(malignancy="yes"))
    assert saved.status_code == 302 and saved["Location"] == url_of(entry) + "#criteria"
    text = browser.get(url_of(entry)).content.decode()
    assert "Not met: Malignancy now or in the past" in text and "15 of 15 answered" in text


def test_the_verdict_is_shown_before_anything_is_saved(cast: Cast, entry: ScreeningEntry, page: Any) -> None:
    shown = page(cast.asha).post(url_of(entry, "verdict/"), typed(t1dm="no", malignancy="maybe"))
    text = shown.content.decode()
    assert shown.status_code == 200 and "not saved yet" in text and "Not met: Type 1 diabetes" in text
    assert "1 criterion is open" in text, "a word that is no answer counts for none"
    assert not EligibilityAnswer.objects.exists()


def test_two_who_answer_at_once_see_both(cast: Cast, entry: ScreeningEntry, page: Any) -> None:
    browser, other = page(cast.asha), page(cast.rao)
    assert browser.post(url_of(entry, "eligibility/"), typed()).status_code == 302
    stale = other.post(
        url_of(entry, "eligibility/"), typed(malignancy="yes") | {"evidence-malignancy": "kept text"}
    )
    assert stale.status_code == 412
    text = stale.content.decode()
    assert "Saved meanwhile" in text and "Typed by you" in text and "kept text" in text
    assert 'name="version-malignancy" value="1"' in text
    again = typed(malignancy="yes") | {
        f"version-{one.criterion}": "1" for one in EligibilityAnswer.objects.all()
    }
    assert other.post(url_of(entry, "eligibility/"), again).status_code == 400, "a change needs its reason"
    assert other.post(url_of(entry, "eligibility/"), again | {"reason": "Older letter"}).status_code == 302
    assert EligibilityAnswer.objects.get(criterion="malignancy").answer == "yes"


def test_what_contradicts_is_asked_about(cast: Cast, page: Any) -> None:
    entry = screened(cast, age=52)
    browser = page(cast.asha)
    browser.post(url_of(entry, "eligibility/"), typed())
    text = browser.get(url_of(entry)).content.decode()
    assert "52 years" in text and "Why is this answered “yes”?" in text
    sent = {
        "answer-age": "yes",
        "version-age": "1",
        "explanation-age": "Twelve weeks over; the sponsor agreed",
    }
    assert browser.post(url_of(entry, "eligibility/"), sent).status_code == 302
    text = browser.get(url_of(entry)).content.decode()
    assert "the sponsor agreed" in text and "Explained" in text


# --- the end, the code, enrolment -----------------------------------------------------------------------


def test_concluding_and_reopening(cast: Cast, entry: ScreeningEntry, page: Any) -> None:
    browser, url = page(cast.asha), url_of(entry, "conclude/")
    sent = {"version": "1", "outcome": "declined", "outcome_on": "2026-10-02", "reason_text": "kept text"}
    refused = browser.post(url, sent)
    assert refused.status_code == 400
    assert (
        "Say why the person does not go on" in refused.content.decode()
        and "kept text" in refused.content.decode()
    )
    assert browser.post(url, sent | {"outcome": "enrolled"}).status_code == 400
    assert browser.post(url, sent | {"version": "7", "reason_code": "travel"}).status_code == 412
    assert browser.post(url, sent | {"reason_code": "travel"}).status_code == 302
    text = browser.get(url_of(entry)).content.decode()
    assert "Declined" in text and "Save the answers" not in text
    other = {
        "version": "2",
        "outcome": "not_reached",
        "outcome_on": "2026-10-02",
        "reason_code": "no_contact",
    }
    bare = browser.post(url, other)
    assert bare.status_code == 400 and 'href="#id_change_reason"' in bare.content.decode()
    assert browser.post(url_of(entry, "eligibility/"), typed()).status_code == 409
    assert browser.post(url_of(entry, "register/")).status_code == 409
    assert browser.post(url_of(entry, "reopen/"), {"version": "2", "reason": ""}).status_code == 400
    assert browser.post(url_of(entry, "reopen/"), {"version": "2", "reason": "Came back"}).status_code == 302
    entry.refresh_from_db()
    assert entry.is_open


def test_registering_leads_to_the_casebook(cast: Cast, entry: ScreeningEntry, page: Any) -> None:
    made = page(cast.asha).post(url_of(entry, "register/"))
    participant = Participant.objects.get()
    assert made["Location"] == f"/participants/{participant.code}/"
    assert page(cast.asha).post(url_of(entry, "register/")).status_code == 409


def test_what_stands_in_the_way_of_enrolment_is_said(cast: Cast, entry: ScreeningEntry, page: Any) -> None:
    browser = page(cast.asha)
    assert browser.post(url_of(entry, "enrol/"), {"enrolled_on": "2026-10-03"}).status_code == 409
    browser.post(url_of(entry, "register/"))
    refused = browser.post(url_of(entry, "enrol/"), {"enrolled_on": "2026-10-03"})
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "Malignancy now or in the past" in text and "Consent to take part is not in force" in text
    assert 'value="2026-10-03"' in text


# --- overrides ------------------------------------------------------------------------------------------


@pytest.fixture
def failing(cast: Cast, entry: ScreeningEntry) -> ScreeningEntry:
    actions.register(site=cast.mumbai, by=cast.asha, screening=entry)
    entry.refresh_from_db()
    cast.rao.set_password(PASSWORD)
    cast.rao.save()
    return answer(entry, cast.asha, malignancy="yes")


@pytest.mark.parametrize("name", ["asha", "vikram", "meera", "sanjay", "farah", "admin", "norole"])
def test_only_an_investigator_overrides(cast: Cast, failing: ScreeningEntry, page: Any, name: str) -> None:
    url = url_of(failing, "override/malignancy/")
    assert page(getattr(cast, name)).get(url).status_code == 403
    assert page(getattr(cast, name)).post(url, {}).status_code == 403


def test_an_override_by_its_page(cast: Cast, failing: ScreeningEntry, page: Any) -> None:
    browser, url = page(cast.rao), url_of(failing, "override/malignancy/")
    assert url in browser.get(url_of(failing)).content.decode()
    assert browser.get(url_of(failing, "override/horoscope/")).status_code == 404
    assert browser.get(url).status_code == 200
    sent = {"version": "1", "reason": "Cured twelve years ago, by the oncologist", "password": PASSWORD}
    for wrong, status, said in (
        ({"password": "wrong"}, 403, "The password is wrong"),
        ({"reason": "short"}, 400, "Say why the criterion is set aside"),
        ({"version": "0"}, 412, "Somebody saved this"),
    ):
        refused = browser.post(url, sent | wrong)
        assert refused.status_code == status
        text = refused.content.decode()
        assert said in text and (wrong.get("reason") or "Cured twelve years ago") in text
        assert PASSWORD not in text
    assert browser.post(url, sent).status_code == 302
    assert EligibilityOverride.objects.get().signer == cast.rao
    text = browser.get(url_of(failing)).content.decode()
    assert "Overridden" in text and "Cured twelve years ago" in text
    assert browser.post(url, sent).status_code == 409


# --- the log --------------------------------------------------------------------------------------------


def test_the_log_is_searched_and_counted(cast: Cast, page: Any) -> None:
    one = screened(cast, source_key="SL-7")
    two = screened(cast, screened_on="2026-09-12")
    three = screened(cast, cast.pune)
    actions.screening.conclude(
        entry=two, outcome="declined", by=cast.asha, on="2026-09-20", reason_code="travel"
    )
    participant = actions.register(site=cast.mumbai, by=cast.asha, screening=one)

    def shown(**query: str) -> set[str]:
        text = page(cast.meera).get("/screening/", query).content.decode()
        return {entry.number for entry in (one, two, three) if entry.number in text}

    assert shown() == {one.number, two.number, three.number}
    assert shown(q="sl-7") == shown(q=participant.code) == {one.number}
    assert shown(q=two.number.lower()) == shown(outcome="declined") == shown(month="2026-09") == {two.number}
    assert shown(site="PUN") == {three.number}
    assert shown(undecided="1") == {one.number, three.number}
    assert shown(month="2026-13", site="XXX", outcome="nonsense", older="x") == shown()
    text = page(cast.meera).get("/screening/").content.decode()
    assert "Too far to travel 1" in text


def test_the_log_takes_as_many_questions_for_many(cast: Cast, page: Any) -> None:
    counted = []
    for number in (1, 6):
        for _ in range(number):
            entry = screened(cast)
            actions.register(site=cast.mumbai, by=cast.asha, screening=entry)
            answer(entry, cast.asha)
        browser = page(cast.asha)
        browser.get("/screening/")
        with questions() as asked:
            assert browser.get("/screening/").status_code == 200
        counted.append(len(asked))
    assert counted[0] == counted[1]


def test_the_file_is_guarded(cast: Cast, page: Any) -> None:
    entry = screened(cast, note="=cmd|calc", source_key="3")
    screened(cast, cast.pune)
    answer(entry, cast.asha, malignancy="yes")
    sent = page(cast.asha).get("/screening/log.csv")
    text = b"".join(sent.streaming_content).decode()
    head, line = text.strip().splitlines()
    assert head.startswith("number,site,list_number,screened_on,age")
    assert line.startswith("MUM-S0001,MUM,3,2026-10-01,20,female") and "'=cmd|calc" in line
    assert "not_eligible,malignancy" in line
    assert Look.objects.get().what == "screening_log_file"
