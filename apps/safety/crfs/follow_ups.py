"""The form of a follow-up."""

from django.utils.translation import gettext_lazy as _

from apps.safety.models import FollowUp
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, ShowIf

FOLLOW_UP = register(
    CrfSpec(
        model=FollowUp,
        key="adverse-event-follow-up",
        title=_("Follow-up of an adverse event"),
        parents=("event",),
        about=About.ALWAYS,
        dated_by=("seen_on",),
        sections=(
            Section(_("When"), ("number", "seen_on", "aware_at")),
            Section(_("What is known now"), ("grade", "serious", "serious_criteria", "outcome", "ended_on")),
            Section(_("Course"), ("action_taken", "course", "next_due_on")),
        ),
        show_if={"serious_criteria": ShowIf("serious", ("true",))},
        repeats=True,
    )
)
