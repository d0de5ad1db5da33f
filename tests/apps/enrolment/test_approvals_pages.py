"""The pages of study start-up: who may not, what is refused with everything kept, what they show."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.enrolment import actions
from apps.enrolment.models import ApprovalSuspension, SiteApproval
from studyportal.access.clock import today_at
from tests.approvals import approval_of, approve, lapse, none_at
from tests.cast import Cast
from tests.counting import questions
from tests.security.worlds import nothing_changed
from tests.studyportal.files.samples import PDF, SVG

pytestmark = pytest.mark.django_db
OVERVIEW, SITE = "/start-up/", "/sites/MUM/start-up/"
NEW, WAIVE = f"{SITE}new/", f"{SITE}waive/"


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "ethics_committee", "authority": "Committee", "number": "EC/2026/9", "approved_on": "2026-01-01",
        "valid_from": "2026-01-01", "valid_until": "2027-12-31", "without_end": "", "covers": "", "note": "",
    } | changes  # fmt: skip


def pdf(content: bytes = PDF, name: str = "letter.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def forms_of(cast: Cast) -> list[str]:
    approval = approval_of(cast.mumbai)
    suspension = ApprovalSuspension.objects.filter(approval=approval).first() or actions.suspend_approval(
        approval=approval, by=cast.rao, kind="suspended", from_on="2020-03-01", reason="Inspection"
    )
    one = f"{SITE}{approval.pk}/"
    held = f"{SITE}suspensions/{suspension.pk}/"
    return [NEW, WAIVE, f"{one}change/", f"{one}suspend/", f"{one}error/", f"{held}lift/", f"{held}error/"]


# --- Refused ---------------------------------------------------------------------------------------------


def test_a_stranger_signs_in_and_who_may_not_is_refused(cast: Cast, page: Any) -> None:
    reads = [OVERVIEW, SITE, f"{SITE}{approval_of(cast.mumbai).pk}/"]
    assert {page(None).get(url).status_code for url in reads} == {302}
    for name in ("admin", "norole"):
        assert {page(getattr(cast, name)).get(url).status_code for url in reads} == {403}
    forms = forms_of(cast)
    browsers = [page(getattr(cast, name)) for name in ("asha", "sanjay", "farah", "admin")]
    with nothing_changed():
        for browser in browsers:
            assert {browser.get(url).status_code for url in forms} == {403}
            assert {browser.post(url, typed()).status_code for url in forms} == {403}


def test_another_sites_approvals_are_not_there(cast: Cast, page: Any) -> None:
    theirs = approval_of(cast.pune).pk
    urls = ["/sites/PUN/start-up/", f"/sites/PUN/start-up/{theirs}/", f"/sites/PUN/start-up/{theirs}/document/",
            "/sites/PUN/start-up/new/", f"/sites/PUN/start-up/{theirs}/change/", f"{SITE}{theirs}/", "/sites/XX/start-up/"]  # fmt: skip
    browser = page(cast.rao)
    assert {browser.get(url).status_code for url in urls} == {404}
    assert browser.post(f"{NEW}?renews={theirs}", typed()).status_code == 404
    assert "Pune" not in browser.get(OVERVIEW).content.decode()


def test_what_was_typed_is_still_there_when_it_is_refused(cast: Cast, page: Any) -> None:
    browser = page(cast.rao)
    with nothing_changed():
        answer = browser.post(NEW, typed(number="", valid_until="2025-01-01", document=pdf(SVG, "x.svg")))
    said = answer.content.decode()
    assert answer.status_code == 400
    assert "Give the number as the document has it." in said
    assert "The last day is before the first, 1 Jan 2026." in said
    assert "By its content this file is none of" in said
    assert 'value="Committee"' in said
    assert 'value="2026-01-01"' in said
    waived = browser.post(WAIVE, typed(waiver_reason="")).content.decode()
    assert "Say why this approval is not needed at the site." in waived


def test_a_stale_page_and_a_missing_reason(cast: Cast, page: Any) -> None:
    approval = approval_of(cast.mumbai)
    url = f"{SITE}{approval.pk}/change/"
    stands = typed(number=approval.number, authority=approval.authority, approved_on="2000-01-01",
                   valid_from="2000-01-01", valid_until="", without_end="true")  # fmt: skip
    browser = page(cast.rao)
    assert "Somebody saved this" in browser.post(url, stands | {"version": "9"}).content.decode()
    missing = browser.post(url, stands | {"version": "1", "number": "EC/8"})
    assert missing.status_code == 400
    assert "These were given before. Say why you change them: number." in missing.content.decode()
    done = browser.post(
        url,
        stands | {"version": "1", "number": "EC/8", "reason_code": "transcription_error", "document": pdf()},
    )
    assert done.status_code == 302
    found = SiteApproval.objects.get(pk=approval.pk)
    assert (found.number, found.version, found.document.name) == ("EC/8", 2, "letter.pdf")  # type: ignore[union-attr]


def test_a_day_that_is_none(cast: Cast, page: Any) -> None:
    answer = page(cast.asha).get(f"{SITE}?on=yesterday")
    assert answer.status_code == 400
    assert "is no day. Write it as 2026-11-03." in answer.content.decode()


def test_no_document_is_a_404(cast: Cast, page: Any) -> None:
    assert page(cast.asha).get(f"{SITE}{approval_of(cast.mumbai).pk}/document/").status_code == 404


# --- What they show --------------------------------------------------------------------------------------


def test_every_site_with_the_state_of_each_approval(cast: Cast, page: Any) -> None:
    lapse(cast.mumbai, today_at(cast.mumbai) + dt.timedelta(days=5))
    lapse(cast.mumbai, today_at(cast.mumbai), "regulator")
    none_at(cast.pune)
    said = page(cast.meera).get(OVERVIEW).content.decode()
    for words in (
        "Lapses soon",
        "5 days left",
        "the last day is today",
        "without end",
        "Missing",
        "Refused",
        "Possible",
    ):
        assert words in said
    assert "An approval is missing or does not hold: Pune." in said


def test_a_site_on_a_day(cast: Cast, page: Any) -> None:
    old = lapse(cast.mumbai, dt.date(2025, 12, 31))
    actions.record_approval(
        site=cast.mumbai, by=cast.rao, supersedes=old, upload=pdf(), **typed(approved_on="2026-02-01", valid_from="2026-02-01") | {"without_end": False},
    )  # fmt: skip
    browser = page(cast.asha)
    said = browser.get(f"{SITE}?on=2026-01-15").content.decode()
    assert "Nobody could be enrolled here on 15 Jan 2026" in said
    assert "lapsed: its last day was 31 Dec 2025." in said
    assert "From 1 Jan 2026 to 31 Jan 2026 none was in force." in said
    assert "renewal of MUM/ethics_committee/1" in said
    assert "Record a renewal" not in said, "a coordinator only reads"
    assert "Record a renewal" in page(cast.rao).get(SITE).content.decode()
    assert (
        "Participants could be enrolled here on 1 Feb 2026"
        in browser.get(f"{SITE}?on=2026-02-01").content.decode()
    )


def test_an_approval_with_its_document_and_its_history(cast: Cast, page: Any) -> None:
    browser = page(cast.rao)
    assert browser.post(NEW, typed(document=pdf())).status_code == 302
    made = SiteApproval.objects.get(number="EC/2026/9")
    actions.change_approval(approval=made, by=cast.rao, number="EC/2026/10", reason="Misread")
    reader = page(cast.farah)
    said = reader.get(f"{SITE}{made.pk}/").content.decode()
    assert "Reason: Misread" in said
    assert "EC/2026/9" in said
    assert made.document is not None
    assert made.document.sha256 in said
    sent = reader.get(f"{SITE}{made.pk}/document/")
    assert (sent.content, sent["Content-Type"]) == (PDF, "application/pdf")
    assert sent["Content-Disposition"].startswith("attachment")
    assert "sandbox" in sent["Content-Security-Policy"]


def test_renewing_waiving_suspending_lifting_and_errors(cast: Cast, page: Any) -> None:
    browser, old = page(cast.meera), lapse(cast.mumbai, dt.date(2025, 12, 31))
    form = browser.get(f"{NEW}?kind=ethics_committee&renews={old.pk}").content.decode()
    assert 'value="2026-01-01"' in form, "the day after the last"
    assert browser.post(f"{NEW}?renews={old.pk}", typed()).status_code == 302
    renewal = SiteApproval.objects.get(supersedes=old)
    waived = typed(
        kind="regulator", waiver_reason="No product is imported", without_end="true", valid_until=""
    )
    assert browser.post(WAIVE, waived).status_code == 302
    assert SiteApproval.objects.get(waived=True).number == ""
    one = f"{SITE}{renewal.pk}/"
    said = {"version": "1", "kind": "suspended", "from_on": "2026-02-01", "reason": "Inspection"}
    assert browser.post(f"{one}suspend/", said).status_code == 302
    held = f"{SITE}suspensions/{ApprovalSuspension.objects.get().pk}/"
    assert "Inspection" in browser.get(one).content.decode()
    lifted = {"version": "1", "lifted_on": "2026-02-10", "lift_reason": "Settled"}
    assert browser.post(f"{held}lift/", lifted).status_code == 302
    assert browser.post(f"{held}lift/", lifted | {"version": "2"}).status_code == 409
    assert browser.post(f"{held}error/", {"version": "2", "reason": "Of another study"}).status_code == 302
    assert browser.post(f"{one}error/", {"version": "1"}).status_code == 400
    assert browser.post(f"{one}error/", {"version": "1", "reason": "Of another study"}).status_code == 302
    assert "Of another study" in browser.get(one).content.decode()


def test_a_fixed_number_of_questions(cast: Cast, page: Any) -> None:
    def asked(url: str) -> int:
        browser = page(cast.meera)
        with questions() as found:
            assert browser.get(url).status_code == 200
        return len(found)

    forms_of(cast)  # a suspension is there from the beginning: without any, nobody is asked who recorded it
    few = [asked(url) for url in (OVERVIEW, SITE)]
    for number in range(3):
        site = type(cast.mumbai).objects.create(
            code=f"AB{'CDE'[number]}", name=f"Site {number}", timezone="Asia/Kolkata"
        )
        approve(site, by=cast.meera)
        made = actions.record_approval(
            site=cast.mumbai, by=cast.rao, **typed(number=f"EC/{number}") | {"without_end": False}
        )
        actions.suspend_approval(
            approval=made, by=cast.rao, kind="suspended", from_on="2026-02-01", reason="Inspection"
        )
    assert [asked(url) for url in (OVERVIEW, SITE)] == few


def test_the_warning_for_pages_of_screening(cast: Cast) -> None:
    from django.template.loader import render_to_string

    from apps.enrolment import selectors

    def warned() -> str:
        closed = selectors.closed_because(cast.mumbai)
        return render_to_string(
            "enrolment/approvals_warning.html", {"site": cast.mumbai, "closed": closed}
        ).strip()

    assert warned() == ""
    lapse(cast.mumbai, dt.date(2026, 3, 3))
    assert "Nobody can be enrolled at Mumbai today" in warned()
    assert "its last day was 3 Mar 2026" in warned()
