"""A glucose chart is signed with its readings."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from apps.labs import actions
from apps.labs.crfs import GLUCOSE_CHART
from studyportal.crf import signing
from studyportal.signatures.selectors import SignatureState
from tests.world import World

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"


@pytest.mark.parametrize("how", ["added", "changed", "raw"])
def test_a_later_reading_breaks_the_signature(bare_world: World, api: Any, page: Any, how: str) -> None:
    rao = bare_world.cast.rao
    rao.set_password(PASSWORD)
    rao.save()
    chart = bare_world.record(GLUCOSE_CHART)
    type(chart).objects.filter(pk=chart.pk).update(status="complete")
    reading = {
        "measured_on": "2016-11-03",
        "slot": chart.readings.model._meta.get_field("slot").choices[0][0],
    }
    actions.record_readings(chart=chart, readings=[reading | {"value": "142"}], by=rao)
    browser = page(rao)
    assert "142" in browser.get(f"/forms/glucose-chart/{chart.pk}/sign/").content.decode()
    url = f"/api/v1/forms/glucose-chart/{chart.pk}/signatures/"
    body = {"meaning": "reviewed", "password": PASSWORD, "version": 1}
    assert api(rao).post(url, body).status_code == 201
    assert [one.state for one in signing.signed_records([chart.participant_id])] == [SignatureState.SIGNED]

    if how == "added":
        actions.record_readings(
            chart=chart, readings=[reading | {"measured_on": "2016-11-04", "value": "90"}], by=rao
        )
    elif how == "changed":
        actions.record_readings(chart=chart, readings=[reading | {"value": "90"}], by=rao, reason="Misread")
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE labs_glucosereading SET value = 90")

    (signature,) = api(rao).get(url).json()["signatures"]
    assert signature["state"] == "broken"
    assert [one.state for one in signing.signed_records([chart.participant_id])] == [SignatureState.BROKEN]
    assert "has changed since it was signed" in browser.get(chart.get_absolute_url()).content.decode()
