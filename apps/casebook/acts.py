"""What a person may do to a participation, each an act with its fields and its action: enrol, group, match, label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.casebook.inputs import reason_fields
from apps.enrolment import actions
from apps.enrolment.models import Group, Participant
from apps.enrolment.selectors import participants
from studyportal import protocol
from studyportal.access.models import User
from studyportal.audit import reasons
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import errors_by_field

Fields = Callable[[Participant, Mapping[str, str], Mapping[str, list[str]]], list[FieldView]]
Run = Callable[..., Participant]


@dataclass(frozen=True)
class Act:
    """names: the fields; stands: what they show before anything is typed; about: what the act means, in words."""

    key: str
    title: str | Promise
    about: str | Promise
    fields: Fields
    stands: Callable[[Participant], dict[str, str]]
    run: Run
    button: str | Promise

    def views(
        self, participant: Participant, posted: QueryDict, problems: Iterable[Problem]
    ) -> list[FieldView]:
        """With what was typed, or as the participant stands; then the reason."""
        errors = errors_by_field(problems)
        values = {name: posted.get(name, value) for name, value in self.stands(participant).items()}
        return [*self.fields(participant, values, errors), *reason_fields(posted, errors)]

    def perform(
        self, participant: Participant, posted: QueryDict, *, by: User, expected_version: int
    ) -> Participant:
        return self.run(
            participant,
            posted,
            by=by,
            reason=reasons.of_form(posted),
            expected_version=expected_version,
        )


def _label_fields(participant: Participant, values: Any, errors: Any) -> list[FieldView]:
    return [
        FieldView(
            "label",
            _("Label"),
            value=values["label"],
            required=False,
            help=_("A short free label; never a name or an initial."),
            errors=errors.get("label", []),
        )
    ]


def _change_label(participant: Participant, posted: QueryDict, **how: Any) -> Participant:
    return actions.change(participant=participant, label=posted.get("label", ""), **how)


def _enrol_fields(participant: Participant, values: Any, errors: Any) -> list[FieldView]:
    return [
        FieldView(
            "enrolled_on",
            _("Enrolled on"),
            widget="partial-date",
            value=values["enrolled_on"],
            help=_("The day from which the person takes part. Consent and the criteria come before."),
            errors=errors.get("enrolled_on", []),
        )
    ]


def _enrol(participant: Participant, posted: QueryDict, **how: Any) -> Participant:
    return actions.enrol(participant=participant, on=posted.get("enrolled_on", ""), **how)


def _group_fields(participant: Participant, values: Any, errors: Any) -> list[FieldView]:
    return [
        FieldView(
            "group",
            _("Group"),
            widget="radio",
            value=values["group"],
            choices=Group.choices,
            errors=errors.get("group", []),
        ),
        FieldView(
            "effective_on",
            _("From"),
            widget="partial-date",
            value=values["effective_on"],
            required=False,
            help=_("Left empty: from the day of enrolment."),
            errors=errors.get("effective_on", []),
        ),
    ]


def _assign(participant: Participant, posted: QueryDict, **how: Any) -> Participant:
    group = posted.get("group", "")
    keeps = group == participant.group
    return actions.assign_group(
        participant=participant,
        group=group,
        effective_on=posted.get("effective_on", ""),
        index_date=participant.index_date if keeps else None,
        matched_case=participant.matched_case if keeps else None,
        **how,
    )


def _match_fields(participant: Participant, values: Any, errors: Any) -> list[FieldView]:
    return [
        FieldView(
            "matched_case",
            _("Matched case"),
            value=values["matched_case"],
            required=False,
            help=_("Participant code of the case."),
            placeholder="MUM-0001-K",
            errors=errors.get("matched_case", []),
        ),
        FieldView(
            "index_date",
            _("Index date"),
            widget="date",
            value=values["index_date"],
            required=False,
            help=_("Day 0 of the matched case. Left empty, the portal takes it from there."),
            errors=errors.get("index_date", []),
        ),
    ]


def _match(participant: Participant, posted: QueryDict, *, by: User, **how: Any) -> Participant:
    code = posted.get("matched_case", "").strip().upper()
    case = None
    if code:
        case = participants(by).filter(code=code).first() if code.isascii() and "\x00" not in code else None
        if case is None:
            raise CrfInvalid(
                [
                    Problem(
                        "matched_case",
                        "not_found",
                        _("There is no participant with this code that you may see."),
                    )
                ]
            )
    return actions.match(
        participant=participant,
        matched_case=case,
        index_date=posted.get("index_date", ""),
        by=by,
        **how,
    )


def _crossing_fields(participant: Participant, values: Any, errors: Any) -> list[FieldView]:
    return [
        FieldView(
            "treated_on",
            _("Treated on"),
            widget="date",
            value=values["treated_on"],
            help=_("From this day on the participant counts as a case, and no longer as a control."),
            errors=errors.get("treated_on", []) + errors.get("group", []),
        )
    ]


def _cross_over(participant: Participant, posted: QueryDict, **how: Any) -> Participant:
    return actions.cross_over(participant=participant, treated_on=posted.get("treated_on", ""), **how)


def _version_fields(participant: Participant, values: Any, errors: Any) -> list[FieldView]:
    return [
        FieldView(
            "protocol_version",
            _("Version of the protocol"),
            widget="select",
            value=values["protocol_version"],
            choices=[(one.version, f"{one.version} · {one.study.short_title}") for one in protocol.known()],
            help=_("%s counts for this participant today.") % protocol.of(participant).version,
            errors=errors.get("protocol_version", []),
        ),
        FieldView(
            "from_on",
            _("From"),
            widget="date",
            value=values["from_on"],
            help=_("The day of the new consent, as a rule. Visits that were held keep their version."),
            errors=errors.get("from_on", []),
        ),
    ]


def _move_to_version(participant: Participant, posted: QueryDict, **how: Any) -> Participant:
    return actions.move_to_version(
        participant=participant,
        version=posted.get("protocol_version", ""),
        from_on=posted.get("from_on", ""),
        **how,
    )


ACTS: Mapping[str, Act] = {
    act.key: act
    for act in (
        Act(
            "change",
            lazy("Label"),
            lazy("A label helps the team to tell participants apart where no name may stand."),
            _label_fields,
            lambda p: {"label": p.label},
            _change_label,
            lazy("Save"),
        ),
        Act(
            "enrol",
            lazy("Enrol"),
            lazy(
                "The portal asks whether consent, criteria and the approvals of the site stand on that day, and says"
                " what does not."
            ),
            _enrol_fields,
            lambda p: {"enrolled_on": str(p.enrolled_on or "")},
            _enrol,
            lazy("Enrol"),
        ),
        Act(
            "group",
            lazy("Group"),
            lazy(
                "A change of group is an event that stays on record. Changing a group that was given before says that"
                " it was entered in error; a control who is treated later is recorded under “Treated later”."
            ),
            _group_fields,
            lambda p: {"group": p.group, "effective_on": ""},
            _assign,
            lazy("Assign"),
        ),
        Act(
            "match",
            lazy("Match"),
            lazy("A control is followed from Day 0 of its matched case, never from its own enrolment."),
            _match_fields,
            lambda p: {
                "matched_case": p.matched_case.code if p.matched_case else "",
                "index_date": p.index_date.isoformat() if p.index_date else "",
            },
            _match,
            lazy("Match"),
        ),
        Act(
            "treated-later",
            lazy("Treated later"),
            lazy("A control who is treated is censored as a control on that day, and is a case from then."),
            _crossing_fields,
            lambda p: {"treated_on": ""},
            _cross_over,
            lazy("Record the treatment"),
        ),
        Act(
            "protocol-version",
            lazy("Protocol version"),
            lazy(
                "After an amendment that counts for new participants only, whoever consented to it is moved to it here,"
                " with the reason. What is still to come is planned by the new version from then on."
            ),
            _version_fields,
            lambda p: {"protocol_version": p.protocol_version, "from_on": ""},
            _move_to_version,
            lazy("Move"),
        ),
    )
}


def offered(participant: Participant) -> list[Act]:
    """The acts that make sense now, in the order of a participant's way."""
    keys = ["enrol", "group"]
    if participant.group == Group.CONTROL:
        keys += ["match", "treated-later"]
    if len(protocol.known()) > 1:
        keys.append("protocol-version")
    return [ACTS[key] for key in (*keys, "change")]
