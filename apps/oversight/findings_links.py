"""Where the record of a finding is read: as far as the reader may, its own page, otherwise its audit trail."""

from __future__ import annotations

from urllib.parse import urlencode

from django.apps import apps
from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.consent.rules.findings import ConsentFinding
from apps.consent.rules.findings.case import ENTRY
from apps.consent.selectors.findings import ParticipantFinding, Person
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.models import CrfRecord
from studyportal.crf.registry import spec_for
from studyportal.ui.parts import Cell

SCREENED = "enrolment.screeningentry"
VISIT = "visits.visit"


def record_of(one: ConsentFinding) -> str:
    """The record as a person names it, "" when the finding is about the participant as a whole."""
    if one.about is None:
        return ""
    if one.about.model == ENTRY:
        return _("Entry %(n)s") % {"n": one.about.key}
    model: type[Model] = apps.get_model(one.about.model)
    named = str(model._meta.verbose_name)
    return named[:1].upper() + named[1:]


def url_of(user: User, person: Person, one: ConsentFinding) -> str:
    """The page of the record, "" when the reader may see none."""
    if one.about is None:
        return ""
    label, key = one.about
    if label == ENTRY:
        if not user.may(Permission.VIEW_CONSENT_LOG, person.site_id):
            return ""
        return reverse("oversight:consent-entry", args=[key])
    if label == SCREENED:
        may = user.may(Permission.VIEW_SCREENING_LOG, person.site_id)
        return reverse("enrolment:screening-entry", args=[key]) if may else ""
    model: type[Model] = apps.get_model(label)
    if user.may(Permission.VIEW_DATA, person.site_id):
        if label == VISIT:
            return reverse("casebook:visit", args=[person.code, key])
        if issubclass(model, CrfRecord):
            return reverse("crf:edit", args=[spec_for(model).key, key])
    if person.participant and user.may(Permission.VIEW_AUDIT_TRAIL, person.site_id):
        return f"{reverse('oversight:audit-trail')}?{urlencode({'model': label, 'record': key})}"
    return ""


def record_cell(user: User, one: ParticipantFinding) -> Cell:
    return Cell(record_of(one.finding), url=url_of(user, one.participant, one.finding))


def person_cell(user: User, person: Person) -> Cell:
    """The participant, with the sixteen answers; of the screening log, its entry."""
    if person.participant:
        url = reverse("oversight:participant", args=[person.code])
    else:
        may = user.may(Permission.VIEW_SCREENING_LOG, person.site_id)
        url = reverse("enrolment:screening-entry", args=[person.code]) if may else ""
    return Cell(person.code, url=url, detail=_("synthetic") if person.synthetic else "", nowrap=True)
