"""Bulk imports: every form has one, a row is judged as if it were typed, and a file that came before changes nothing."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from apps.visits.crfs import INSULIN, VITAL_SIGNS
from apps.visits.models import InsulinUse, VitalSigns
from studyportal.audit.selectors import history_of
from studyportal.bulk import importers
from studyportal.bulk.columns import absent_of, unit_of
from studyportal.crf import actions as crf
from studyportal.crf import gates
from studyportal.crf.outcomes import Problem
from studyportal.crf.registry import all_specs
from studyportal.crf.spec import CrfSpec
from studyportal.imports import actions, registry
from studyportal.imports.errors import FileRefused, NotPossible, ReasonRequired
from studyportal.imports.models import Upload, UploadRow
from studyportal.queries.models import Query
from tests.apps.enrolment.factories import a_case
from tests.apps.visits.factories import a_visit, weighed
from tests.counting import questions
from tests.security.worlds import nothing_changed

VITALS, DOSES = importers.key_of(VITAL_SIGNS), importers.key_of(INSULIN)
HEAD = "participant,visit,weight,height,systolic,diastolic,pulse"


@pytest.fixture
def case(cast: Any) -> Any:
    return a_case(cast)


@pytest.fixture
def visit(cast: Any, case: Any) -> Any:
    return a_visit(case, "UNS", "2024-03-01", cast.asha)


def vitals(code: str, *rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *(f"{code},{row}" for row in rows)]).encode()


def uploaded(key: str, content: bytes, by: Any, site: Any, name: str = "list.csv") -> Upload:
    return actions.upload(importer=registry.get(key), site=site, content=content, file_name=name, by=by)


def said(upload: Upload) -> list[tuple[str, list[tuple[str, str]]]]:
    """Verdict and (column, code) of what is said, row by row."""
    return [
        (row.verdict, [(p["column"], p["code"]) for p in row.problems])
        for row in UploadRow.objects.filter(upload=upload)
    ]


# --- Every form ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec", [s for s in all_specs() if s.key not in importers.ONE_BY_ONE], ids=lambda s: s.key
)
def test_every_form_has_an_import(spec: CrfSpec) -> None:
    importer = registry.get(importers.key_of(spec))
    names = [column.name for column in importer.all_columns]
    assert len(names) == len(set(names))
    assert importer.permission == spec.permission
    for name, field in spec.entered_fields.items():
        assert {name, absent_of(name)} <= set(names)
        assert (unit_of(name) in names and unit_of(name) not in spec.fields) == bool(field.unit)
    assert not set(spec.derived_fields) & set(names), "what the portal computes is not asked for"
    for column in importer.all_columns:
        assert str(column.label), column.name
        assert isinstance(str(column.help) + str(column.example), str)


def test_a_new_form_of_one_by_one_is_a_decision() -> None:
    assert {spec.key for spec in all_specs()} - {i.member for i in registry.family_of("form")} == {"release"}


@pytest.mark.django_db
def test_the_template_is_the_dictionary(cast: Any, page: Any) -> None:
    answer = page(cast.asha).get(f"/imports/{VITALS}/template.csv").content.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(answer)))
    assert lines[0][:3] == ["participant", "visit", "taken_on"]
    told = {line[0].removeprefix("#").split(":")[0].strip(): line[0] for line in lines[1:]}
    assert "kg" in told["weight"]
    assert "month_6" in told["visit"]
    sent = page(cast.asha).post(f"/imports/{VITALS}/", {"pasted": answer})
    assert sent.status_code == 400
    assert "holds no row" in sent.content.decode()


# --- Refused ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "status"), [("sanjay", 403), ("farah", 403), ("admin", 403), ("norole", 403), ("nikhil", 404)]
)
def test_who_may_not(cast: Any, page: Any, api: Any, case: Any, visit: Any, who: str, status: int) -> None:
    browser, script = page(getattr(cast, who)), api(getattr(cast, who))
    upload = uploaded(VITALS, vitals(case.code, "UNS,50,160,110,70,72"), cast.asha, cast.mumbai)
    with nothing_changed():
        for tail in ("", "template.csv", f"{upload.pk}/", f"{upload.pk}/refused.csv"):
            assert browser.get(f"/imports/{VITALS}/{tail}").status_code == status, tail
        for tail in (f"{upload.pk}/commit/", f"{upload.pk}/abandon/"):
            assert browser.post(f"/imports/{VITALS}/{tail}").status_code == status
            assert script.post(f"/api/v1/imports/{VITALS}/{tail}", {}).status_code == status
    assert page(None).get(f"/imports/{VITALS}/").status_code == 302
    assert api(None).get(f"/api/v1/imports/{VITALS}/").status_code == 401


@pytest.mark.django_db
def test_another_sites_upload_and_another_form(cast: Any, page: Any, api: Any, case: Any, visit: Any) -> None:
    upload = uploaded(VITALS, vitals(case.code, "UNS,50,160,110,70,72"), cast.asha, cast.mumbai)
    assert page(cast.vikram).get(upload.get_absolute_url()).status_code == 404
    assert api(cast.vikram).post(f"/api/v1/imports/{VITALS}/{upload.pk}/commit/", {}).status_code == 404
    assert page(cast.asha).get(f"/imports/{DOSES}/{upload.pk}/").status_code == 404, "of another import"
    for nowhere in ("form-nothing", "form-release"):
        assert page(cast.asha).get(f"/imports/{nowhere}/").status_code == 404
        assert api(cast.asha).get(f"/api/v1/imports/{nowhere}/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("head", "row", "found"),
    [
        (HEAD, "UNS,x,160,110,70,72", [("weight", "invalid_number")]),
        (HEAD, "UNS,\"61,2\",160,110,70,72", [("weight", "ambiguous_number")]),
        (HEAD, "UNS,5000,160,110,70,72", [("weight", "max_value")]),
        (HEAD, "UNS,,160,110,70,72", [("weight", "required")]),
        (HEAD, "nowhere,50,160,110,70,72", [("visit", "not_found")]),
        (HEAD, ",50,160,110,70,72", [("visit", "required")]),
        (HEAD, "UNS,50,160,70,110,72", None),  # a rule of the form: the lower pressure is below the upper
        (f"{HEAD},weight_absent", "UNS,50,160,110,70,72,not_done", [("weight_absent", "value_and_absent")]),
        (f"{HEAD},weight_absent", "UNS,,160,110,70,72,nonsense", [("weight_absent", "choice")]),
        (f"{HEAD},weight_unit", "UNS,50,160,110,70,72,[stone_av]", [("weight", "unit")]),
        (f"{HEAD},weight_unit,weight_absent", "UNS,,160,110,70,72,kg,not_done", [("weight_unit", "unit_without_value")]),
        (f"{HEAD},complete", "UNS,50,160,110,70,72,maybe", [("complete", "choice")]),
    ],
)  # fmt: skip
def test_a_row_is_judged_as_if_it_were_typed(
    cast: Any, case: Any, visit: Any, head: str, row: str, found: list[tuple[str, str]] | None
) -> None:
    rows = said(uploaded(VITALS, vitals(case.code, row, head=head), cast.asha, cast.mumbai))
    assert rows[0][0] == "refused"
    if found is not None:
        assert rows[0][1] == found
    assert not VitalSigns.objects.exists()


@pytest.mark.django_db
def test_participants_of_others_and_codes_that_are_none(cast: Any, case: Any, visit: Any) -> None:
    foreign = a_case(cast, site=cast.pune, by=cast.vikram)
    for code in (foreign.code, "MUM-9999-X", "Zebulon Quist"):
        rows = said(uploaded(VITALS, vitals(code, "UNS,50,160,110,70,72"), cast.asha, cast.mumbai))
        assert rows == [("refused", [("participant", "not_found")])]


@pytest.mark.django_db
def test_two_rows_about_one_record(cast: Any, case: Any, visit: Any) -> None:
    rows = [f"{name},50,160,110,70,{pulse}" for pulse, name in enumerate(("UNS", "uns 1"), 71)]
    assert [verdict for verdict, _ in said(uploaded(VITALS, vitals(case.code, *rows), cast.asha, cast.mumbai))] == ["ready", "refused"]  # fmt: skip
    same = [f"UNS,50,160,110,70,{pulse}" for pulse in (71, 72)]
    assert [verdict for verdict, _ in said(uploaded(VITALS, vitals(case.code, *same), cast.asha, cast.mumbai))] == ["refused"] * 2  # fmt: skip


@pytest.mark.django_db
def test_a_missed_visit_and_a_gate_of_every_form(cast: Any, case: Any, visit: Any, monkeypatch: Any) -> None:
    a_visit(case, "UNS", None, cast.asha, status="missed", missed_reason="Travelling", number=2)
    rows = said(uploaded(VITALS, vitals(case.code, "UNS 2,50,160,110,70,72"), cast.asha, cast.mumbai))
    assert rows == [("refused", [("visit", "visit_missed")])]
    monkeypatch.setattr(
        gates, "_gates", [lambda spec, record, by: [Problem(None, "locked", "It is locked.")]]
    )
    rows = said(uploaded(VITALS, vitals(case.code, "UNS,50,160,110,70,72"), cast.asha, cast.mumbai))
    assert rows == [("refused", [("", "locked")])]


@pytest.mark.django_db
def test_too_many_rows_for_one_file(cast: Any, case: Any, visit: Any, monkeypatch: Any) -> None:
    with pytest.raises(FileRefused) as refused:
        rows = ["UNS,50,160,110,70,72"] * (importers.MOST_ROWS + 1)
        uploaded(VITALS, vitals(case.code, *rows), cast.asha, cast.mumbai)
    assert (refused.value.code, refused.value.line) == ("too_many_rows", importers.MOST_ROWS + 2)


@pytest.mark.django_db
def test_names_in_a_form_are_refused_as_in_every_import(cast: Any, case: Any) -> None:
    with pytest.raises(FileRefused) as refused:
        uploaded(VITALS, b"participant,visit,Patient name\nMUM-1,UNS,Zebulon\n", cast.asha, cast.mumbai)
    assert refused.value.code == "identity"


@pytest.mark.django_db
def test_a_row_that_cannot_be_saved_after_all_names_its_line(
    cast: Any, case: Any, visit: Any, monkeypatch: Any
) -> None:
    """Judged as ready, and saved by somebody else in another way before it is written: nothing is."""
    upload = uploaded(VITALS, vitals(case.code, "UNS,50,160,110,70,72"), cast.asha, cast.mumbai)
    from studyportal.bulk import writing

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise crf.CrfInvalid([Problem("weight", "no", "It cannot be.")])

    monkeypatch.setattr(writing.actions, "save", broken)
    with pytest.raises(NotPossible, match="Line 2 could not be written: Weight: It cannot be"):
        actions.commit(upload=upload, by=cast.asha)
    assert not VitalSigns.objects.exists()


# --- Written ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_written_as_if_typed_with_history_and_queries(cast: Any, case: Any, visit: Any) -> None:
    """A weight that looks wrong is announced before, and its query opens with the save."""
    earlier = a_visit(case, "UNS", "2024-01-01", cast.asha, number=2)
    weighed(earlier, "50", cast.asha)
    upload = uploaded(VITALS, vitals(case.code, "UNS,90,160,110,70,72"), cast.asha, cast.mumbai)
    ((verdict, asks),) = said(upload)
    assert verdict == "ready"
    actions.commit(upload=upload, by=cast.asha)
    record = VitalSigns.objects.get(visit=visit)
    assert (record.weight, record.status) == (90, "complete")
    assert history_of(record)[0].source == "import"
    opened = {query.code for query in Query.objects.filter(form="vital-signs", object_id=record.pk)}
    assert {code for _column, code in asks} == opened
    assert UploadRow.objects.get(upload=upload).written_as == f"{case.code}, vital-signs {record.pk}"


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing(cast: Any, case: Any, visit: Any) -> None:
    content = vitals(case.code, "UNS,50,160,110,70,72")
    actions.commit(upload=uploaded(VITALS, content, cast.asha, cast.mumbai), by=cast.asha)
    again = uploaded(VITALS, content, cast.asha, cast.mumbai)
    assert (again.same, again.ready, again.changed) == (1, 0, 0)
    actions.commit(upload=again, by=cast.asha)
    assert [record.version for record in VitalSigns.objects.all()] == [1]


@pytest.mark.django_db
def test_other_values_need_a_reason_and_an_empty_cell_says_nothing(cast: Any, case: Any, visit: Any) -> None:
    record = weighed(visit, "50", cast.asha)
    content = vitals(case.code, "UNS,51,", head="participant,visit,weight,pulse")
    upload = uploaded(VITALS, content, cast.asha, cast.mumbai)
    (row,) = UploadRow.objects.filter(upload=upload)
    assert row.verdict == "changed"
    assert [(d["column"], d["given"]) for d in row.differences] == [("weight", True)]
    with pytest.raises(ReasonRequired):
        actions.commit(upload=upload, by=cast.asha, overwrite=True)
    actions.commit(
        upload=upload, by=cast.asha, overwrite=True, reason={"code": "source_corrected", "text": "new scale"}
    )
    record.refresh_from_db()
    assert (record.weight, record.pulse) == (51, 72)
    assert history_of(record)[0].reason == "Source document corrected: new scale"


@pytest.mark.django_db
def test_an_incomplete_form_is_filled_without_a_reason(cast: Any, case: Any, visit: Any) -> None:
    head = f"{HEAD},complete"
    first = uploaded(VITALS, vitals(case.code, "UNS,50,,,,,no", head=head), cast.asha, cast.mumbai)
    actions.commit(upload=first, by=cast.asha)
    assert VitalSigns.objects.get().status == "incomplete"
    rest = uploaded(VITALS, vitals(case.code, "UNS,,160,110,70,72"), cast.asha, cast.mumbai)
    actions.commit(upload=rest, by=cast.asha, overwrite=True)
    record = VitalSigns.objects.get()
    assert (record.status, record.weight, record.height) == ("complete", 50, 160)


@pytest.mark.django_db
def test_repeating_forms_are_found_by_number_or_by_all_values(cast: Any, case: Any, visit: Any) -> None:
    head = "participant,visit,role,product,taken,dose,frequency_per_day"
    content = vitals(case.code, "UNS,basal,glargine,yes,10,1", "UNS,bolus,lispro,yes,4,3", head=head)
    assert [verdict for verdict, _ in said(uploaded(DOSES, content, cast.asha, cast.mumbai))] == ["ready"] * 2
    actions.commit(upload=uploaded(DOSES, content, cast.asha, cast.mumbai), by=cast.asha)
    assert InsulinUse.objects.count() == 2
    again = uploaded(DOSES, content, cast.asha, cast.mumbai)
    assert (again.same, again.ready) == (2, 0)
    basal = InsulinUse.objects.get(role="basal")
    changed = vitals(case.code, f"UNS,{basal.pk},12", head="participant,visit,row,dose")
    upload = uploaded(DOSES, changed, cast.asha, cast.mumbai)
    assert (upload.changed, upload.refused) == (1, 0)
    other = a_case(cast)
    wrong = vitals(other.code, f"UNS,{basal.pk},12", head="participant,visit,row,dose")
    a_visit(other, "UNS", "2024-03-01", cast.asha)
    assert said(uploaded(DOSES, wrong, cast.asha, cast.mumbai)) == [("refused", [("row", "not_found")])]


# --- Pages and API ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_cells_from_a_spreadsheet_are_pasted(cast: Any, page: Any, case: Any, visit: Any) -> None:
    browser = page(cast.asha)
    pasted = vitals(case.code, "UNS,50,160,110,70,72").decode().replace(",", "\t")
    sent = browser.post(f"/imports/{VITALS}/", {"pasted": pasted})
    assert sent.status_code == 302
    upload = Upload.objects.get()
    assert (upload.file_name, upload.delimiter, upload.ready) == ("pasted.tsv", "\t", 1)
    assert browser.get(upload.get_absolute_url()).status_code == 200
    assert browser.post(f"{upload.get_absolute_url()}commit/").status_code == 302
    assert VitalSigns.objects.get().weight == 50
    assert "Vital signs" in browser.get("/imports/").content.decode()


@pytest.mark.django_db
def test_what_was_pasted_is_still_there_when_it_is_refused(cast: Any, page: Any) -> None:
    answer = page(cast.asha).post(f"/imports/{VITALS}/", {"pasted": "participant\tnonsense\nMUM-1\tx"})
    assert answer.status_code == 400
    assert "participant\tnonsense" in answer.content.decode()
    assert not Upload.objects.exists()
    assert page(cast.asha).post(f"/imports/{VITALS}/", {"pasted": "  "}).status_code == 400


@pytest.mark.django_db
def test_by_api(cast: Any, api: Any, case: Any, visit: Any) -> None:
    script = api(cast.asha)
    made = script.post(
        f"/api/v1/imports/{VITALS}/",
        vitals(case.code, "UNS,50,160,110,70,72").decode(),
        content_type="text/csv",
    )
    assert made.status_code == 201, made.content
    done = script.post(f"/api/v1/imports/{VITALS}/{made.json()['id']}/commit/", {})
    assert (done.status_code, done.json()["added"]) == (200, 1)
    rows = script.get(f"/api/v1/imports/{VITALS}/{made.json()['id']}/rows/").json()["results"]
    assert rows[0]["written_as"].startswith(case.code)


@pytest.mark.django_db
def test_what_the_rows_name_is_read_at_once(cast: Any, case: Any) -> None:
    """A form whose checks look at nothing else: the number of questions does not grow with its rows."""
    importer = registry.get(importers.key_of(next(s for s in all_specs() if s.key == "lifestyle")))
    for number in range(1, 9):
        a_visit(case, "UNS", f"2024-03-0{number}", cast.asha, number=number)
    asked = []
    for count in (2, 8):
        lines = [f"{case.code},UNS {n}," for n in range(1, count + 1)]
        content = "\n".join(["participant,visit,complete", *(f"{line}no" for line in lines)]).encode()
        with questions() as seen:
            upload = actions.upload(
                importer=importer, site=cast.mumbai, content=content, file_name="a.csv", by=cast.asha
            )
        assert upload.ready == count, said(upload)
        asked.append(len(seen))
    assert asked[0] == asked[1]
