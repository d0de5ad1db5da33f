"""A complete form, and an investigator with a password."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.visits.crfs import VITAL_SIGNS
from apps.visits.models import VitalSigns
from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.crf import signing
from studyportal.signatures.content import sha256_of
from tests.world import World

PASSWORD = "a long enough password"


@pytest.fixture
def rao(bare_world: World) -> User:
    person = bare_world.cast.rao
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def record(bare_world: World, rao: User) -> VitalSigns:
    """A complete form of Mumbai."""
    given = {"weight": "61.20", "height": "158", "systolic": "112", "diastolic": "72"}
    absent = {name: "not_recorded" for name in VITAL_SIGNS.entered_fields if name not in given}
    return crf.save(
        VITAL_SIGNS,
        raw={**given, "absent": absent},
        by=bare_world.cast.asha,
        parents={"visit": bare_world.visit},
    )


@pytest.fixture
def url(record: VitalSigns) -> str:
    return f"/api/v1/forms/vital-signs/{record.pk}/signatures/"


@pytest.fixture
def sign_page(record: VitalSigns) -> str:
    return f"/forms/vital-signs/{record.pk}/sign/"


@pytest.fixture
def browser(page: Any, rao: User) -> Client:
    return page(rao)


def asked(record: VitalSigns, **more: Any) -> dict[str, Any]:
    return {"meaning": "reviewed", "password": PASSWORD, "version": record.version} | more


def posted(record: VitalSigns, **more: Any) -> dict[str, Any]:
    return asked(record, content_sha256=sha256_of(signing.content_of(VITAL_SIGNS, record))) | more
