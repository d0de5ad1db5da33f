"""One record in one line, as people name it: a laboratory result by its value, an insulin by its dose."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from studyportal.crf import display
from studyportal.crf.absence import label_of
from studyportal.crf.spec import CrfSpec
from studyportal.protocol.units import readable

# Form → the fields that say most, in the order of reading.
TELLING: dict[str, tuple[str, ...]] = {
    "insulin": ("product", "daily_dose", "taken"),
    "adverse-event": ("verbatim", "onset_on", "grade"),
}


def summary_of(spec: CrfSpec, record: Any) -> str:
    """The telling values of a record; for other forms the first ones."""
    if spec.key == "lab-result":
        said = _laboratory(spec, record)
    elif spec.key in TELLING:
        said = ", ".join(filter(None, (_words(spec, record, name) for name in TELLING[spec.key])))
    else:
        said = display.summary(spec, record)
    return said or _("Nothing recorded")


def _words(spec: CrfSpec, record: Any, name: str) -> str:
    value = getattr(record, name)
    if isinstance(value, bool):
        return "" if value else _("not taken")
    return spec.fields[name].for_people(value) or (
        label_of(record.absent_reason(name)) if record.absent_reason(name) else ""
    )


def _laboratory(spec: CrfSpec, record: Any) -> str:
    analyte = spec.fields["analyte"].for_people(record.analyte)
    value = " ".join(filter(None, [str(record.reported or ""), readable(record.unit) if record.unit else ""]))
    result = value or spec.fields["qualitative"].for_people(record.qualitative)
    day = spec.fields["collected_on"].for_people(record.collected_on)
    return ", ".join(filter(None, [": ".join(filter(None, [analyte, result])), day]))
