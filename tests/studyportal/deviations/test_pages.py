"""The pages: who may not, then what they show and do, and how many questions they ask."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.utils import timezone

from studyportal.audit.models import Look
from studyportal.crf.models import Draft
from studyportal.deviations import actions, lists
from studyportal.deviations.models import Deviation
from tests.cast import Cast
from tests.counting import questions
from tests.studyportal.deviations.conftest import settled

pytestmark = pytest.mark.django_db
READERS = ("asha", "rao", "meera", "farah", "nikhil")
OUTSIDERS = ("sanjay", "devi", "admin", "norole")
PAGES = ("/deviations/", "/deviations/print/", "/deviations/list.csv")
REPORT = {
    "description": "The bag stood at the window.\nFor two hours.",
    "classification": "major",
    "kind": "product",
    "occurred_on": "2026-11-02",
}


def body(answer: Any) -> str:
    if getattr(answer, "streaming", False):
        return b"".join(answer.streaming_content).decode()
    return str(answer.content.decode())


# --- Refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [*PAGES, "/deviations/new/", "/deviations/1/", "/deviations/1/assess/"])
def test_a_stranger_is_sent_to_sign_in(url: str, page: Any) -> None:
    answer = page(None).get(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("who", OUTSIDERS)
@pytest.mark.parametrize("url", [*PAGES, "/deviations/new/"])
def test_who_holds_no_such_role_sees_none(who: str, url: str, cast: Cast, page: Any) -> None:
    assert page(getattr(cast, who)).get(url).status_code == 403


def test_another_sites_deviation_is_not_found(reported: Any, cast: Cast, page: Any) -> None:
    for url in (f"/deviations/{reported.pk}/", "/deviations/987654321/"):
        assert page(cast.vikram).get(url).status_code == 404
    for key in ("assess", "close"):
        assert page(cast.iyer).post(f"/deviations/{reported.pk}/{key}/", {}).status_code == 404
    assert "centrifuge" not in body(page(cast.vikram).get("/deviations/?state=all"))
    assert "centrifuge" not in body(page(cast.vikram).get("/deviations/list.csv?state=all"))
    assert "centrifuge" not in body(page(cast.vikram).get("/deviations/print/?state=all"))


@pytest.mark.parametrize("who", ["asha", "nikhil", "farah"])
@pytest.mark.parametrize("key", ["assess", "plan", "committee", "close", "reopen", "withdraw"])
def test_who_only_reads_or_reports_settles_nothing(
    who: str, key: str, reported: Any, cast: Cast, page: Any
) -> None:
    answer = page(getattr(cast, who)).post(
        f"/deviations/{reported.pk}/{key}/", {"root_cause": "Nobody knows."}
    )
    assert answer.status_code == 403
    assert f"/deviations/{reported.pk}/{key}/" not in body(
        page(getattr(cast, who)).get(f"/deviations/{reported.pk}/")
    )


def test_an_auditor_reports_nothing_and_is_offered_nothing(reported: Any, cast: Cast, page: Any) -> None:
    browser = page(cast.farah)
    url = f"/deviations/new/?participant={reported.participant.code}"
    assert browser.get(url).status_code == 403
    assert browser.post(url, REPORT).status_code == 403
    assert "/deviations/new/" not in body(browser.get("/deviations/"))
    # The casebook and the forms are not hers to read: no link leads there.
    assert f"/participants/{reported.participant.code}/" not in body(
        browser.get(f"/deviations/{reported.pk}/")
    )


def test_nobody_reports_of_another_sites_participant(
    participant: Any, elsewhere: Any, cast: Cast, page: Any
) -> None:
    for url in (
        f"/deviations/new/?participant={elsewhere.code}",
        "/deviations/new/?participant=MUM-9999-X",
        f"/deviations/new/?participant={participant.code}&form=harvest&record=1",
        f"/deviations/new/?participant={participant.code}&form=nonsense&record=1",
        f"/deviations/new/?participant={participant.code}&form=harvest&record=x",
    ):
        assert page(cast.asha).get(url).status_code == 404, url
        assert page(cast.asha).post(url, REPORT).status_code == 404, url
    assert not Deviation.objects.exists()


def test_an_unknown_step_or_list_is_not_found(reported: Any, cast: Cast, page: Any) -> None:
    assert page(cast.rao).get(f"/deviations/{reported.pk}/forget/").status_code == 404
    assert page(cast.rao).get("/deviations/lists/nonsense/").status_code == 404


def test_a_step_that_is_not_open_leads_back_to_what_stands(reported: Any, cast: Cast, page: Any) -> None:
    browser = page(cast.rao)
    assert browser.get(f"/deviations/{reported.pk}/reopen/")["Location"] == f"/deviations/{reported.pk}/"
    answer = browser.post(f"/deviations/{reported.pk}/reopen/", {"version": "1", "reason": "Too early."})
    assert answer.status_code == 409
    assert "This deviation is open." in body(answer)


# --- Reporting -------------------------------------------------------------------------------------------


def test_without_a_participant_the_page_asks_whom_it_concerns(cast: Cast, page: Any) -> None:
    assert 'name="participant"' in body(page(cast.asha).get("/deviations/new/"))


@pytest.mark.parametrize("who", ["asha", "rao", "meera", "nikhil"])
def test_whoever_works_at_the_site_reports(who: str, participant: Any, cast: Cast, page: Any) -> None:
    user = getattr(cast, who)
    url = f"/deviations/new/?participant={participant.code}"
    assert page(user).get(url).status_code == 200
    answer = page(user).post(url, REPORT)
    made = Deviation.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/deviations/{made.pk}/")
    assert (made.raised_by, made.kind, made.description) == (user, "product", REPORT["description"])


def test_a_refused_report_keeps_what_was_typed(participant: Any, cast: Cast, page: Any) -> None:
    url = f"/deviations/new/?participant={participant.code}"
    answer = page(cast.asha).post(url, REPORT | {"occurred_on": "2126-01-01", "classification": ""})
    shown = body(answer)
    assert answer.status_code == 400
    assert "The bag stood at the window." in shown
    assert 'value="2126-01-01"' in shown
    assert "has not come yet" in shown


def test_a_report_about_a_record_leads_to_it(participant: Any, cast: Cast, page: Any) -> None:
    from studyportal.crf import actions as crf
    from studyportal.crf.registry import get

    record = crf.save(get("demographics"), raw={}, by=cast.asha, participant=participant, complete=False)
    url = f"/deviations/new/?participant={participant.code}&form=demographics&record={record.pk}"
    page(cast.asha).post(url, REPORT)
    made = Deviation.objects.get()
    assert (made.form, made.object_id) == ("demographics", record.pk)
    shown = body(page(cast.rao).get(f"/deviations/{made.pk}/"))
    assert f"/forms/demographics/{record.pk}/" in shown
    assert f"/forms/demographics/{record.pk}/" not in body(page(cast.farah).get(f"/deviations/{made.pk}/"))


def test_what_is_typed_is_kept_when_the_session_has_ended(
    participant: Any, reported: Any, cast: Cast, page: Any
) -> None:
    for url, typed in (
        (f"/deviations/new/?participant={participant.code}", {"description": "A bag fell."}),
        (f"/deviations/{reported.pk}/assess/", {"root_cause": "The table is too small."}),
    ):
        browser = page(cast.rao)
        opened = body(browser.get(url))
        ticket = opened.split('name="ticket" value="')[1].split('"')[0]
        browser.logout()
        answer = browser.post(url, typed | {"ticket": ticket})
        assert answer.status_code == 302
        assert next(iter(typed.values())) in body(page(cast.rao).get(url))
        # Saved, it is of no more use.
        sent = {**REPORT, "version": "1", **typed, "ticket": ticket}
        assert page(cast.rao).post(url, sent).status_code == 302
    assert not Draft.objects.exists()
    assert page(cast.asha).get(f"/deviations/{reported.pk}/assess/").status_code == 403


# --- Settling --------------------------------------------------------------------------------------------


def test_from_open_to_closed_on_the_pages(reported: Any, cast: Cast, page: Any) -> None:
    browser = page(cast.rao)
    home = f"/deviations/{reported.pk}/"
    steps = (
        ("assess", {"root_cause": "No alarm is set.", "classification": "major", "kind": "procedure", "occurred_on": "2026-11-02"}),
        ("plan", {
            "corrective_action": "Examined again.", "preventive_action": "The alarm is set.",
            "responsible": "Laboratory", "action_due_on": "2026-12-01",
        }),
        ("committee", {"reported_to_committee_on": "2026-11-05", "committee_reference": "EC/2026/31"}),
        ("close", {"closing_note": "It rang on three mornings."}),
    )  # fmt: skip
    for version, (key, typed) in enumerate(steps, start=1):
        assert f"{home}{key}/" in body(browser.get(home))
        shown = body(browser.get(f"{home}{key}/"))
        assert f'name="version" value="{version}"' in shown
        answer = browser.post(f"{home}{key}/", typed | {"version": str(version)})
        assert (answer.status_code, answer["Location"]) == (302, home), (key, body(answer))
    one = Deviation.objects.get()
    assert (one.state, one.closed_by, one.version) == ("closed", cast.rao, 5)
    shown = body(browser.get(home))
    for words in ("No alarm is set.", "Examined again.", "EC/2026/31", "It rang on three mornings."):
        assert words in shown
    assert f"{home}reopen/" in shown
    assert f"{home}close/" not in shown


def test_what_is_lacking_is_said_when_it_is_closed(reported: Any, cast: Cast, page: Any) -> None:
    answer = page(cast.rao).post(
        f"/deviations/{reported.pk}/close/", {"closing_note": "Settled.", "version": "1"}
    )
    assert answer.status_code == 409
    shown = body(answer)
    assert "Before it is closed, record the root cause." in shown
    assert "Settled." in shown


def test_two_people_at_once(reported: Any, cast: Cast, page: Any) -> None:
    actions.assess(deviation=reported, by=cast.meera, root_cause="The alarm is broken.")
    url = f"/deviations/{reported.pk}/assess/"
    typed = {"root_cause": "No alarm is set.", "classification": "major", "kind": "procedure", "version": "1"}
    answer = page(cast.rao).post(url, typed)
    assert answer.status_code == 412
    shown = body(answer)
    assert "No alarm is set." in shown
    assert 'name="version" value="2"' in shown
    assert Deviation.objects.get().root_cause == "The alarm is broken."


# --- Lists -----------------------------------------------------------------------------------------------


@pytest.fixture
def many(participant: Any, elsewhere: Any, cast: Cast) -> list[Deviation]:
    """Thirty at Mumbai, of all classes, and one at Pune."""
    made = [
        actions.raise_by_hand(
            participant=participant,
            description=f"Number {n:02d} went wrong.",
            classification=("minor", "major", "critical")[n % 3],
            kind=("visit", "dose")[n % 2],
            occurred_on="2026-11-02",
            by=cast.rao,
        )
        for n in range(30)
    ]
    actions.raise_by_hand(
        participant=elsewhere, description="In Pune a bag fell.", classification="minor", by=cast.iyer
    )
    return made


def test_the_list_is_read_page_by_page_with_a_fixed_number_of_questions(
    many: list[Deviation], cast: Cast, page: Any
) -> None:
    browser = page(cast.rao)
    browser.get("/deviations/")
    with questions() as full:
        shown = body(browser.get("/deviations/"))
    assert "Number 29" in shown
    assert "Number 05" in shown
    assert "Number 04" not in shown
    assert "In Pune" not in shown
    nearby = shown.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Number 04" in body(browser.get(f"/deviations/{nearby}"))
    Deviation.objects.filter(pk__in=[one.pk for one in many[3:]]).delete()
    with questions() as few:
        browser.get("/deviations/")
    assert len(full) == len(few)
    assert len(full) <= 12


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("class=critical", ("Number 29", "Number 26"), ("Number 28",)),
        ("kind=dose", ("Number 29",), ("Number 28",)),
        ("q=pun", ("In Pune",), ("Number 29",)),
        ("site=PUN", ("In Pune",), ("Number 29",)),
        ("state=closed", (), ("Number 29",)),
        ("raised=rule", (), ("Number 29",)),
        ("raised=person", ("Number 29",), ()),
        ("todo=unassessed", ("Number 29", "Number 28"), ("Number 27",)),
        ("todo=overdue", (), ("Number 29",)),
        ("state=nonsense&class=x&kind=y&todo=z&site=x&after=-1&before=x", ("Number 29",), ()),
    ],
)
def test_the_list_is_narrowed(
    query: str, shown: tuple[str, ...], hidden: tuple[str, ...], many: Any, cast: Cast, page: Any
) -> None:
    text = body(page(cast.meera).get(f"/deviations/?{query}"))
    for words in shown:
        assert words in text
    for words in hidden:
        assert words not in text


def test_the_file_holds_what_the_list_shows_and_the_look_is_kept(many: Any, cast: Cast, page: Any) -> None:
    settled(many[1], cast.rao)
    actions.close(deviation=many[1], by=cast.rao)
    answer = page(cast.farah).get("/deviations/list.csv?state=all&site=MUM")
    rows = list(csv.DictReader(io.StringIO(body(answer))))
    assert len(rows) == 30
    closed = rows[1]
    assert (closed["state"], closed["next_step"], closed["closed_by"]) == ("closed", "closed", "rao")
    assert (closed["occurred_on"], closed["reported_to_committee_on"]) == ("2026-11-02", "2026-11-05")
    assert closed["raised_at"].endswith("+05:30")
    look = Look.objects.get(what="deviations_file")
    assert look.user == cast.farah
    assert "MUM" in look.detail


def test_a_text_that_a_spreadsheet_would_run_is_guarded(participant: Any, cast: Cast, page: Any) -> None:
    actions.raise_by_hand(
        participant=participant, description="=HYPERLINK(1)", classification="minor", by=cast.rao
    )
    [row] = csv.DictReader(io.StringIO(body(page(cast.rao).get("/deviations/list.csv"))))
    assert row["description"] == "'=HYPERLINK(1)"


def test_the_paper_holds_everything_and_says_when_it_is_cut(many: Any, cast: Cast, page: Any) -> None:
    shown = body(page(cast.farah).get("/deviations/print/?site=MUM"))
    assert "Number 00" in shown
    assert "Number 29" in shown
    assert "In Pune" not in shown
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("studyportal.deviations.page.LONGEST_ON_PAPER", 10)
        shown = body(page(cast.farah).get("/deviations/print/"))
    assert "these are the newest 10" in shown
    assert "Number 10" not in shown


def test_an_overdue_action_is_shown(reported: Any, cast: Cast, page: Any) -> None:
    settled(reported, cast.rao)
    Deviation.objects.update(action_due_on="2026-11-10")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "localdate", lambda *_a, **_k: __import__("datetime").date(2026, 11, 11))
        assert "action was due on" in body(page(cast.rao).get("/deviations/?todo=overdue"))
        assert "The action was due on" in body(page(cast.rao).get(f"/deviations/{reported.pk}/"))


def test_those_who_settle_are_told_how_many_wait(reported: Any, found: Any, cast: Cast, page: Any) -> None:
    """The major one counts, the minor one does not."""
    entry = body(page(cast.rao).get("/deviations/")).split('href="/deviations/"')[1].split("</a>")[0]
    assert '<span class="count">1</span>' in entry
    entry = body(page(cast.farah).get("/deviations/")).split('href="/deviations/"')[1].split("</a>")[0]
    assert "count" not in entry


def test_the_worklist_and_the_casebook_lead_there(reported: Any, cast: Cast, page: Any) -> None:
    worklist = body(page(cast.rao).get("/worklist/"))
    assert "Deviations to settle" in worklist
    assert f"/deviations/{reported.pk}/" in worklist
    assert "Deviations to settle" not in body(page(cast.asha).get("/worklist/"))
    casebook = body(page(cast.asha).get(f"/participants/{reported.participant.code}/"))
    assert f"/deviations/{reported.pk}/" in casebook
    assert f"/deviations/new/?participant={reported.participant.code}" in casebook


# --- What stands beside ----------------------------------------------------------------------------------


@pytest.fixture
def beside() -> Any:
    """A list of an app: here, queries stand for near misses."""
    from studyportal.access.permissions import Permission
    from studyportal.queries.models import Query

    kept = dict(lists._registered)
    lists.register(
        lists.Listing(
            key="beside",
            title="Stopped in time",
            purpose="What was stopped",
            rows=lambda user: Query.objects.visible_to(user, Permission.VIEW_SAFETY).select_related(
                "participant", "site"
            ),
            line=lambda row, user: lists.Line(
                at=row.opened_at, what=row.message, about="A bag", url="/forms/x/1/"
            ),
        )
    )
    yield
    lists._registered.clear()
    lists._registered.update(kept)


def test_an_apps_list_is_shown_to_those_who_see_deviations(
    beside: Any, participant: Any, elsewhere: Any, cast: Cast, page: Any
) -> None:
    from studyportal.queries import actions as queries

    for one, words in ((participant, "Wrong bag"), (elsewhere, "Wrong bag in Pune")):
        queries.raise_query(participant=one, message=words, by=cast.meera)
    url = "/deviations/lists/beside/"
    assert page(cast.sanjay).get(url).status_code == 403
    shown = body(page(cast.asha).get(url))
    assert "Wrong bag" in shown
    assert "in Pune" not in shown
    assert "/forms/x/1/" in shown
    assert "/forms/x/1/" not in body(page(cast.farah).get(url))
    assert "in Pune" in body(page(cast.farah).get(f"{url}?site=PUN"))
    assert "in Pune" not in body(page(cast.farah).get(f"{url}?q=mum"))
    assert "Stopped in time" in body(page(cast.asha).get("/deviations/"))
