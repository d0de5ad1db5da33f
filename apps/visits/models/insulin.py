"""Insulins."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.visits.models.visit import VisitRecord
from studyportal.audit import tracked
from studyportal.crf.fields import (
    CodedField,
    CountField,
    NoteField,
    PartialDateField,
    QuantityField,
    TextField,
    YesNoField,
)


class InsulinRole(models.TextChoices):
    BASAL = "basal", _("Basal")
    BOLUS = "bolus", _("Bolus")
    PREMIXED = "premixed", _("Premixed")


class InsulinProduct(models.TextChoices):
    GLARGINE = "glargine", _("Insulin glargine")
    DETEMIR = "detemir", _("Insulin detemir")
    DEGLUDEC = "degludec", _("Insulin degludec")
    NPH = "nph", _("NPH insulin")
    REGULAR = "regular", _("Regular human insulin")
    LISPRO = "lispro", _("Insulin lispro")
    ASPART = "aspart", _("Insulin aspart")
    GLULISINE = "glulisine", _("Insulin glulisine")
    ASPART_PREMIXED = "aspart_premixed", _("Insulin aspart, premixed")
    HUMAN_PREMIXED = "human_premixed", _("Human insulin, premixed")
    OTHER = "other", _("Other insulin")


class DoseChange(models.TextChoices):
    STARTED = "started", _("Started")
    INCREASED = "increased", _("Increased")
    DECREASED = "decreased", _("Decreased")
    UNCHANGED = "unchanged", _("Unchanged")
    STOPPED = "stopped", _("Stopped")


# What calls for a reason.
CHANGED = (DoseChange.STARTED, DoseChange.INCREASED, DoseChange.DECREASED, DoseChange.STOPPED)


class ChangeReason(models.TextChoices):
    GLUCOSE_HIGH = "glucose_high", _("Glucose too high")
    GLUCOSE_LOW = "glucose_low", _("Glucose too low, or hypoglycaemia")
    NEED_FELL = "need_fell", _("Needs less than before")
    ILLNESS = "illness", _("Illness or ketoacidosis")
    GROWTH = "growth", _("Growth or weight")
    DIET_EXERCISE = "diet_exercise", _("Diet or exercise changed")
    SUPPLY = "supply", _("Supply or cost")
    WISH = "wish", _("Wish of the participant")
    PROTOCOL = "protocol", _("Asked for by the protocol")
    OTHER = "other", _("Another reason")


@tracked
class InsulinUse(VisitRecord):
    """One insulin at one visit. Not taken is a documented 0, which is not the same as not recorded."""

    role = CodedField(_("Role"), codes=InsulinRole)
    product = CodedField(_("Insulin"), codes=InsulinProduct)
    product_other = TextField(_("Which other insulin"), max_length=80)
    brand_as_written = TextField(_("Brand as written in the source"), max_length=80, required=False)
    atc = TextField(_("ATC code"), max_length=10, derived=True)
    taken = YesNoField(
        _("Taken at this visit"), help_text=_("No: stopped or never begun; the dose is then 0.")
    )
    dose = QuantityField(_("Dose of one administration"), unit="[IU]", decimals=1, minimum=0, maximum=200)
    frequency_per_day = CountField(_("Administrations per day"), unit="/d", minimum=1, maximum=12)
    daily_dose = QuantityField(_("Daily dose"), unit="[IU]/d", decimals=1, derived=True)
    units_per_kg = QuantityField(_("Daily dose per kilogram"), unit="[IU]/kg/d", decimals=3, derived=True)
    change = CodedField(
        _("Against the visit before"),
        codes=DoseChange,
        required=False,
        help_text=_("Needs a reason, unless it is unchanged."),
    )
    dose_since = PartialDateField(_("This dose since"), required=False)
    change_reason = CodedField(_("Why it was changed"), codes=ChangeReason)
    change_note = NoteField(_("Why, in words"), required=False)
    started_on = PartialDateField(_("Started"), required=False)
    stopped_on = PartialDateField(_("Stopped"), required=False)
    note = NoteField(_("Note"), required=False)

    class Meta(VisitRecord.Meta):
        verbose_name = _("insulin")
        verbose_name_plural = _("insulin")
