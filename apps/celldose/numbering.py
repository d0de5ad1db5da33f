"""Donation numbers by the protocol: whether a label reads right, and who gives out numbers for a site."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apps.celldose.models import DonationNumber
from apps.celldose.rules import identifiers
from studyportal import protocol
from studyportal.crf.outcomes import Problem


def scheme() -> identifiers.Scheme:
    said = protocol.current().custody.identifiers
    return identifiers.Scheme(
        checked=said.scheme == "isbt128",
        other_labels=said.other_labels,
        facilities=tuple(one.code for one in said.facilities.values()),
        flags=said.flags,
    )


def facility_of(site: Any) -> str | None:
    """The code by which numbers of the site are given out; None where none are."""
    found = protocol.current().custody.identifiers.facilities.get(site.code)
    return None if found is None or not scheme().checked else str(found.code)


def gives_numbers(site: Any) -> bool:
    return facility_of(site) is not None


def identifier_reads_right(values: Any) -> Iterable[Problem]:
    """A rule of the form: a donation number has the right check character, or says what may have been meant."""
    text, participant = values.get("product_identifier"), values.get("participant")
    if text is None or participant is None:
        return ()
    return mistyped(text, site_id=participant.site_id, field="product_identifier")


def mistyped(text: str, *, site_id: int, field: str) -> tuple[Problem, ...]:
    """What is wrong with a label; numbers of the site that were given out are what is suggested."""
    asked = scheme()
    if not asked.checked or not list(identifiers.problems_of(text, asked, field=field)):
        return ()
    plain = identifiers.compact(text)
    # A slip leaves the beginning or the end as it is; these are few, and only asked after an error.
    near = DonationNumber.objects.filter(site_id=site_id).filter(
        number__startswith=plain[:8]
    ) | DonationNumber.objects.filter(site_id=site_id, number__endswith=plain[-8:])
    given = list(near.order_by("-id").values_list("number", flat=True)[:500])
    return tuple(identifiers.problems_of(text, asked, field=field, given=given))
