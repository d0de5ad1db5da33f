"""Eligibility, consent, follow-up, approvals, reasons for absent values."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .base import FormKey, Frozen, Key, Keyed, NaturalInt, Number, PositiveInt, Sourced, Text, Ucum

Severity = Literal["critical", "major", "minor"]


class Criterion(Sourced):
    """An eligibility criterion. Inclusion holds from minimum to maximum; exclusion applies outside of them."""

    key: Key
    kind: Literal["inclusion", "exclusion"]
    text: Text
    groups: tuple[Key, ...] = ()  # empty: all groups
    analyte: Key | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    unit: Ucum | None = None
    # How grave a deviation it is when an investigator sets the criterion aside.
    deviation: Severity = "major"

    @model_validator(mode="after")
    def _limits(self) -> Criterion:
        has_limit = self.minimum is not None or self.maximum is not None
        if has_limit != (self.unit is not None):
            raise ValueError("a limit needs a unit, and a unit needs a minimum or maximum")
        if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
            raise ValueError(f"minimum {self.minimum} must be below maximum {self.maximum}")
        return self


class AgeBand(Sourced):
    """Who signs at this age in completed years; to_age is included, None is open."""

    key: Key
    label: Text
    from_age: NaturalInt
    to_age: NaturalInt | None = None
    signatures: tuple[Key, ...] = Field(min_length=1)

    def holds(self, age: int) -> bool:
        return age >= self.from_age and (self.to_age is None or age <= self.to_age)


class ConsentRule(Frozen):
    key: Key
    text: Text
    severity: Severity


class Recording(Sourced):
    """When the giving of information and the signature are recorded. vulnerable: somebody else signs as well, or the
    signer cannot read."""

    when: Literal["never", "vulnerable", "always"] = "vulnerable"


class Interim(Sourced):
    """What an earlier consent still carries while a new signature is due, and what comes once it is overdue."""

    carries: tuple[Key, ...] = ("participation", "sample_storage", "future_contact", "data_sharing", "images")
    after_birthday: Literal["suspended", "goes_on"] = "suspended"
    after_amendment: Literal["suspended", "goes_on"] = "goes_on"


class Consent(Sourced):
    age_bands: Keyed[AgeBand]
    # Who signs for somebody who cannot decide, at any age.
    incapacity_signatures: tuple[Key, ...] = Field(default=("lar_consent",), min_length=1)
    birthday_warning_days: NaturalInt = 60
    session_warning_days: NaturalInt = 14
    resign_within_days: PositiveInt
    reconsent_within_days: PositiveInt
    copy_within_days: NaturalInt = 7
    recording: Recording = Field(
        default_factory=lambda: Recording(source="Working default", configurable=True)
    )
    interim: Interim = Field(default_factory=lambda: Interim(source="Working default", configurable=True))
    languages: tuple[Key, ...] = Field(min_length=1)
    types: tuple[Key, ...] = Field(min_length=1)
    optional_items: tuple[Key, ...] = ()
    withdrawal_scopes: tuple[Key, ...] = Field(min_length=1)
    rules: Keyed[ConsentRule]

    @model_validator(mode="after")
    def _bands_cover_every_age(self) -> Consent:
        expected: int | None = 0
        for band in self.age_bands.values():
            if expected is None:
                raise ValueError(f"age band {band.key} comes after a band that is open upwards")
            if band.from_age != expected:
                raise ValueError(
                    f"age band {band.key} begins at {band.from_age}, expected {expected}: bands follow each other"
                    " without gap or overlap, beginning at 0"
                )
            if band.to_age is not None and band.to_age < band.from_age:
                raise ValueError(
                    f"age band {band.key}: to_age {band.to_age} is below from_age {band.from_age}"
                )
            expected = None if band.to_age is None else band.to_age + 1
        if expected is not None:
            raise ValueError("the last age band must be open upwards (no to_age)")
        for band in self.age_bands.values():
            unknown = sorted(set(band.signatures) - set(self.types))
            if unknown:
                raise ValueError(
                    f"age band {band.key} asks for {', '.join(unknown)}, not among the consent types"
                )
        return self

    @model_validator(mode="after")
    def _known_signatures_and_purposes(self) -> Consent:
        unknown = sorted(set(self.incapacity_signatures) - set(self.types))
        if unknown:
            raise ValueError(
                f"incapacity_signatures asks for {', '.join(unknown)}, not among the consent types"
            )
        purposes = {"participation", "procedure", *self.optional_items}
        unknown = sorted(set(self.interim.carries) - purposes)
        if unknown:
            raise ValueError(
                f"interim carries {', '.join(unknown)}: only participation, procedure and optional items can go on"
            )
        return self

    def band_for(self, age: int) -> AgeBand:
        """The band of an age in completed years. ValueError for a negative age."""
        for band in self.age_bands.values():
            if band.holds(age):
                return band
        raise ValueError(f"no age band for the age {age}")


class FollowUp(Sourced):
    """What is tried before a participant counts as lost, and the forms on which loss and end are recorded."""

    attempts_before_lost: PositiveInt
    ways_before_lost: PositiveInt
    days_before_lost: NaturalInt  # since the last contact
    forms: tuple[FormKey, ...] = ()  # of the participant, at no visit; filled when they apply

    @model_validator(mode="after")
    def _each_way_is_an_attempt(self) -> FollowUp:
        if self.ways_before_lost > self.attempts_before_lost:
            raise ValueError(
                f"ways_before_lost {self.ways_before_lost} is above attempts_before_lost"
                f" {self.attempts_before_lost}: each way is one attempt at least"
            )
        return self


class Approval(Frozen):
    key: Key
    label: Text


class Ethics(Sourced):
    approvals: Keyed[Approval] = Field(min_length=1)
    approval_rule: Text
    approval_warning_days: PositiveInt = 60  # how long before its last day an approval is on the worklist


class AbsentReason(Frozen):
    key: Key
    label: Text
