"""Logging that somebody looked: the one place where this package meets the log of looks.

The log is read by auditors, so its words are English whatever the language of the person who looked.
"""

from __future__ import annotations

from studyportal.access.models import Site, User
from studyportal.audit.looks import log_look


def log(*, by: User, site: Site, participant_code: str, detail: str) -> None:
    """`by` reads the identity of a participant. detail: what for; never a value."""
    _log("identity", by, site, participant_code, detail)


def log_paper(
    *, by: User, site: Site, participant_code: str, detail: str, what: str = "signed_sheet"
) -> None:
    """`by` opens a sheet of a participant. detail: which one and what for; never a value. what: the code of the look."""
    _log(what, by, site, participant_code, detail)


def log_search(*, by: User, site: Site | None, participant_code: str = "") -> None:
    """`by` searched by a hospital number, which is not kept, and found this participant or nobody."""
    _log("identity_search", by, site, participant_code, "found" if participant_code else "nobody found")


def log_comparison(*, by: User, site: Site, participant_code: str) -> None:
    """What `by` saved was compared with everybody in the study. Whether anybody agreed is not said here."""
    _log("identity_comparison", by, site, participant_code, "saved, and compared with the whole study")


def log_pairs(*, by: User, detail: str) -> None:
    """`by` sees pairs of participants across sites: codes, and never who they are."""
    _log("possible_duplicates", by, None, "", detail)


def _log(what: str, by: User, site: Site | None, participant_code: str, detail: str) -> None:
    log_look(what=what, by=by, site=site, participant_code=participant_code, detail=detail)
