"""The forms of safety."""

from django.utils.translation import gettext_lazy as _

from apps.safety import checks, contexts, rules
from apps.safety.models import AdverseEvent, SafetyReview
from apps.visits.crfs import visit_took_place
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, ShowIf

SAFETY_REVIEW = register(
    CrfSpec(
        model=SafetyReview,
        key="safety-review",
        title=_("Safety review"),
        parents=("visit",),
        about=About.ALWAYS,
        sections=(Section(_("Since the visit before"), ("any_event", "statement")),),
        checks=(checks.event_recorded, checks.denial_against_statement),
        context=contexts.safety_review,
        gates=(visit_took_place,),
    )
)

ADVERSE_EVENT = register(
    CrfSpec(
        model=AdverseEvent,
        key="adverse-event",
        title=_("Adverse event"),
        parents=("visit", "session", "product"),
        about=About.ALWAYS,
        dated_by=("onset_on", "visit.happened_on"),
        sections=(
            Section(
                _("Event"),
                ("verbatim", "term", "onset_on", "onset_at", "ended_on", "special_interest", "note"),
            ),
            Section(
                _("Grade and seriousness"),
                (
                    "grade",
                    "grade_dictionary",
                    "grade_suggested",
                    "grade_basis",
                    "serious",
                    "serious_criteria",
                    "serious_since",
                    "hospital_from",
                    "hospital_until",
                ),
            ),
            Section(_("Outcome"), ("outcome", "action_taken", "follow_up_due_on")),
            Section(
                _("Causality"),
                (
                    "related_to_harvest",
                    "related_to_product",
                    "related_to_insulin",
                    "related_to_disease",
                    "expectedness",
                    "expectedness_basis",
                ),
            ),
            Section(_("Report"), ("reporter", "aware_at")),
        ),
        show_if={
            "serious_criteria": ShowIf("serious", ("true",)),
            "serious_since": ShowIf("serious", ("true",)),
            "hospital_from": ShowIf("serious_criteria", ("hospitalisation",)),
            "hospital_until": ShowIf("serious_criteria", ("hospitalisation",)),
        },
        rules=(
            rules.serious_has_criterion,
            rules.end_not_before_onset,
            rules.death_agrees,
            rules.session_is_of_participant,
        ),
        checks=(
            checks.severe_is_not_serious,
            checks.grave_term_is_serious,
            checks.recovered_has_end,
            checks.onset_in_study,
            checks.grade_has_dictionary,
        ),
        context=contexts.adverse_event,
        gates=(),
        repeats=True,
    )
)
