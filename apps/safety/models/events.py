"""What went wrong, and the question whether anything did."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.celldose.models import CellProduct, CellSession
from apps.visits.models import Visit, VisitRecord
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    DayField,
    MomentField,
    MultiCodedField,
    NoteField,
    PartialDateField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


@tracked
class SafetyReview(VisitRecord):
    """Whether anything happened since the visit before: “none” is an answer, an empty form is not."""

    any_event = YesNoField(_("Any adverse event since the visit before"))
    statement = NoteField(_("In the words of the source"), required=False)

    class Meta(VisitRecord.Meta):
        verbose_name = _("safety review")
        verbose_name_plural = _("safety reviews")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["visit"],
                name="safetyreview_once_per_visit",
                violation_error_message=_("This visit already has a safety review; change that one."),
            ),
        ]


class Term(models.TextChoices):
    """Events of special interest, and the common rest; the verbatim term is always kept beside it."""

    HARVEST_HAEMATOMA = "harvest_haematoma", _("Haematoma at the harvest site")
    HARVEST_INFECTION = "harvest_infection", _("Infection at the harvest site")
    HARVEST_PAIN = "harvest_pain", _("Pain at the harvest site")
    FEVER = "fever", _("Fever")
    INFUSION_REACTION = "infusion_reaction", _("Infusion reaction")
    THROMBOEMBOLISM = "thromboembolism", _("Thromboembolism")
    HYPOGLYCAEMIA = "hypoglycaemia", _("Hypoglycaemia, level 1 or 2")
    HYPOGLYCAEMIA_LEVEL_3 = "hypoglycaemia_level_3", _("Hypoglycaemia, level 3")
    DKA = "dka", _("Diabetic ketoacidosis")
    HYPERGLYCAEMIA = "hyperglycaemia", _("Hyperglycaemia")
    POSITIVE_CULTURE = "positive_culture", _("Positive culture of a product")
    ECTOPIC_TISSUE = "ectopic_tissue", _("Ectopic tissue")
    MALIGNANCY = "malignancy", _("Malignancy")
    INFECTION = "infection", _("Infection elsewhere")
    OTHER = "other", _("Other")


class Grade(models.TextChoices):
    MILD = "1", _("1 mild")
    MODERATE = "2", _("2 moderate")
    SEVERE = "3", _("3 severe")
    LIFE_THREATENING = "4", _("4 life-threatening")
    DEATH = "5", _("5 death")


class Dictionary(models.TextChoices):
    CTCAE_5 = "ctcae_5", "CTCAE v5.0"
    CTCAE_6 = "ctcae_6", "CTCAE v6.0"


class SeriousCriterion(models.TextChoices):
    DEATH = "death", _("Death")
    LIFE_THREATENING = "life_threatening", _("Life-threatening")
    HOSPITALISATION = "hospitalisation", _("Hospitalisation, or a longer stay")
    DISABILITY = "disability", _("Disability")
    CONGENITAL_ANOMALY = "congenital_anomaly", _("Congenital anomaly")
    IMPORTANT_MEDICAL_EVENT = "important_medical_event", _("Important medical event")


class Outcome(models.TextChoices):
    RECOVERED = "recovered", _("Recovered")
    RECOVERED_WITH_SEQUELAE = "recovered_with_sequelae", _("Recovered with sequelae")
    RECOVERING = "recovering", _("Recovering")
    NOT_RECOVERED = "not_recovered", _("Not recovered")
    FATAL = "fatal", _("Fatal")


class Action(models.TextChoices):
    NONE = "none", _("None")
    TREATED = "treated", _("Treated")
    SESSION_DELAYED = "session_delayed", _("Session delayed")
    SESSION_CANCELLED = "session_cancelled", _("Session cancelled")
    INFUSION_INTERRUPTED = "infusion_interrupted", _("Infusion interrupted or stopped")
    INSULIN_CHANGED = "insulin_changed", _("Insulin changed")
    WITHDRAWN = "withdrawn", _("Withdrawn from treatment")


class Causality(models.TextChoices):
    """WHO-UMC categories."""

    CERTAIN = "certain", _("Certain")
    PROBABLE = "probable", _("Probable or likely")
    POSSIBLE = "possible", _("Possible")
    UNLIKELY = "unlikely", _("Unlikely")
    CONDITIONAL = "conditional", _("Conditional or unclassified")
    UNASSESSABLE = "unassessable", _("Unassessable")


class Expectedness(models.TextChoices):
    EXPECTED = "expected", _("Expected")
    UNEXPECTED = "unexpected", _("Unexpected")


@tracked
class AdverseEvent(CrfRecord):
    """One adverse event. Serious (the criteria) and severe (the grade) are two things."""

    visit = models.ForeignKey(
        Visit,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("visit at which it was reported"),
    )
    session = models.ForeignKey(
        CellSession,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cell session that it may be linked to"),
    )
    product = models.ForeignKey(
        CellProduct,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cell product that it may be linked to"),
    )
    verbatim = TextField(_("Event in the words of the reporter"), max_length=200)
    term = CodedField(_("Coded term"), codes=Term)
    onset_on = PartialDateField(_("Began"))
    onset_at = MomentField(
        _("Began at"),
        required=False,
        help_text=_("The time, when it is known: the reporting clocks run from it."),
    )
    ended_on = PartialDateField(_("Ended"), required=False)
    special_interest = YesNoField(_("Of special interest"), derived=True)
    grade_suggested = CodedField(_("Grade that the results suggest"), codes=Grade, derived=True)
    grade_basis = NoteField(_("What the suggestion rests on"), derived=True)
    grade = CodedField(_("Grade"), codes=Grade)
    grade_dictionary = CodedField(_("Dictionary of the grade"), codes=Dictionary)
    serious = YesNoField(_("Serious"), help_text=_("A criterion is met; this is not the same as severe."))
    serious_criteria = MultiCodedField(_("Criteria of seriousness"), codes=SeriousCriterion)
    serious_since = MomentField(
        _("Known to be serious since"),
        required=False,
        help_text=_(
            "When an event became serious later than it was noticed: the clocks from awareness run from then."
        ),
    )
    hospital_from = PartialDateField(_("In hospital from"), required=False)
    hospital_until = PartialDateField(_("In hospital until"), required=False)
    outcome = CodedField(_("Outcome"), codes=Outcome)
    action_taken = MultiCodedField(_("Action taken"), codes=Action)
    related_to_harvest = CodedField(_("Causality: harvest"), codes=Causality, required=False)
    related_to_product = CodedField(_("Causality: cell product"), codes=Causality)
    related_to_insulin = CodedField(_("Causality: insulin"), codes=Causality, required=False)
    related_to_disease = CodedField(_("Causality: disease"), codes=Causality, required=False)
    expectedness = CodedField(_("Expectedness"), codes=Expectedness)
    expectedness_basis = TextField(_("Expected by"), required=False, help_text=_("Which document lists it."))
    reporter = TextField(
        _("Reported by"), max_length=80, required=False, help_text=_("By role, never by name.")
    )
    aware_at = MomentField(_("The site became aware"), required=False)
    note = NoteField(_("Course"), required=False)
    follow_up_due_on = DayField(_("Next follow-up due on"), required=False, future=True)

    class Meta(CrfRecord.Meta):
        verbose_name = _("adverse event")
        verbose_name_plural = _("adverse events")
