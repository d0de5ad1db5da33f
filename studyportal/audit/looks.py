"""Who looked at what: written by whatever shows identity or a log, or lets rows leave the portal.

An app names the codes of its own pages: `looks.register("consent_log", _("Consent log"))` when it is ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import Site, User
from studyportal.audit.context import current
from studyportal.audit.models import Look

_labels: dict[str, str | Promise] = {}


def register(code: str, label: str | Promise) -> None:
    """Name something that can be looked at. The same code is not named twice."""
    if code in _labels and str(_labels[code]) != str(label):
        raise ValueError(f"what={code!r} is registered already")
    _labels[code] = label


def label_of(code: str) -> str:
    """The words for a code; the code itself when its app is gone."""
    return str(_labels.get(code, code))


def choices() -> list[tuple[str, str]]:
    """Every code with its words, in the order of the words."""
    return sorted(((code, str(label)) for code, label in _labels.items()), key=lambda pair: pair[1])


def log_look(
    *,
    what: str,
    by: User,
    site: Site | int | None = None,
    participant_code: str = "",
    detail: str | Mapping[str, Any] = "",
) -> Look:
    """Keep who looked at what, now. detail: words, or the filters of a page; never a value that was shown.

    Called in the transaction that reads: a look that failed showed nothing and leaves no entry.
    """
    if what not in _labels:
        raise ValueError(f"what={what!r} is not registered with audit.looks")
    if isinstance(detail, Mapping):
        detail = "; ".join(f"{name}: {value}" for name, value in detail.items() if value)
    said = current()
    return Look.objects.create(
        user=by,
        what=what,
        site_id=site.pk if isinstance(site, Site) else site,
        participant_code=participant_code,
        detail=detail.replace("\x00", "")[:200],
        road=str(said.get("source") or ""),
        request=str(said.get("request") or ""),
    )


# What the platform itself shows; apps add theirs.
register("identity", _("Identity of a participant"))
register("identity_search", _("Search by hospital number"))
register("signature", _("Signature"))
register("export", _("Dataset, downloaded"))
register("dataset_preview", _("Dataset, first rows"))
register("audit_trail", _("Audit trail"))
register("audit_trail_file", _("Audit trail, downloaded"))
register("looks", _("Who looked at what"))
register("looks_file", _("Who looked at what, downloaded"))
