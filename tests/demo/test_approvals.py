"""The demo's approvals: made up and saying so, loaded once, enough for everybody who is enrolled in it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.enrolment import selectors
from apps.enrolment.models import SiteApproval
from demo import approvals, cast, synthetic
from studyportal.access.clock import today_at
from studyportal.access.models import Site
from studyportal.files import checks

pytestmark = pytest.mark.django_db


def test_loaded_once_and_left_alone() -> None:
    assert "approvals of MUM" in cast.ensure()
    rows = SiteApproval.objects.count()
    assert cast.ensure() == []
    assert SiteApproval.objects.count() == rows == 10
    assert all("(demo)" in one.number + one.waiver_reason for one in SiteApproval.objects.all())


def test_a_letter_is_a_document_that_says_that_it_is_made_up() -> None:
    content = approvals.letter("Committee", "EC/1 (demo)")
    assert checks.accept(approvals.Letter(content, "x.pdf"), limit=10_000).content_type == "application/pdf"
    assert b"no committee gave it" in content


def test_everybody_who_is_enrolled_is_covered_and_the_worklist_has_something() -> None:
    cast.ensure()
    sites = {site.code: site for site in Site.objects.all()}
    days: dict[str, list[dt.date]] = {code: [] for code in sites}
    for planned in synthetic.cohort(until=today_at(sites["MUM"])):
        days[planned.person.site].append(planned.enrolled_on)
    for code, site in sites.items():
        for day in (min(days[code]), max(days[code])):
            stand: Any = selectors.standings([site], on=day)[site.pk]
            assert all(one.holds for one in stand), (code, day)
    due = selectors.approvals_due(list(sites.values()))
    assert [(one.site.code, one.standing.kind, one.days_left) for one in due] == [
        ("MUM", "ethics_committee", 40)
    ]
    assert [one.state for one in selectors.standings([sites["PUN"]])[sites["PUN"].pk]] == [
        "valid", "valid", "valid", "waived",
    ]  # fmt: skip
