"""Approvals of the sites of the tests: each site may enrol, whenever it is, unless a test ends that."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.enrolment import selectors
from apps.enrolment.models import SiteApproval
from studyportal.access.models import Site, User

LONG_AGO = dt.date(2000, 1, 1)


def approve(*sites: Site, by: User, **changes: Any) -> list[SiteApproval]:
    """Every approval that the protocol asks for, at each site, valid since long ago and without end."""
    return SiteApproval.objects.bulk_create(
        SiteApproval(
            **{
                "site": site,
                "kind": kind,
                "authority": label,
                "number": f"{site.code}/{kind}/1",
                "approved_on": LONG_AGO,
                "valid_from": LONG_AGO,
                "without_end": True,
                "recorded_by": by,
            }
            | changes
        )
        for site in sites
        for kind, label in selectors.approval_kinds()
    )


def approval_of(site: Site, kind: str = "ethics_committee") -> SiteApproval:
    """The approval with which the site of a test begins."""
    return SiteApproval.objects.select_related("site").get(
        site=site, kind=kind, number=f"{site.code}/{kind}/1"
    )


def none_at(site: Site) -> None:
    """As a new site is: nothing was ever recorded (behind the back of the actions, which delete nothing)."""
    SiteApproval.objects.filter(site=site).delete()


def lapse(site: Site, last: dt.date, kind: str = "ethics_committee") -> SiteApproval:
    """Let an approval of the site's beginning end on that day (straight in the table: nothing is judged again)."""
    SiteApproval.objects.filter(pk=approval_of(site, kind).pk).update(valid_until=last, without_end=False)
    return approval_of(site, kind)
