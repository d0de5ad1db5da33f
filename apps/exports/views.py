"""The pages of the datasets: what there is, what it looks like, how to fetch it."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from apps.enrolment.models import Group
from apps.exports import selectors
from apps.exports.api import API, csv_address
from apps.exports.datasets import TYPES, Dataset, Filters
from apps.exports.purposes import WORDS, Purpose
from apps.exports.selectors import LeftOut
from apps.exports.snippets import snippets
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.access.profiles import PROFILES, lesser
from studyportal.api.csv_cells import codes_as_text
from studyportal.audit.looks import log_look
from studyportal.ui.parts import Cell, Column, Filter


@requires(Permission.EXPORT_DATA)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every dataset, and one's own last downloads."""
    offered = selectors.datasets(request.user, selectors.fullest_profile(request.user))
    tables = [dataset for dataset in offered if dataset.kind == "table"]
    forms = [dataset for dataset in offered if dataset.kind == "form"]
    receipts = [
        [
            Cell(
                receipt.dataset,
                url=reverse("exports:dataset", args=[receipt.dataset]),
                detail=receipt.token_name,
            ),
            receipt.get_profile_display().split(":")[0],
            Cell(
                receipt.get_purpose_display(),
                detail=_("%d left out") % len(receipt.left_out) if receipt.left_out else "",
            ),
            f"{receipt.ended_at:%Y-%m-%d %H:%M} UTC",
            receipt.rows,
            receipt.bytes,
            Cell(
                "" if receipt.complete else _("broke off"), state="complete" if receipt.complete else "failed"
            ),
            Cell(receipt.sha256, code=True),
        ]
        for receipt in selectors.receipts_of(request.user)[:10]
    ]
    context = {
        "listings": [
            (_("Tables"), [listed(dataset) for dataset in tables]),
            (_("Forms"), [listed(dataset) for dataset in forms]),
        ],
        "columns": [
            Column(_("Dataset")),
            Column(_("Columns"), numeric=True),
            Column(_("About")),
            Column(_("Files")),
        ],
        "receipts": receipts,
        "receipt_columns": [
            Column(_("Dataset")),
            Column(_("Profile")),
            Column(_("Purpose")),
            Column(_("Ended")),
            Column(_("Rows"), numeric=True),
            Column(_("Bytes"), numeric=True),
            Column(_("State")),
            Column("SHA-256"),
        ],
        "dictionary_csv": f"{API}/dictionary.csv",
        "dictionary_json": f"{API}/dictionary.json",
    }
    return render(request, "exports/index.html", context)


def listed(dataset: Dataset) -> list[object]:
    return [
        Cell(dataset.title, url=reverse("exports:dataset", args=[dataset.key]), detail=dataset.key),
        len(dataset.columns),
        dataset.description,
        Cell("CSV", url=csv_address(dataset.key)),
    ]


@requires(Permission.EXPORT_DATA)
@require_safe
def dataset(request: HttpRequest, key: str) -> HttpResponse:
    """One dataset: the first rows, every column, the file, and lines to copy."""
    user: Any = request.user
    fullest = profile = selectors.fullest_profile(user)
    problems: list[tuple[str, str, str]] = []
    try:
        filters = selectors.filters_of(request.GET.dict(), user)
        profile = selectors.profile_of(request.GET, user)
    except ValidationError as error:
        filters = Filters()
        problems = [(name, name, messages[0]) for name, messages in error.message_dict.items()]
    chosen = selectors.dataset_or_404(key, user, profile)
    shown = selectors.preview(chosen, filters, user)
    total = shown.total
    log_look(what="dataset_preview", by=user, detail={"dataset": key, "profile": profile} | filters.as_json())
    less = {} if profile == fullest else {"profile": profile}
    query = urlencode(filters.as_json() | less)
    asked = f"?{urlencode(less)}" if less else ""
    address = csv_address(key) + (f"?{query}" if query else "")
    context = {
        "dataset": chosen,
        "problems": problems,
        "filters": filter_controls(filters, selectors.site_choices(user), profile, fullest),
        "total": total,
        "summary": ngettext("%(n)d row", "%(n)d rows", total) % {"n": total},
        "preview_columns": [
            Column(column.name, numeric=column.type in ("number", "integer"), unit=column.unit)
            for column in chosen.columns
        ],
        "preview": [["" if value is None else value for value in row] for row in shown.rows],
        "left_out": left_out_words(shown.left_out),
        "columns": [
            Column(_("Column")),
            Column(_("Meaning")),
            Column(_("Type")),
            Column(_("Unit")),
            Column("LOINC"),
            Column(_("Codes")),
        ],
        "described": [
            [
                Cell(column.name, code=True),
                Cell(column.label, detail=", ".join(marks(column.required, column.derived))),
                column.description or TYPES().get(column.type, column.type),
                column.unit,
                column.loinc,
                codes_as_text(column.codes),
            ]
            for column in chosen.columns
        ],
        "csv": address,
        "dictionary_csv": f"{API}/datasets/{key}/dictionary.csv{asked}",
        "dictionary_json": f"{API}/datasets/{key}/dictionary.json{asked}",
        "snippets": snippets(request.build_absolute_uri(address), key),
    }
    return render(request, "exports/dataset.html", context)


def left_out_words(left_out: list[LeftOut]) -> str:
    """How many are left out of a file, and why; "" when nobody is."""
    if not left_out:
        return ""
    counted = Counter(str(WORDS.get(one.why, one.why)) for one in left_out)
    reasons = "; ".join(f"{words}: {number}" for words, number in counted.most_common())
    return ngettext(
        "%(n)d participant is left out of this file (%(reasons)s). The receipt names the code.",
        "%(n)d participants are left out of this file (%(reasons)s). The receipt names their codes.",
        len(left_out),
    ) % {"n": len(left_out), "reasons": reasons}


def marks(required: bool, derived: bool) -> list[str]:
    return [*([_("required")] if required else []), *([_("derived")] if derived else [])]


def filter_controls(filters: Filters, sites: list[str], profile: str, fullest: str) -> list[Filter]:
    everything = ("", _("All"))
    return [
        Filter(
            "site", _("Site"), value=filters.site, choices=[everything, *((code, code) for code in sites)]
        ),
        Filter("group", _("Group"), value=filters.group, choices=[everything, *Group.choices]),
        Filter(
            "synthetic",
            _("Synthetic participants"),
            value=filters.synthetic,
            choices=[("include", _("Included")), ("exclude", _("Excluded")), ("only", _("Only these"))],
        ),
        Filter("purpose", _("Purpose"), value=filters.purpose, choices=list(Purpose.choices)),
        Filter(
            "profile",
            _("Profile"),
            value=profile,
            choices=[
                (key, str(words).split(":")[0]) for key, words in PROFILES if lesser(key, fullest) == key
            ],
        ),
    ]
