"""A casebook laid out on A4. The zone and the language of the caller are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.casebook.printing.content import Part, Printed, printed
from apps.enrolment.models import Participant
from studyportal import protocol
from studyportal.crf import display
from studyportal.crf.fields import MultiCodedField, YesNoField
from studyportal.crf.spec import CrfSpec
from studyportal.protocol.units import readable
from studyportal.ui.pdf import Sheets
from studyportal.ui.states import state_of
from studyportal.ui.templatetags.ui_tags import human_date_text

LINE = "_" * 28
BOX = "[  ]"

Progress = Callable[[int], None]


def layout(
    participant: Participant,
    parts: list[Part],
    *,
    made_by: str,
    blank: bool = False,
    with_history: bool = False,
    progress: Progress = lambda done: None,
) -> bytes:
    """The file. progress: called with how many forms are laid out."""
    plan = protocol.current()
    made = _("Made %(at)s for %(by)s, protocol %(version)s") % {
        "at": human_date_text(timezone.now()),
        "by": made_by,
        "version": plan.version,
    }
    title = _("Casebook %s, blank") if blank else _("Casebook %s")
    sheets = Sheets(title=title % participant.code, footer=title % participant.code, footer_code=made)
    sheets.heading(title % participant.code)
    if participant.synthetic:
        sheets.paragraph(_("SYNTHETIC DATA: this person does not exist."))
    sheets.pair(_("Study"), str(plan.study.title))
    sheets.pair(_("Site"), participant.site.code)
    sheets.pair(_("Group"), participant.get_group_display())
    sheets.pair(_("Status"), participant.get_status_display())
    sheets.pair(_("Made"), made)
    if blank:
        sheets.paragraph(
            _(
                "Fill in by hand, and enter it in the portal as it stands here. Where there is no value, write why. Write no"
                " name on these sheets: the code says whose they are."
            )
        )
    else:
        sheets.paragraph(_("The portal holds the records; paper shows one moment of them."), quiet=True)
    done = 0
    for part in parts:
        sheets.gap()
        sheets.line()
        sheets.heading(f"{part.title}  {part.detail}".rstrip(), 1)
        if not part.records and not part.blank:
            sheets.paragraph(_("Nothing is recorded."), quiet=True)
        for one in printed(part, participant, with_history=with_history):
            _form(sheets, one)
            done += 1
            progress(done)
        for spec in part.blank:
            _blank_form(sheets, spec)
            done += 1
            progress(done)
    return sheets.finish()


def _form(sheets: Sheets, one: Printed) -> None:
    with sheets.together():
        sheets.gap(6)
        state = state_of(one.record.status)
        heading = f"{one.spec.title} ({state.label})"
        sheets.heading(f"{heading}  {one.belongs_to}".rstrip(), 2)
    for title, shown in display.lines(one.spec, one.record):
        if len(one.spec.sections) > 1:
            sheets.paragraph(title, quiet=True)
        for line in shown:
            said = line.text or (_("no value: %s") % line.absent if line.absent else _("not recorded"))
            sheets.pair(line.label, said)
    for query in one.queries:
        state = state_of(query.state)
        sheets.paragraph(_("Query (%(state)s): %(words)s") % {"state": state.label, "words": query.words})
    for given in one.signatures:
        signature = given.signature
        said = _("Signed by %(name)s, %(meaning)s, %(at)s") % {
            "name": signature.signer_name,
            "meaning": signature.get_meaning_display(),
            "at": human_date_text(signature.signed_at),
        }
        sheets.paragraph(said + (f". {_('Changed after it was signed.')}" if given.broken else ""))
    if one.history:
        sheets.paragraph(_("History"), quiet=True)
        for change in one.history:
            _change(sheets, change)


def _change(sheets: Sheets, change: Any) -> None:
    who = _("%(at)s, %(by)s (%(road)s)") % {
        "at": human_date_text(change.at),
        "by": change.by or _("the portal"),
        "road": change.source or _("database"),
    }
    pairs = [
        (str(one.label), f"{one.before or '–'} → {one.after or '–'}" if one.before else str(one.after or "–"))
        for one in change.fields
    ]
    sheets.code(who + (f": {change.reason}" if change.reason else ""))
    if pairs:
        sheets.flow(pairs)


def _blank_form(sheets: Sheets, spec: CrfSpec) -> None:
    with sheets.together():
        sheets.gap(6)
        sheets.heading(str(spec.title) + (f"  ({_('one sheet for each')})" if spec.repeats else ""), 2)
        if spec.description:
            sheets.paragraph(str(spec.description), quiet=True)
    for section in spec.sections:
        entered = [name for name in section.fields if not spec.fields[name].derived]
        if not entered:
            continue
        if len(spec.sections) > 1:
            sheets.paragraph(str(section.title), quiet=True)
        for name in entered:
            sheets.pair(_label(spec, name), _to_fill(spec.fields[name]))
    sheets.pair(_("Filled by, on"), LINE)


def _label(spec: CrfSpec, name: str) -> str:
    rule = spec.show_if.get(name)
    label = str(spec.fields[name].label)
    return label if rule is None else f"{label} *"


def _to_fill(crf_field: Any) -> str:
    if isinstance(crf_field, YesNoField):
        return f"{BOX} {_('yes')}   {BOX} {_('no')}"
    choices = [str(label) for _code, label in crf_field.code_labels or ()]
    if choices:
        several = f"  ({_('several may be right')})" if isinstance(crf_field, MultiCodedField) else ""
        return "   ".join(f"{BOX} {label}" for label in choices) + several
    unit = readable(crf_field.unit) if crf_field.unit else ""
    return f"{LINE} {unit}".rstrip()
