"""The audit trail as pages and as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from apps.oversight import trail
from apps.oversight.narrowing import ROWS, clean_code, known, moment, number_of, paging, site_filter
from studyportal.access.clock import zone_of
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.api import csv_cells
from studyportal.audit.context import ROADS
from studyportal.audit.reasons import ChangeReason
from studyportal.crf.models import CrfRecord
from studyportal.crf.registry import UnknownForm, spec_for
from studyportal.ui.parts import Cell, Filter
from studyportal.ui.templatetags.ui_tags import road as road_words

UTC = ZoneInfo("UTC")
MOST_OF_A_RECORD = 500
# What is asked most; the other filters are folded away while none is used.
FIRST = ("participant", "user", "model", "field", "record", "since", "until")


@dataclass(frozen=True)
class Search:
    """What was asked for: as typed, as the trail takes it, and the zone in which its days are meant."""

    said: dict[str, str]
    choice: trail.Choice
    zone: ZoneInfo


def search_of(query: QueryDict, sites: Sequence[Site]) -> Search:
    """Days are those of the chosen site, or of all sites when they share a zone."""
    site = next((one for one in sites if one.code == query.get("site")), None)
    zone = zone_of([site] if site else sites)
    model = known(query.get("model"), trail.tables())
    record = number_of(query.get("record")) if model else 0
    given = {
        "participant": clean_code(query.get("participant", "")),
        "user": _text(query, "user", 150),
        "about": _text(query, "about", 150),
        "site": site.code if site else "",
        "model": model,
        "record": str(record) if record else "",
        "field": known(query.get("field"), [name for name, _label in trail.fields_of(model)]),
        "label": known(query.get("label"), trail.LABELS),
        "road": known(query.get("road"), [*ROADS, "database"]),
        "reason": known(query.get("reason"), ChangeReason.values),
        "words": _text(query, "words", 100),
        "since": query.get("since", "")[:10],
        "until": query.get("until", "")[:10],
    }
    said = {name: value for name, value in given.items() if value}
    choice = trail.Choice(
        participant=given["participant"],
        username=given["user"],
        about=given["about"],
        model=model,
        record=record or None,
        field=given["field"],
        label=given["label"],
        road=given["road"],
        reason=given["reason"],
        words=given["words"],
        site=site.pk if site else None,
        since=moment(given["since"], zone),
        until=moment(given["until"], zone, end=True),
    )
    return Search(said, choice, zone)


def _text(query: QueryDict, name: str, longest: int) -> str:
    text = query.get(name, "").strip().replace("\x00", "")[:longest]
    return "".join(char for char in text if not "\ud800" <= char <= "\udfff")


def context_of(user: User, query: QueryDict, search: Search, sites: Sequence[Site]) -> dict[str, Any]:
    entries, older, newer = trail.recent(
        user,
        search.choice,
        older=query.get("older", "")[:120],
        newer=query.get("newer", "")[:120],
        size=ROWS,
    )
    zones = {site.pk: ZoneInfo(site.timezone) for site in sites}
    controls = filters_of(search, sites)
    more = [one for one in controls if one.name not in FIRST]
    narrowed = f"?{urlencode(search.said)}" if search.said else ""
    return {
        "filters": [one for one in controls if one.name in FIRST],
        "more_filters": more,
        "more_open": any(one.value for one in more),
        "clear_url": reverse("oversight:audit-trail") if search.said else "",
        "csv_url": reverse("oversight:audit-trail-csv") + narrowed,
        "entries": [entry_view(user, entry, zones) for entry in entries],
        "zone": str(search.zone),
        **paging(search.said, older=older, newer=newer),
    }


def filters_of(search: Search, sites: Sequence[Site]) -> list[Filter]:
    def said(name: str) -> str:
        return search.said.get(name, "")

    everything = ("", _("All"))
    models = sorted(
        ((code, model_label(table.model)) for code, table in trail.tables().items()), key=lambda pair: pair[1]
    )
    fields = trail.fields_of(said("model"))
    return [
        Filter(
            "participant",
            _("Participant"),
            widget="search",
            value=said("participant"),
            placeholder="MUM-0001-K",
        ),
        Filter("user", _("Changed by (sign-in name)"), widget="search", value=said("user")),
        Filter("about", _("Access of (sign-in name)"), widget="search", value=said("about")),
        *site_filter(sites, said("site")),
        Filter("model", _("Form or record"), value=said("model"), choices=[everything, *models]),
        *(
            [Filter("field", _("Field"), value=said("field"), choices=[everything, *fields])]
            if fields
            else []
        ),
        *(
            [Filter("record", _("Record number"), widget="search", value=said("record"))]
            if said("model")
            else []
        ),
        Filter(
            "label",
            _("Kind of change"),
            value=said("label"),
            choices=[everything, *((label, label_words(label)) for label in trail.LABELS)],
        ),
        Filter(
            "road",
            _("Road"),
            value=said("road"),
            choices=[everything, *((road, road_words(road)) for road in (*ROADS, "database"))],
        ),
        Filter("reason", _("Reason"), value=said("reason"), choices=[everything, *ChangeReason.choices]),
        Filter("words", _("Words in the reason"), widget="search", value=said("words")),
        Filter("since", _("From"), widget="date", value=said("since")),
        Filter("until", _("Until"), widget="date", value=said("until")),
    ]


def model_label(model: Any) -> str:
    """The name of a form, or of a record that is no form."""
    if issubclass(model, CrfRecord):
        try:
            return str(spec_for(model).title)
        except UnknownForm:
            pass
    name = str(model._meta.verbose_name)
    return name[:1].upper() + name[1:]


def label_words(label: str) -> str:
    return {"insert": _("Entered"), "update": _("Changed"), "delete": _("Deleted")}.get(label, label)


def entry_view(user: User, entry: trail.Entry, zones: dict[int, ZoneInfo]) -> dict[str, Any]:
    model = entry.model._meta.label_lower
    in_history = trail.tables()[model].is_history and entry.record_id
    return {
        "at": entry.at,
        "at_site": moment_words(entry.at, zones.get(entry.site_id or 0)),
        "at_utc": moment_words(entry.at, UTC),
        "label": label_words(entry.label),
        "is_insert": entry.label == "insert",
        "what": model_label(entry.model),
        "record": entry.record_id,
        "record_url": trail_url(model=model, record=entry.record_id) if entry.record_id else "",
        "url": history_url(entry),
        "participant": entry.participant_code,
        "participant_url": participant_url(user, entry),
        "by": entry.by,
        "by_url": trail_url(user=entry.by) if entry.by else "",
        "road": road_words(entry.road),
        "role": "" if entry.by else entry.role,
        "reason": entry.reason,
        "request": entry.request,
        "fields": [
            {
                "label": field.label,
                "before": field.before,
                "after": field.after,
                "url": field_url(model, entry.record_id, field.name) if in_history else "",
            }
            for field in entry.fields
        ],
        "values_shown": entry.values_shown,
    }


def moment_words(at: dt.datetime, zone: ZoneInfo | None) -> str:
    """The moment to the second as it was in a zone, with the zone's short name."""
    return f"{at.astimezone(zone or UTC):%Y-%m-%d %H:%M:%S %Z}"


def trail_url(**narrowed: Any) -> str:
    return f"{reverse('oversight:audit-trail')}?{urlencode(narrowed)}"


def field_url(model: str, record: int, field: str) -> str:
    query = urlencode({"model": model, "record": record, "field": field})
    return f"{reverse('oversight:field-history')}?{query}"


def history_url(entry: trail.Entry) -> str:
    """The history of a form's record, for those who may see its values."""
    if not entry.values_shown or not issubclass(entry.model, CrfRecord) or entry.label == "delete":
        return ""
    try:
        return reverse("crf:history", args=[spec_for(entry.model).key, entry.record_id])
    except (UnknownForm, NoReverseMatch):
        return ""


def participant_url(user: User, entry: trail.Entry) -> str:
    if not entry.participant_code or entry.site_id is None:
        return ""
    if user.may(Permission.VIEW_DATA, entry.site_id):
        return reverse("casebook:participant", args=[entry.participant_code])
    if user.may(Permission.VIEW_CONSENT_LOG, entry.site_id):
        return reverse("oversight:consent-story", args=[entry.participant_code])
    return ""


# --- one field of one record ----------------------------------------------------------------------------


def field_context_of(user: User, query: QueryDict, sites: Sequence[Site]) -> dict[str, Any] | None:
    """None when there is no such history at the user's sites."""
    model, record = known(query.get("model"), trail.tables()), number_of(query.get("record"))
    labels = dict(trail.fields_of(model))
    field = known(query.get("field"), labels)
    if not record or not field:
        return None
    entries, older, _newer = trail.recent(
        user, trail.Choice(model=model, record=record), size=MOST_OF_A_RECORD
    )
    if not entries:
        return None
    newest = entries[0]
    zone = next((ZoneInfo(site.timezone) for site in sites if site.pk == newest.site_id), UTC)
    rows = []
    for entry in entries:
        for change in entry.fields:
            if change.name == field:
                before, after = (change.before, change.after) if entry.values_shown else ("", "")
                by = entry.by or f"{road_words(entry.road)} ({entry.role})"
                rows.append(
                    [
                        Cell(moment_words(entry.at, zone), detail=moment_words(entry.at, UTC)),
                        by,
                        road_words(entry.road),
                        *([before, after] if entry.values_shown else []),
                        Cell(entry.reason, detail=label_words(entry.label)),
                    ]
                )
    values = [_("Before"), _("After")] if newest.values_shown else []
    return {
        "narrowed": {"model": model, "record": record, "field": field},
        "label": labels[field][:1].upper() + labels[field][1:],
        "what": model_label(newest.model),
        "record": record,
        "record_url": trail_url(model=model, record=record),
        "participant": newest.participant_code,
        "participant_url": participant_url(user, newest),
        "values_shown": newest.values_shown,
        "columns": [_("When"), _("Who"), _("Road"), *values, _("Why")],
        "rows": rows,
        "cut": bool(older),
        "zone_info": zone,
    }


# --- as a file ------------------------------------------------------------------------------------------

HEADER = (
    "at_utc", "at_site", "site", "participant", "record_kind", "record", "change", "field", "before", "after", "user",
    "road", "database_role", "reason_code", "reason", "request", "values_shown",
)  # fmt: skip


def as_csv(user: User, choice: trail.Choice, sites: Sequence[Site]) -> Iterator[str]:
    """Oldest first, one line for each field; a page of entries is in memory at a time."""
    return csv_cells.lines(HEADER, _lines(user, choice, {site.pk: site for site in sites}))


def _lines(user: User, choice: trail.Choice, sites: dict[int, Site]) -> Iterator[Sequence[Any]]:
    for entry in trail.everything(user, choice):
        site = sites.get(entry.site_id or 0)
        start = (
            entry.at.astimezone(dt.UTC).isoformat(),
            entry.at.astimezone(ZoneInfo(site.timezone)).isoformat() if site else "",
            site.code if site else "",
            entry.participant_code,
            entry.model._meta.label_lower,
            entry.record_id or "",
            entry.label,
        )
        shown = "true" if entry.values_shown else "false"
        end = (
            entry.by, entry.road, entry.role, entry.reason_code, entry.reason, entry.request, shown
        )  # fmt: skip
        for change in entry.fields:
            yield (*start, change.name, change.before or "", change.after or "", *end)
        if not entry.fields:
            yield (*start, "", "", "", *end)
