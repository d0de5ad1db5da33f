"""What the protocol says of the infusion, as the protocol's page shows it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .presentation import Cell, Section, columns
from .schema import Protocol


def infusion_sections(protocol: Protocol) -> list[Section]:
    rules = protocol.infusion
    low, high = rules.rate_minimum_ml_h, rules.rate_maximum_ml_h
    bounds = (
        _("Rate from %(low)s to %(high)s mL/h.")
        % {"low": "0" if low is None else low, "high": _("any") if high is None else high}
        if low is not None or high is not None
        else _("No bounds of the rate.")
    )
    return [
        Section(
            "infusion",
            _("Observations at the infusion"),
            columns(_("Observation"), _("Due after the start"), _("May be off by"), _("Basis")),
            [
                [
                    one.label,
                    _minutes(one.minutes),
                    _minutes(one.tolerance),
                    Cell(
                        rules.source, detail=_("working default of this study") if rules.configurable else ""
                    ),
                ]
                for one in rules.observations.values()
            ],
            note=bounds,
        )
    ]


def _minutes(minutes: int) -> str:
    """90 → “90 min”, 120 → “2 h”: whole hours from two on."""
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else ""
    if not rest and hours > 1:
        return sign + ngettext("%(n)d h", "%(n)d h", hours) % {"n": hours}
    return sign + ngettext("%(n)d min", "%(n)d min", abs(minutes)) % {"n": abs(minutes)}
