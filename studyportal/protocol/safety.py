"""Safety: who is told of a serious event by when in which country, who is reminded, what is of special interest."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from .base import Frozen, Key, Keyed, PositiveInt, Sourced, Text

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]  # ISO 3166-1 alpha-2
ReportKindKey = Literal["initial", "follow_up", "analysis", "final", "opinion"]


class Recipient(Frozen):
    key: Key
    label: Text


class SafetyClock(Frozen):
    """Within `hours` of its start, a report of one of the kinds `stopped_by` goes to (or comes from) the recipient.

    Hours are real hours, also where a clock change lies between. start: by which of the two counts a report is late;
    both are shown.
    """

    key: Key
    label: Text
    hours: PositiveInt
    start: Literal["awareness", "occurrence"] = "awareness"
    recipient: Key
    stopped_by: tuple[ReportKindKey, ...] = Field(
        default=("initial", "follow_up", "analysis", "final"), min_length=1
    )


class Jurisdiction(Sourced):
    """The clocks of some countries; without countries: of every country that no other jurisdiction names."""

    key: Key
    label: Text
    countries: tuple[Country, ...] = ()
    recipients: Keyed[Recipient] = Field(min_length=1)
    clocks: Keyed[SafetyClock]

    @model_validator(mode="after")
    def _recipients_exist(self) -> Jurisdiction:
        for clock in self.clocks.values():
            if clock.recipient not in self.recipients:
                raise ValueError(
                    f"the clock {clock.key} is for {clock.recipient!r}, which is not among the recipients:"
                    f" {', '.join(self.recipients)}"
                )
        return self


class ReminderLevel(Frozen):
    """Who is told when, `hours` after (before, when negative) the start of a clock or its last moment.

    roles: keys of roles held at the site or for the whole study.
    """

    key: Key
    label: Text
    relative_to: Literal["start", "due"]
    hours: int = 0
    roles: tuple[Key, ...] = Field(min_length=1)


class ExpectedEvent(Frozen):
    """An event that a document of the study lists as expected."""

    term: Key
    basis: Text


class Safety(Sourced):
    jurisdictions: Keyed[Jurisdiction] = Field(default_factory=Keyed)
    reminders: Keyed[ReminderLevel] = Field(default_factory=Keyed)
    special_interest: tuple[Key, ...] = ()
    expected: tuple[ExpectedEvent, ...] = ()

    @model_validator(mode="after")
    def _each_country_once(self) -> Safety:
        named: dict[str, str] = {}
        for jurisdiction in self.jurisdictions.values():
            for country in jurisdiction.countries or ("",):
                if country in named:
                    what = f"the country {country}" if country else "every other country"
                    raise ValueError(
                        f"{what} belongs to two jurisdictions: {named[country]} and {jurisdiction.key}"
                    )
                named[country] = jurisdiction.key
        return self

    def jurisdiction_for(self, country: str) -> Jurisdiction | None:
        """That which names the country, else that which names none; None when there is neither."""
        everywhere_else = None
        for jurisdiction in self.jurisdictions.values():
            if country in jurisdiction.countries:
                return jurisdiction
            if not jurisdiction.countries:
                everywhere_else = jurisdiction
        return everywhere_else
