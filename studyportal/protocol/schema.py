"""The protocol as one immutable object, and the checks across its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field, PrivateAttr

from .analytes import Analyte
from .base import Frozen, FrozenMapping, Keyed
from .custody import Custody
from .governance import AbsentReason, AgeBand, Consent, Criterion, Ethics, FollowUp
from .infusion import InfusionRules
from .outcomes import Endpoint, Matching
from .products import Component, DoseRange, ExpiryLimit
from .review import Review
from .safety import Safety
from .schedule import PREVIOUS_VISIT, Anchor, DynamicTest, GlucoseSlot, Group, Sessions, Study, Visit

if TYPE_CHECKING:
    from .products import ReleaseCriterion

Loc = tuple[str | int, ...]


class Protocol(Frozen):
    """Everything that the study's protocol says. Made by `studyportal.protocol.load`, cached by `current`."""

    study: Study
    groups: Keyed[Group]
    anchors: Keyed[Anchor]
    sessions: Sessions
    visits: Keyed[Visit]
    eligibility: Keyed[Criterion]
    components: Keyed[Component]
    analytes: Keyed[Analyte]
    glucose_slots: Keyed[GlucoseSlot]
    dynamic_tests: Keyed[DynamicTest] = Field(default_factory=Keyed)
    endpoints: Keyed[Endpoint]
    matching: Matching
    consent: Consent
    follow_up: FollowUp | None = None
    custody: Custody = Custody()
    infusion: InfusionRules = Field(default_factory=InfusionRules)
    ethics: Ethics
    safety: Safety = Field(default_factory=lambda: Safety(source="Not said in this protocol"))
    review: Review = Field(default_factory=lambda: Review(source="Not said in this protocol"))
    absent_reasons: Keyed[AbsentReason]

    _sha256: str = PrivateAttr(default="")
    _text: str = PrivateAttr(default="")
    _path: str = PrivateAttr(default="")

    @property
    def version(self) -> str:
        return self.study.version

    @property
    def sha256(self) -> str:
        """Of the file's bytes; empty if the object was not loaded from a file."""
        return self._sha256

    @property
    def text(self) -> str:
        return self._text

    @property
    def path(self) -> str:
        return self._path

    @cached_property
    def dose_ranges(self) -> FrozenMapping[DoseRange]:
        return FrozenMapping({key: component.dose for key, component in self.components.items()})

    @cached_property
    def release_criteria(self) -> FrozenMapping[Keyed[ReleaseCriterion]]:
        return FrozenMapping({key: component.release for key, component in self.components.items()})

    @cached_property
    def expiry(self) -> FrozenMapping[Keyed[ExpiryLimit]]:
        return FrozenMapping({key: component.expiry for key, component in self.components.items()})

    @property
    def age_bands(self) -> Keyed[AgeBand]:
        return self.consent.age_bands

    @cached_property
    def form_keys(self) -> frozenset[str]:
        """Every form that the protocol names."""
        return frozenset(self._forms_named)

    @cached_property
    def _forms_named(self) -> tuple[str, ...]:
        at_visits = [form.form for visit in self.visits.values() for form in visit.forms]
        return tuple(dict.fromkeys([*at_visits, *self.forms_when_they_apply]))

    @property
    def forms_when_they_apply(self) -> tuple[str, ...]:
        """Forms of the participant that no visit expects: loss to follow-up, end of study."""
        return () if self.follow_up is None else self.follow_up.forms

    @cached_property
    def _forms_at(self) -> dict[tuple[str, str, bool], tuple[str, ...]]:
        return {
            (visit.key, group, required): tuple(
                form.form for form in visit.forms_for(group, required_only=required)
            )
            for visit in self.visits.values()
            for group in self.groups
            for required in (False, True)
        }

    def forms_at(self, visit_key: str, group: str, *, required_only: bool = False) -> tuple[str, ...]:
        """Form keys in the order of the protocol. KeyError for an unknown visit or group."""
        self.visits[visit_key], self.groups[group]
        return self._forms_at[visit_key, group, required_only]

    def anchor_for(self, visit_key: str, group: str) -> str | None:
        """The anchor's key; None where the visit is not for this group."""
        anchor: str | None = self.visits[visit_key].anchor.get(group)
        return anchor

    def visits_for(self, group: str, *, scheduled_only: bool = True) -> tuple[Visit, ...]:
        return tuple(
            visit
            for visit in self.visits.values()
            if group in visit.groups and (visit.scheduled or not scheduled_only)
        )

    def check_forms(self, known: Iterable[str]) -> tuple[str, ...]:
        """The form keys that the protocol names and that are not among `known`, in the order of the protocol."""
        registered = set(known)
        return tuple(form for form in self._forms_named if form not in registered)


def cross_check(protocol: Protocol) -> Iterator[tuple[Loc, str]]:
    """What only shows between the parts: (place in the file, reason)."""
    yield from _groups(protocol)
    for number, visit in enumerate(protocol.visits.values()):
        yield from _visit(protocol, visit, ("visits", number))
    yield from _uses(protocol)
    roles = [endpoint.role for endpoint in protocol.endpoints.values()]
    if "primary" not in roles:
        yield ("endpoints",), "no endpoint has the role primary"


def _unknown(
    used: Iterable[str], known: Iterable[str], what: str, loc: Loc, field: str
) -> Iterator[tuple[Loc, str]]:
    names = list(known)
    for index, name in enumerate(used):
        if name not in names:
            yield (*loc, field, index), f"{what} {name!r} does not exist; known here: {', '.join(names)}"


def _one(name: str | None, known: Any, what: str, loc: Loc, field: str) -> Iterator[tuple[Loc, str]]:
    if name is not None and name not in known:
        yield (*loc, field), f"{what} {name!r} does not exist; known here: {', '.join(known)}"


def _groups(protocol: Protocol) -> Iterator[tuple[Loc, str]]:
    for number, group in enumerate(protocol.groups.values()):
        loc: Loc = ("groups", number)
        yield from _one(group.anchor, protocol.anchors, "anchor", loc, "anchor")
        if group.anchor in protocol.anchors and group.key not in protocol.anchors[group.anchor].groups:
            yield (*loc, "anchor"), f"anchor {group.anchor} is not for the group {group.key}"
    for number, anchor in enumerate(protocol.anchors.values()):
        yield from _unknown(anchor.groups, protocol.groups, "group", ("anchors", number), "groups")


def _visit(protocol: Protocol, visit: Visit, loc: Loc) -> Iterator[tuple[Loc, str]]:
    yield from _unknown(visit.groups, protocol.groups, "group", loc, "groups")
    yield from _unknown(visit.analytes, protocol.analytes, "analyte", loc, "analytes")
    yield from _unknown(visit.tests, protocol.dynamic_tests, "dynamic test", loc, "tests")
    for group in visit.groups:
        if group not in visit.anchor:
            yield (*loc, "anchor"), f"no anchor for the group {group}"
    for group, anchor in visit.anchor.items():
        place = (*loc, "anchor", group)
        if group not in visit.groups:
            yield place, f"the visit is not for the group {group}"
        elif anchor not in protocol.anchors:
            yield place, f"anchor {anchor!r} does not exist; known here: {', '.join(protocol.anchors)}"
        elif group not in protocol.anchors[anchor].groups:
            yield place, f"anchor {anchor} is not for the group {group}"
    yield from _after(protocol, visit, loc)
    if visit.session is not None and visit.session > protocol.sessions.count:
        yield (*loc, "session"), f"session {visit.session} of {protocol.sessions.count}"
    seen: set[tuple[str, str]] = set()
    for index, form in enumerate(visit.forms):
        place = (*loc, "forms", index)
        yield from _unknown(form.groups, visit.groups, "group", place, "groups")
        for group in visit.groups_of(form):
            if (form.form, group) in seen:
                yield place, f"the form {form.form} is named twice for the group {group}"
            seen.add((form.form, group))
    if visit.analytes and not any(form.per == "analyte" for form in visit.forms):
        yield (*loc, "analytes"), "analytes are expected, but no form of this visit is `per: analyte`"


def _after(protocol: Protocol, visit: Visit, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """A visit counted from another names it, for every group that both have, and never leads back to itself."""
    counted = [group for group, anchor in visit.anchor.items() if anchor == PREVIOUS_VISIT]
    if not counted:
        if visit.after is not None:
            yield (*loc, "after"), f"`after` is for a visit with the anchor {PREVIOUS_VISIT}; remove it"
        return
    if visit.after is None:
        yield (*loc, "after"), f"the anchor is {PREVIOUS_VISIT}; say in `after` which visit"
        return
    before = protocol.visits.get(visit.after)
    if before is None:
        yield from _one(visit.after, protocol.visits, "visit", loc, "after")
        return
    if not before.scheduled:
        yield (*loc, "after"), f"{before.key} has no day of its own; name a scheduled visit"
    for group in counted:
        if group not in before.groups:
            yield (*loc, "after"), f"the visit {before.key} is not for the group {group}"
    seen, one = [visit.key], before
    while one.after is not None and one.after in protocol.visits:
        if one.key in seen:
            yield (*loc, "after"), f"counted in a circle: {' → '.join([*seen, one.key])}"
            return
        seen.append(one.key)
        one = protocol.visits[one.after]


def _uses(protocol: Protocol) -> Iterator[tuple[Loc, str]]:
    for number, criterion in enumerate(protocol.eligibility.values()):
        loc: Loc = ("eligibility", number)
        yield from _unknown(criterion.groups, protocol.groups, "group", loc, "groups")
        yield from _one(criterion.analyte, protocol.analytes, "analyte", loc, "analyte")
        if criterion.analyte in protocol.analytes and criterion.unit is not None:
            units = protocol.analytes[str(criterion.analyte)].units
            yield from _one(criterion.unit, units, f"unit of {criterion.analyte}", loc, "unit")
    for number, test in enumerate(protocol.dynamic_tests.values()):
        yield from _unknown(
            test.analytes, protocol.analytes, "analyte", ("dynamic_tests", number), "analytes"
        )
    for number, endpoint in enumerate(protocol.endpoints.values()):
        loc = ("endpoints", number)
        yield from _unknown(endpoint.visits, protocol.visits, "visit", loc, "visits")
        yield from _one(endpoint.baseline, protocol.visits, "visit", loc, "baseline")
        yield from _one(endpoint.analyte, protocol.analytes, "analyte", loc, "analyte")
        if endpoint.analyte in protocol.analytes and endpoint.unit is not None:
            units = protocol.analytes[str(endpoint.analyte)].units
            yield from _one(endpoint.unit, units, f"unit of {endpoint.analyte}", loc, "unit")
