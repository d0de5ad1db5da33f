"""The protocol as people read it: plain sections of tables for the page. No HTML here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .analytes import Analyte, Limits
from .base import Sourced
from .governance import Criterion
from .schedule import Visit, VisitForm
from .schema import Protocol
from .units import readable


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """What components/table.html draws: a text, and a smaller one beside it."""

    text: str
    detail: str = ""
    url: str = ""
    code: bool = False
    state: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    anchor: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell | str]]
    note: str = ""
    pin: bool = False


def basis(thing: Sourced) -> Cell:
    """Where a value comes from; a working default is named as such."""
    return Cell(thing.source, _("working default of this study") if thing.configurable else "")


def number(value: Decimal | int) -> str:
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text.replace("-", "−")


def columns(*labels: str) -> tuple[Column, ...]:
    return tuple(Column(label) for label in labels)


def study(protocol: Protocol) -> list[tuple[str, str]]:
    return [
        (_("Study"), protocol.study.title),
        (_("Version"), protocol.version),
        (_("SHA-256"), protocol.sha256),
        (_("Opened on"), date_format(protocol.study.opened_on, "j M Y")),
        (_("Design"), protocol.study.design),
        (_("Summary"), protocol.study.summary),
    ]


def sections(protocol: Protocol) -> list[Section]:
    """In the order of the page."""
    from .presentation_infusion import infusion_sections  # they are made of the parts of this module
    from .presentation_review import review_sections
    from .presentation_safety import safety_sections

    return [
        _groups(protocol),
        _visits(protocol),
        _forms(protocol),
        _analytes_at_visits(protocol),
        _eligibility(protocol),
        _doses(protocol),
        _release(protocol),
        _expiry(protocol),
        _custody(protocol),
        *infusion_sections(protocol),
        _analytes(protocol),
        _endpoints(protocol),
        _matching(protocol),
        _consent(protocol),
        _consent_terms(protocol),
        _consent_rules(protocol),
        *_follow_up(protocol),
        _ethics(protocol),
        *safety_sections(protocol),
        *review_sections(protocol),
        Section(
            "absent",
            _("Reasons for an absent value"),
            columns(_("Code"), _("Reason")),
            [[Cell(reason.key, code=True), reason.label] for reason in protocol.absent_reasons.values()],
        ),
    ]


def _labels(protocol: Protocol, groups: Iterable[str]) -> str:
    return ", ".join(protocol.groups[group].label for group in groups)


def _groups(protocol: Protocol) -> Section:
    return Section(
        "groups",
        _("Groups"),
        columns(_("Group"), _("Definition"), _("Day 0")),
        [
            [group.label, group.definition, protocol.anchors[group.anchor].label]
            for group in protocol.groups.values()
        ],
    )


def window_text(visit: Visit) -> str:
    """`45 ± 7`, or the range where the window is lopsided."""
    if visit.target_day is None:
        return _("any day")
    if visit.window_before == visit.window_after:
        return f"{number(visit.target_day)} ± {visit.window_before}"
    return _("%(from)s to %(to)s") % {
        "from": number(visit.earliest_day or 0),
        "to": number(visit.latest_day or 0),
    }


def _visits(protocol: Protocol) -> Section:
    return Section(
        "visits",
        _("Visit schedule"),
        columns(_("Visit"), _("Name"), _("Days"), _("Counted from"), _("Groups"), _("Content"), _("Basis")),
        [
            [
                Cell(visit.key, code=True),
                visit.label,
                window_text(visit),
                " / ".join(dict.fromkeys(protocol.anchors[anchor].label for anchor in visit.anchor.values())),
                _labels(protocol, visit.groups),
                visit.content,
                basis(visit),
            ]
            for visit in protocol.visits.values()
        ],
        note=_(
            "A visit outside of its window is accepted, flagged and linked to a deviation; it is never refused."
        ),
    )


def _matrix(
    protocol: Protocol, row_label: str, rows: Iterable[tuple[str, Sequence[str]]]
) -> tuple[tuple[Column, ...], list[list[Cell | str]]]:
    heads = columns(row_label, *protocol.visits)
    return heads, [[name, *cells] for name, cells in rows]


def _mark(protocol: Protocol, visit: Visit, form: VisitForm | None) -> str:
    if form is None:
        return " "
    whom = visit.groups_of(form)
    text = "✓" if form.required else _("if any")
    if set(whom) != set(protocol.groups):
        text += f" {_labels(protocol, whom).lower()}"
    return text


def _forms(protocol: Protocol) -> Section:
    keys = list(dict.fromkeys(form.form for visit in protocol.visits.values() for form in visit.forms))

    def at(key: str, visit: Visit) -> VisitForm | None:
        return next((form for form in visit.forms if form.form == key), None)

    heads, rows = _matrix(
        protocol,
        _("Form"),
        (
            (
                key.replace("-", " ").capitalize(),
                [_mark(protocol, visit, at(key, visit)) for visit in protocol.visits.values()],
            )
            for key in keys
        ),
    )
    note = _(
        "✓ expected; “if any”: filled when it applies. A group is named where the form is for that group only."
    )
    return Section("forms", _("Forms at each visit"), heads, rows, note=note, pin=True)


def _analytes_at_visits(protocol: Protocol) -> Section:
    expected = dict.fromkeys(key for visit in protocol.visits.values() for key in visit.analytes)
    rows = [
        (
            protocol.analytes[key].label,
            ["✓" if key in visit.analytes else " " for visit in protocol.visits.values()],
        )
        for key in expected
    ]
    rows += [
        (test.label, ["✓" if test.key in visit.tests else " " for visit in protocol.visits.values()])
        for test in protocol.dynamic_tests.values()
    ]
    heads, cells = _matrix(protocol, _("Analyte or test"), rows)
    return Section("laboratory", _("Laboratory at each visit"), heads, cells, pin=True)


def _eligibility(protocol: Protocol) -> Section:
    kinds = {"inclusion": _("Inclusion"), "exclusion": _("Exclusion")}

    def whom(criterion: Criterion) -> str:
        return _labels(protocol, criterion.groups or tuple(protocol.groups))

    return Section(
        "eligibility",
        _("Eligibility"),
        columns(_("Kind"), _("Criterion"), _("Groups"), _("Basis")),
        [
            [kinds[criterion.kind], criterion.text, whom(criterion), basis(criterion)]
            for criterion in protocol.eligibility.values()
        ],
    )


def _doses(protocol: Protocol) -> Section:
    interval = protocol.sessions.interval
    sessions = _("%(count)d sessions, %(target)d days apart (%(earliest)d to %(latest)d), %(route)s.") % {
        "count": protocol.sessions.count,
        "target": interval.target_days,
        "earliest": interval.earliest,
        "latest": interval.latest,
        "route": protocol.sessions.route,
    }
    return Section(
        "doses",
        _("Sessions and dose ranges"),
        columns(_("Component"), _("Name"), _("Dose"), _("Note"), _("Basis")),
        [
            [
                component.label,
                component.name,
                f"{number(component.dose.minimum)}–{number(component.dose.maximum)} {readable(component.dose.unit)}"
                f" {component.dose.basis}",
                component.dose.note or "",
                basis(component.dose),
            ]
            for component in protocol.components.values()
        ],
        note=sessions,
    )


def _release(protocol: Protocol) -> Section:
    return Section(
        "release",
        _("Release criteria"),
        columns(_("Component"), _("Criterion"), _("Specification"), _("May be pending"), _("Basis")),
        [
            [
                component.label,
                criterion.label,
                criterion.specification,
                _("yes") if criterion.pending_allowed else _("no"),
                basis(criterion),
            ]
            for component in protocol.components.values()
            for criterion in component.release.values()
        ],
    )


def _expiry(protocol: Protocol) -> Section:
    rows: list[list[Cell | str]] = [
        [component.label, limit.label, _("infused within %d h of harvest") % limit.hours, basis(limit)]
        for component in protocol.components.values()
        for limit in component.expiry.values()
    ]
    for component in protocol.components.values():
        for limit in component.plausibility.values():
            low = "" if limit.minimum is None else _("from %s") % number(limit.minimum)
            high = "" if limit.maximum is None else _("up to %s") % number(limit.maximum)
            text = " ".join(part for part in (low, high, readable(limit.unit)) if part)
            rows.append([component.label, limit.label, _("%s; beyond opens a query") % text, basis(limit)])
    return Section(
        "expiry",
        _("Expiry and plausibility"),
        columns(_("Component"), _("Of"), _("Limit"), _("Basis")),
        rows,
    )


def _custody(protocol: Protocol) -> Section:
    custody = protocol.custody
    identifiers, labels = custody.identifiers, custody.labels
    schemes = {
        "isbt128": _("as in ISBT 128: facility, year, sequence, flags, check character"),
        "free": _("as the label says"),
    }
    rows: list[list[Cell | str]] = [
        [
            _("Between the two readings of an identity check"),
            _("at most %d minutes") % custody.identity_minutes,
            basis(custody),
        ],
        [
            _("Between harvest and first hand-over"),
            _("more than %d minutes are shown as not logged") % custody.hand_over_gap_minutes,
            basis(custody),
        ],
        [_("Donation numbers"), schemes[identifiers.scheme], basis(identifiers)],
        [
            _("Labels of another shape"),
            _("taken besides") if identifiers.other_labels else _("refused"),
            basis(identifiers),
        ],
    ]
    rows += [
        [_("Facility of %s") % one.site, one.code, basis(one)] for one in identifiers.facilities.values()
    ]
    rows += [
        [
            size.label,
            _("label of %(width)d × %(height)d mm") % {"width": size.width_mm, "height": size.height_mm},
            basis(size),
        ]
        for size in labels.sizes.values()
    ]
    rows += [[_("Warning on labels"), words, basis(labels)] for words in labels.warnings]
    weight = custody.dose.weight_within_days
    rows.append(
        [
            _("Weight for a dose per kg"),
            _("of the same day") if not weight else _("at most %d days before") % weight,
            basis(custody.dose),
        ]
    )
    return Section(
        "custody", _("Custody of cell products"), columns(_("Setting"), _("Value"), _("Basis")), rows
    )


def _range(limits: Limits | None) -> str:
    return "" if limits is None else f"{number(limits.low)}–{number(limits.high)}"


def _unit(analyte: Analyte) -> str:
    if analyte.unit is None:
        return _("qualitative")
    return analyte.unit_label or readable(analyte.unit)


def _analytes(protocol: Protocol) -> Section:
    return Section(
        "analytes",
        _("Analytes"),
        columns(
            _("Analyte"),
            _("LOINC"),
            _("Unit"),
            _("Also reported in"),
            _("Query outside"),
            _("Refused outside"),
        ),
        [
            [
                Cell(analyte.label, analyte.note or ""),
                Cell(analyte.loinc or "", analyte.loinc_source or ""),
                _unit(analyte),
                ", ".join(
                    [
                        alternative.label or readable(alternative.unit)
                        for alternative in analyte.alternatives.values()
                    ]
                    + [readable(unit) for unit in analyte.other_units]
                ),
                _range(analyte.plausible),
                _range(analyte.hard),
            ]
            for analyte in protocol.analytes.values()
        ],
        note=_("Limits are in the analyte's unit. Results are stored as reported; conversions are derived."),
    )


def _endpoints(protocol: Protocol) -> Section:
    roles = {
        "primary": _("Primary"),
        "secondary": _("Secondary"),
        "safety": _("Safety"),
        "exploratory": _("Exploratory"),
    }
    better = {"lower": _("lower"), "higher": _("higher"), "yes_is_better": _("yes")}
    return Section(
        "endpoints",
        _("Endpoints"),
        columns(
            _("Endpoint"), _("Role"), _("Baseline"), _("Visits"), _("Better"), _("Definition"), _("Basis")
        ),
        [
            [
                endpoint.label,
                roles[endpoint.role],
                endpoint.baseline or "",
                ", ".join(endpoint.visits),
                better[endpoint.direction],
                endpoint.definition,
                basis(endpoint),
            ]
            for endpoint in protocol.endpoints.values()
        ],
    )


def _matching(protocol: Protocol) -> Section:
    matching = protocol.matching
    rows: list[list[Cell | str]] = [
        [
            _("Controls per case"),
            f"{matching.ratio.default} ({matching.ratio.minimum}–{matching.ratio.maximum})",
        ],
        [_("Exact on"), ", ".join(matching.exact)],
        [_("Exact on, as an option"), ", ".join(matching.exact_optional)],
    ]
    for caliper in matching.calipers.values():
        text = f"± {number(caliper.width)} {readable(caliper.unit)}"
        if caliper.or_percent is not None:
            text += _(" or ± %s %%") % number(caliper.or_percent)
        rows.append([caliper.label, text])
    rows += [
        [
            _("Assignment"),
            _("%(method)s (offered: %(methods)s)")
            % {"method": matching.method, "methods": ", ".join(matching.methods)},
        ],
        [_("With replacement"), _("yes") if matching.with_replacement else _("no")],
        [_("Imbalance is flagged above"), _("standardised mean difference %s") % number(matching.smd_flag)],
    ]
    return Section("matching", _("Matching"), columns(_("Setting"), _("Value")), rows, note=matching.note)


def _consent(protocol: Protocol) -> Section:
    return Section(
        "consent",
        _("Who signs, by age"),
        columns(_("Age"), _("Signatures"), _("Basis")),
        [
            [band.label, ", ".join(signature.replace("_", " ") for signature in band.signatures), basis(band)]
            for band in protocol.age_bands.values()
        ],
        note=_("Whoever cannot decide, at any age: %s.")
        % ", ".join(signature.replace("_", " ") for signature in protocol.consent.incapacity_signatures),
    )


def _consent_terms(protocol: Protocol) -> Section:
    consent, interim = protocol.consent, protocol.consent.interim
    within = _("within %d days")
    ahead = _("%d days ahead")
    recorded = {
        "never": _("never"),
        "vulnerable": _("when somebody else signs too, or the signer cannot read"),
        "always": _("always"),
    }
    after = {
        "suspended": _("taking part is suspended until it is signed"),
        "goes_on": _("taking part goes on"),
    }
    own = basis(consent)
    rows: list[list[Cell | str]] = [
        [
            _("New signature after a birthday or a change of capacity"),
            within % consent.resign_within_days,
            own,
        ],
        [_("New signature after an amendment"), within % consent.reconsent_within_days, own],
        [_("Signed copy"), within % consent.copy_within_days, own],
        [_("A birthday is on the worklist"), ahead % consent.birthday_warning_days, own],
        [_("Consent for a session is on the worklist"), ahead % consent.session_warning_days, own],
        [_("Audio-visual recording"), recorded[consent.recording.when], basis(consent.recording)],
        [
            _("What goes on until the new signature is overdue"),
            ", ".join(purpose.replace("_", " ") for purpose in interim.carries) or _("nothing"),
            basis(interim),
        ],
        [_("Overdue after a birthday"), after[interim.after_birthday], basis(interim)],
        [_("Overdue after an amendment"), after[interim.after_amendment], basis(interim)],
    ]
    return Section("consent-terms", _("Signing anew"), columns(_("What"), _("How"), _("Basis")), rows)


def _consent_rules(protocol: Protocol) -> Section:
    severities = {"critical": _("Critical"), "major": _("Major"), "minor": _("Minor")}
    return Section(
        "consent-rules",
        _("Consent rules"),
        columns(_("Rule"), _("Severity of a finding")),
        [[rule.text, severities[rule.severity]] for rule in protocol.consent.rules.values()],
    )


def _follow_up(protocol: Protocol) -> list[Section]:
    asked = protocol.follow_up
    if asked is None:
        return []
    rows: list[list[Cell | str]] = [
        [_("Attempts to reach the participant"), _("at least %d") % asked.attempts_before_lost, basis(asked)],
        [_("Different ways of trying"), _("at least %d") % asked.ways_before_lost, basis(asked)],
        [_("Since the last contact"), _("%d days or more") % asked.days_before_lost, basis(asked)],
    ]
    return [
        Section(
            "follow-up",
            _("Before a participant counts as lost"),
            columns(_("What"), _("How much"), _("Basis")),
            rows,
            note=_("A loss that is declared earlier is saved, and asked about."),
        )
    ]


def _ethics(protocol: Protocol) -> Section:
    ethics = protocol.ethics
    rows: list[list[Cell | str]] = [
        [approval.label, ethics.approval_rule] for approval in ethics.approvals.values()
    ]
    rows.append(
        [
            _("Renewal of an approval"),
            _("on the worklist %d days before the last day") % ethics.approval_warning_days,
        ]
    )
    return Section(
        "ethics",
        _("Approvals"),
        columns(_("Item"), _("Rule")),
        rows,
        note=f"{ethics.source}: {_('working default of this study')}." if ethics.configurable else "",
    )
