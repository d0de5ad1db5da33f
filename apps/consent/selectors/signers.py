"""Who must sign for a participant, and under which words."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from apps.consent import rules
from apps.consent.models import ConsentDocumentText
from apps.consent.rules.due import Due
from apps.consent.rules.signers import FORM_SESSION
from apps.consent.selectors.documents import languages, texts
from apps.consent.selectors.logs import Known, known_of
from apps.enrolment.models import Participant
from studyportal.access.models import User


@dataclass(frozen=True)
class Asked:
    """One signature that is asked for on a day.

    signature: the kind of entry. by_representative: who signs. purpose: which form (DocumentPurpose). texts: language →
    the text in force. signed: the entry that gives it already, None while it is to be signed. due: why it is to be signed
    anew, or that it falls due soon (`due.ahead`). session: for the procedures of one session only. certain: False when
    the age is not known well enough to tell whether this signature is needed.
    """

    signature: str
    by_representative: bool
    purpose: str
    texts: Mapping[str, ConsentDocumentText] = field(default_factory=dict)
    signed: rules.Event | None = None
    witness: bool = False
    recording: bool = False
    due: Due | None = None
    session: int | None = None
    certain: bool = True

    @property
    def to_be_signed(self) -> bool:
        return self.signed is None or (self.due is not None and not self.due.ahead)


def to_sign(participant: Participant, on: dt.date | None = None, *, by: User | None = None) -> list[Asked]:
    """Every signature that is asked for on the day (None: today at the site), signed or not, in order of signing. by: who
    is shown it, see `state_for`. A fixed number of queries."""
    known = known_of([participant], by=by, on=on, around=True)[participant.pk]
    day = on or known.today
    found = list(_asked(known, day))
    register = known.facts.register
    forms = {} if register is None else {one.purpose: register.current(one.purpose, day) for one in found}
    written = _texts({form.id for form in forms.values() if form is not None})
    return [
        one if (form := forms.get(one.purpose)) is None else _with_texts(one, written.get(form.id, {}))
        for one in found
    ]


def _asked(known: Known, day: dt.date) -> Iterable[Asked]:
    state = known.state(day)
    reading = known.reading(day)
    needed = rules.required(
        known.terms,
        known.ages.on(day),
        reading.capacity,
        known.facts.can_read,
        representative_can_read=reading.representative_can_read,
    )
    for signature in (*needed.signatures, *needed.possible):
        signed = reading.signed(signature)
        due = next(
            (one for one in state.due if one.signature == signature and one.kind in ("birthday", "capacity")),
            None,
        ) or next(
            (
                one
                for one in state.due
                if one.signature == signature and one.kind in ("reconsent", "representative")
            ),
            None,
        )
        yield Asked(
            signature=signature,
            by_representative=signature == rules.LAR_CONSENT,
            purpose=rules.document_purpose(signature, None),
            signed=signed,
            witness=signature in needed.witness,
            recording=needed.recording,
            due=due,
            certain=signature in needed.signatures,
        )
    for due in state.due:
        if due.kind != "session":
            continue
        yield Asked(
            signature=due.signature,
            by_representative=due.signature == rules.LAR_CONSENT,
            purpose=FORM_SESSION,
            witness=due.signature in needed.witness,
            recording=needed.recording,
            due=due,
            session=due.session,
        )


def _with_texts(asked: Asked, written: Mapping[str, ConsentDocumentText]) -> Asked:
    order = {language: place for place, language in enumerate(languages())}
    in_order = dict(sorted(written.items(), key=lambda pair: (order.get(pair[0], 99), pair[0])))
    return Asked(**{**vars(asked), "texts": in_order})


def _texts(document_ids: Iterable[int]) -> dict[int, dict[str, ConsentDocumentText]]:
    """Document → language → text, with its words and without the bytes of its file. One query."""
    found: dict[int, dict[str, ConsentDocumentText]] = defaultdict(dict)
    wanted = list(document_ids)
    if wanted:
        for text in texts().filter(document_id__in=wanted):
            found[text.document_id][text.language] = text
    return found
