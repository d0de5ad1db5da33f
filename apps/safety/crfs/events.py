"""The forms of adverse events."""

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
        description=_(
            "One form for each event. Save it as incomplete as soon as it is known: the reporting clocks run from then."
        ),
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
            rules.what_goes_on_has_no_end,
            rules.time_agrees_with_day,
            rules.known_after_it_began,
            rules.hospital_stay_in_order,
            rules.nothing_was_done_stands_alone,
            rules.death_agrees,
            rules.session_is_of_participant,
            rules.product_is_of_session,
        ),
        checks=(
            checks.severe_is_not_serious,
            checks.life_threatening_is_grave,
            checks.grave_term_is_serious,
            checks.hospital_stay_is_dated,
            checks.recovered_has_end,
            checks.what_goes_on_is_followed,
            checks.onset_in_study,
            checks.not_told_twice,
            checks.grade_has_dictionary,
            checks.grade_agrees_with_results,
            checks.episode_is_told,
            checks.expectedness_by_protocol,
            checks.cause_was_there,
            checks.harvest_is_assessed,
            checks.linked_to_its_session,
        ),
        derive=rules.derive_adverse_event,
        context=contexts.adverse_event,
        repeats=True,
    )
)
