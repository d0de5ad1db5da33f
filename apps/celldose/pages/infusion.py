"""The infusion: how it was given, what happened while it ran, what was observed around it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from apps.celldose import crfs
from apps.celldose.models import Timepoint
from apps.celldose.pages.blocks import NOT_RECORDED, Block, coded, measured, number, stated_line
from apps.celldose.pages.forms import form_url
from apps.celldose.product_file import ProductFile
from studyportal.ui.parts import Cell, Column, Row


def administration_block(file: ProductFile) -> Block:
    given = file.infusion
    if given is None:
        return Block("infusion", _("Infusion"), empty=_("Not infused."))
    pore = _("pore %s") % number(given.filter_microns, "µm") if given.filter_microns else ""
    return Block(
        "infusion",
        _("Infusion"),
        lines=(
            (_("Route"), coded(given, "route"), coded(given, "line")),
            (_("Filter"), coded(given, "filter_used"), pore),
            stated_line(_("Premedication"), given, "premedication"),
            stated_line(_("Started"), given, "started_at"),
            stated_line(_("Stopped"), given, "stopped_at"),
            measured(_("Rate at the start"), given, "rate_ml_h", "mL/h", ""),
            measured(_("Interruptions"), given, "interruptions", "", ""),
            measured(_("Volume infused"), given, "volume_ml", "mL", ""),
            measured(_("Residual discarded"), given, "residual_discarded_ml", "mL", ""),
        ),
        url=str(given.get_absolute_url()),
        action=_("Open the infusion"),
    )


def happenings_block(file: ProductFile) -> Block:
    known = sorted(
        file.happenings_of_infusion, key=lambda one: one.at or dt.datetime.max.replace(tzinfo=dt.UTC)
    )
    return Block(
        "happenings",
        _("While it ran"),
        columns=[Column(_("When")), Column(_("What")), Column(_("Particulars"))],
        rows=[
            Row(
                [
                    Cell(one.at, one.get_absolute_url()),
                    coded(one, "kind"),
                    Cell(_particulars(one) or NOT_RECORDED, detail=one.reason or ""),
                ],
                "attention" if one.kind == "reaction" else "",
            )
            for one in known
        ],
        empty=_("Nothing is recorded."),
    )


def _particulars(one: Any) -> str:
    reactions = crfs.INFUSION_EVENT.fields["reactions"].for_people(one.reactions)
    return ", ".join(part for part in (number(one.rate_ml_h, "mL/h"), one.drug, one.dose, reactions) if part)


def observations_block(file: ProductFile, *, may_enter: bool) -> Block:
    order, labels = list(Timepoint.values), dict(Timepoint.choices)
    reactions = crfs.OBSERVATIONS.fields["reactions"]
    known = sorted(
        file.observations,
        key=lambda one: order.index(one.timepoint) if one.timepoint in order else len(order),
    )
    url = (
        form_url(crfs.OBSERVATIONS, None, file.product.participant, infusion=file.infusion.pk)
        if file.infusion and may_enter
        else ""
    )
    return Block(
        "observations",
        _("Around the infusion"),
        columns=[
            Column(_("Time")),
            Column(_("Observed at")),
            Column(_("Temperature"), numeric=True, unit="Cel"),
            Column(_("Pulse"), numeric=True, unit="/min"),
            Column(_("Pressure"), unit="mm[Hg]"),
            Column(_("Saturation"), numeric=True, unit="%"),
            Column(_("Reactions")),
        ],
        rows=[
            Row(
                [
                    Cell(labels.get(one.timepoint or "", NOT_RECORDED), one.get_absolute_url()),
                    one.observed_at,
                    one.temperature,
                    one.pulse,
                    f"{one.systolic or NOT_RECORDED}/{one.diastolic or NOT_RECORDED}",
                    one.oxygen_saturation,
                    reactions.for_people(one.reactions) or NOT_RECORDED,
                ]
            )
            for one in known
        ],
        empty=_("Nothing is observed yet."),
        url=url,
        action=_("Record an observation"),
    )
