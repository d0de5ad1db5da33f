"""A participant at Mumbai and one at Pune, a person, and keys of the test's own."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from studyportal.identity import actions, looks
from tests.apps.enrolment.factories import a_case
from tests.cast import Cast

PERSON = {
    "full_name": "Zarina Quillfeather",
    "birth_date": "2001-05-14",
    "hospital_number": "MH-2016/00451",
    "phone": "+91 98200 12345",
    "email": "zarina@example.org",
    "address": "12 Sea Road\nMumbai 400001",
    "guardian_name": "Imtiaz Quillfeather",
    "guardian_relation": "Father",
    "guardian_phone": "+91 98200 54321",
}


@pytest.fixture
def mumbai(cast: Cast) -> Any:
    return a_case(cast)


@pytest.fixture
def pune(cast: Cast) -> Any:
    return a_case(cast, site=cast.pune, by=cast.vikram)


@pytest.fixture
def recorded(cast: Cast, mumbai: Any) -> Any:
    """Zarina at Mumbai, recorded by Asha."""
    return actions.record(participant=mumbai, raw=PERSON, by=cast.asha)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str, str]]:
    """What the log of looks is told: (what, who, participant code, detail)."""
    told: list[tuple[str, str, str, str]] = []

    def tell(what: str, by: Any, site: Any, participant_code: str, detail: str) -> None:
        told.append((what, by.username, participant_code, detail))

    monkeypatch.setattr(looks, "_log", tell)
    return told


@pytest.fixture
def new_key() -> Callable[[], str]:
    return lambda: secrets.token_hex(48)
