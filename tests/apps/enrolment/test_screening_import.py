"""The import of a site's screening list: by the rules of the log, without names, the same file as often as one likes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from django.db import connections

from apps.enrolment import actions as enrolment
from apps.enrolment.imports import SCREENING_LIST
from apps.enrolment.models import ScreeningEntry
from studyportal.access import walls
from studyportal.access.models import User
from studyportal.audit.selectors import history_of
from studyportal.crf.errors import CrfInvalid
from studyportal.imports import actions, downloads, selectors
from studyportal.imports.errors import FileRefused, ReasonRequired
from studyportal.imports.models import Upload, UploadRow
from tests.counting import questions
from tests.security.worlds import nothing_changed

HEADER = "list_number,screened_on,age,sex,referral,considered_for,outcome,outcome_on,reason_code,reason_text,note,site"
NAMES = HEADER.split(",")


def line(**cells: str) -> str:
    return ",".join(f'"{cells.get(name, "")}"' for name in NAMES)


def someone(number: str, **cells: str) -> str:
    return line(
        **({"list_number": number, "screened_on": "2026-03-01", "age": "14", "sex": "female"} | cells)
    )


def listed(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines]).encode()


def brought(cast: Any, *lines: str, by: str = "asha", site: str = "mumbai") -> Upload:
    return actions.upload(
        importer=SCREENING_LIST,
        site=getattr(cast, site),
        content=listed(*lines),
        file_name="list.csv",
        by=getattr(cast, by),
    )


def problems_of(upload: Upload) -> Mapping[int, list[tuple[str, str]]]:
    return {
        row.line: [(problem["column"], problem["code"]) for problem in row.problems]
        for row in selectors.rows_of(upload, "refused")
    }


# --- Refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "heading", ["Name", "Patient name", "Phone", "DOB", "Hospital No", "Aadhaar", "Address", "E-mail"]
)
@pytest.mark.django_db
def test_a_list_with_names_is_refused(cast: Any, heading: str) -> None:
    content = f"list_number,screened_on,{heading}\n1,2026-03-01,Zebulon Quist\n".encode()
    with nothing_changed(), pytest.raises(FileRefused) as refused:
        actions.upload(
            importer=SCREENING_LIST, site=cast.mumbai, content=content, file_name="list.csv", by=cast.asha,
            leave_out_unknown=True,
        )  # fmt: skip
    assert str(refused.value).startswith("This file carries names or contacts; the screening log holds none.")


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"list_number": ""}, ("list_number", "required")),
        ({"list_number": "Zebulon Quist"}, ("list_number", "list_number")),
        ({"screened_on": ""}, ("screened_on", "required")),
        ({"screened_on": "03/04/2016"}, ("screened_on", "ambiguous_date")),
        ({"screened_on": "2016-02-30"}, ("screened_on", "impossible_date")),
        ({"screened_on": "2099"}, ("screened_on", "in_future")),
        ({"screened_on": "age 12"}, ("screened_on", "age")),
        ({"age": "111"}, ("age", "range")),
        ({"age": "twelve"}, ("age", "number")),
        ({"sex": "f"}, ("sex", "choice")),
        ({"referral": "bus"}, ("referral", "choice")),
        ({"considered_for": "unassigned"}, ("considered_for", "choice")),
        ({"outcome": "gone"}, ("outcome", "choice")),
        ({"outcome": "enrolled", "outcome_on": "2026-03-02"}, ("outcome", "enrolled")),
        ({"outcome": "declined", "outcome_on": "2026-03-02"}, ("reason_code", "required")),
        ({"outcome": "not_eligible"}, ("outcome_on", "required")),
        ({"outcome": "not_eligible", "outcome_on": "2026-02-01"}, ("outcome_on", "before_screening")),
        ({"outcome_on": "2026-03-02"}, ("outcome_on", "open")),
        ({"reason_text": "x" * 201}, ("reason_text", "max_length")),
        ({"note": "mother 9876543210"}, ("note", "contact")),
        ({"site": "PUN"}, ("site", "other_site")),
        ({"site": "Nowhere"}, ("site", "other_site")),
    ],
    ids=lambda given: ",".join(f"{k}={v[:12]}" for k, v in given.items()) if isinstance(given, dict) else given[1],
)  # fmt: skip
@pytest.mark.django_db
def test_what_a_row_may_not_say(cast: Any, cells: dict[str, str], problem: tuple[str, str]) -> None:
    upload = brought(cast, someone("1", **cells))
    assert problem in problems_of(upload)[2]
    assert all(len(row.problems[0]["message"]) > 15 for row in selectors.rows_of(upload))
    assert actions.commit(upload=upload, by=cast.asha).added == 0
    assert not ScreeningEntry.objects.exists()


@pytest.mark.django_db
def test_the_import_refuses_what_the_page_refuses(cast: Any) -> None:
    """One set of rules: the same values meet the same codes by both roads."""
    for cells in (
        {"screened_on": "2099"}, {"outcome": "declined", "outcome_on": "2026-03-02"}, {"outcome_on": "2026-03-02"},
        {"outcome": "other", "outcome_on": "2026-03-02", "reason_code": "other"},
    ):  # fmt: skip
        stated = {"screened_on": "2026-03-01", "age": "14", "sex": "female", "source_key": "1"} | cells
        with pytest.raises(CrfInvalid) as refused:
            enrolment.screening.open_entry(site=cast.mumbai, by=cast.asha, **stated)
        by_page = {(problem.field, problem.code) for problem in refused.value.problems}
        assert set(problems_of(brought(cast, someone("1", **cells)))[2]) == by_page


# --- The happy path --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_list_becomes_entries_numbered_in_its_order(cast: Any) -> None:
    enrolment.screening.open_entry(site=cast.mumbai, by=cast.asha, screened_on="2026-01-01")
    upload = brought(
        cast,
        someone(
            "S-3", sex="MALE", referral="Seen in the clinic", considered_for="Case", note="well", site="mum"
        ),
        someone(
            "S-1",
            screened_on="Mar 2026",
            outcome="Declined",
            outcome_on="2026-03-09",
            reason_code="too far to travel",
        ),
        someone("S-2", screened_on="03/04/2016"),
        someone("S-4", age="", sex=""),
    )
    done = actions.commit(upload=upload, by=cast.asha)
    assert (done.added, done.refused) == (3, 1)
    entries = {entry.source_key: entry for entry in ScreeningEntry.objects.exclude(source_key="")}
    assert [entries[key].number for key in ("S-3", "S-1", "S-4")] == ["MUM-S0002", "MUM-S0003", "MUM-S0004"]
    first, second, last = (entries[key] for key in ("S-3", "S-1", "S-4"))
    assert (first.sex, first.referral, first.considered_for, first.age, first.outcome) == (
        "male",
        "clinic",
        "case",
        14,
        "open",
    )
    assert (str(second.screened_on), second.outcome, str(second.outcome_on), second.reason_code) == (
        "2026-03", "declined", "2026-03-09", "travel",
    )  # fmt: skip
    assert (last.age, last.sex, last.outcome_on, last.entered_by) == (None, "", None, cast.asha)
    change = history_of(first)[0]
    assert (change.source, str(change.by)) == ("import", "asha")
    assert {row.written_as for row in selectors.rows_of(done)} == {"", "MUM-S0002", "MUM-S0003", "MUM-S0004"}
    # The page goes on where the list ended.
    following = enrolment.screening.open_entry(site=cast.mumbai, by=cast.asha, screened_on="2026-01-01")
    assert following.number == "MUM-S0005"


@pytest.mark.django_db
def test_the_same_list_again_and_a_longer_one(cast: Any) -> None:
    lines = [
        someone("1"),
        someone("2", outcome="not_eligible", outcome_on="2026-03-05", reason_code="criteria"),
    ]
    actions.commit(upload=brought(cast, *lines), by=cast.asha)
    before = list(ScreeningEntry.objects.order_by("pk").values())
    again = brought(cast, *lines)
    assert (again.same, again.ready, again.changed) == (2, 0, 0)
    assert selectors.committed_before(again) is not None
    actions.commit(upload=again, by=cast.asha, overwrite=True)
    assert list(ScreeningEntry.objects.order_by("pk").values()) == before
    longer = brought(cast, *lines, someone("3"))
    assert (longer.same, longer.ready) == (2, 1)


@pytest.mark.django_db
def test_other_values_are_written_by_the_rule_of_the_page(cast: Any) -> None:
    actions.commit(upload=brought(cast, someone("1"), someone("2", age="")), by=cast.asha)
    upload = brought(
        cast,
        someone("1", age="15", outcome="declined", outcome_on="2026-03-09", reason_code="cost"),
        someone("2", age="9"),
    )
    said = {row.line: row.differences for row in selectors.rows_of(upload, "changed")}
    assert [(d["column"], d["before"], d["after"], d["given"]) for d in said[2]] == [
        ("age", "14", "15", True), ("outcome", "Being screened", "Declined", False),
        ("outcome_on", "", "9 Mar 2026", False), ("reason_code", "", "Cost", False),
    ]  # fmt: skip
    assert [(d["column"], d["given"]) for d in said[3]] == [("age", False)]
    with nothing_changed(), pytest.raises(ReasonRequired):
        actions.commit(upload=upload, by=cast.asha, overwrite=True)
    done = actions.commit(upload=upload, by=cast.asha, overwrite=True, reason={"code": "transcription_error"})
    assert done.overwritten == 2
    entry = ScreeningEntry.objects.get(source_key="1")
    assert (entry.age, entry.outcome, entry.reason_code, entry.version) == (15, "declined", "cost", 2)
    assert (entry.sex, str(entry.screened_on)) == ("female", "2026-03-01")
    change = history_of(entry)[0]
    assert (change.source, change.reason) == ("import", "Transcription error")


@pytest.mark.django_db
def test_an_empty_cell_clears_nothing(cast: Any) -> None:
    actions.commit(upload=brought(cast, someone("1", note="seen")), by=cast.asha)
    assert brought(cast, line(list_number="1")).same == 1


@pytest.mark.django_db
def test_who_is_enrolled_stays_enrolled(cast: Any) -> None:
    participant = enrolment.register(site=cast.mumbai, by=cast.meera, retrospective=True)
    entry = participant.screening
    ScreeningEntry.objects.filter(pk=entry.pk).update(
        source_key="1", screened_on="2016-11-01", outcome="enrolled", outcome_on="2016-11-03"
    )
    assert brought(cast, line(list_number="1", outcome="enrolled")).same == 1
    upload = brought(
        cast, line(list_number="1", outcome="declined", outcome_on="2016-11-04", reason_code="cost")
    )
    assert problems_of(upload) == {2: [("outcome", "enrolled")]}
    # What was stated of the screening may still be put right.
    upload = brought(cast, line(list_number="1", age="14"))
    assert actions.commit(upload=upload, by=cast.asha, overwrite=True).overwritten == 1


@pytest.mark.django_db
def test_another_sites_entries_are_another_matter(cast: Any) -> None:
    actions.commit(upload=brought(cast, someone("1"), by="vikram", site="pune"), by=cast.vikram)
    assert brought(cast, someone("1", age="99")).ready == 1


@pytest.mark.django_db
def test_the_refused_rows_come_back_corrected(cast: Any) -> None:
    upload = brought(cast, someone("1", screened_on="03/04/2016", note="=1+1"), someone("2"))
    actions.commit(upload=upload, by=cast.asha)
    file = "".join(downloads.refused(upload))
    assert "'=1+1" in file and ",2," in file.splitlines()[1] and "read in two ways" in file
    again = actions.upload(
        importer=SCREENING_LIST, site=cast.mumbai, content=file.replace("03/04/2016", "2016-04-03").encode(),
        file_name="again.csv", by=cast.asha,
    )  # fmt: skip
    assert (again.rows, again.ready, again.left_out) == (1, 1, [])
    actions.commit(upload=again, by=cast.asha)
    assert ScreeningEntry.objects.get(source_key="1").note == "=1+1"


@pytest.mark.django_db
def test_the_template_can_be_filled_and_uploaded(cast: Any) -> None:
    template = downloads.template(SCREENING_LIST)
    assert all(f"# {name}: " in template for name in NAMES)
    with pytest.raises(FileRefused) as refused:
        actions.upload(
            importer=SCREENING_LIST,
            site=cast.mumbai,
            content=template.encode(),
            file_name="t.csv",
            by=cast.asha,
        )
    assert refused.value.code == "no_rows"
    filled = template + "S-1,2026-03-01,14,female\r\n".replace("\r\n", "," * (len(NAMES) - 4) + "\r\n")
    upload = actions.upload(
        importer=SCREENING_LIST, site=cast.mumbai, content=filled.encode(), file_name="t.csv", by=cast.asha
    )
    assert (upload.rows, upload.ready) == (1, 1)


# --- Many, and at once -----------------------------------------------------------------------------------


def block(number: int, first: int = 1) -> list[str]:
    return [someone(str(n), note=f"row {n}") for n in range(first, first + number)]


@pytest.mark.django_db
def test_questions_do_not_grow_with_rows(cast: Any) -> None:
    asked = []
    for number, first in ((2, 1), (5, 10), (500, 100)):
        with questions() as taken:
            upload = brought(cast, *block(number, first))
        with questions() as written:
            actions.commit(upload=upload, by=cast.asha)
        changed = brought(cast, *(text.replace("row", "line") for text in block(number, first)))
        with questions() as overwritten:
            actions.commit(upload=changed, by=cast.asha, overwrite=True, reason="Notes put right")
        asked.append((len(taken), len(written), len(overwritten)))
    assert asked[1] == asked[2]


@pytest.mark.django_db(transaction=True)
def test_commits_at_once_number_without_gaps_or_doubles(cast: Any) -> None:
    """Two people commit overlapping lists while a third enters by hand, each on a connection of his or her own."""
    uploads = [brought(cast, *block(200)), brought(cast, *block(200, 101), by="rao")]
    start, failed = threading.Barrier(3), []

    def alone(act: Any, by_id: int) -> None:
        try:
            by = User.objects.get(pk=by_id)
            start.wait(20)
            act(by)
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    def commit(upload: Upload) -> Any:
        def act(by: User) -> None:
            with walls.opened(by, writing=True):
                actions.commit(upload=upload, by=by)

        return act

    def by_hand(by: User) -> None:
        for _time in range(20):
            with walls.opened(by, writing=True):
                enrolment.screening.open_entry(site=cast.mumbai, by=by, screened_on="2026-03-01")

    work = [(commit(uploads[0]), cast.asha.pk), (commit(uploads[1]), cast.rao.pk), (by_hand, cast.meera.pk)]
    threads = [threading.Thread(target=alone, args=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failed
    numbers = sorted(int(number[5:]) for number in ScreeningEntry.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 321))
    keys = ScreeningEntry.objects.exclude(source_key="").values_list("source_key", flat=True)
    assert sorted(map(int, keys)) == list(range(1, 301))
    assert UploadRow.objects.filter(written_as="").count() == 100
