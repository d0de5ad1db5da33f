"""A complete form of Mumbai, and people with passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.visits.crfs import VITAL_SIGNS
from apps.visits.models import VitalSigns
from studyportal import protocol
from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.protocol.review import Review
from studyportal.review.kinds import Kind, kinds
from tests.world import World

PASSWORD = "a long enough password"


@pytest.fixture
def meera(bare_world: World) -> User:
    return bare_world.cast.meera


@pytest.fixture
def rao(bare_world: World) -> User:
    person = bare_world.cast.rao
    person.set_password(PASSWORD)
    person.save()
    return person


@pytest.fixture
def kind() -> Kind:
    return kinds(["vital-signs"])["vital-signs"]


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
def change(bare_world: World, record: VitalSigns) -> Callable[..., Any]:
    """`change(weight="62")`: the form is saved with that value, for a reason."""

    def saved(reason: str = "Digits exchanged", **values: Any) -> Any:
        record.refresh_from_db()
        texts = {
            name: field.as_text(getattr(record, name)) for name, field in VITAL_SIGNS.entered_fields.items()
        }
        raw = {name: text for name, text in texts.items() if text} | values
        absent = {name: why for name, why in record.absent.items() if name in texts and name not in values}
        return crf.save(
            VITAL_SIGNS,
            raw=raw | {"absent": absent},
            by=bare_world.cast.asha,
            record=record,
            expected_version=record.version,
            reason=reason,
        )

    return saved


@pytest.fixture
def asks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`asks(verification={...}, sign=[...])`: what the protocol in force asks of the review."""

    def said(**review: Any) -> None:
        stands = protocol.current()
        changed = Review.model_validate({"source": "the test"} | review)
        other = stands.model_copy(update={"review": changed})
        monkeypatch.setattr(protocol, "current", lambda: other)

    said()
    return said
