"""Who belongs to which product: identifiers and what was read from labels. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.celldose.rules.arithmetic import Breach, Values, _missing
from studyportal.crf.outcomes import NotDerivable, Problem


def derive_identity_check(values: Values, context: Values) -> Mapping[str, Any]:
    read = identity_read(
        values.get("identifier_read"),
        values.get("participant_code_read"),
        identifier=context.get("product_identifier"),
        participant_code=context.get("participant_code"),
    )
    return {"matches": read}


def identity_read(
    identifier_read: str | None,
    code_read: str | None,
    *,
    identifier: str | None,
    participant_code: str | None,
) -> bool | NotDerivable:
    """Whether what two people read is this product and this participant; case and spaces do not count."""
    missing = _missing(
        identifier_read=identifier_read,
        participant_code_read=code_read,
        product_identifier=identifier,
        participant_code=participant_code,
    )
    if missing:
        return missing
    return _plain(identifier_read) == _plain(identifier) and _plain(code_read) == _plain(participant_code)


def _plain(text: str | None) -> str:
    return "".join((text or "").split()).casefold()


def identified_unless_transcribed(values: Values) -> Iterable[Problem]:
    """A product without donation number can only come out of a paper that does not print it."""
    participant = values.get("participant")
    if participant is None or participant.retrospective or values.get("product_identifier"):
        return
    yield Problem(
        "product_identifier",
        "required",
        "A product is known by its identifier: type the donation number on the label.",
    )


def two_different_people(values: Values) -> Iterable[Problem]:
    first, second = values.get("first_person"), values.get("second_person")
    if first and second and _plain(first) == _plain(second):
        yield Problem(
            "second_person", "same_person", "An identity check takes two different people; name the second."
        )


def identity_breaches(matches: bool | None, step: str | None) -> Iterable[Breach]:
    if matches is False:
        yield Breach(
            "identity_mismatch",
            f"Identity mismatch at {step or 'an unnamed step'}.",
            "critical",
            kind="identity",
        )
