"""What every declared form keeps: the same answer from page and API, a sound dataset, rules that bear nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from studyportal import protocol
from studyportal.crf import actions, cleaning, display
from studyportal.crf import fields as f
from studyportal.crf.registry import all_specs, get
from studyportal.crf.spec import CrfSpec
from tests.world import World

SPECS = [pytest.param(spec, id=spec.key) for spec in all_specs()]

# What no field of the class takes, as a browser and as a script would send it.
GARBAGE: dict[type, Any] = {
    f.QuantityField: "12,5x",
    f.CountField: "1.5",
    f.CodedField: "no-such-code",
    f.MultiCodedField: ["no-such-code"],
    f.YesNoField: "perhaps",
    f.DayField: "13/25/2016",
    f.MomentField: "yesterday",
    f.PartialDateField: "11/2016/03",
    f.LaboratoryValueField: "1,234",
    f.RowsField: "no rows",
    f.ClockField: "half past seven",
    f.NoteField: "n" * 20_001,
    f.TextField: "t" * 20_001,
}


def garbage_for(field: f.CrfField) -> Any:
    return next(value for kind, value in GARBAGE.items() if isinstance(field, kind))


def all_absent(spec: CrfSpec) -> dict[str, str]:
    return dict.fromkeys(spec.entered_fields, "not_recorded")


def said_by_api(answer: Any) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in answer.json().get("errors", [])}


def test_there_are_forms() -> None:
    assert len(SPECS) >= 20


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.django_db
def test_page_and_api_refuse_alike(
    spec: CrfSpec, bare_world: World, api: Any, page: Any, monkeypatch: Any
) -> None:
    """The same bad payload, once as JSON and once as a posted form: the same fields, the same codes."""
    person = bare_world.cast.rao
    parents = {name: parent.pk for name, parent in bare_world.parents_of(spec).items()}
    bad = {name: garbage_for(field) for name, field in spec.entered_fields.items()}
    by_api = api(person).post(
        f"/api/v1/forms/{spec.key}/", {"participant": bare_world.participant.code, **parents, **bad}
    )
    assert by_api.status_code == 400, by_api.content
    said = said_by_api(by_api)
    assert {name for name, _code in said} >= set(bad), "every wrong field is named"

    heard: list[Any] = []
    plain = actions.save

    def listen(*args: Any, **kwargs: Any) -> Any:
        try:
            return plain(*args, **kwargs)
        except actions.CrfInvalid as error:
            heard.append(error)
            raise

    monkeypatch.setattr("studyportal.crf.saving.actions.save", listen)
    query = "&".join(f"{name}={pk}" for name, pk in parents.items())
    by_page = page(person).post(
        f"/participants/{bare_world.participant.code}/forms/{spec.key}/new/?{query}", bad
    )
    assert by_page.status_code == 400
    assert {(problem.field or "", problem.code) for problem in heard[0].problems} == said
    text = by_page.content.decode()
    for name in bad:
        assert f'id="error-{name}"' in text or f"error-{name}" in text, (
            f"the message of {name} stands beside it"
        )
    assert not spec.model._default_manager.exists()


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.django_db
def test_rules_checks_and_derivations_bear_nothing(spec: CrfSpec, bare_world: World) -> None:
    """With every value absent, nothing divides by zero and nothing guesses."""
    cleaned = cleaning.clean(spec, {"absent": all_absent(spec)})
    assert not cleaned.problems
    values = {
        **dict.fromkeys(spec.fields),
        "participant": bare_world.participant,
        **bare_world.parents_of(spec),
    }
    cleaning.check_rules(spec, values)
    record = bare_world.record(spec)
    context = spec.context(record) if spec.context else {}
    derived = spec.derive(values, context) if spec.derive else {}
    assert set(derived) <= set(spec.derived_fields), "a derivation fills only declared fields"
    for check in spec.checks:
        list(check(values, context))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.django_db
def test_it_opens_reads_and_exports(spec: CrfSpec, bare_world: World, page: Any, api: Any) -> None:
    record = bare_world.record(spec)
    assert str(record)
    person = bare_world.cast.rao
    assert page(person).get(record.get_absolute_url()).status_code == 200
    assert page(person).get(f"{record.get_absolute_url()}history/").status_code == 200
    answer = api(person).get(f"/api/v1/forms/{spec.key}/{record.pk}/")
    assert answer.status_code == 200
    assert set(spec.fields) <= set(answer.json())
    assert display.cell(spec, record).state in ("incomplete", "complete")
    columns = spec.columns()
    names = [column.name for column in columns]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() and name == name.lower() and len(name) <= 60 for name in names), names
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(column.sql for column in columns)} FROM {spec.model._meta.db_table} t"
        )
        assert len(cursor.fetchall()) == 1


@pytest.mark.parametrize("spec", SPECS)
def test_fields_are_described(spec: CrfSpec) -> None:
    for name, field in spec.fields.items():
        assert field.label, name
        assert field.label[0].isupper() or not field.label[0].isalpha(), f"{spec.key}.{name}: {field.label}"
        if isinstance(field, f.QuantityField) and not field.derived:
            assert field.minimum is not None and field.maximum is not None, (
                f"{spec.key}.{name} has no hard limits"
            )
        if isinstance(field, f.CodedField | f.MultiCodedField):
            assert field.code_labels, f"{spec.key}.{name} has no codes"


@pytest.mark.parametrize("spec", SPECS)
def test_it_checks_something_or_is_a_plain_list(spec: CrfSpec) -> None:
    assert spec.rules or spec.checks or spec.gates or spec.repeats, "a form without any rule or check"


def test_the_protocol_names_only_declared_forms() -> None:
    assert not list(protocol.current().check_forms({spec.key for spec in all_specs()}))


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(LookupError, match="There is no form nonsense"):
        get("nonsense")
