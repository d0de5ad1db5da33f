"""Custody of cell products: how they are numbered, labelled, checked by two people, and by which weight they are dosed.

Every part has a working default, so that a protocol without the section `custody` can be used.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt, StringConstraints, model_validator

from .base import Key, Keyed, NaturalInt, Number, PositiveInt, Sourced, Text

_DEFAULT = "Working default of the portal"

# As ISBT 128 has it: a letter or digit of the alphabet, and four digits.
FacilityCode = Annotated[str, StringConstraints(pattern=r"^[A-NP-Z1-9][0-9]{4}$")]


class Facility(Sourced):
    """Who gives out the donation numbers of a site."""

    site: Text
    code: FacilityCode

    @property
    def key(self) -> str:
        return self.site


class Identifiers(Sourced):
    """How a donation number is built.

    scheme "isbt128": facility (5), year (2), sequence (6), flags (2), check character (1) of ISO/IEC 7064 MOD 37-2; a
    number of this shape must have the right check character. scheme "free": the label says what it says.
    other_labels: whether labels of another shape are taken besides (a blood bank with numbers of its own).
    """

    scheme: Literal["isbt128", "free"] = "free"
    other_labels: bool = True
    flags: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")] = "00"
    facilities: Keyed[Facility] = Field(default_factory=Keyed)

    @model_validator(mode="after")
    def _one_facility_each(self) -> Identifiers:
        codes = [one.code for one in self.facilities.values()]
        if len(set(codes)) < len(codes):
            raise ValueError("two sites share a facility code; numbers of both would meet")
        return self


class LabelSize(Sourced):
    """A label, in millimetres. What it is for: the product and its containers, or aliquots."""

    key: Key
    label: Text
    width_mm: StrictInt = Field(ge=25, le=210)
    height_mm: StrictInt = Field(ge=12, le=297)
    symbol_mm: Number = Field(ge=6, le=60)


class Labels(Sourced):
    """The words and sizes of labels. Without sizes the portal's own are used."""

    sizes: Keyed[LabelSize] = Field(default_factory=Keyed)
    warnings: tuple[Text, ...] = ()


class DoseWeight(Sourced):
    """The weight by which a dose per kg is judged: at most so many days from the infusion; 0: of the same day."""

    weight_within_days: NaturalInt = 0


class Custody(Sourced):
    """What the protocol says of custody. identity_minutes: between the two readings of one check."""

    source: Text = _DEFAULT
    identity_minutes: PositiveInt = 30
    hand_over_gap_minutes: NaturalInt = 15
    identifiers: Identifiers = Identifiers(source=_DEFAULT)
    labels: Labels = Labels(source=_DEFAULT)
    dose: DoseWeight = DoseWeight(source=_DEFAULT)
