"""Other medicines than insulin, over the whole time in the study."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    NoteField,
    PartialDateField,
    QuantityField,
    TextField,
    YesNoField,
)
from studyportal.crf.models import CrfRecord


class DoseUnit(models.TextChoices):
    MG = "mg", _("mg")
    G = "g", _("g")
    UG = "ug", _("µg")
    ML = "mL", _("mL")
    IU = "[IU]", _("IU")
    TABLET = "{tablet}", _("Tablets")
    DROP = "[drp]", _("Drops")
    PUFF = "{puff}", _("Puffs")
    OTHER = "other", _("Another unit, in the note")


class Frequency(models.TextChoices):
    ONCE = "once", _("Once only")
    DAILY = "daily", _("Once a day")
    TWICE = "twice", _("Twice a day")
    THREE_TIMES = "three_times", _("Three times a day")
    FOUR_TIMES = "four_times", _("Four times a day")
    WEEKLY = "weekly", _("Once a week")
    MONTHLY = "monthly", _("Once a month")
    AS_NEEDED = "as_needed", _("As needed")
    OTHER = "other", _("Other, in the note")


class Route(models.TextChoices):
    ORAL = "oral", _("By mouth")
    SUBCUTANEOUS = "subcutaneous", _("Under the skin")
    INTRAMUSCULAR = "intramuscular", _("Into a muscle")
    INTRAVENOUS = "intravenous", _("Into a vein")
    INHALED = "inhaled", _("Inhaled")
    TOPICAL = "topical", _("On the skin")
    EYE = "eye", _("Into the eye")
    OTHER = "other", _("Other")


@tracked
class ConcomitantMedication(CrfRecord):
    """One medicine with its time; insulins have a form of their own at each visit."""

    medicine = TextField(_("Medicine, as in the source"), max_length=120)
    atc = TextField(
        _("ATC code"), max_length=7, required=False, help_text=_("As far as known: H02AB06, or H02.")
    )
    indication = TextField(_("Given for"), max_length=120)
    dose = QuantityField(_("Single dose"), decimals=3, minimum="0.001", maximum=100000, required=False)
    dose_unit = CodedField(_("Unit of the dose"), codes=DoseUnit, required=False)
    frequency = CodedField(_("How often"), codes=Frequency)
    route = CodedField(_("Route"), codes=Route)
    started_on = PartialDateField(_("Started"))
    ongoing = YesNoField(_("Still taken"))
    stopped_on = PartialDateField(_("Stopped"))
    note = NoteField(_("Note"), required=False)

    class Meta(CrfRecord.Meta):
        verbose_name = _("concomitant medication")
        verbose_name_plural = _("concomitant medication")
