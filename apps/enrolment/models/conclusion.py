"""How a participant's time in the study is interrupted and ends."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    DayField,
    MultiCodedField,
    NoteField,
    PartialDateField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


class ContactMethod(models.TextChoices):
    PHONE = "phone", _("Telephone")
    MESSAGE = "message", _("Message or e-mail")
    LETTER = "letter", _("Letter")
    VISIT = "visit", _("Visit at home")
    RELATIVE = "relative", _("Asked a relative")
    HOSPITAL_RECORD = "hospital_record", _("Looked into hospital records")


class LossReason(models.TextChoices):
    MOVED = "moved", _("Moved away")
    UNREACHABLE = "unreachable", _("Telephone or address no longer right")
    WORK_OR_SCHOOL = "work_or_school", _("Work or school")
    DISTANCE_OR_COST = "distance_or_cost", _("Distance or cost of the journey")
    FEELS_WELL = "feels_well", _("Feels well and sees no need")
    DISSATISFIED = "dissatisfied", _("Dissatisfied")
    ILLNESS = "illness", _("Another illness")
    OTHER = "other", _("Other")


class VitalStatus(models.TextChoices):
    ALIVE = "alive", _("Known to be alive")
    DEAD = "dead", _("Known to have died")
    UNKNOWN = "unknown", _("Not known")


class FoundHow(models.TextChoices):
    CAME = "came", _("Came back without being asked")
    PHONE = "phone", _("Telephone")
    MESSAGE = "message", _("Message or e-mail")
    LETTER = "letter", _("Letter")
    VISIT = "visit", _("Visit at home")
    RELATIVE = "relative", _("Through a relative")
    HOSPITAL_RECORD = "hospital_record", _("Through hospital records")


@tracked
class LostToFollowUp(CrfRecord):
    """A time for which a participant could not be reached; it ends when the participant is found again."""

    last_contact_on = PartialDateField(_("Last contact"))
    declared_on = DayField(_("Declared lost on"))
    attempts = CountField(_("Attempts to reach the participant"), minimum=0, maximum=200)
    attempt_methods = MultiCodedField(_("How it was tried"), codes=ContactMethod)
    reason = CodedField(_("Reason, if known"), codes=LossReason, required=False)
    reason_other = TextField(_("Which other reason"))
    vital_status = CodedField(_("Is the participant alive"), codes=VitalStatus)
    found_again = YesNoField(
        _("Found again"), required=False, help_text=_("Leave it empty until it happens.")
    )
    found_on = PartialDateField(_("Found again on"))
    found_how = CodedField(_("How the participant was found"), codes=FoundHow)
    note = NoteField(_("Note"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("loss to follow-up")
        verbose_name_plural = _("losses to follow-up")


class EndReason(models.TextChoices):
    COMPLETED = "completed", _("Completed the protocol")
    WITHDREW = "withdrew", _("Withdrew consent")
    LOST = "lost", _("Lost to follow-up")
    DIED = "died", _("Died")
    INVESTIGATOR = "investigator", _("Decision of the investigator")
    NOT_ELIGIBLE = "not_eligible", _("Found not to have been eligible")
    SPONSOR = "sponsor", _("The study or the site was ended")
    TREATED_ELSEWHERE = "treated_elsewhere", _("Moved to another study, or treated elsewhere")
    OTHER = "other", _("Other")


class CauseGroup(models.TextChoices):
    """Main groups of causes of death, in the order in which this study looks at them."""

    KETOACIDOSIS = "ketoacidosis", _("Ketoacidosis or hyperglycaemic crisis")
    HYPOGLYCAEMIA = "hypoglycaemia", _("Hypoglycaemia")
    CARDIOVASCULAR = "cardiovascular", _("Heart and circulation")
    THROMBOEMBOLISM = "thromboembolism", _("Thromboembolism")
    INFECTION = "infection", _("Infection")
    RENAL = "renal", _("Kidney disease")
    MALIGNANCY = "malignancy", _("Malignancy")
    INJURY = "injury", _("Accident or injury")
    SELF_HARM = "self_harm", _("Self-harm")
    OTHER = "other", _("Other")


class Relatedness(models.TextChoices):
    """WHO-UMC categories: those of the adverse events; a test holds the two lists together."""

    CERTAIN = "certain", _("Certain")
    PROBABLE = "probable", _("Probable or likely")
    POSSIBLE = "possible", _("Possible")
    UNLIKELY = "unlikely", _("Unlikely")
    CONDITIONAL = "conditional", _("Conditional or unclassified")
    UNASSESSABLE = "unassessable", _("Unassessable")


@tracked
class EndOfStudy(CrfRecord):
    """The end of a participant's time in the study, for whatever reason; signed by the investigator."""

    ended_on = PartialDateField(_("End of the participant's time in the study"))
    reason = CodedField(_("Reason"), codes=EndReason)
    reason_note = TextField(_("Which reason, in words"), max_length=400)
    treated_where = TextField(_("Which study or treatment, where and since when"), max_length=400)
    last_visit_on = PartialDateField(_("Last visit"))
    note = NoteField(_("Note"), required=False)

    died_on = PartialDateField(_("Died on"), loinc="81954-0")
    cause_verbatim = TextField(
        _("Cause of death, in the words of the source"), max_length=400, loinc="69453-9"
    )
    cause_group = CodedField(_("Main group of the cause"), codes=CauseGroup)
    related_to_product = CodedField(
        _("Causality: cell product"),
        codes=Relatedness,
        help_text=_("Not applicable where no product was given."),
    )
    autopsy = YesNoField(_("Autopsy done"), loinc="85699-7")

    class Meta(CrfRecord.Meta):
        verbose_name = _("end of study")
        verbose_name_plural = _("ends of study")
        constraints = [
            *CrfRecord.Meta.constraints,
            models.UniqueConstraint(
                fields=["participant"],
                name="end_of_study_once",
                violation_error_message=_(
                    "The end of study of this participant is already recorded; change that."
                ),
            ),
        ]
