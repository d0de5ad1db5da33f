"""What was stopped is kept: by page and API alike, whatever is rolled back, and for nobody else's eyes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from apps.celldose import crfs
from apps.celldose.actions import near_misses
from apps.celldose.models import Infusion, NearMiss
from apps.celldose.rules.identity import NEAR_MISSES
from studyportal.crf import afterwards
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.signals import record_refused
from tests.apps.celldose.conftest import Journey, at, consent, save, treated
from tests.apps.celldose.readings import verify
from tests.cast import Cast

LATE = {
    "started_at": at(11, days=3),
    "stopped_at": at(12, days=3),
    "total_dose": "1000",
    "route": "intravenous",
}


def kept() -> list[tuple[str, str]]:
    return [(one.step, one.code) for one in NearMiss.objects.order_by("id")]


# --- who sees them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status", "seen"),
    [
        (None, 401, 0), ("norole", 403, 0), ("admin", 403, 0), ("sanjay", 403, 0), ("devi", 403, 0),
        ("vikram", 200, 0), ("leela", 200, 0), ("iyer", 200, 0),
        ("asha", 200, 1), ("nikhil", 200, 1), ("rao", 200, 1), ("meera", 200, 1), ("farah", 200, 1),
    ],
)  # fmt: skip
def test_who_reads_near_misses(
    journey: Journey, cast: Cast, api: Any, who: str | None, status: int, seen: int
) -> None:
    near_misses.note(
        product=journey.upto("product"), step="infusion", code="expired", message="Late.", by=cast.asha
    )
    answer = api(who and getattr(cast, who)).get("/api/v1/near-misses/")
    assert answer.status_code == status
    if status == 200:
        rows = answer.json()["results"]
        assert len(rows) == seen
        if seen:
            assert (rows[0]["code"], rows[0]["participant"]) == ("expired", journey.participant.code)


def test_near_misses_are_narrowed(journey: Journey, cast: Cast, api: Any) -> None:
    product = journey.upto("product")
    near_misses.note(product=product, step="infusion", code="expired", message="Late.", by=cast.asha)
    near_misses.note(product=product, step="infusion", code="rejected", message="No.", by=cast.asha)
    client = api(cast.farah)
    for query, count in (
        ("code=expired", 1),
        ("code=", 2),
        (f"product={product.pk}", 2),
        ("site=PUN", 0),
        ("participant=x", 0),
        ("since=2100-01-01T00:00Z", 0),
    ):
        assert len(client.get(f"/api/v1/near-misses/?{query}").json()["results"]) == count, query


def test_a_near_miss_is_never_changed(journey: Journey, cast: Cast) -> None:
    made = near_misses.note(
        product=journey.upto("product"), step="infusion", code="expired", message="Late.", by=cast.asha
    )
    mine = NearMiss.objects.filter(pk=made.pk)
    for act in (lambda: mine.update(code="x"), mine.delete):
        with pytest.raises(DatabaseError, match=r"append_only|permission denied"), transaction.atomic():
            act()


# --- what is kept -------------------------------------------------------------------------------------------


def test_a_refused_infusion_is_a_near_miss_by_api(journey: Journey, api: Any) -> None:
    journey.upto("bedside")
    sent = {"product": journey.product.pk, "complete": False} | LATE
    answer = api(journey.asha).post("/api/v1/forms/infusion/", sent, format="json")
    assert answer.status_code == 409
    (near,) = NearMiss.objects.all()
    assert (near.step, near.code, near.by, near.site) == (
        "infusion", "expired", journey.asha, journey.participant.site,
    )  # fmt: skip
    assert near.message in answer.json()["detail"]
    assert not Infusion.objects.exists()


def test_a_refused_infusion_is_a_near_miss_by_page(journey: Journey, page: Any) -> None:
    journey.upto("bedside")
    address = f"/participants/{journey.participant.code}/forms/infusion/new/?product={journey.product.pk}"
    answer = page(journey.asha).post(address, LATE | {"incomplete": "1"})
    assert answer.status_code == 409
    assert kept() == [("infusion", "expired")]


def test_the_same_button_twice_is_one_near_miss(journey: Journey, api: Any) -> None:
    journey.upto("bedside")
    sent = {"product": journey.product.pk, "complete": False} | LATE
    for _time in range(3):
        api(journey.asha).post("/api/v1/forms/infusion/", sent, format="json")
    assert kept() == [("infusion", "expired")]
    api(journey.rao).post("/api/v1/forms/infusion/", sent, format="json")
    assert len(kept()) == 2, "another person is another near miss"


def test_the_wrong_participant_is_stopped_and_kept(journey: Journey, cast: Cast, api: Any) -> None:
    journey.upto("bedside")
    other = treated(cast.asha, cast.mumbai)
    consent(other, cast.asha)
    for form in ("infusion", "hand-over", "container", "release", "microbiology"):
        sent = {"participant": other.code, "product": journey.product.pk, "complete": False}
        who = cast.rao if form == "release" else cast.asha
        answer = api(who).post(f"/api/v1/forms/{form}/", sent, format="json")
        assert answer.status_code == 400, form
        assert answer.json()["errors"][0]["code"] == "other_participant"
        near = NearMiss.objects.order_by("-id")[0]
        assert (near.step, near.code, near.said) == (form, "other_participant", other.code)
        assert near.participant == journey.participant
        assert journey.participant.code in near.message


def test_a_mismatch_by_api_is_kept(journey: Journey, cast: Cast, api: Any) -> None:
    product = journey.upto("product")
    sent = {
        "step": "collection",
        "identifier": "D-9",
        "participant_code": product.participant.code,
        "how": "scanned",
    }
    answer = api(cast.asha).post(f"/api/v1/products/{product.pk}/readings/", sent, format="json")
    assert (answer.status_code, answer.json()["matches"]) == (201, False)
    assert kept() == [("collection", "identity_mismatch_collection")]


def test_an_issue_before_the_release_is_kept(journey: Journey, cast: Cast, api: Any) -> None:
    product = journey.upto("evaluation") and journey.product
    sent = {
        "step": "issue",
        "identifier": "D-001",
        "participant_code": product.participant.code,
        "how": "scanned",
    }
    answer = api(cast.nikhil).post(f"/api/v1/products/{product.pk}/readings/", sent, format="json")
    assert answer.status_code == 409
    # Read now, long after the harvest: it is not released, and past its expiry too.
    assert kept() == [("issue", "not_released"), ("issue", "expired")]


def test_what_cannot_harm_is_no_near_miss(journey: Journey, api: Any) -> None:
    journey.upto("product")
    sent = {"product": journey.product.pk, "decision": "released", "released_at": at(14)}
    assert api(journey.rao).post("/api/v1/forms/release/", sent, format="json").status_code in (400, 409)
    sent = {"product": journey.product.pk, "tnc": "-1"}
    assert api(journey.asha).post("/api/v1/forms/cell-counts/", sent, format="json").status_code == 400
    assert kept() == []


def test_every_code_is_a_code() -> None:
    assert all(code == code.lower() and " " not in code and len(code) <= 60 for code in NEAR_MISSES)


# --- the hook of the kernel ---------------------------------------------------------------------------------


@pytest.fixture
def told() -> Any:
    heard: list[tuple[str, tuple[str, ...]]] = []

    def listen(sender: Any, spec: Any, problems: Any, **kwargs: Any) -> None:
        heard.append((spec.key, tuple(p.code for p in problems)))

    record_refused.connect(listen, weak=False)
    yield heard
    record_refused.disconnect(listen)


def test_a_refusal_is_told_once(journey: Journey, told: Any) -> None:
    journey.upto("release")
    with pytest.raises(Refused):
        journey.make_infusion()
    assert told == [("infusion", ("identity_unchecked_issue", "identity_unchecked_bedside"))]


def test_what_is_wrong_in_itself_is_not_told(journey: Journey, told: Any) -> None:
    journey.upto("product")
    with pytest.raises(CrfInvalid):
        save(crfs.CELL_COUNTS, journey.asha, {"product": journey.product}, tnc="ten")
    assert told == []


def test_in_a_request_it_waits_until_nothing_is_rolled_back_around_it(journey: Journey) -> None:
    journey.upto("bedside")
    with afterwards.collecting() as waiting:
        with pytest.raises(Refused), transaction.atomic():
            journey.make_infusion(**LATE)
        assert kept() == []
        assert len(waiting) == 1
        for deed in waiting:
            deed()
    assert kept() == [("infusion", "expired")]


def test_a_receiver_that_fails_does_not_change_the_answer(journey: Journey, api: Any, caplog: Any) -> None:
    def fail(**kwargs: Any) -> None:
        raise RuntimeError("broken")

    journey.upto("bedside")
    record_refused.connect(fail, weak=False)
    try:
        sent = {"product": journey.product.pk, "complete": False} | LATE
        assert api(journey.asha).post("/api/v1/forms/infusion/", sent, format="json").status_code == 409
    finally:
        record_refused.disconnect(fail)
    assert "was not" in caplog.text


def test_the_list_beside_the_deviations(journey: Journey, cast: Cast) -> None:
    from studyportal.deviations.lists import listing

    journey.upto("release")
    verify(journey.product, "issue", cast.asha, cast.nikhil, at(14, 30), identifier="D-9")
    near = listing("near-misses")
    assert near is not None
    (row,) = near.rows(cast.farah)
    line = near.line(row, cast.rao)
    assert (line.who, line.url) == ("Asha", f"/products/{journey.product.pk}/")
    assert near.line(row, cast.farah).url == "", "the auditor has no page of the product"
    assert list(near.rows(cast.vikram)) == []
