"""The four steps of a product with their gates in words."""

from __future__ import annotations

from dataclasses import replace

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.celldose import crfs, gates, reagents
from apps.celldose.models import CellSession, Harvest
from apps.celldose.pages.blocks import number
from apps.celldose.pages.doses import dose_words
from apps.celldose.pages.forms import PROCESSING_FORMS, form_url, new_product_url
from apps.celldose.product_file import ProductFile
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.outcomes import NotDerivable
from studyportal.ui.parts import Step
from studyportal.ui.templatetags.ui_tags import human_date_text
from studyportal.words import translated


def steps_of(
    session: CellSession,
    harvest: Harvest | None,
    file: ProductFile | None,
    consent_now: str | None,
    user: User,
) -> list[Step]:
    """Harvest → processing → release → infusion; who only reads is shown what bars, and no form to open."""
    steps = [
        _harvest_step(session, harvest, file, consent_now),
        _processing_step(file),
        _release_step(file, user),
        _infusion_step(file, consent_now),
    ]
    if user.may(Permission.HANDLE_PRODUCTS, session.site_id):
        return steps
    return [step if step.state == "done" else replace(step, url="") for step in steps]


def _harvest_step(
    session: CellSession, harvest: Harvest | None, file: ProductFile | None, consent_now: str | None
) -> Step:
    participant = session.participant
    url = form_url(crfs.HARVEST, harvest, participant, session=session.pk)
    if harvest is None:
        history = gates.is_history(participant, session.performed_on)
        if consent_now and not history:
            return Step(_("Harvest"), "blocked", consent_now, url)
        return Step(_("Harvest"), "current", _("Record the harvest."), url)
    volume = number(harvest.volume_ml, "mL") or harvest.volume_as_stated or _("volume not recorded")
    if file is None:
        create = new_product_url(harvest)
        return Step(
            _("Harvest"), "current", _("Create the product with its donation number."), create, volume
        )
    return Step(_("Harvest"), "done", "", url, volume)


def _processing_step(file: ProductFile | None) -> Step:
    if file is None:
        return Step(_("Processing"), "blocked", _("Record the harvest and create the product first."))
    participant = file.product.participant
    url = form_url(crfs.PROCESSING, file.processing, participant, product=file.product.pk)
    missing = [
        _("%s: not recorded yet.") % spec.title
        for spec, name in PROCESSING_FORMS
        if getattr(file, name) is None and name != "phenotype"
    ]
    expired = [one.message for one in reagents.expired(file.product, file.processing, file.reagent_lots)]
    missing = [*expired, *missing]
    expiry = file.expires_at
    detail = (
        _("expiry unknown: %s") % translated(expiry.why)
        if isinstance(expiry, NotDerivable)
        else _("expires %s") % human_date_text(expiry)
    )
    if file.processing is None:
        return Step(_("Processing"), "current", missing, url, detail)
    if expired and file.infusion is None:
        return Step(_("Processing"), "blocked", missing, url, detail)
    return Step(_("Processing"), "current" if missing and not file.infusion else "done", missing, url, detail)


def _release_step(file: ProductFile | None, user: User) -> Step:
    if file is None or file.processing is None:
        return Step(_("Release"), "blocked", _("Record the processing first."))
    product = file.product
    page = reverse("celldose:release", args=[product.pk])
    if file.decision is not None and file.decision.decision:
        return _decided_step(file, page)
    if file.evaluation is None or not file.evaluation_is_current:
        asked = (
            _("A result changed since the criteria were evaluated: evaluate them again.")
            if file.evaluation
            else _("The release criteria are not evaluated yet.")
        )
        return Step(_("Release"), "blocked", [asked, *_open_criteria(file)], page)
    if not user.may(Permission.RELEASE_PRODUCTS, product.site_id):
        return Step(_("Release"), "current", [_("The investigator decides."), *_open_criteria(file)], page)
    return Step(_("Release"), "current", [_("Record the decision."), *_open_criteria(file)], page)


def _decided_step(file: ProductFile, url: str) -> Step:
    decision = file.decision
    assert decision is not None and decision.decision
    detail = dict(crfs.RELEASE.fields["decision"].code_labels)[decision.decision]
    if decision.decision == "rejected":
        return Step(_("Release"), "blocked", decision.reason_rejected or "", url, detail)
    if not file.is_signed and not file.is_history:
        unsigned = _("The decision is not signed, or was changed after it was signed: it does not count yet.")
        return Step(_("Release"), "current", [unsigned, *_awaited(file)], url, detail)
    return Step(_("Release"), "done", _awaited(file), url, detail)


def _open_criteria(file: ProductFile) -> list[str]:
    words = {
        "fail": _("out of specification"),
        "pending": _("pending"),
        "not_evaluable": _("cannot be evaluated"),
    }
    return [
        f"{one.label}: {words[one.outcome]}{f' ({translated(one.why)})' if one.why else ''}."
        for one in file.judged
        if one.outcome != "pass"
    ]


def _awaited(file: ProductFile) -> list[str]:
    return [
        f"{one.label}: {translated(one.why or one.outcome)}."
        for one in file.judged
        if one.outcome in ("pending", "fail")
    ]


def _infusion_step(file: ProductFile | None, consent_now: str | None) -> Step:
    if file is None:
        return Step(_("Infusion"), "blocked", _("There is no product yet."))
    participant = file.product.participant
    url = reverse("celldose:infusion", args=[file.product.pk])
    if file.infusion is not None:
        return Step(_("Infusion"), "done", "", url, dose_words(file))
    if gates.is_history(participant, file.session.performed_on):
        return Step(_("Infusion"), "current", _("Transcribed history: record what the source states."), url)
    bars = gates.bars_now(file, consent_now)
    if bars:
        return Step(_("Infusion"), "blocked", [bar.message for bar in bars])
    return Step(_("Infusion"), "current", _("Nothing bars the infusion."), url)
