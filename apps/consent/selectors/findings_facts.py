"""What the findings know of sites, of the study and of ages: read once for all participants."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from apps.consent import rules
from apps.consent.models import ConsentEvent, Kind
from apps.consent.rules import findings
from apps.consent.selectors.documents import register_of
from apps.consent.selectors.terms import terms
from apps.enrolment.models.demographics import Language
from apps.enrolment.selectors import ETHICS_COMMITTEE, approval_facts
from studyportal.access.models import Membership, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.roles import roles_with
from studyportal.files.models import DelegationDocument, DocumentKind
from studyportal.identity import births

OF_MINORS = (Kind.LAR_CONSENT, Kind.ORAL_ASSENT, Kind.WRITTEN_ASSENT)


def sites_known(sites: Collection[Site]) -> dict[int, findings.Site]:
    """Site → its register, approvals, delegations and trainings: ten queries."""
    ids = [site.pk for site in sites]
    registers = register_of(ids)
    approvals = approval_facts(ids, kind=ETHICS_COMMITTEE)
    staff = _staff()
    zones = {site.pk: ZoneInfo(site.timezone) for site in sites}
    delegations, trainings = list(_delegations(ids)), list(_trainings(ids))
    found = {}
    for site in sites:
        zone = zones[site.pk]
        found[site.pk] = findings.Site(
            id=site.pk,
            code=site.code,
            zone=zone,
            register=registers[site.pk],
            approvals=approvals.get(site.pk, ()),
            delegations=[_held(*one, zone=zone) for one in delegations if one[1] in (None, site.pk)],
            trainings=[_held(*one, zone=zone) for one in trainings if one[1] in (None, site.pk)],
            staff=staff,
        )
    return found


def study_known(sites: Iterable[Site], today: dt.date | None) -> dict[int, findings.Study]:
    """Site → what holds for the study on its own day (or on that day)."""
    from studyportal.access.clock import today_at

    said = terms()
    names = {code: str(label) for code, label in Language.choices}
    languages = {code: names.get(code, code) for code in said.languages}
    return {
        site.pk: findings.Study(today=today or today_at(site), terms=said, languages=languages)
        for site in sites
    }


_Held = tuple[int, int | None, dt.date, dt.date | None, dt.datetime | None]


def _delegations(site_ids: Collection[int]) -> Iterable[_Held]:
    """Roles that may obtain consent, also those that are over."""
    return (
        Membership.objects.filter(role__in=roles_with(Permission.RECORD_CONSENT))
        .filter(Q(site__isnull=True) | Q(site_id__in=site_ids))
        .values_list("user_id", "site_id", "valid_from", "valid_until", "ended_at")
    )


def _trainings(site_ids: Collection[int]) -> Iterable[_Held]:
    rows = (
        DelegationDocument.objects.filter(kind=DocumentKind.TRAINING)
        .filter(Q(site__isnull=True) | Q(site_id__in=site_ids))
        .values_list("user_id", "site_id", "valid_from", "valid_until")
    )
    return [(*row, None) for row in rows]


def _held(
    person: int,
    site: int | None,
    first: dt.date,
    last: dt.date | None,
    ended: dt.datetime | None,
    *,
    zone: ZoneInfo,
) -> findings.Held:
    return findings.Held(person, site, first, last, ended.astimezone(zone).date() if ended else None)


def _staff() -> frozenset[str]:
    """What accounts are called, as a witness might be: user names and names, in lower case."""
    names = User.objects.values_list("username", "display_name")
    return frozenset(name.strip().casefold() for pair in names for name in pair if name.strip())


def kinds_of(entries: QuerySet[ConsentEvent], kinds: Iterable[str]) -> Mapping[str, set[int]]:
    """Kind → the participants who have an entry of it: one query."""
    found: dict[str, set[int]] = defaultdict(set)
    for participant_id, kind in (
        entries.filter(kind__in=list(kinds)).order_by().values_list("participant_id", "kind").distinct()
    ):
        found[kind].add(participant_id)
    return found


def ages_of(entries: QuerySet[ConsentEvent], user: User | None) -> dict[int, tuple[rules.AgeAt, bool]]:
    """Participant → ages by the birth date, and whether by its year alone, of those who may be under age: for everybody
    else the stated age is enough.

    Asking day after day would tell the birth date, so who may not see the identity is told by its year. Two queries.
    """
    young = Q(kind__in=OF_MINORS) | Q(age_at_signature__isnull=True) | Q(age_at_signature__lte=18)
    rows = entries.filter(young).order_by().values_list("participant_id", "site_id").distinct()
    at = dict(rows)
    found: dict[int, tuple[rules.AgeAt, bool]] = {}
    for pk, ages in births.ages_of(list(at)).items():
        known = user is not None and user.may(Permission.VIEW_IDENTITY, at[pk])
        found[pk] = (ages, False) if known else (ages.by_year(), True)
    return found
