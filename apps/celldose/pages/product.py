"""The page of a product: its whole life."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.celldose import crfs, gates, stated
from apps.celldose.custody_page import custody_context
from apps.celldose.pages import around, chain, infusion, laboratory
from apps.celldose.pages.blocks import Block
from apps.celldose.pages.doses import doses_of, plan_block
from apps.celldose.pages.forms import form_columns, form_url, forms_of
from apps.celldose.pages.life import criteria_columns, criteria_of, events_of
from apps.celldose.pages.release import late_growth_said
from apps.celldose.pages.steps import steps_of
from apps.celldose.product_file import ProductFile
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.signature_pages import shown_on
from studyportal.crf.signing import may_sign


def product_page(file: ProductFile, user: User) -> dict[str, Any]:
    """Context of `celldose/product.html`: everything that is known of one product, in order of time."""
    product = file.product
    may_enter = user.may(Permission.HANDLE_PRODUCTS, product.site_id)
    consent_now = gates.consent_bar(product.participant, file.session, timezone.now())
    plan = stated.plan_of(file.session.pk, product.component)
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
        "doses": doses_of(file),
        "plan": plan_block(file.session, product.component or "", plan, may_enter=may_enter),
        "custody": custody_context(file, user),
        "identity": chain.readings_block(file),
        "laboratory": laboratory_blocks(file, may_enter=may_enter),
        "given": [
            infusion.administration_block(file),
            *(
                [infusion.happenings_block(file), infusion.observations_block(file, may_enter=may_enter)]
                if file.infusion
                else []
            ),
        ],
        "around": around.blocks_of(file, user),
        "criteria": criteria_of(file),
        "criteria_columns": criteria_columns(),
        "evaluation": file.evaluation,
        "evaluation_current": file.evaluation_is_current,
        "quarantine": [one.message for one in file.quarantine],
        "late": late_growth_said(file),
        "decision": file.decision,
        "signatures": shown_on(crfs.RELEASE, file.decision) if file.decision else [],
        "may_sign": file.decision is not None
        and file.decision.is_complete
        and bool(may_sign(user, crfs.RELEASE, product.site_id)),
        "forms": forms_of(file.session, file.harvest, file, may_enter=may_enter),
        "form_columns": form_columns(),
        "may_evaluate": user.may(Permission.RELEASE_PRODUCTS, product.site_id) and file.discard is None,
        "may_enter": may_enter,
        "discard_url": form_url(crfs.DISCARD, file.discard, product.participant, product=product.pk),
        "history": gates.is_history(product.participant, file.session.performed_on),
    }


def laboratory_blocks(file: ProductFile, *, may_enter: bool) -> list[Block]:
    return [
        laboratory.harvest_block(file),
        laboratory.processing_block(file),
        laboratory.reagents_block(file, may_enter=may_enter),
        laboratory.counts_block(file, may_enter=may_enter),
        laboratory.quality_block(file),
    ]
