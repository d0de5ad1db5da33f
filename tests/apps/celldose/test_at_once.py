"""Two people act on one product in the same second: who waits is judged by what the other recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from apps.celldose import crfs
from apps.celldose.models import Discard, Infusion, Microbiology, Release
from apps.consent.actions import record_event
from apps.safety.models import SafetyAlert
from studyportal.crf.errors import Refused
from tests.apps.celldose.conftest import Journey, at, consent, save, sign, treated, weigh
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def committed(cast: Cast) -> Journey:
    participant = treated(cast.asha, cast.mumbai)
    consent(participant, cast.asha)
    weigh(participant, cast.asha)
    return Journey(participant, cast.asha, cast.rao)


def while_it_is_saved(first: Callable[[], Any], second: Callable[[], Any]) -> str:
    """Do the first and hold it open, try the second meanwhile; what the second comes to."""
    written, tried = threading.Event(), threading.Event()

    def one() -> None:
        try:
            with transaction.atomic():
                first()
                written.set()
                tried.wait(2)  # the second reads now, or waits for the lock until this ends
        finally:
            written.set()
            connection.close()

    def two() -> str:
        written.wait(20)
        try:
            second()
            return "saved"
        except Refused as error:
            return str(error.problems[0].code)
        finally:
            tried.set()
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        held, answer = pool.submit(one), pool.submit(two)
        held.result(30)
        return answer.result(30)


def test_a_product_is_not_infused_while_it_is_discarded(committed: Journey) -> None:
    committed.upto("bedside")
    discard = {"discarded_at": at(15, 5), "reason_code": "other", "note": "Clot"}
    said = while_it_is_saved(
        lambda: save(crfs.DISCARD, committed.asha, {"product": committed.product}, **discard),
        committed.make_infusion,
    )
    assert said == "discarded"
    assert Discard.objects.exists() and not Infusion.objects.exists()


def test_a_product_is_not_infused_while_it_is_rejected(committed: Journey) -> None:
    committed.upto("bedside")

    def reject() -> None:
        record = Release.objects.get()
        decided = save(
            crfs.RELEASE,
            committed.rao,
            record=record,
            reason="The Gram stain was read again",
            decision="rejected",
            reason_rejected="Clot",
            released_at=at(15),
        )
        sign(decided, committed.rao)

    assert while_it_is_saved(reject, committed.make_infusion) == "rejected"


def test_consent_that_is_withdrawn_in_the_same_second_bars(committed: Journey) -> None:
    committed.upto("bedside")

    def withdraw() -> None:
        record_event(
            participant=committed.participant,
            kind="withdrawal",
            by=committed.asha,
            withdrawal_scopes=["treatment"],
            signed_on="2025-03-10",
            signer="participant",
        )

    assert while_it_is_saved(withdraw, committed.make_infusion) == "consent_not_in_force"


def test_growth_that_is_read_while_the_product_is_released_is_not_lost(committed: Journey) -> None:
    committed.upto("evaluation")

    def read() -> None:
        save(
            crfs.MICROBIOLOGY,
            committed.asha,
            record=Microbiology.objects.get(),
            reason="read",
            aerobic="growth",
        )

    assert while_it_is_saved(committed.make_release, read) == "saved"
    assert SafetyAlert.objects.count() == 1
