"""Which PostgreSQL and Redis this process talks to: real ones named by URL, else the embedded ones.

Needs no Django, because manage.py and the supervisor ask before the settings are read.
"""

import os
from pathlib import Path

from studyportal.embedded import Lease, Places, lease
from studyportal.embedded.places import APP_ROLE, OWNER_ROLE

BASE_DIR = Path(__file__).resolve().parent.parent


def places() -> Places:
    return Places.at(os.environ.get("STUDYPORTAL_VAR") or BASE_DIR / "var")


def embedded() -> bool:
    """Whether any server is an embedded one."""
    return not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


def lease_if_embedded() -> Lease | None:
    if not embedded():
        return None
    return lease(places().var)


def database_url() -> str:
    """The URL of the role that this process should be (`STUDYPORTAL_DATABASE_ROLE=owner`: the owner)."""
    as_owner = os.environ.get("STUDYPORTAL_DATABASE_ROLE") == "owner"
    if not os.environ.get("DATABASE_URL"):
        return places().database_url(OWNER_ROLE if as_owner else APP_ROLE)
    if as_owner and os.environ.get("DATABASE_OWNER_URL"):
        return os.environ["DATABASE_OWNER_URL"]
    return os.environ["DATABASE_URL"]


def broker_url() -> str:
    return os.environ.get("REDIS_URL") or places().broker_url


def cache_url() -> str:
    return os.environ.get("REDIS_URL") or places().cache_url
