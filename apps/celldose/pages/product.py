"""The page of a product: its whole life."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import crfs, gates
from apps.celldose.pages.doses import doses_of
from apps.celldose.pages.forms import form_columns, form_url, forms_of
from apps.celldose.pages.life import criteria_columns, criteria_of, events_of, identity_of, observations_of
from apps.celldose.pages.steps import steps_of
from apps.celldose.product_file import ProductFile
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.signature_pages import shown_on
from studyportal.crf.signing import may_sign
from studyportal.ui.parts import Cell, Column, Row


def product_page(file: ProductFile, user: User) -> dict[str, Any]:
    """Context of `celldose/product.html`: everything that is known of one product, in order of time."""
    product = file.product
    consent_now = gates.consent_bar(product.participant, file.session, timezone.now())
    return {
        "participant": product.participant,
        "synthetic": product.participant.synthetic,
        "session": file.session,
        "session_url": file.session.page_url,
        "product": product,
        "file": file,
        "state": file.life.state,
        "steps": steps_of(file.session, file.harvest, file, consent_now, user),
        "events": events_of(file),
        "out_of_order": file.life.out_of_order,
        "identity": identity_of(file),
        "doses": doses_of(file),
        "criteria": criteria_of(file),
        "criteria_columns": criteria_columns(),
        "evaluation": file.evaluation,
        "evaluation_current": file.evaluation_is_current,
        "decision": file.decision,
        "signatures": shown_on(crfs.RELEASE, file.decision) if file.decision else [],
        "may_sign": file.decision is not None
        and file.decision.is_complete
        and bool(may_sign(user, crfs.RELEASE, product.site_id)),
        "forms": forms_of(file.session, file.harvest, file),
        "form_columns": form_columns(),
        "identity_columns": [Column(_("Step")), Column(_("Checked")), Column(_("By")), Column(_("Match"))],
        "observations": observations_of(file),
        "observation_columns": [
            Column(_("Time")),
            Column(_("Temperature"), numeric=True, unit="Cel"),
            Column(_("Pulse"), numeric=True, unit="/min"),
            Column(_("Pressure"), unit="mm[Hg]"),
            Column(_("Saturation"), numeric=True, unit="%"),
            Column(_("Reactions")),
        ],
        "reagents": [
            Row([Cell(lot.reagent, lot.get_absolute_url()), lot.lot, lot.expires_on])
            for lot in file.reagent_lots
        ],
        "reagent_columns": [Column(_("Reagent")), Column(_("Lot")), Column(_("Lot expires on"))],
        "may_evaluate": user.may(Permission.RELEASE_PRODUCTS, product.site_id) and file.discard is None,
        "may_enter": user.may(Permission.ENTER_DATA, product.site_id),
        "new_observation_url": form_url(
            crfs.OBSERVATIONS, None, product.participant, infusion=file.infusion.pk
        )
        if file.infusion
        else "",
        "new_identity_url": form_url(crfs.IDENTITY_CHECK, None, product.participant, product=product.pk),
        "new_reagent_url": form_url(crfs.REAGENT_LOT, None, product.participant, product=product.pk),
        "discard_url": form_url(crfs.DISCARD, file.discard, product.participant, product=product.pk),
        "history": gates.is_history(product.participant, file.session.performed_on),
    }
