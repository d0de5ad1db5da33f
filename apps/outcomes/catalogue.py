"""The tables that can be computed."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """A table: its key, the job that makes it, and what it shows."""

    key: str
    job: str
    title: str | Promise
    description: str | Promise


KINDS = {
    kind.key: kind
    for kind in (
        Kind(
            "hba1c",
            "outcomes.hba1c",
            _("HbA1c and change from baseline by visit and group"),
            _(
                "n, missing, mean, SD, median and quartiles of HbA1c (NGSP %), and of its change, for each visit."
            ),
        ),
    )
}
