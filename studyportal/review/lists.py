"""What waits for review: to verify, to sign, to lock. Each list is one query, whatever the number of records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.apps import apps
from django.conf import settings

from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.review.kinds import VISIT, Kind, kinds, visit_model
from studyportal.review.selectors import fetch

SIZE = 50
# list → whose it is
LISTS = {
    "verify": Permission.VERIFY_SOURCE,
    "sign": Permission.SIGN_RECORDS,
    "lock": Permission.LOCK_RECORDS,
}


@dataclass(frozen=True)
class Choice:
    """What a list is narrowed to; visit: its key in the protocol; after: where the page begins, as `form:id`."""

    site: str = ""
    form: str = ""
    visit: str = ""
    participant: str = ""
    after: str = ""


@dataclass(frozen=True)
class Waiting:
    """One record that waits. version: as it stands, to be sent back with what is done to it."""

    form: str
    title: str
    id: int
    version: int
    participant: str
    synthetic: bool
    site: str
    visit_id: int | None
    visit: str

    @property
    def key(self) -> str:
        return f"{self.form}:{self.id}"


@dataclass(frozen=True)
class WaitingPage:
    rows: Sequence[Waiting]
    after: str = ""


def waits(kind: Kind, what: str) -> str:
    """SQL: whether a row of the kind waits for it."""
    if what == "verify":
        return f"{kind.complete} AND {kind.asks_verification} AND NOT {kind.verified}"
    if what == "sign":
        return f"{kind.complete} AND NOT {kind.signed}" if kind.asks_signature else "false"
    signed = kind.signed if kind.asks_signature else "true"
    return (
        f"{kind.complete} AND NOT {kind.locked} AND NOT {kind.queried}"
        f" AND (NOT ({kind.asks_verification}) OR {kind.verified}) AND {signed}"
    )


def waiting(what: str, user: User, choice: Choice, *, size: int = SIZE) -> WaitingPage:
    """what: verify, sign or lock. Records of the sites where the user does it, form by form, the oldest first.

    Forms that the protocol asks nothing of are left out of the query, so that it stays short.
    """
    sites = sites_for(user, LISTS[what], choice.site)
    asked = list(_asked(what, choice))
    if not sites or not asked:
        return WaitingPage(())
    position = {kind.form: number for number, kind in enumerate(asked)}
    form, last = _place(choice.after)
    first = position.get(form, -1)
    participant_model = apps.get_model(settings.PARTICIPANT_MODEL)
    people = f'"{participant_model._meta.db_table}"'
    branches, params = [], []
    for kind in asked:
        if position[kind.form] < first:
            continue
        where = [waits(kind, what), "rec.site_id = ANY(%s::bigint[])"]
        values: list[Any] = [[site.pk for site in sites]]
        if position[kind.form] == first:
            where.append("rec.id > %s")
            values.append(last)
        if choice.participant:
            where.append(f"rec.participant_id IN (SELECT id FROM {people} WHERE code = %s)")
            values.append(_plain(choice.participant).upper())
        if choice.visit:
            where.append(f"{kind.visit_id} IN (SELECT id FROM {_visits()} WHERE key = %s)")
            values.append(_plain(choice.visit))
        branches.append(
            f"(SELECT {position[kind.form]} AS position, '{kind.form}' AS form, rec.id, rec.version, rec.participant_id,"
            f" rec.site_id, {kind.visit_id} AS visit_id FROM {kind.table} rec WHERE {' AND '.join(where)}"
            " ORDER BY rec.id LIMIT %s)"
        )
        params += [*values, size + 1]
    visit = (
        f"LEFT JOIN {_visits()} v ON v.id = w.visit_id"
        if visit_model()
        else "CROSS JOIN (SELECT NULL) v (key)"
    )
    sql = (
        "SELECT w.form, w.id, w.version, p.code, p.synthetic, s.code, w.visit_id, v.key, v.number"
        f" FROM ({' UNION ALL '.join(branches)}) w JOIN {people} p ON p.id = w.participant_id"
        f" JOIN access_site s ON s.id = w.site_id {visit} ORDER BY w.position, w.id LIMIT %s"
    )
    titles = {kind.form: kind.title for kind in asked}
    rows = [
        Waiting(form, titles[form], pk, version, code, synthetic, site, visit_id, _visit_words(key, number))
        for form, pk, version, code, synthetic, site, visit_id, key, number in fetch(sql, [*params, size + 1])
    ]
    return WaitingPage(rows[:size], rows[size - 1].key if len(rows) > size else "")


def next_waiting(what: str, user: User, choice: Choice, *, form: str, pk: int) -> Waiting | None:
    """The next of the list behind a record; behind the last one, the first again."""
    found = waiting(what, user, replace(choice, after=f"{form}:{pk}"), size=1).rows
    if not found:
        found = waiting(what, user, replace(choice, after=""), size=1).rows
    return next((one for one in found if (one.form, one.id) != (form, pk)), None)


def sites_for(user: User, permission: Permission | Iterable[Permission], code: str = "") -> list[Site]:
    """The sites where the user holds (one of) the permission, by code; narrowed to one code where it is given."""
    asked = [permission] if isinstance(permission, Permission) else list(permission)
    held = [user.sites_with(one) for one in asked]
    found = Site.objects.order_by("code")
    if not any(isinstance(sites, AllSites) for sites in held):
        found = found.filter(pk__in={pk for sites in held if not isinstance(sites, AllSites) for pk in sites})
    return list(found.filter(code=_plain(code)) if code else found)


def forms_of(what: str) -> list[Kind]:
    """The forms that can stand in a list."""
    return list(_asked(what, Choice()))


def _asked(what: str, choice: Choice) -> Iterable[Kind]:
    for kind in kinds([choice.form] if choice.form else None).values():
        if kind.spec is None or (choice.visit and "visit" not in kind.spec.parents):
            continue
        if what == "verify" and kind.asks_verification == "false":
            continue
        if what == "sign" and not kind.asks_signature:
            continue
        yield kind


def _place(after: str) -> tuple[str, int]:
    form, _colon, pk = after.partition(":")
    return form, int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 19 else 0


def _plain(text: str) -> str:
    return text.strip().replace("\x00", "")[:60]


def _visits() -> str:
    return f'"{visit_model()._meta.db_table}"'


def _visit_words(key: str | None, number: int | None) -> str:
    if key is None:
        return ""
    return key if number in (None, 1) else f"{key} {number}"


__all__ = ["VISIT", "Choice", "Waiting", "WaitingPage", "forms_of", "next_waiting", "sites_for", "waiting"]
