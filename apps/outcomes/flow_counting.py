"""The flow as somebody asks for it: what may be asked, the persons read, the counts with where they come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.outcomes import flow_frames
from apps.outcomes.canonical import code_version
from apps.outcomes.statistics.flow import Flow, count, differences
from studyportal import protocol
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission

SYNTHETIC = ("include", "exclude", "only")


@dataclass(frozen=True)
class Asked:
    """What a request asks for. site: a code that the user may see, "" for all of them; as_of: the day on which
    the windows of visits are judged, None for today."""

    site: str = ""
    synthetic: str = "include"
    as_of: dt.date | None = None

    def query(self) -> str:
        """The same as a query string, with its question mark; "" when nothing was chosen."""
        given = {"site": self.site, "synthetic": self.synthetic if self.synthetic != "include" else ""}
        given["as_of"] = "" if self.as_of is None else self.as_of.isoformat()
        text = urlencode({name: value for name, value in given.items() if value})
        return f"?{text}" if text else ""


@dataclass(frozen=True)
class Counted:
    """A flow with its provenance."""

    flow: Flow
    asked: Asked
    read_at: dt.datetime
    sites: tuple[str, ...]
    whole_study: bool
    protocol_version: str
    code_version: str
    differences: tuple[str, ...]

    @property
    def provenance(self) -> dict[str, Any]:
        return {
            "as_of": self.flow.as_of.isoformat(),
            "read_at": self.read_at.isoformat(timespec="seconds"),
            "protocol_version": self.protocol_version,
            "code_version": self.code_version,
            "sites": list(self.sites),
            "whole_study": self.whole_study,
            "synthetic": self.asked.synthetic,
        }

    def line(self) -> str:
        """The provenance as one line, as figures carry it."""
        synthetic = {
            "include": _("synthetic participants included"),
            "exclude": _("synthetic participants excluded"),
            "only": _("synthetic participants only"),
        }
        return _(
            "As of %(day)s; read %(read)s UTC. Sites: %(sites)s. Protocol %(protocol)s, %(code)s; %(synthetic)s."
        ) % {
            "day": self.flow.as_of.isoformat(),
            "read": f"{self.read_at:%Y-%m-%d %H:%M}",
            "sites": ", ".join(self.sites) or "–",
            "protocol": self.protocol_version,
            "code": self.code_version,
            "synthetic": synthetic[self.asked.synthetic],
        }


def sites_of(user: User) -> dict[str, int]:
    """Code → id of the sites whose flow the user may see, by code."""
    reached = user.sites_with(Permission.VIEW_OUTCOMES)
    found = Site.objects.order_by("code")
    if not isinstance(reached, AllSites):
        found = found.filter(pk__in=reached)
    return dict(found.values_list("code", "pk"))


def asked_of(query: Mapping[str, Any], sites: Mapping[str, int], *, today: dt.date | None = None) -> Asked:
    """What a query string asks for. Raises ValidationError by name; a foreign site is as an unknown one."""
    problems: dict[str, ValidationError] = {}
    allowed = {"site": list(sites), "synthetic": list(SYNTHETIC)}
    for name, value in query.items():
        if name not in (*allowed, "as_of"):
            problems[str(name)[:40]] = ValidationError(
                _("There is no filter %(name)s. Filters: site, synthetic, as_of."),
                code="unknown_filter",
                params={"name": str(name)[:40]},
            )
        elif name in allowed and value and value not in allowed[name]:
            problems[name] = ValidationError(
                _("“%(value)s” is none of: %(choices)s."),
                code="invalid_choice",
                params={"value": str(value)[:40], "choices": ", ".join(allowed[name])},
            )
    day: dt.date | None = None
    if query.get("as_of"):
        try:
            day = _day(str(query["as_of"]), today or timezone.localdate())
        except ValidationError as error:
            problems["as_of"] = error
    if problems:
        raise ValidationError(problems)  # type: ignore[arg-type]
    return Asked(query.get("site") or "", query.get("synthetic") or "include", day)


def _day(text: str, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise ValidationError(
            _("“%(value)s” is no day. Write it as 2026-11-25."),
            code="invalid_date",
            params={"value": text[:40]},
        ) from None
    if day > today:
        raise ValidationError(
            _("%(day)s lies in the future: no window can be judged on it. Take today or an earlier day."),
            code="future_date",
            params={"day": day.isoformat()},
        )
    return day


def flow_of(user: User, asked: Asked, sites: Mapping[str, int]) -> Counted:
    """The flow at the sites of the user (`sites_of`), from live data: as many queries for ten as for ten thousand."""
    chosen = {asked.site: sites[asked.site]} if asked.site else dict(sites)
    whole = isinstance(user.sites_with(Permission.VIEW_OUTCOMES), AllSites) and not asked.site
    day = asked.as_of or timezone.localdate()
    flow = count(
        flow_frames.persons(frozenset(chosen.values()), synthetic=asked.synthetic),
        flow_frames.flow_plan(),
        as_of=day,
        sites=tuple(chosen),
    )
    return Counted(
        flow=flow,
        asked=asked,
        read_at=timezone.now().astimezone(dt.UTC),
        sites=flow.sites,
        whole_study=whole,
        protocol_version=protocol.current().version,
        code_version=code_version(),
        differences=tuple(differences(flow)),
    )
