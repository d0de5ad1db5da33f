"""The form of a follow-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.safety import checks, contexts, gates
from apps.safety.models import FollowUp
from apps.safety.rules import follow_ups as rules
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, ShowIf


def numbered(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"number": context["number"]}


FOLLOW_UP = register(
    CrfSpec(
        model=FollowUp,
        key="adverse-event-follow-up",
        title=_("Follow-up of an adverse event"),
        description=_(
            "What is known now. The event takes it over, and keeps what was known before in its history."
        ),
        parents=("event",),
        about=About.ALWAYS,
        dated_by=("seen_on",),
        sections=(
            Section(_("When"), ("number", "seen_on", "aware_at")),
            Section(_("What is known now"), ("grade", "serious", "serious_criteria", "outcome", "ended_on")),
            Section(_("Course"), ("action_taken", "course", "next_due_on")),
        ),
        show_if={"serious_criteria": ShowIf("serious", ("true",))},
        rules=(
            rules.says_what_serious_is,
            rules.agrees_on_death,
            rules.ends_in_order,
            rules.dates_in_order,
            rules.nothing_was_done_stands_alone,
        ),
        checks=(checks.awareness_of_seriousness, checks.what_goes_on_is_seen_again),
        derive=numbered,
        context=contexts.follow_up,
        gates=(gates.follow_up_goes_on,),
        repeats=True,
    )
)
