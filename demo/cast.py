"""Sites, users, memberships and approvals of the demo: what must be there before anybody can be enrolled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from demo import approvals, paper
from studyportal.access.models import Membership, Site, User
from studyportal.audit import acting
from studyportal.files import actions as files
from studyportal.files.models import DelegationDocument, DocumentKind

PASSWORD = "studyportal-demo"  # noqa: S105 (the demo's own; the command refuses outside of demo mode)
SITES = {"MUM": "Mumbai", "PUN": "Pune"}
TIMEZONE = "Asia/Kolkata"
SINCE = dt.date(2016, 1, 1)


@dataclass(frozen=True)
class Actor:
    """site None: every site of the study."""

    name: str
    role: str
    site: str | None


CAST: Mapping[str, Actor] = {
    "asha": Actor("Asha", "site_coordinator", "MUM"),
    "vikram": Actor("Vikram", "site_coordinator", "PUN"),
    "rao": Actor("Dr Rao", "investigator", "MUM"),
    "meera": Actor("Meera", "data_manager", None),
    "sanjay": Actor("Sanjay", "statistician", None),
    "farah": Actor("Farah", "ethics_auditor", None),
    "admin": Actor("Administrator", "administrator", None),
    "iyer": Actor("Dr Iyer", "investigator", "PUN"),
    "nikhil": Actor("Nikhil", "cell_technologist", "MUM"),
    "leela": Actor("Leela", "cell_technologist", "PUN"),
    "devi": Actor("Devi", "monitoring_committee", None),
}


@transaction.atomic
def ensure() -> list[str]:
    """Add what is missing, approvals of the sites included; what is there is left as it is. Returns what was added."""
    added: list[str] = []
    with acting(source="command", reason="Set-up of the demo"):
        sites: dict[str | None, Site | None] = {None: None}
        for code, name in SITES.items():
            sites[code], new = Site.objects.get_or_create(
                code=code, defaults={"name": name, "timezone": TIMEZONE}
            )
            added += [code] if new else []
        users: dict[str, User] = {}
        for username, actor in CAST.items():
            user = User.objects.filter(username=username).first()
            if user is None:
                user = User(username=username, display_name=actor.name)
                user.set_password(PASSWORD)
                user.save()
                added.append(username)
            if not user.memberships.exists():
                Membership.objects.create(
                    user=user, site=sites[actor.site], role=actor.role, valid_from=SINCE
                )
            users[username] = user
        approved = approvals.ensure({code: site for code, site in sites.items() if code and site}, users)
        added += [f"approvals of {code}" for code in approved]
        added += [f"training of {name}" for name in _train(users, sites)]
    return added


# Who obtains consent, and the days for which the certificate of training holds (last None: to this day). That of Dr Iyer
# was renewed a month late.
TRAINED: Mapping[str, tuple[tuple[dt.date, dt.date | None], ...]] = {
    "asha": ((SINCE, None),),
    "rao": ((SINCE, None),),
    "vikram": ((SINCE, None),),
    "iyer": ((SINCE, dt.date(2024, 2, 29)), (dt.date(2024, 4, 1), None)),
}


def _train(users: Mapping[str, User], sites: Mapping[str | None, Site | None]) -> list[str]:
    """The certificates of those who have none; returns whose were added."""
    added = []
    for username, spans in TRAINED.items():
        user = users[username]
        if DelegationDocument.objects.filter(user=user, kind=DocumentKind.TRAINING).exists():
            continue
        for first, last in spans:
            files.add_delegation_document(
                user=user,
                site=sites[CAST[username].site],
                kind=DocumentKind.TRAINING,
                valid_from=first,
                valid_until=last,
                upload=paper.Upload(
                    paper.sheet("Certificate of training", CAST[username].name, f"from {first}"),
                    f"training-{username}-{first.year}-demo.pdf",
                ),
                by=users["admin"],
            )
        added.append(username)
    return added
