"""Labels: what they say, that the symbol can be read, that they fit, and that each print is kept."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.celldose import crfs, labels
from apps.celldose.actions import labels as printing
from apps.celldose.models import LabelPrint
from apps.celldose.product_file import product_file
from studyportal import protocol
from studyportal.crf.errors import CrfInvalid, Refused
from tests.apps.celldose.conftest import ZONE, Journey, at, save, sign
from tests.cast import Cast

# SHA-256 of the modules (JSON), of symbols that ZXing (zxing-cpp 3.1.1) read back as their text.
READ_BACK = {
    "A999826000001002": "81e90381b6a97e721361dfae4d509b577228904213ee54e883653223cba6d17c",
    "D-001": "8a0331a339b89d3c5d95d66e5164cef6d6c34d3466aafa35650f316a64b7a6c0",
    "A999826000001002/01": "be0e0864c36c096b125dd122ab74d0578dd6a1d945e9744974842a9ca0b3c7fb",
    "A999826000001002/12-34": "977f972d873c972974f86b7a39e118451db9b109fa40a11dac803dc405e18faa",
    "BM MNC 7/2026*": "36316fe81d4c3677fbe622e11bbc6470e471ed4f1775e89016ce268c9b6bc496",
}


def words(label: labels.Label) -> str:
    return "\n".join(line.text for line in (*label.top, *label.below))


def label_of(journey: Journey, tests: Any = None) -> labels.Label:
    with timezone.override(ZONE):
        return labels.of_product(product_file(journey.product.pk), tests)


def donor_tests(journey: Journey, **results: str) -> Any:
    return save(crfs.DONOR_TESTS, journey.asha, {"session": journey.session}, **results)


# --- what cannot be printed ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "page_status", "api_status"),
    [
        (None, 302, 401), ("norole", 403, 403), ("admin", 403, 403), ("sanjay", 403, 403), ("farah", 403, 403),
        ("devi", 403, 403), ("vikram", 404, 404), ("leela", 404, 404), ("iyer", 404, 404), ("asha", 200, 200),
        ("nikhil", 200, 200), ("rao", 200, 200), ("meera", 200, 200),
    ],
)  # fmt: skip
def test_who_prints_labels_of_mumbai(
    journey: Journey, cast: Cast, page: Any, api: Any, who: str | None, page_status: int, api_status: int
) -> None:
    product = journey.upto("product")
    user = who and getattr(cast, who)
    assert page(user).get(f"/products/{product.pk}/labels/").status_code == page_status
    posted = page(user).post(f"/products/{product.pk}/labels/", {"what": "product", "copies": "1"})
    assert posted.status_code == page_status
    sent = {"reason": "Smudged"}
    answer = api(user).post(f"/api/v1/products/{product.pk}/labels/", sent, format="json")
    assert answer.status_code == api_status
    assert LabelPrint.objects.count() == (2 if page_status == 200 else 0)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"copies": 0}, "range"),
        ({"copies": 21}, "range"),
        ({"copies": -1}, "range"),
        ({"copies": "two"}, "type"),
        ({"copies": True}, "type"),
        ({"container": 987654321}, "not_found"),
        ({"container": "x"}, "not_found"),
        ({"aliquot": 2**70}, "not_found"),
        ({"reason": 3}, "type"),
        ({"label": "x"}, "unknown_field"),
    ],
)
def test_what_the_endpoint_refuses(journey: Journey, api: Any, sent: Any, code: str) -> None:
    product = journey.upto("product")
    answer = api(journey.asha).post(f"/api/v1/products/{product.pk}/labels/", sent, format="json")
    assert answer.status_code == 400
    assert code in {one["code"] for one in answer.json()["errors"]}
    assert not LabelPrint.objects.exists()


@pytest.mark.parametrize("what", ["container-987654321", "aliquot-1", "x", "container-"])
def test_what_the_page_refuses(journey: Journey, page: Any, what: str) -> None:
    product = journey.upto("product")
    answer = page(journey.asha).post(f"/products/{product.pk}/labels/", {"what": what, "copies": "1"})
    assert answer.status_code == 400
    assert "no such container" in answer.content.decode()


def test_a_product_without_identifier_or_at_its_end_has_no_label(
    transcribed: Journey, journey: Journey
) -> None:
    transcribed.open(performed_on="2016-11")
    transcribed.upto("harvest", harvest={"started_at": None, "ended_at": None})
    nameless = transcribed.upto("product", product={"product_identifier": None})
    with pytest.raises(Refused) as caught:
        printing.print_labels(product=nameless, by=transcribed.asha)
    assert caught.value.problems[0].code == "identifier_missing"
    product = journey.upto("product")
    save(
        crfs.DISCARD,
        journey.asha,
        {"product": product},
        discarded_at=at(12),
        reason_code="damaged",
        discarded_by="A",
    )
    with pytest.raises(Refused) as caught:
        printing.print_labels(product=product, by=journey.asha)
    assert caught.value.problems[0].code == "discarded"


def test_a_second_print_says_why(journey: Journey) -> None:
    product = journey.upto("product")
    printing.print_labels(product=product, by=journey.asha)
    for reason in ("", "   "):
        with pytest.raises(CrfInvalid) as caught:
            printing.print_labels(product=product, by=journey.asha, reason=reason)
        assert caught.value.problems[0].code == "reason_required"
    printing.print_labels(product=product, by=journey.rao, copies=2, reason="Released")
    assert [(one.print_number, one.copies, one.reason) for one in LabelPrint.objects.all()] == [
        (1, 1, ""), (2, 2, "Released"),
    ]  # fmt: skip


def test_a_print_is_never_forgotten(journey: Journey) -> None:
    printing.print_labels(product=journey.upto("product"), by=journey.asha)
    for act in (lambda: LabelPrint.objects.update(copies=9), LabelPrint.objects.all().delete):
        with pytest.raises(DatabaseError, match=r"append_only|permission denied"), transaction.atomic():
            act()


def test_a_label_that_is_too_small_is_refused_and_says_what_to_change(
    journey: Journey, monkeypatch: Any
) -> None:
    product = journey.upto("product")
    monkeypatch.setattr(labels, "size_of", lambda key: (40.0, 20.0, 10.0))
    with pytest.raises(Refused) as caught:
        printing.print_labels(product=product, by=journey.asha)
    (problem,) = caught.value.problems
    assert problem.code == "label_too_small"
    assert "40 × 20 mm" in problem.message
    assert not LabelPrint.objects.exists()


# --- what they say ------------------------------------------------------------------------------------------


def test_a_label_says_whose_what_how_much_until_when_and_how(journey: Journey) -> None:
    journey.upto("microbiology", product={"product_identifier": "A999826000001002"})
    told = words(label_of(journey))
    for said in (
        "A9998 26 000001 00 2",
        f"For {journey.participant.code}",
        "FOR AUTOLOGOUS USE ONLY",
        "BM-MNC: bone-marrow mononuclear cells",
        "Volume: 50 mL",
        "Collected: 10 Mar 2025 10:00 IST",
        "Expires: 13 Mar 2025 10:00 IST",
        "Store at: Refrigerated, 2–6 °C",
        "QUARANTINE – NOT RELEASED",
        "Do not irradiate",
        "T1DM cell therapy · site MUM · session 1",
    ):
        assert said in told, said
    assert label_of(journey).symbol == "A999826000001002"


def test_what_is_not_known_is_said(journey: Journey) -> None:
    journey.upto("product", harvest={"ended_at": None, "started_at": at(9)})
    told = words(label_of(journey))
    assert "Volume: not recorded yet" in told
    assert "Expiry not determined" in told


@pytest.mark.parametrize(
    ("decision", "signed", "said"),
    [
        ("conditional", True, "RELEASED CONDITIONALLY – RESULTS PENDING"),
        ("conditional", False, "QUARANTINE – NOT RELEASED"),
        ("rejected", True, "REJECTED – NOT FOR INFUSION"),
    ],
)
def test_only_what_is_signed_is_released(journey: Journey, decision: str, signed: bool, said: str) -> None:
    more = {"reason_rejected": "Clot"} if decision == "rejected" else {"conditions": "Cultures"}
    journey.upto("release", release={"decision": decision, "signed": False, **more})
    if signed:
        sign(journey.made["release"], journey.rao)
    told = words(label_of(journey))
    assert said in told
    assert told.count("RELEASED") == (1 if "RELEASED" in said else 0)


@pytest.mark.parametrize(
    ("results", "warnings"),
    [
        (None, ["NOT EVALUATED FOR INFECTIOUS SUBSTANCES"]),
        (dict.fromkeys(labels.TESTS, "negative"), []),
        ({"hiv": "negative"}, ["NOT EVALUATED FOR INFECTIOUS SUBSTANCES"]),
        (dict.fromkeys(labels.TESTS, "negative") | {"hcv": "positive"}, ["WARNING: REACTIVE TEST RESULTS"]),
        (
            dict.fromkeys(labels.TESTS, "negative") | {"hbv": "indeterminate"},
            ["WARNING: REACTIVE TEST RESULTS"],
        ),
        ({"hiv": "positive"}, ["WARNING: REACTIVE TEST RESULTS", "NOT EVALUATED FOR INFECTIOUS SUBSTANCES"]),
    ],
)
def test_warnings_of_donor_tests_without_naming_the_test(
    journey: Journey, results: Any, warnings: list[str]
) -> None:
    journey.upto("product")
    told = words(label_of(journey, donor_tests(journey, **results) if results else None))
    for said in ("WARNING: REACTIVE TEST RESULTS", "NOT EVALUATED FOR INFECTIOUS SUBSTANCES"):
        assert (said in told) == (said in warnings)
    assert "HIV" not in told


def test_containers_and_aliquots_have_their_own(journey: Journey, api: Any) -> None:
    journey.upto("processing")
    bag = save(
        crfs.CONTAINER, journey.asha, {"product": journey.product}, number=1, kind="bag", volume_ml="30", filled_at=at(13, 10)
    )  # fmt: skip
    part = save(
        crfs.ALIQUOT, journey.asha, {"container": bag}, number=1, purpose="sterility", volume_ml="2.5",
        taken_at=at(13, 20), disposition="sent", disposed_at=at(13, 40),
    )  # fmt: skip
    file = product_file(journey.product.pk)
    of_bag, of_part = labels.of_container(file, bag, None), labels.of_aliquot(file, part)
    assert (of_bag.symbol, of_part.symbol) == ("D-001/01", "D-001/01-01")
    assert "Bag 1 of 1" in words(of_bag)
    assert "Volume: 30 mL" in words(of_bag)
    assert "AUTOLOGOUS" in words(of_part)
    assert journey.participant.code in words(of_part)
    client, address = api(journey.asha), f"/api/v1/products/{journey.product.pk}/labels/"
    for sent in ({"container": bag.pk}, {"aliquot": part.pk, "copies": 3}):
        answer = client.post(address, sent, format="json")
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        assert "no-store" in answer["Cache-Control"]
    kept = client.get(address).json()
    assert [(one["identifier"], one["copies"], one["size"]) for one in kept] == [
        ("D-001/01", 1, "product"), ("D-001/01-01", 3, "aliquot"),
    ]  # fmt: skip
    assert kept[1]["file_sha256"] == hashlib.sha256(answer.content).hexdigest()


# --- how they are drawn -------------------------------------------------------------------------------------


def test_one_page_of_the_label_s_size_for_each_copy(journey: Journey) -> None:
    product = journey.upto("processing") and journey.product
    done = printing.print_labels(product=product, by=journey.asha, copies=3)
    assert done.content.count(b"/Type /Page\n") + done.content.count(b"/Type /Page ") == 3
    width, height, _side = labels.size_of(labels.PRODUCT)
    assert f"[ 0 0 {width / 25.4 * 72:.4f}".rstrip("0")[:14].encode() in done.content
    assert (width, height) == (100, 70)


def test_the_same_label_is_the_same_file(journey: Journey) -> None:
    journey.upto("processing")
    label = label_of(journey)
    made = [labels.printed([label], copies=1, title="x") for _n in range(2)]
    assert made[0] == made[1]


def test_the_longest_words_fit_on_the_sizes_of_the_protocol(journey: Journey) -> None:
    journey.upto("microbiology", product={"product_identifier": "X" * 40})
    label = label_of(journey)
    assert len(protocol.current().custody.labels.warnings) == 3
    assert labels.printed([label], copies=1, title="x").startswith(b"%PDF-")


def test_sizes_without_a_protocol_s(monkeypatch: Any) -> None:
    bare = protocol.current().custody.model_copy(
        update={"labels": type(protocol.current().custody.labels)(source="none")}
    )
    changed = protocol.current().model_copy(update={"custody": bare})
    monkeypatch.setattr(protocol, "current", lambda: changed)
    assert labels.size_of(labels.ALIQUOT) == labels.DEFAULT_SIZES[labels.ALIQUOT]


@pytest.mark.parametrize("text", READ_BACK)
def test_symbols_that_a_reader_read_back(text: str) -> None:
    digest = hashlib.sha256(json.dumps(labels.matrix_of(text)).encode()).hexdigest()
    assert digest == READ_BACK[text]
