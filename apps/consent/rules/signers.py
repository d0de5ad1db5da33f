"""Who must sign, and which form. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.consent.rules.bound import CANNOT_DECIDE
from apps.consent.rules.events import (
    LAR_CONSENT,
    OPTIONAL,
    ORAL_ASSENT,
    OWN_CONSENT,
    PROCEDURE,
    RE_CONSENT,
    REPRESENTATIVES,
    WRITTEN_ASSENT,
    Age,
    age_range,
)
from apps.consent.rules.terms import Terms
from studyportal.words import said

# Values of models.DocumentPurpose.
FORM_PARTICIPATION, FORM_SESSION = "participation", "session_harvest"


@dataclass(frozen=True)
class Required:
    """Who must sign. witness: the signatures that an impartial witness signs with, because their signer cannot read.
    recording: the giving of information and the signature are recorded. possible: signatures that may be needed as
    well, because the age is not known well enough. why: in words."""

    signatures: tuple[str, ...]
    witness: frozenset[str] = frozenset()
    recording: bool = False
    why: str = ""
    possible: tuple[str, ...] = ()


def required(
    terms: Terms,
    age: Age,
    capacity: str | None = None,
    can_read: bool | None = None,
    *,
    representative_can_read: bool | None = None,
) -> Required:
    """Who must sign at this age and capacity. can_read: whether the participant can (None: not known)."""
    can_decide = capacity != CANNOT_DECIDE
    ages = age_range(age) or tuple(band.from_age for band in terms.bands)
    asked = [terms.signatures_at(one, can_decide=can_decide) for one in ages]
    certain = set.intersection(*map(set, asked))
    every = dict.fromkeys(signature for signatures in asked for signature in signatures)
    signatures = tuple(one for one in every if one in certain)
    witness = {one for one in every if one in (OWN_CONSENT, WRITTEN_ASSENT) and can_read is False}
    if representative_can_read is False and LAR_CONSENT in every:
        witness.add(LAR_CONSENT)
    vulnerable = LAR_CONSENT in every or not can_decide or bool(witness)
    recording = terms.recording == "always" or (terms.recording == "vulnerable" and vulnerable)
    return Required(
        signatures=signatures,
        witness=frozenset(witness),
        recording=recording,
        why=_why(terms, age, can_decide=can_decide),
        possible=tuple(one for one in every if one not in certain),
    )


def _why(terms: Terms, age: Age, *, can_decide: bool) -> str:
    if not can_decide:
        return said("The participant cannot decide at present, so a representative signs.")
    if age is None:
        return said("The age is not known, so it cannot be told who must sign.")
    lowest, highest = (age, age) if isinstance(age, int) else age
    if lowest == highest:
        return said("The participant is %(lowest)s years old.", lowest=lowest)
    if terms.signatures_at(lowest) == terms.signatures_at(highest):
        return said("The participant is %(lowest)s to %(highest)s years old.", lowest=lowest, highest=highest)
    return said(
        "The participant may be %(lowest)s or %(highest)s years old: the record does not show the birthday.",
        lowest=lowest,
        highest=highest,
    )


def document_purpose(signature_kind: str, purposes: Iterable[str] | None, signer: str | None = None) -> str:
    """Which form of the register (a value of DocumentPurpose) this signature stands under."""
    if signature_kind in (ORAL_ASSENT, WRITTEN_ASSENT):
        return signature_kind
    named = set(purposes or ())
    if named == {PROCEDURE}:
        return FORM_SESSION
    if len(named) == 1 and named <= set(OPTIONAL):
        return next(iter(named))
    by_other = signature_kind == LAR_CONSENT or (signature_kind == RE_CONSENT and signer in REPRESENTATIVES)
    return LAR_CONSENT if by_other else FORM_PARTICIPATION
