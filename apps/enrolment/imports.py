"""The imports of enrolment: a site's own screening list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.enrolment.actions import screening_list
from apps.enrolment.actions.screening import CODES, checked, compared
from apps.enrolment.models import ScreeningEntry, ScreeningOutcome
from apps.enrolment.models.screening import OLDEST
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem as RuleProblem
from studyportal.crf.partial_date import PartialDate, PartialDateError
from studyportal.imports.cells import code, text, whole_number
from studyportal.imports.errors import CellRefused
from studyportal.imports.registry import Column, Difference, Importer, Judged, Problem, Row, Verdict, register

# Column → field of the entry, where the two have different names.
FIELDS = {"list_number": "source_key"}
COLUMNS = {field: column for column, field in FIELDS.items()}


def list_number(raw: str) -> str:
    found: str = text(40)(raw)
    if not any(sign.isdigit() for sign in found):
        raise CellRefused(
            "list_number", _("A number of the site's own list, such as 17 or S-17; never a name.")
        )
    return found


def partial_date(raw: str) -> PartialDate:
    try:
        return PartialDate.parse(raw)
    except PartialDateError as error:
        raise CellRefused(error.code, str(error)) from None


def coded(field: str) -> Callable[[str], str]:
    return code(lambda: CODES[field].items())


def judge(rows: Sequence[Row], *, site: Site, by: User, hold: bool) -> Iterator[Verdict]:
    """By the rules of the screening log itself, which the page and the API ask as well; two questions for all rows."""
    there = screening_list.entries_by_list_number(
        site, [row.values["list_number"] for row in rows], hold=hold
    )
    for row in rows:
        yield _verdict(row, site, there.get(row.values["list_number"]), keep=hold)


def _verdict(row: Row, site: Site, entry: ScreeningEntry | None, *, keep: bool) -> Verdict:
    """keep: the values of a new entry are wanted again at once, to be written."""
    if row.values.get("site") and row.values["site"].casefold() not in (
        site.code.casefold(),
        site.name.casefold(),
    ):
        said = _(
            "This upload is of %s, and the row names another site. Upload the list of each site by itself."
        )
        return Verdict("refused", (Problem("site", "other_site", said % site.code),))
    stated = stated_in(row)
    if entry is None:
        if stated.get("outcome") == ScreeningOutcome.ENROLLED:
            said = _("Leave this empty: enrolling the person in the portal records it.")
            return Verdict("refused", (Problem("outcome", "enrolled", said),))
        try:
            values = checked(stated, site=site)
        except CrfInvalid as error:
            return Verdict("refused", _by_column(error.problems))
        return Verdict("ready", target=values if keep else None)
    change = compared(entry, stated)
    if change.problems:
        return Verdict("refused", _by_column(change.problems))
    if not change.changed:
        return Verdict("same", target=entry)
    differences = [
        Difference(
            COLUMNS.get(name, name),
            _shown(entry, name),
            _words(name, stated[name]),
            given=name in change.overwritten,
        )
        for name in change.changed
    ]
    return Verdict("changed", differences=differences, target=entry)


def stated_in(row: Row) -> dict[str, Any]:
    """Field → value, of the cells that say something."""
    return {
        FIELDS.get(name, name): value
        for name, value in row.values.items()
        if value is not None and name != "site"
    }


def _by_column(problems: Sequence[RuleProblem]) -> list[Problem]:
    return [Problem(COLUMNS.get(p.field or "", p.field or ""), p.code, p.message) for p in problems]


def _shown(entry: ScreeningEntry, name: str) -> str:
    return _words(name, getattr(entry, name))


def _words(name: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, PartialDate):
        return value.for_people()
    return str(CODES[name].get(value, value)) if name in CODES else str(value)


def commit(
    new: Sequence[Judged], changed: Sequence[Judged], *, site: Site, by: User, reason: Any
) -> Mapping[int, str]:
    written = screening_list.add(site=site, by=by, entries={one.row.line: one.verdict.target for one in new})
    return written | screening_list.overwrite(
        by=by, changes={one.row.line: (one.verdict.target, stated_in(one.row)) for one in changed}
    )


DATE = gettext_lazy(
    "As far as known: 2016-11-03, 3 Nov 2016, 2016-11 or 2016. 03/04/2016 is refused: it can be read in two ways."
)

SCREENING_LIST = register(
    Importer(
        key="screening-list",
        title=gettext_lazy("Screening list"),
        about=gettext_lazy(
            "The site's own list of everyone screened, into the screening log. It holds numbers, dates and codes; never names."
        ),
        holds_none=gettext_lazy("the screening log holds none"),
        permission=Permission.REGISTER_PARTICIPANTS,
        columns=(
            Column(
                "list_number", gettext_lazy("Number in the list"), required=True, read=list_number, example="S-017",
                help=gettext_lazy("The number in the site's own list, by which a row is found again. Never a hospital number."),
            ),
            Column(
                "screened_on", gettext_lazy("Screened on"), read=partial_date, example="2016-11-03",
                help=format_lazy("{} {}", gettext_lazy("Needed for everyone new."), DATE),
            ),
            Column("age", gettext_lazy("Age in years"), read=whole_number(0, OLDEST), example="14"),
            Column(
                "sex", gettext_lazy("Sex"), read=coded("sex"), example="female",
                help=gettext_lazy("Code or label: female, male, intersex."),
            ),
            Column(
                "referral", gettext_lazy("How the person came"), read=coded("referral"), example="clinic",
                help=gettext_lazy("clinic, referred, register, camp, self, other; or the label."),
            ),
            Column(
                "considered_for", gettext_lazy("Considered for"), read=coded("considered_for"), example="case",
                help=gettext_lazy("case or control."),
            ),
            Column(
                "outcome", gettext_lazy("Outcome"), read=coded("outcome"), example="declined",
                help=gettext_lazy(
                    "not_eligible, declined, not_reached, duplicate, other; or the label. Empty: still being screened, or enrolled,"
                    " which the portal records by itself."
                ),
            ),
            Column(
                "outcome_on", gettext_lazy("Outcome on"), read=partial_date, example="2016-11-10",
                help=format_lazy("{} {}", gettext_lazy("Needed with an outcome."), DATE),
            ),
            Column(
                "reason_code", gettext_lazy("Reason"), read=coded("reason_code"), example="travel",
                help=gettext_lazy(
                    "Needed when declined or other: criteria, procedure, travel, time, family, other_treatment, cost, moved,"
                    " no_contact, no_reason, other; or the label."
                ),
            ),
            Column(
                "reason_text", gettext_lazy("Reason in words"), read=text(200), example="",
                help=gettext_lazy("Needed for another reason. Never a name, number or address of the person."),
            ),
            Column(
                "note", gettext_lazy("Note"), read=text(400),
                help=gettext_lazy("Never a name, number or address of the person."),
            ),
            Column(
                "site", gettext_lazy("Site"), read=text(120), example="MUM",
                help=gettext_lazy("May be left out. A row that names another site than the upload is refused."),
            ),
        ),
        key_columns=("list_number",),
        judge=judge,
        commit=commit,
    )
)  # fmt: skip
