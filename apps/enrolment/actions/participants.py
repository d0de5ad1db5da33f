"""Registering participants, and their label."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from apps.enrolment import signals
from apps.enrolment.actions import reading
from apps.enrolment.actions.enrolment import enrol
from apps.enrolment.actions.groups import assign_group
from apps.enrolment.actions.numbers import next_code
from apps.enrolment.actions.participation import refresh_status
from apps.enrolment.actions.screening import open_entry
from apps.enrolment.models import Group, Participant, ScreeningEntry
from studyportal.access.clock import today_at
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.audit import acting
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.reasons import taken
from studyportal.identity.selectors import mentioned_in

CHANGEABLE = ("label",)


def register(
    *,
    site: Site,
    by: User,
    screening: ScreeningEntry | None = None,
    group: str = Group.UNASSIGNED,
    synthetic: bool = False,
    retrospective: bool = False,
    label: str = "",
    index_date: Any = None,
    matched_case: Participant | None = None,
    enrolled_on: PartialDate | str | None = None,
    screened_on: PartialDate | dt.date | str | None = None,
) -> Participant:
    """Give somebody who was screened the next participant code of the site.

    screening: the open entry; left out, one is made (screened_on: left out, today; unknown for a participant of the
    past). enrolled_on: only for a participant of the past; everybody else is enrolled by `enrol`, after consent.
    Raises PermissionDenied when `retrospective` is not the user's to set, CrfInvalid, Refused.
    """
    if retrospective and not by.may(Permission.REGISTER_RETROSPECTIVE, site):
        raise PermissionDenied(
            _(
                "Only a data manager registers participants from a published source. Leave out “retrospective”."
            )
        )
    problems: list[Problem] = []
    if not site.is_active:
        problems.append(Problem("site", "inactive", _("This site takes no new participants.")))
    group = reading.code_of("group", group, dict(Group.choices), problems) or Group.UNASSIGNED
    label = reading.plain_text("label", label, 60, problems)
    enrolled = reading.partial_date("enrolled_on", enrolled_on, problems)
    screened = reading.partial_date("screened_on", screened_on, problems)
    index_date = reading.day("index_date", index_date, problems)
    if enrolled is not None and not retrospective:
        problems.append(
            Problem(
                "enrolled_on",
                "not_yet",
                _(
                    "Register first; consent and eligibility come before the day of enrolment. Leave it empty."
                ),
            )
        )
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic(), acting(user=by):
        if screening is None:
            screening = open_entry(
                site=site,
                by=by,
                screened_on=screened or (None if retrospective else today_at(site)),
                considered_for="" if group == Group.UNASSIGNED else group,
                synthetic=synthetic,
                retrospective=retrospective,
            )
        entry = _free(screening, site)
        participant = Participant.objects.create(
            site=site,
            code=next_code(site),
            synthetic=synthetic or entry.synthetic,
            retrospective=retrospective,
            label=label,
            status_since=entry.screened_on,
            registered_by=by,
        )
        entry.participant = participant
        entry.version += 1
        entry.save()
        signals.participant_saved.send(
            sender=Participant, participant=participant, created=True, changed=frozenset(), by=by
        )
        if enrolled is not None:
            participant = enrol(participant=participant, on=enrolled, by=by)
        if group != Group.UNASSIGNED or index_date is not None or matched_case is not None:
            return assign_group(
                participant=participant,
                group=group,
                by=by,
                effective_on=enrolled,
                index_date=index_date,
                matched_case=matched_case,
            )
        return refresh_status(participant=participant, by=by)


def _free(screening: ScreeningEntry, site: Site) -> ScreeningEntry:
    """The entry, locked: of this site, open, and nobody's yet."""
    entry = ScreeningEntry.objects.select_for_update(of=("self",)).get(pk=screening.pk)
    if entry.site_id != site.pk:
        raise CrfInvalid([Problem("screening", "other_site", _("This person was screened at another site."))])
    if entry.participant_id is not None:
        raise Refused(
            [Problem("screening", "registered", _("%s has a participant code already.") % entry.number)]
        )
    if not entry.is_open:
        raise Refused(
            [
                Problem(
                    "screening",
                    "screening_ended",
                    _("The screening ended as “%s”. Reopen it first, and say why.")
                    % entry.get_outcome_display(),
                )
            ]
        )
    return entry


def change(
    *,
    participant: Participant,
    by: User,
    reason: Any = None,
    expected_version: int | None = None,
    **changes: Any,
) -> Participant:
    """Change what may be changed of a participant (CHANGEABLE); a value that was given before needs a reason.

    Raises CrfInvalid, ReasonRequired, or StaleVersion when somebody saved since `expected_version`.
    """
    problems = [Problem(name, "read_only", elsewhere(name)) for name in changes if name not in CHANGEABLE]
    why = taken(reason, problems)
    label = reading.plain_text("label", changes.get("label", participant.label), 60, problems)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic(), acting(user=by, reason=why):
        current = (
            Participant.objects.select_for_update(of=("self",))
            .select_related("site", "matched_case")
            .get(pk=participant.pk)
        )
        if expected_version is not None and current.version != expected_version:
            raise StaleVersion(current)
        if label == current.label:
            return current
        if mentioned_in(current, label, by):
            raise CrfInvalid(
                [
                    Problem(
                        "label",
                        "names_person",
                        _(
                            "This names the participant. Everybody who sees the code sees the label: use other words."
                        ),
                    )
                ]
            )
        if current.label and not why:
            raise ReasonRequired(["label"])
        current.label = label
        current.version += 1
        current.save()
        signals.participant_saved.send(
            sender=Participant, participant=current, created=False, changed=frozenset({"label"}), by=by
        )
        return current


def elsewhere(name: str) -> str:
    """Where that changes which no edit of a participant changes."""
    return str(
        {
            "group": _("A change of group is an event: record it under “Group”."),
            "status": _("The status follows from what happened; nobody sets it."),
            "enrolled_on": _("Enrolling is an act of its own: record it under “Enrol”."),
            "index_date": _("The index date comes with the matched case: record it under “Match”."),
            "matched_case": _("The matched case is recorded under “Match”."),
        }.get(name, _("This is set at registration and does not change."))
    )
