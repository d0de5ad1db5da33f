"""Times are read in the zone of the reader's sites; where there is no one zone, in UTC, and the page says so."""

from __future__ import annotations

from typing import Any

import pytest

from studyportal.access.clock import zone_for
from studyportal.access.models import Membership, Site, User

pytestmark = pytest.mark.django_db


def test_no_site_and_sites_of_two_zones_are_utc(cast: Any) -> None:
    assert str(zone_for(cast.norole)) == "UTC"
    far = Site.objects.create(code="LON", name="London", timezone="Europe/London")
    Membership.objects.create(user=cast.asha, role="site_coordinator", site=far, valid_from="2020-01-01")
    assert str(zone_for(User.objects.get(pk=cast.asha.pk))) == "UTC"


def test_one_zone_is_that_of_the_sites(cast: Any) -> None:
    assert str(zone_for(cast.asha)) == "Asia/Kolkata"
    assert str(zone_for(cast.admin)) == "Asia/Kolkata", "a role of the whole study is held at its sites"


def test_the_page_says_which(cast: Any, page: Any) -> None:
    User.objects.filter(pk=cast.vikram.pk).update(last_login="2026-11-03T20:00:00Z")
    assert "4 Nov 2026, 01:30" in page(cast.admin).get("/people/").content.decode()
    Site.objects.filter(code="PUN").update(timezone="Asia/Kathmandu")
    assert "3 Nov 2026, 20:00 UTC" in page(cast.admin).get("/people/").content.decode()
