"""Pregnancy test, where one can be pregnant."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.visits.models.visit import VisitRecord
from studyportal.audit import tracked
from studyportal.crf.fields import CodedField, NoteField, PartialDateField, YesNoField


class NotNeeded(models.TextChoices):
    MALE = "male", _("Male")
    BEFORE_MENARCHE = "before_menarche", _("Before the first menstruation")
    CANNOT = "cannot", _("Cannot become pregnant for a medical reason")
    OTHER = "other", _("Another reason, in the note")


class Specimen(models.TextChoices):
    URINE = "urine", _("Urine")
    SERUM = "serum", _("Serum")


class TestResult(models.TextChoices):
    NEGATIVE = "negative", _("Negative")
    POSITIVE = "positive", _("Positive")
    UNCLEAR = "unclear", _("Unclear, to be repeated")


@tracked
class PregnancyTest(VisitRecord):
    """One test. The last one that is not unclear counts: a positive one bars harvest and infusion."""

    needed = YesNoField(_("Can be pregnant, so a test is needed"))
    not_needed_because = CodedField(_("Why none is needed"), codes=NotNeeded)
    tested_on = PartialDateField(
        _("Tested on"), required=False, help_text=_("Empty: on the day of the visit.")
    )
    specimen = CodedField(_("Specimen"), codes=Specimen)
    result = CodedField(_("Result"), codes=TestResult, loinc="2106-3")
    note = NoteField(_("Note"), required=False)

    class Meta(VisitRecord.Meta):
        verbose_name = _("pregnancy test")
        verbose_name_plural = _("pregnancy tests")
