"""What consent asks of every form: nothing new is recorded of a day after what was withdrawn, refused or suspended.

Only what is certainly beyond is refused: what is of the time before goes on, what has no date is judged by the checks
and findings, and what concerns safety is always recorded. Ordinary participants cost one query.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from apps.consent.rules.uses import Use, stop_of
from apps.consent.selectors import engine
from apps.enrolment.models import ContactMethod, LostToFollowUp
from studyportal.access.models import User
from studyportal.crf import gates
from studyportal.crf.dating import day_of
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.spec import About, CrfSpec

ENDED = "consent_ended"
# What is recorded at the hospital alone reaches nobody.
REACHES_NOBODY = frozenset({ContactMethod.HOSPITAL_RECORD.value})


@gates.register
def nothing_beyond_what_was_ended(spec: CrfSpec, record: Any, by: User | None) -> Iterable[Problem]:
    """The gate of every form."""
    if spec.about == About.ALWAYS or _is_always(spec, record):
        return ()
    dated = day_of(spec, record)
    if dated is None or dated[1].earliest is None:
        return ()
    consent = engine.asked_of_entry(record.participant, by=by, on=dated[1])
    if consent is None:
        return ()
    if spec.about == About.CONTACT:
        return tuple(_no_attempt_after(record, consent))
    field, on = dated[0].split(".")[0], dated[1]
    if spec.about == About.TREATMENT:
        # A session may be planned that must still be consented to, but not after treatment was withdrawn.
        stop = stop_of(consent.stops, Use.TREATMENT, on.earliest)
        if stop is None or stop.on == on.earliest:
            return ()
        words = engine.bar(record.participant, Use.TREATMENT, on)
        return (Problem(field, ENDED, words or ""),)
    found = (consent.bar(use, on) for use in engine.USES_OF_FORMS[spec.about])
    return tuple(Problem(field, ENDED, words) for words in found if words is not None)[:1]


@gates.clears(nothing_beyond_what_was_ended)
def those_who_ended_nothing(participant_ids: Collection[int]) -> Collection[int]:
    return engine.without_stops(participant_ids)


def _is_always(spec: CrfSpec, record: Any) -> bool:
    """Whether this record concerns safety, though others of its form do not."""
    return spec.always_when is not None and getattr(record, spec.always_when[0]) == spec.always_when[1]


def _no_attempt_after(record: LostToFollowUp, consent: engine.AskedOfEntry) -> Iterator[Problem]:
    """Attempts come after the last contact: if that is the day of the withdrawal or later, all of them are beyond."""
    ways = set(record.attempt_methods or ())
    if not record.attempts or (ways and ways <= REACHES_NOBODY):
        return
    last: Any = record.last_contact_on
    words = consent.bar(Use.CONTACT, PartialDate.of(last.earliest + dt.timedelta(days=1)))
    if words is not None:
        yield Problem(
            "attempts",
            ENDED,
            _("%(why)s Record no attempts, or correct the day of the last contact.") % {"why": words},
        )
