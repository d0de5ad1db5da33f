"""Giving out donation numbers, each once."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import numbering, stated
from apps.celldose.actions.sessions import create_product
from apps.celldose.models import CellProduct, DonationNumber, Harvest
from apps.celldose.rules import identifiers
from studyportal import protocol
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.errors import Refused
from studyportal.crf.outcomes import Problem

LOCK = "SELECT pg_advisory_xact_lock(hashtext('celldose.donation_numbers'), %s)"


@transaction.atomic
def allocate(*, site: Any, by: User) -> DonationNumber:
    """The next donation number of the site in this year. Two who ask at once get two numbers.

    Raises Refused where the protocol gives the site no numbers, or when those of the year are used up.
    """
    facility = numbering.facility_of(site)
    if facility is None:
        raise Refused(
            [
                Problem(
                    "site",
                    "no_facility",
                    _(
                        "The protocol gives out no donation numbers for %s: type the number that stands on the label, or"
                        " name the facility of the site in the protocol (custody, identifiers)."
                    )
                    % site.code,
                )
            ]
        )
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [site.pk])
    day = stated.local_day(timezone.now(), site)
    year = day.year if day is not None else timezone.now().year
    last = DonationNumber.objects.filter(site=site, year=year).aggregate(last=Max("sequence"))["last"] or 0
    if last >= identifiers.MOST:
        raise Refused([Problem("site", "numbers_used_up", _("All numbers of this year are given out."))])
    number = identifiers.donation_number(
        facility, year, last + 1, flags=protocol.current().custody.identifiers.flags
    )
    with acting(user=by):
        return DonationNumber.objects.create(
            site=site, number=number, year=year, sequence=last + 1, given_to=by
        )


@transaction.atomic
def make_product(*, harvest: Harvest, by: User) -> CellProduct:
    """The product of a harvest with the next number of its site: nobody copies it, and both are made or neither."""
    given = allocate(site=harvest.site, by=by)
    return create_product(harvest=harvest, product_identifier=given.number, by=by)
