"""The matrix is one declaration: in the code, in the database, on the page, in docs/roles.md."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from studyportal.access import matrix
from studyportal.access.models import Membership, User
from studyportal.access.permissions import READING, WRITING, Permission
from studyportal.access.roles import AT_SITES, ONLY_STUDY_WIDE, ROLES, STUDY_WIDE

IDENTITY = {Permission.VIEW_IDENTITY, Permission.EDIT_IDENTITY}


def test_no_role_that_knows_people_is_held_for_the_whole_study() -> None:
    for role in ROLES.values():
        if role.permissions & IDENTITY:
            assert role.scope == "site", role.key


def test_an_administrator_sees_no_participant() -> None:
    assert not ROLES["administrator"].permissions & (READING | (WRITING - {Permission.MANAGE_USERS}))
    managing = {key for key, role in ROLES.items() if Permission.MANAGE_USERS in role.permissions}
    assert managing == {"administrator"}
    assert set(ONLY_STUDY_WIDE) == {"administrator", "monitoring_committee"}


@pytest.mark.parametrize("key", list(ROLES))
@pytest.mark.parametrize("at_site", [True, False])
@pytest.mark.django_db
def test_the_database_holds_each_role_to_its_place(cast: Any, key: str, at_site: bool) -> None:
    allowed = key in (AT_SITES if at_site else STUDY_WIDE)
    make = lambda: Membership.objects.create(  # noqa: E731
        user=cast.norole, role=key, site=cast.pune if at_site else None, valid_from="2020-01-01"
    )
    if allowed:
        assert make().pk
    else:
        with pytest.raises(IntegrityError, match="membership_role_"), transaction.atomic():
            make()


@pytest.mark.parametrize("key", list(ROLES))
@pytest.mark.django_db
def test_every_cell_of_the_matrix_holds_in_practice(cast: Any, key: str) -> None:
    """Each role × each permission × own and foreign site, as `may` answers it."""
    at_site = key in AT_SITES
    Membership.objects.create(
        user=cast.norole, role=key, site=cast.mumbai if at_site else None, valid_from="2020-01-01"
    )
    person = User.objects.get(pk=cast.norole.pk)
    for permission in set(Permission) - {Permission.PUBLIC, Permission.SIGNED_IN}:
        held = permission in ROLES[key].permissions
        assert person.may(permission) is held
        assert person.may(permission, cast.mumbai) is held
        assert person.may(permission, cast.pune) is (held and not at_site)


@pytest.mark.django_db
def test_djangos_own_superuser_means_nothing(cast: Any, page: Any) -> None:
    User.objects.filter(pk=cast.norole.pk).update(is_superuser=True, is_staff=True)
    person = User.objects.get(pk=cast.norole.pk)
    assert not [p for p in Permission if person.may(p) and p not in (Permission.PUBLIC, Permission.SIGNED_IN)]
    assert page(person).get("/people/").status_code == 403


def test_writing_and_reading_are_permissions_of_somebody() -> None:
    held = {permission for role in ROLES.values() for permission in role.permissions}
    assert held >= WRITING | READING


def test_docs_hold_the_same_matrix() -> None:
    written = (settings.BASE_DIR / "docs" / "roles.md").read_text(encoding="utf-8")
    assert written == matrix.as_markdown(), "run manage.py write_roles"


@pytest.mark.django_db
def test_the_page_shows_it_to_whoever_reads_the_protocol(cast: Any, page: Any) -> None:
    assert page(None).get("/access/roles/").status_code == 302
    assert page(cast.norole).get("/access/roles/").status_code == 403
    for who in ("asha", "rao", "meera", "sanjay", "farah", "admin"):
        shown = page(getattr(cast, who)).get("/access/roles/")
        assert shown.status_code == 200
        text = shown.content.decode()
        for permission in set(Permission) - {Permission.PUBLIC, Permission.SIGNED_IN}:
            assert permission.value in text


def test_every_permission_is_said_to_read_to_write_or_to_touch_no_participant() -> None:
    """The second wall and read-only tokens go by it: a new permission finds its place here, or sees nothing."""
    neither = {
        Permission.PUBLIC,
        Permission.SIGNED_IN,
        Permission.VIEW_PROTOCOL,
        Permission.VIEW_OUTCOMES,
        Permission.VIEW_SAFETY_TABLES,
        Permission.UNMASK_SAFETY_TABLES,
        Permission.VIEW_DELEGATIONS,
    }
    assert set(Permission) == READING | WRITING | neither
    assert not neither & (READING | WRITING)
