"""An import for every form, made from its declaration: `form-<key>`, for the kernel of imports."""

from __future__ import annotations

from functools import partial

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from studyportal.bulk import judging, writing
from studyportal.bulk.columns import PARTICIPANT, ROW, columns_of
from studyportal.crf.registry import all_specs
from studyportal.crf.spec import CrfSpec
from studyportal.imports.registry import Importer, register

FAMILY = "form"
# What is decided one by one, by a person who signs at that moment.
ONE_BY_ONE = frozenset({"release"})
# A row costs what a save costs: some hundredths of a second.
ROWS_AT_ONCE = 100
MOST_ROWS = 5_000


def key_of(spec: CrfSpec) -> str:
    """The key of the import of a form, in addresses: /imports/form-vital-signs/."""
    return f"{FAMILY}-{spec.key}"


def importer_of(spec: CrfSpec) -> Importer:
    """Columns: participant, the parents, `row` for repeating forms, each field with `_absent` and `_unit`, complete."""
    return Importer(
        key=key_of(spec),
        family=FAMILY,
        title=spec.title,
        about=format_lazy(
            "{} {}",
            gettext_lazy(
                "A row is a record of this form. It is judged as if it were typed: by the same rules, with the same reasons"
                " and the same history. A file that was imported before changes nothing."
            ),
            gettext_lazy(
                "A row is found again by the number of its record, or by having the same values throughout."
            )
            if spec.repeats
            else gettext_lazy("A row is found again by its participant and what it belongs to."),
        ),
        permission=spec.permission,
        columns=columns_of(spec),
        key_columns=(ROW,) if spec.repeats else (PARTICIPANT, *spec.parents),
        judge=partial(judging.judge, spec),
        commit=partial(writing.commit, spec),
        rows_at_once=ROWS_AT_ONCE,
        most_rows=MOST_ROWS,
    )


def register_all() -> None:
    """Every form that is declared, once all are."""
    for spec in all_specs():
        if spec.key not in ONE_BY_ONE:
            register(importer_of(spec))
