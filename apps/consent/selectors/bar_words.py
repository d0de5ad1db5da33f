"""Why a use is not allowed, in words for the person who wanted it: what, since when, and what to do."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from apps.consent.models import WithdrawalScope
from apps.consent.rules.uses import NOT_RETAINED, Ruling, Use
from studyportal.crf.partial_date import PartialDate
from studyportal.words import translated


def of(ruling: Ruling, on: PartialDate | None, session: int | None = None) -> str:
    """on: the date that was asked about."""
    if ruling.use == Use.TREATMENT:
        return _of_treatment(ruling, on, session)
    return _SAID[ruling.reason](ruling, on) if ruling.reason else ""


def _of_treatment(ruling: Ruling, on: PartialDate | None, session: int | None) -> str:
    what = _("Consent to session %(number)d") % {"number": session} if session else _("Consent to treatment")
    day = on.for_people() if on else _("an unknown day")
    because = _because(ruling)
    if ruling.verdict == "indeterminate":
        because = because or _("a signature of the same day has no time")
        return _(
            "Whether %(what)s was in force on %(day)s cannot be told (%(because)s). Complete the consent record first."
        ) % {"what": what[0].lower() + what[1:], "day": day, "because": because}
    because = f" ({because})" if because else ""
    return _("%(what)s is not in force on %(day)s%(because)s. Record the consent first.") % {
        "what": what,
        "day": day,
        "because": because,
    }


def _because(ruling: Ruling) -> str:
    return "; ".join(map(translated, ruling.why))


def _withdrawn(ruling: Ruling, on: PartialDate | None) -> str:
    stop = ruling.stop
    since = "" if stop is None else PartialDate.of(stop.on).for_people()
    if stop is not None and stop.scope == NOT_RETAINED:
        return _("Consent was withdrawn on %(since)s, and what was collected so far is not retained.") % {
            "since": since
        }
    scope = "" if stop is None else str(WithdrawalScope(stop.scope).label).lower()
    return _("Withdrawn on %(since)s: %(scope)s. %(so)s") % {
        "since": since,
        "scope": scope,
        "so": _CONSEQUENCES()[ruling.use],
    }


def _CONSEQUENCES() -> dict[Use, str]:
    again = _("If consent was given again, record that in the consent log first.")
    return {
        Use.VISIT: _("No visit is made after that day.") + " " + again,
        Use.NEW_DATA: _("Nothing new of a later day is recorded; what is of the time before goes on.") + " " + again,
        Use.CONTACT: _("Nobody of the study contacts the participant after that day.") + " " + again,
        Use.SAMPLES: _("No sample is taken or used after that day.") + " " + again,
        Use.SHARING: _("No data of this participant are shared."),
        Use.IMAGES: _("No image of this participant is used."),
        Use.ANALYSIS: _("Data of this participant are not analysed."),
        Use.TREATMENT: _("There is no treatment after that day."),
    }  # fmt: skip


def _dissent(ruling: Ruling, on: PartialDate | None) -> str:
    since = "" if ruling.stop is None else PartialDate.of(ruling.stop.on).for_people()
    return _(
        "The child said no on %(since)s. Nothing is done or recorded of a later day until the child agrees again;"
        " record that in the consent log first."
    ) % {"since": since}


def _suspended(ruling: Ruling, on: PartialDate | None) -> str:
    because = _because(ruling)
    return _(
        "Taking part rests: a new signature is overdue%(because)s. Record the new consent first. What concerns safety"
        " is always recorded."
    ) % {"because": f" ({because})" if because else ""}


def _declined(ruling: Ruling, on: PartialDate | None) -> str:
    since = "" if ruling.stop is None else PartialDate.of(ruling.stop.on).for_people()
    return _(
        "The participant does not take part any more, and declined contact in future on %(since)s. Nobody of the study"
        " contacts the participant."
    ) % {"since": since}


def _not_consented(ruling: Ruling, on: PartialDate | None) -> str:
    day = on.for_people() if on else _("an unknown day")
    because = _because(ruling)
    if ruling.use in (Use.SHARING, Use.IMAGES):
        return _("Consent to this is not on record.")
    return _("Consent to take part was not in force on %(day)s%(because)s.") % {
        "day": day,
        "because": f" ({because})" if because else "",
    }


def _unclear(ruling: Ruling, on: PartialDate | None) -> str:
    because = _because(ruling)
    return _("It cannot be shown that this was consented to%(because)s.") % {
        "because": f" ({because})" if because else ""
    }


_SAID: dict[str, Callable[[Ruling, PartialDate | None], str]] = {
    "withdrawn": _withdrawn,
    "dissent": _dissent,
    "suspended": _suspended,
    "declined": _declined,
    "not_consented": _not_consented,
    "unclear": _unclear,
}
