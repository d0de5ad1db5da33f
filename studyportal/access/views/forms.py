"""What the pages of people, sites and roles have in common: fields as typed, refusals as problems, one form page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from studyportal.access.refusals import NotDone, Problem, wrong
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import listed

Text = str | Promise


def form_page(
    request: HttpRequest,
    fields: Sequence[FieldView],
    *,
    title: Text,
    trail: Sequence[tuple[Text, str]],
    save: Text,
    cancel: str,
    refusal: NotDone | None = None,
    lead: Text = "",
    danger: bool = False,
    version: int | None = None,
    other: tuple[Text, str] | None = None,
) -> HttpResponse:
    """A page with one form; `other`: label and address of another thing to do here. What was typed is shown again with the reasons of the refusal."""
    problems: Sequence[Problem] = refusal.problems if refusal else ()
    shown = [
        replace(field, errors=[p.message for p in problems if p.field == field.name]) for field in fields
    ]
    context = {
        "title": title,
        "trail": trail,
        "lead": lead,
        "fields": shown,
        "problems": listed(problems, fields),
        "save": save,
        "save_kind": "danger" if danger else "primary",
        "cancel": cancel,
        "version": version,
        "other": other,
    }
    return render(request, "access/form_page.html", context, status=refusal.status if refusal else 200)


def day_of(posted: QueryDict, name: str) -> dt.date | None:
    """A day as the browser's field sends it; None when left empty. Raises NotDone for anything else."""
    text = posted.get(name, "").strip()
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else _no_day(name)
    except ValueError:
        return _no_day(name)


def _no_day(name: str) -> dt.date:
    raise wrong(name, "invalid_date", _("Write the day as 2026-11-03."))


def reason_field(posted: QueryDict) -> FieldView:
    return FieldView(
        "reason",
        _("Why"),
        value=posted.get("reason", ""),
        help=_("One line; it stands in the delegation log."),
    )
