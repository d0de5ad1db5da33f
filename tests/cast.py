"""The cast of the tests. Asha coordinates Mumbai, Vikram Pune; Dr Rao investigates at Mumbai, Dr Iyer at Pune; Nikhil
and Leela are the cell technologists there; Meera manages data; Sanjay is the statistician; Devi sits on the data
monitoring committee; Farah audits for the ethics committee; the administrator sees no participant.
Both sites have every approval that the protocol asks for (`tests/approvals.py`), so that they may enrol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from rest_framework.test import APIClient

from studyportal.access.models import Membership, Site, User
from tests.approvals import approve

ROLES = {
    "asha": ("site_coordinator", "MUM"),
    "vikram": ("site_coordinator", "PUN"),
    "rao": ("investigator", "MUM"),
    "iyer": ("investigator", "PUN"),
    "nikhil": ("cell_technologist", "MUM"),
    "leela": ("cell_technologist", "PUN"),
    "meera": ("data_manager", None),
    "sanjay": ("statistician", None),
    "devi": ("monitoring_committee", None),
    "farah": ("ethics_auditor", None),
    "admin": ("administrator", None),
    "norole": (None, None),
}


@dataclass(frozen=True)
class Cast:
    mumbai: Site
    pune: Site
    asha: User
    vikram: User
    rao: User
    iyer: User
    nikhil: User
    leela: User
    meera: User
    sanjay: User
    devi: User
    farah: User
    admin: User
    norole: User

    def everyone(self) -> dict[str, User]:
        return {name: getattr(self, name) for name in ROLES}


@pytest.fixture
def cast(db: Any) -> Cast:
    mumbai = Site.objects.create(code="MUM", name="Mumbai", timezone="Asia/Kolkata")
    pune = Site.objects.create(code="PUN", name="Pune", timezone="Asia/Kolkata")
    sites = {"MUM": mumbai, "PUN": pune, None: None}
    users = {}
    for name, (role, site) in ROLES.items():
        # An unusable password: tests sign in by force, and hashing is slow on purpose.
        users[name] = User(username=name, display_name=name.title())
        users[name].set_unusable_password()
        users[name].save()
        if role is not None:
            Membership.objects.create(user=users[name], role=role, site=sites[site], valid_from="2020-01-01")
    approve(mumbai, pune, by=users["meera"])
    return Cast(mumbai=mumbai, pune=pune, **users)


@pytest.fixture
def api() -> Any:
    """`api(user)` gives a client of the API signed in as the user; `api(None)` a stranger."""

    def signed_in(user: User | None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_authenticate(User.objects.get(pk=user.pk))
        return client

    return signed_in


@pytest.fixture
def page(client: Any) -> Any:
    """`page(user)` gives a browser-like client signed in as the user."""
    from django.test import Client

    def signed_in(user: User | None) -> Client:
        fresh = Client()
        if user is not None:
            fresh.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return fresh

    return signed_in
