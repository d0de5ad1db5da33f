"""What the protocol says of safety, as the protocol's page shows it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .presentation import Cell, Section, columns
from .safety import Safety
from .schema import Protocol


def hours_text(hours: int) -> str:
    """24 → “24 hours”, 336 → “14 days”: whole days from two on."""
    days, rest = divmod(hours, 24)
    if not rest and days > 1:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}


def safety_sections(protocol: Protocol) -> list[Section]:
    """Clocks by jurisdiction, reminders, special interest; nothing for a protocol that says none of it."""
    safety = protocol.safety
    found = [_clocks(safety), _reminders(safety), _interest(safety)]
    return [section for section in found if section.rows]


def _clocks(safety: Safety) -> Section:
    origins = {"awareness": _("from awareness"), "occurrence": _("from occurrence")}
    kinds = {
        "initial": _("initial report"),
        "follow_up": _("follow-up report"),
        "analysis": _("analysis"),
        "final": _("final report"),
        "opinion": _("opinion received"),
    }
    rows: list[list[Cell | str]] = [
        [
            Cell(jurisdiction.label, detail=", ".join(jurisdiction.countries)),
            clock.label,
            Cell(hours_text(clock.hours), detail=origins[clock.start]),
            jurisdiction.recipients[clock.recipient].label,
            ", ".join(kinds[kind] for kind in clock.stopped_by),
            Cell(
                jurisdiction.source,
                detail=_("working default of this study") if jurisdiction.configurable else "",
            ),
        ]
        for jurisdiction in safety.jurisdictions.values()
        for clock in jurisdiction.clocks.values()
    ]
    return Section(
        "safety-clocks",
        _("Reporting of serious events"),
        columns(_("Jurisdiction"), _("Clock"), _("Within"), _("Recipient"), _("Stopped by"), _("Basis")),
        rows,
        note=_("Each clock is shown from occurrence and from awareness; a late report gives its reason."),
    )


def _reminders(safety: Safety) -> Section:
    rows: list[list[Cell | str]] = []
    for level in safety.reminders.values():
        origin = _("the start of the clock") if level.relative_to == "start" else _("its last moment")
        if level.hours == 0:
            when = _("at %s") % origin
        elif level.hours < 0:
            when = _("%(hours)s before %(origin)s") % {"hours": hours_text(-level.hours), "origin": origin}
        else:
            when = _("%(hours)s after %(origin)s") % {"hours": hours_text(level.hours), "origin": origin}
        rows.append([level.label, when, ", ".join(role.replace("_", " ") for role in level.roles)])
    return Section(
        "safety-reminders", _("Who is reminded"), columns(_("Reminder"), _("When"), _("Roles")), rows
    )


def _interest(safety: Safety) -> Section:
    rows: list[list[Cell | str]] = [
        [term.replace("_", " "), _("of special interest"), ""] for term in safety.special_interest
    ]
    rows += [[event.term.replace("_", " "), _("expected"), event.basis] for event in safety.expected]
    return Section(
        "safety-terms",
        _("Adverse events that are looked for"),
        columns(_("Event"), _("Is"), _("Basis")),
        rows,
    )
