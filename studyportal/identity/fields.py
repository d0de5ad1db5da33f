"""The fields of an identity: label, longest text, validator; and the words of every refusal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from studyportal.identity import rules
from studyportal.identity.errors import Problem
from studyportal.identity.person import Person

Text = str | Promise


@dataclass(frozen=True)
class Field:
    """`read(text, today)` gives the text as it is kept, or raises rules.Impossible."""

    name: str
    label: Text
    max_length: int
    read: Callable[[str, dt.date], str]
    widget: str = "text"
    required: bool = False
    help: Text = ""
    placeholder: str = ""


def plain(read: Callable[[str], str]) -> Callable[[str, dt.date], str]:
    return lambda text, today: read(text)


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field("full_name", _("Full name"), 200, plain(rules.name), required=True),
        Field(
            "birth_date",
            _("Birth date"),
            20,
            lambda text, today: rules.birth_date(text, today=today),
            help=_("As exact as known: 2001-05-14, 2001-05 or 2001."),
            placeholder="2001-05-14",
        ),
        Field(
            "hospital_number",
            _("Hospital number"),
            40,
            plain(rules.hospital_number),
            help=_(
                "The site's own number. Capitals, spaces and hyphens make no difference when it is searched."
            ),
        ),
        Field("phone", _("Phone"), 40, plain(rules.phone), placeholder="+91 98200 00000"),
        Field("email", _("E-mail"), 200, plain(rules.email)),
        Field("address", _("Address"), 500, plain(rules.lines), widget="textarea"),
        Field(
            "guardian_name",
            _("Representative's name"),
            200,
            plain(rules.name),
            help=_("For a minor, or where somebody else consents for the participant."),
        ),
        Field("guardian_relation", _("Relation to the participant"), 100, plain(rules.name)),
        Field("guardian_phone", _("Representative's phone"), 40, plain(rules.phone)),
    )
}
SECTIONS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (_("Participant"), ("full_name", "birth_date", "hospital_number")),
    (_("Contact"), ("phone", "email", "address")),
    (
        _("Legally acceptable representative"),
        ("guardian_name", "guardian_relation", "guardian_phone"),
    ),
)

# What a refusal says. No message repeats what was typed.
MESSAGES: Mapping[str, Text] = {
    "type": _("Give text."),
    "required": _("Without a name this says nobody. Write the name as the hospital has it."),
    "nul_character": _("The text contains a NUL character; remove it."),
    "surrogate": _("The text contains half of a character; type it again."),
    "control_character": _("The text contains a control character; type it on one line."),
    "invisible_character": _("The text contains an invisible character; type it again instead of pasting."),
    "no_letter": _("There is no letter in it."),
    "date_format": _("Write the date as far as it is known: 2001-05-14, 2001-05 or 2001."),
    "no_such_date": _("There is no such day in the calendar. Check month and day."),
    "too_long_ago": _("This is more than 120 years ago. Check the year."),
    "in_future": _("This lies in the future. Check the year."),
    "phone": _("A phone number has 5 to 15 digits, with spaces and hyphens as you like and a + before them."),
    "email": _("This is no address of mail; it looks like name@example.org."),
    "hospital_number": _(
        "A hospital number has Latin letters, digits, spaces, hyphens, points and slashes. Type it again: a letter"
        " of another alphabet may look the same."
    ),
    "no_digit": _("There is no digit in it."),
    "no_number": _("Type the hospital number."),
    "guardian_name_missing": _("Relation or phone is given without the name. Write whose they are."),
    "unknown_field": _("An identity has no such field."),
    "label_names_person": _(
        "The participant's label names this person. Change the label first, under “Group and status”: everybody who"
        " sees the participant sees it."
    ),
    "reason_names_person": _(
        "The reason names the person. Reasons are read outside this page, so say it without name or number:"
        " “spelling corrected from the hospital card”."
    ),
    "changed_too_often": _(
        "This identity was changed very often today, and each change is compared with everybody in the study. Change it"
        " tomorrow, or let the data manager know why it cannot wait."
    ),
    "reason_required": _("What was recorded before changes. Say why."),
    "reason_type": _("Choose a reason from the list, or give it as plain text."),
    "reason_short": _("Say in words which other reason, in 3 characters or more."),
}


def problem(field: str | None, code: str) -> Problem:
    return Problem(field, code, str(MESSAGES[code]))


def too_long(field: str | None, longest: int) -> Problem:
    return Problem(field, "max_length", str(_("At most %d characters.") % longest))


def read(raw: Mapping[str, Any], *, today: dt.date) -> tuple[Person, list[Problem]]:
    """Typed or sent values → a person, and everything that is wrong with them.

    raw: field name → text; a field that is left out is empty. today: at the participant's site.
    """
    problems = [problem(None, "unknown_field") for name in raw if name not in FIELDS][:1]
    values: dict[str, str] = {}
    for name, field in FIELDS.items():
        text = raw.get(name, "")
        if text is None:
            text = ""
        if not isinstance(text, str):
            problems.append(problem(name, "type"))
        elif len(text) > field.max_length:
            problems.append(too_long(name, field.max_length))
        elif text.strip():
            try:
                values[name] = field.read(text, today)
            except rules.Impossible as refused:
                problems.append(problem(name, refused.code))
        elif field.required:
            problems.append(problem(name, "required"))
    wrong = {one.field for one in problems}
    if (
        (values.get("guardian_relation") or values.get("guardian_phone"))
        and not values.get("guardian_name")
        and "guardian_name" not in wrong
    ):
        problems.append(problem("guardian_name", "guardian_name_missing"))
    return Person(**values), problems
