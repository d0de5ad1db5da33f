"""Every address × every role × every state of a record: a state never opens a door, and no state breaks a page.

What a role may ask for does not depend on whether a form is complete, a participant withdrawn, a visit missed or
a product infused; what depends on it is refused by the action with a reason (409, 400), never by access.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.enrolment.models import Participant
from apps.visits.models import Visit
from studyportal.access.declare import declared
from studyportal.access.permissions import Permission
from studyportal.crf import actions as crf
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.registry import all_specs
from studyportal.queries import actions as queries
from tests.cast import ROLES
from tests.contracts.test_urls import ADDRESSES, allowed, url_of
from tests.world import World


def complete(world: World) -> None:
    """Every form that can be complete with nothing but reasons is."""
    done = 0
    for spec in all_specs():
        record = world.records[spec.key]
        reasons = dict.fromkeys(spec.entered_fields, "not_recorded")
        try:
            crf.save(
                spec,
                raw={"absent": reasons},
                by=world.cast.rao,
                record=record,
                expected_version=record.version,
            )
            done += 1
        except (CrfInvalid, Refused):
            continue  # its rules ask for a value: it stays incomplete here
    assert done > 15


def questioned(world: World) -> None:
    """An open, an answered and a closed query."""
    for number in range(3):
        query = queries.raise_query(
            participant=world.participant, message=f"Question {number}", by=world.cast.meera
        )
        if number:
            queries.answer(query=query, text="So it is.", value="", by=world.cast.asha)
        if number > 1:
            queries.close(query=query, text="Agreed.", by=world.cast.meera)


def of_participant(status: str) -> Callable[[World], None]:
    return lambda world: void(Participant.objects.filter(pk=world.participant.pk).update(status=status))


def missed(world: World) -> None:
    Visit.objects.filter(pk=world.visit.pk).update(status="missed", missed_reason="other", happened_on=None)


def void(_: Any) -> None:
    pass


def late(world: World) -> None:
    """Everything has moved on."""
    complete(world)
    questioned(world)
    missed(world)
    of_participant("withdrawn")(world)


STATES: dict[str, Callable[[World], None]] = {"late": late, "completed": of_participant("completed")}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.django_db
def test_no_state_opens_a_door_or_breaks_a_page(state: str, world: World, api: Any, page: Any) -> None:
    STATES[state](world)
    wrong = []
    for who in [*ROLES, None]:
        user = getattr(world.cast, who) if who else None
        scripts, browser = api(user), page(user)
        for address in ADDRESSES:
            permissions = declared(address.callback) or {}
            asked = permissions.get("GET", permissions.get("*"))
            if asked is None or Permission.PUBLIC in asked:
                continue
            url = url_of(address, world)
            answer = (scripts if address.is_api else browser).get(url)
            if getattr(answer, "streaming", False):
                b"".join(answer.streaming_content)
            refused = {302, 401} if user is None else set() if allowed(user, asked) else {403}
            if answer.status_code >= 500 or (refused and answer.status_code not in refused):
                wrong.append((who, address.name, answer.status_code))
    assert not wrong


@pytest.mark.parametrize("state", STATES)
@pytest.mark.django_db
def test_no_state_lets_another_site_in(state: str, world: World, api: Any) -> None:
    """Vikram of Pune writes to whatever Mumbai has, in whatever state: not found, or not his to do."""
    STATES[state](world)
    scripts = api(world.cast.vikram)
    before = Participant.objects.get(pk=world.participant.pk).version
    wrong = []
    for address in ADDRESSES:
        named = address.is_api and address.parameters and "code" in address.parameters
        if not named and not address.name.startswith("api:form-"):
            continue
        if not address.parameters:
            continue
        url = url_of(address, world)
        for method in ("get", "put", "patch", "post", "delete"):
            answer = getattr(scripts, method)(url, {}, headers={"If-Match": '"1"'})
            if answer.status_code not in (403, 404, 405):
                wrong.append((address.name, method, answer.status_code))
    assert not wrong
    assert Participant.objects.get(pk=world.participant.pk).version == before
