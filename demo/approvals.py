"""Approvals of the demo's sites: made up, and saying so. Recorded through the same actions as the pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from apps.enrolment import actions
from apps.enrolment.models import SiteApproval
from demo import paper
from demo.synthetic import ETHICS_NUMBERS
from studyportal.access import walls
from studyportal.access.clock import today_at
from studyportal.access.models import Site, User

RECORDED_BY: Mapping[str, str] = {"MUM": "rao", "PUN": "iyer"}
DAY = dt.timedelta(days=1)


class Letter(BytesIO):
    """A document as an upload gives it."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name: str | None = name
        self.size: int | None = len(content)


def ensure(sites: Mapping[str, Site], users: Mapping[str, User]) -> list[str]:
    """Record the approvals of each site that has none at all; returns the codes of the sites that got them.

    The day of the first load decides when they end: one lapses soon after it, so that the worklist has something.
    """
    added = []
    with walls.whole_study():
        for code, by in RECORDED_BY.items():
            site = sites[code]
            if SiteApproval.objects.filter(site=site).exists():
                continue
            recorded: dict[str, SiteApproval] = {}
            for key, renews, values in planned(code, today_at(site)):
                recorded[key] = actions.record_approval(
                    site=site, by=users[by], supersedes=recorded.get(renews), **values
                )
            added.append(code)
    return added


def planned(site: str, today: dt.date) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Key, key of what it renews, and what is recorded."""
    renewed = today - 320 * DAY
    first = ETHICS_NUMBERS[site]
    city = {"MUM": "Mumbai", "PUN": "Pune"}[site]
    committee = f"Ethics committee of the demo hospital, {city}"
    if site == "MUM":
        yield "icscr", "", _approval(
            "stem_cell_committee", f"Stem-cell committee of the demo hospital, {city}", "ICSCR/2023/031 (demo)",
            "2023-09-14", "2023-10-01", today + 700 * DAY,
        )  # fmt: skip
        yield "ethics", "", _approval(
            "ethics_committee", committee, first, "2023-10-20", "2023-11-01", renewed - DAY,
            covers="Protocol 1.0; information sheet and consent form 2.0 in English, Hindi and Marathi",
            upload=Letter(letter(committee, first), "ethics-approval-2023-017-demo.pdf"),
        )  # fmt: skip
        yield "renewal", "ethics", _approval(
            "ethics_committee", committee, "EC/2023/017-R1 (demo)", str(renewed - 9 * DAY), str(renewed),
            today + 40 * DAY, covers="As before", note="Report of the first year accepted",
        )  # fmt: skip
        yield (
            "regulator",
            "",
            _approval(
                "regulator", "Regulator (demo)", "RA/2023/204 (demo)", "2023-11-10", "2023-11-10", None
            ),
        )
        yield (
            "registry",
            "",
            _approval(
                "trial_registry",
                "Trial registry (demo)",
                "CTR/2023/11/0004 (demo)",
                "2023-11-21",
                "2023-11-21",
                None,
            ),
        )
        return
    office = f"Stem-cell committee of the demo hospital, {city}"
    yield (
        "icscr",
        "",
        _approval(
            "stem_cell_committee",
            office,
            "ICSCR/P/2023/4 (demo)",
            "2023-02-20",
            "2023-03-01",
            dt.date(2024, 2, 29),
        ),
    )
    # Two weeks later than it should have been: the gap is shown, and nobody was enrolled in it.
    yield (
        "icscr-renewal",
        "icscr",
        _approval(
            "stem_cell_committee",
            office,
            "ICSCR/P/2024/2 (demo)",
            "2024-03-14",
            "2024-03-15",
            today + 500 * DAY,
        ),
    )
    yield "ethics", "", _approval(
        "ethics_committee", committee, first, "2023-11-08", "2023-11-15", today + 365 * DAY,
        covers="Protocol 1.0; information sheet and consent form 2.0 in English, Hindi and Marathi",
        upload=Letter(letter(committee, first), "ethics-approval-p-2023-009-demo.pdf"),
    )  # fmt: skip
    yield (
        "regulator",
        "",
        _approval("regulator", "Regulator (demo)", "RA/2023/205 (demo)", "2023-11-10", "2023-11-10", None),
    )
    yield (
        "registry",
        "",
        {
            "kind": "trial_registry",
            "waived": True,
            "authority": "Sponsor of the demo study",
            "waiver_reason": "The registration made at Mumbai names Pune as a site (demo)",
            "approved_on": "2023-11-21",
            "valid_from": "2023-11-21",
            "without_end": True,
        },
    )


def _approval(
    kind: str, authority: str, number: str, given: str, first: str, last: dt.date | None, **more: Any
) -> dict[str, Any]:
    return {
        "kind": kind, "authority": authority, "number": number, "approved_on": given, "valid_from": first,
        "valid_until": last, "without_end": last is None,
    } | more  # fmt: skip


def letter(authority: str, number: str) -> bytes:
    """A page of PDF that says that it is made up."""
    return paper.sheet(authority, f"Approval {number}", made_up="no committee gave it")
