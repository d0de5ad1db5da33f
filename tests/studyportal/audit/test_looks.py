"""The log of looks: what may be written into it, and what is written with it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from studyportal.audit import acting, looks
from studyportal.audit.looks import log_look
from studyportal.audit.models import Look

pytestmark = pytest.mark.django_db


def test_what_nobody_registered_is_refused(cast: Any) -> None:
    with pytest.raises(ValueError, match="not registered"):
        log_look(what="nonsense", by=cast.farah)
    assert not Look.objects.exists()


def test_a_code_is_named_once() -> None:
    with pytest.raises(ValueError, match="registered already"):
        looks.register("identity", "Something else")


def test_what_is_a_code(cast: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Look.objects.create(user=cast.farah, what="Two words")


def test_the_road_and_the_request_stand_beside(cast: Any) -> None:
    with acting(user=cast.sanjay, source="api", request="4711"):
        look = log_look(what="export", by=cast.sanjay, detail={"dataset": "demographics", "site": ""})
    look.refresh_from_db()
    assert (look.road, look.request, look.detail, look.site) == ("api", "4711", "dataset: demographics", None)


def test_a_long_detail_is_cut(cast: Any) -> None:
    look = log_look(what="identity", by=cast.asha, site=cast.mumbai.pk, detail="\x00" + "x" * 300)
    assert look.detail == "x" * 200 and look.site == cast.mumbai


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "/api/v1/datasets/demographics.csv?synthetic=exclude",
            ("export", "dataset: demographics; synthetic: exclude"),
        ),
        ("/exports/demographics/", ("dataset_preview", "dataset: demographics")),
    ],
)
def test_what_leaves_the_portal_is_logged(cast: Any, page: Any, url: str, expected: tuple[str, str]) -> None:
    answer = page(cast.sanjay).get(url)
    assert answer.status_code == 200
    look = Look.objects.get()
    assert (look.user, look.what) == (cast.sanjay, expected[0])
    assert look.detail.startswith(expected[1])
