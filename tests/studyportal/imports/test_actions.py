"""Taking a file, committing it, abandoning it: what is refused, what is written, what is said."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections

from apps.enrolment.models import ScreeningEntry
from studyportal.access import walls
from studyportal.access.models import Membership, User
from studyportal.audit.selectors import history_of
from studyportal.imports import actions, selectors
from studyportal.imports.errors import FileRefused, NotPossible, ReasonRequired
from studyportal.imports.identity_trap import REMOVED
from studyportal.imports.models import Upload, UploadRow
from tests.counting import questions
from tests.security.worlds import nothing_changed, state

HEADER = "label,enrolled_on,group,note\n"


def brought(
    cast: Any, labels: Any, rows: str, *, by: str = "asha", site: str = "mumbai", **more: Any
) -> Upload:
    content = (HEADER + rows).encode()
    return actions.upload(
        importer=labels,
        site=getattr(cast, site),
        content=content,
        file_name="list.csv",
        by=getattr(cast, by),
        **more,
    )


def verdicts(upload: Upload) -> dict[int, str]:
    return dict(UploadRow.objects.filter(upload=upload).values_list("line", "verdict"))


@contextmanager
def nothing_changed_but(prefix: str) -> Iterator[None]:
    before = state()
    yield
    after = state()
    assert not [name for name in before if before[name] != after[name] and not name.startswith(prefix)]


def codes(upload: Upload) -> dict[int, list[str]]:
    return {
        row.line: [problem["code"] for problem in row.problems]
        for row in selectors.rows_of(upload, "refused")
    }


# --- Refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["vikram", "sanjay", "farah", "admin", "norole"])
@pytest.mark.django_db
def test_who_may_not(cast: Any, labels: Any, who: str) -> None:
    mine = brought(cast, labels, "A,,,\n")
    with nothing_changed():
        with pytest.raises(PermissionDenied):
            brought(cast, labels, "A,,,\n", by=who)
        for act in (actions.commit, actions.abandon):
            with pytest.raises(PermissionDenied):
                act(upload=mine, by=getattr(cast, who))


@pytest.mark.parametrize(
    "content",
    [
        "label,name\nA,Zebulon Quist\n",
        "label,note,phone\nA,,9876501234\n",
        "label,hospital no\nA,Zebulon Quist\n",
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_file_with_names_is_kept_nowhere(
    cast: Any, labels: Any, content: str, caplog: Any, tmp_path: Any, settings: Any
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    connection.force_debug_cursor = True  # every statement is logged
    caplog.set_level(logging.DEBUG)
    try:
        with nothing_changed(), pytest.raises(FileRefused) as refused:
            actions.upload(
                importer=labels, site=cast.mumbai, content=content.encode(), file_name="a.csv", by=cast.asha,
                leave_out_unknown=True,
            )  # fmt: skip
    finally:
        connection.force_debug_cursor = False
    assert refused.value.code == "identity"
    assert "the labels hold none" in str(refused.value)
    for planted in ("Zebulon", "9876501234"):
        assert planted not in caplog.text and planted not in str(refused.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.django_db
def test_a_contact_in_a_cell_is_flagged_and_not_kept(cast: Any, labels: Any) -> None:
    upload = brought(
        cast, labels, 'A,,,call 98765 01234\nB,,,q@example.org\nC,,case,"seen 2016-11-03, well"\n'
    )
    assert codes(upload) == {2: ["contact"], 3: ["contact"]}
    assert [row.cells[3] for row in selectors.rows_of(upload, "refused")] == [REMOVED, REMOVED]
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, ' ') FROM imports_uploadrow r")
        assert "01234" not in cursor.fetchone()[0]
    # What the portal took out is not taken for an answer when it comes back.
    again = brought(cast, labels, f"A,,,{REMOVED}\n")
    assert codes(again) == {2: ["contact"]}


@pytest.mark.django_db
def test_rows_are_refused_with_what_where_and_how(cast: Any, labels: Any) -> None:
    upload = brought(
        cast, labels,
        "A,03/04/2016,,\nB,2016-13,,\n,2016,,\nC,,neither,\nD,,,x,y\nE,\nF,,control,\nG,2016,,\nG,2016,,\nH,2016,,\nH,2017,,\n"
        + f"I,,,{'x' * 201}\n",
    )  # fmt: skip
    assert codes(upload) == {
        2: ["ambiguous_date"], 3: ["impossible_date"], 4: ["required"], 5: ["choice"], 6: ["cells"], 7: ["cells"], 8: ["needed"],
        10: ["repeated"], 11: ["twice"], 12: ["twice"], 13: ["max_length"],
    }  # fmt: skip
    assert verdicts(upload)[9] == "ready"
    said = {row.line: row.problems[0]["message"] for row in selectors.rows_of(upload, "refused")}
    assert "line 9" in said[10] and "line 12" in said[11] and "line 11" in said[12]
    assert "“neither” is none of: case, control." in said[5]
    assert (upload.rows, upload.ready, upload.refused) == (12, 1, 11)


@pytest.mark.django_db
def test_what_is_settled_is_settled(cast: Any, labels: Any) -> None:
    upload = actions.commit(upload=brought(cast, labels, "A,,,\n"), by=cast.asha)
    gone = actions.abandon(upload=brought(cast, labels, "B,,,\n"), by=cast.asha)
    assert not UploadRow.objects.filter(upload=gone).exists()
    with nothing_changed():
        for settled in (upload, gone):
            for act in (actions.commit, actions.abandon):
                with pytest.raises(NotPossible) as refused:
                    act(upload=settled, by=cast.asha)
                assert refused.value.code == "settled"


@pytest.mark.django_db
def test_a_file_without_rows_or_a_name_that_leads_elsewhere(cast: Any, labels: Any) -> None:
    with nothing_changed():
        with pytest.raises(FileRefused) as refused:
            brought(cast, labels, "")
        assert refused.value.code == "no_rows"
        with pytest.raises(FileRefused) as refused:
            actions.upload(
                importer=labels, site=cast.mumbai, content=b"label\nA\n", file_name="../a.csv", by=cast.asha
            )
        assert refused.value.code == "name"
        cast.mumbai.is_active = False
        with pytest.raises(FileRefused) as refused:
            brought(cast, labels, "A,,,\n")
        assert refused.value.code == "site_inactive"


# --- The happy path --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_is_right_is_written_and_nothing_of_the_rest(cast: Any, labels: Any) -> None:
    with nothing_changed_but("imports_"):
        upload = brought(cast, labels, "A,2016,,\nB,03/04/2016,,\nC,,Case,\n")
    done = actions.commit(upload=upload, by=cast.asha)
    assert (done.state, done.added, done.overwritten, done.moved) == ("committed", 2, 0, {})
    assert {e.source_key: (e.considered_for, str(e.screened_on)) for e in ScreeningEntry.objects.all()} == {
        "A": ("", "2016"), "C": ("case", "None"),
    }  # fmt: skip
    written = {row.line: row.written_as for row in selectors.rows_of(done)}
    assert written == {
        2: ScreeningEntry.objects.get(source_key="A").number,
        3: "",
        4: ScreeningEntry.objects.get(source_key="C").number,
    }
    change = history_of(ScreeningEntry.objects.get(source_key="A"))[0]
    assert (change.source, str(change.by)) == ("import", "asha")


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing_and_says_so(cast: Any, labels: Any) -> None:
    first = actions.commit(upload=brought(cast, labels, "A,2016,,\nB,2017,,\n"), by=cast.asha)
    again = brought(cast, labels, "A,2016,,\nB,2017,,\n")
    assert set(verdicts(again).values()) == {"same"}
    assert selectors.committed_before(again) == first
    before = list(ScreeningEntry.objects.values())
    done = actions.commit(upload=again, by=cast.asha)
    assert (done.added, done.overwritten) == (0, 0)
    assert list(ScreeningEntry.objects.values()) == before
    # An overlapping file brings only what is new.
    wider = brought(cast, labels, "B,2017,,\nC,2018,,\n")
    assert verdicts(wider) == {2: "same", 3: "ready"}


@pytest.mark.django_db
def test_the_same_bytes_not_committed_take_the_place_of_the_earlier(cast: Any, labels: Any) -> None:
    first, second = (brought(cast, labels, "A,,,\n") for _time in range(2))
    first.refresh_from_db()
    assert (first.state, second.state) == ("abandoned", "previewed")
    other = brought(cast, labels, "A,,,\n", by="rao")
    second.refresh_from_db()
    assert (second.state, other.state) == ("previewed", "previewed")


@pytest.mark.django_db
def test_other_values_need_a_reason_as_everywhere(cast: Any, labels: Any) -> None:
    actions.commit(upload=brought(cast, labels, "A,2016,,\nB,,,\n"), by=cast.asha)
    upload = brought(cast, labels, "A,2017,,\nB,2018,,\nC,,,\n")
    assert verdicts(upload) == {2: "changed", 3: "changed", 4: "ready"}
    said = selectors.rows_of(upload, "changed")[0].differences
    assert said == [{"column": "enrolled_on", "before": "2016", "after": "2017", "given": True}]
    with nothing_changed():
        for reason in (None, "", "x", {"code": "nonsense"}):
            with pytest.raises(ReasonRequired):
                actions.commit(upload=upload, by=cast.asha, overwrite=True, reason=reason)
    done = actions.commit(
        upload=upload,
        by=cast.asha,
        overwrite=True,
        reason={"code": "source_corrected", "text": "list of May"},
    )
    assert (done.added, done.overwritten) == (1, 2)
    change = history_of(ScreeningEntry.objects.get(source_key="A"))[0]
    assert change.reason == "Source document corrected: list of May"


@pytest.mark.django_db
def test_without_overwriting_other_values_stay(cast: Any, labels: Any) -> None:
    actions.commit(upload=brought(cast, labels, "A,2016,,\n"), by=cast.asha)
    done = actions.commit(upload=brought(cast, labels, "A,2017,,\nB,,,\n"), by=cast.asha)
    assert (done.added, done.overwritten, done.changed) == (1, 0, 1)
    assert str(ScreeningEntry.objects.get(source_key="A").screened_on) == "2016"
    # What only fills in needs no reason.
    filled = actions.commit(upload=brought(cast, labels, "B,2018,,\n"), by=cast.asha, overwrite=True)
    assert filled.overwritten == 1


@pytest.mark.django_db
def test_rows_are_judged_anew_at_the_commit(cast: Any, labels: Any) -> None:
    upload = brought(cast, labels, "A,2016,,\nB,2017,,\nC,,,\n")
    actions.commit(upload=brought(cast, labels, "A,2016,,\nB,2018,,\n", by="rao"), by=cast.rao)
    done = actions.commit(upload=upload, by=cast.asha)
    assert done.moved == {"ready same": 1, "ready changed": 1}
    assert (done.added, done.same, done.changed, done.ready) == (1, 1, 1, 1)
    assert verdicts(done) == {2: "same", 3: "changed", 4: "ready"}


@pytest.mark.django_db
def test_another_sites_records_are_no_ground_for_a_verdict(cast: Any, labels: Any) -> None:
    actions.commit(upload=brought(cast, labels, "A,2016,,\n", by="vikram", site="pune"), by=cast.vikram)
    assert verdicts(brought(cast, labels, "A,2016,,\n")) == {2: "ready"}


# --- Many rows -------------------------------------------------------------------------------------------


def many(number: int, first: int = 0) -> str:
    return "".join(f"L{first + n},2016-11-{n % 28 + 1:02d},,note {n}\n" for n in range(number))


@pytest.mark.django_db
def test_questions_do_not_grow_with_rows(cast: Any, labels: Any) -> None:
    asked = []
    for number, first in ((1, 0), (3, 10), (1_500, 100)):
        with questions() as taken:
            upload = brought(cast, labels, many(number, first))
        with questions() as written:
            actions.commit(upload=upload, by=cast.asha)
        asked.append((len(taken), len(written)))
    assert asked[1] == asked[2]  # the first also made the sequence of the site


@pytest.mark.django_db
def test_many_rows_are_committed_by_a_job(
    cast: Any,
    labels: Any,
    eager_jobs: None,
    django_capture_on_commit_callbacks: Any,
    settings: Any,
    monkeypatch: Any,
) -> None:
    settings.IMPORT_ROWS_AT_ONCE = 2
    monkeypatch.setattr(Upload, "get_absolute_url", lambda self: f"/imports/{self.pk}/")
    actions.commit(upload=brought(cast, labels, "A,2016,,\n"), by=cast.asha)
    upload = brought(cast, labels, "A,2017,,\n" + many(3))
    reason = {"code": "source_corrected", "text": "as listed"}
    with django_capture_on_commit_callbacks() as queued:
        asked = actions.commit(upload=upload, by=cast.asha, overwrite=True, reason=reason)
        assert asked.state == "previewed" and asked.at_work
        for act in (actions.commit, actions.abandon):
            with pytest.raises((NotPossible, ReasonRequired)):
                act(upload=upload, by=cast.asha)
    for callback in queued:
        callback()
    upload.refresh_from_db()
    assert upload.job is not None
    upload.job.refresh_from_db()
    assert (upload.job.state, upload.job.error) == ("done", "")
    assert (upload.state, upload.added, upload.overwritten) == ("committed", 3, 1)
    assert upload.job.result["url"] == upload.get_absolute_url()
    change = history_of(ScreeningEntry.objects.get(source_key="A"))[0]
    assert (change.source, change.reason) == ("import", "Source document corrected: as listed")


@pytest.mark.django_db(transaction=True)
def test_two_commits_at_once_give_each_number_once(cast: Any, labels: Any) -> None:
    """On real connections, behind the wall: the same list by two people is there once, without gaps."""
    uploads = [brought(cast, labels, many(300), by=who) for who in ("asha", "rao")]
    uploads.append(brought(cast, labels, many(300, 200), by="meera"))
    start, failed = threading.Barrier(3), []

    def run(upload: Upload) -> None:
        try:
            by = User.objects.get(pk=upload.uploaded_by_id)
            start.wait(10)
            with walls.opened(by, writing=True):
                actions.commit(upload=upload, by=by)
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[upload]) for upload in uploads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    numbers = sorted(int(number[5:]) for number in ScreeningEntry.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 501))
    assert ScreeningEntry.objects.values("source_key").distinct().count() == 500
    assert sum(Upload.objects.values_list("added", flat=True)) == 500


@pytest.mark.django_db(transaction=True)
def test_the_second_wall_stands_under_the_first(cast: Any, labels: Any) -> None:
    upload = brought(cast, labels, "A,,,\n")
    with walls.opened(cast.vikram):
        assert not Upload.objects.filter(pk=upload.pk).exists()
        assert not UploadRow.objects.exists()
    with walls.opened(cast.asha):
        assert UploadRow.objects.count() == 1


@pytest.mark.django_db
def test_a_role_that_has_ended_commits_nothing(cast: Any, labels: Any) -> None:
    upload = brought(cast, labels, "A,,,\n")
    Membership.objects.filter(user=cast.asha).update(valid_until="2020-02-01")
    with pytest.raises(PermissionDenied):
        actions.commit(upload=upload, by=User.objects.get(pk=cast.asha.pk))
