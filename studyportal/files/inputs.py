"""The fields of an upload, and what was typed into them as the action takes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from studyportal.access.models import Site, User
from studyportal.files.checks import DOCUMENTS, ENDINGS
from studyportal.files.models import DocumentKind
from studyportal.ui.parts import FieldView

LONGEST_NOTE = 200
Problems = dict[str, str]


def values(posted: QueryDict, files: Mapping[str, Any]) -> tuple[dict[str, Any], Problems]:
    """What files.actions.add_delegation_document takes, and field → what is wrong."""
    problems: Problems = {}
    user = (
        User.objects.filter(username=posted.get("user", "")).first()
        if _plain(posted.get("user", ""))
        else None
    )
    if user is None:
        problems["user"] = _("Choose the person whose document this is.")
    site = None
    if code := posted.get("site", ""):
        site = Site.objects.filter(code=code).first() if _plain(code) else None
        if site is None:
            problems["site"] = _("There is no such site.")
    kind = posted.get("kind", "")
    if kind not in DocumentKind.values:
        problems["kind"] = _("Choose the kind of document.")
    first, last = _day(posted, "valid_from", problems), _day(posted, "valid_until", problems)
    if first is None:
        problems.setdefault("valid_from", _("Give the day from which it holds."))
    elif last is not None and last < first:
        problems["valid_until"] = _("The last day is before the first.")
    note = posted.get("note", "").strip()
    if len(note) > LONGEST_NOTE or not note.isprintable():
        problems["note"] = _("One line of at most %d characters.") % LONGEST_NOTE
    upload = files.get("file")
    if upload is None:
        problems["file"] = _("Choose the file.")
    return {
        "user": user, "site": site, "kind": kind, "valid_from": first, "valid_until": last, "note": note, "upload": upload,
    }, problems  # fmt: skip


def _plain(text: str) -> bool:
    return text.isprintable()


def _day(posted: QueryDict, name: str, problems: Problems) -> dt.date | None:
    text = posted.get(name, "").strip()
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        problems[name] = _("Write the day as 2016-11-03.")
        return None


def fields(posted: QueryDict, problems: Problems) -> list[FieldView]:
    def view(name: str, label: str, **more: Any) -> FieldView:
        errors = [problems[name]] if name in problems else []
        return FieldView(name, label, value=posted.get(name, ""), errors=errors, **more)

    people = [
        (user.username, f"{user} ({user.username})")
        for user in User.objects.filter(is_active=True).order_by("username")
    ]
    sites = [(site.code, str(site)) for site in Site.objects.all()]
    limits = _("A PDF, PNG or JPEG of at most 10 MB, without scripts or attachments.")
    again = _("The file has to be chosen again; everything else is still here.")
    return [
        view("user", _("Person"), widget="select", choices=people),
        view(
            "site",
            _("Site"),
            widget="select",
            choices=sites,
            required=False,
            help=_("Empty: the whole study."),
        ),
        view("kind", _("Kind of document"), widget="select", choices=DocumentKind.choices),
        view("valid_from", _("Valid from"), widget="date"),
        view("valid_until", _("Valid until"), widget="date", required=False),
        view("note", _("Note"), required=False),
        view(
            "file",
            _("File"),
            widget="file",
            help=f"{limits} {again}" if problems else limits,
            accept=",".join(ending for kind in DOCUMENTS for ending in ENDINGS[kind]),
        ),
    ]
