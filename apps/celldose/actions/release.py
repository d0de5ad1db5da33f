"""Judging the release criteria, deciding on a product, and telling of growth that comes after it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import gates, lifecycle, release
from apps.celldose.models import (
    CellProduct,
    Microbiology,
    Release,
    ReleaseEvaluation,
)
from apps.celldose.product_file import ProductFile, product_file
from apps.celldose.signals import grew_late
from studyportal import protocol
from studyportal.access.declare import refusal
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit import acting
from studyportal.audit.selectors import event_model_of
from studyportal.crf import actions as crf
from studyportal.crf import signing
from studyportal.crf.errors import Refused, StaleVersion
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.crf.registry import spec_for
from studyportal.signatures import actions as signatures
from studyportal.signatures.errors import NotPermitted
from studyportal.signatures.models import Meaning


@transaction.atomic
def evaluate_release(*, product: CellProduct, by: User) -> ReleaseEvaluation:
    """Judge the release criteria by the results and the protocol of now, and keep the judgement as evidence.

    Evaluating again when nothing changed gives the evaluation that is there: one fact, one row. Raises Refused.
    """
    file = _locked(product)
    bars = lifecycle.evaluation_bars(str(file.product), file.life)
    if bars := gates.refusing(bars, file.product.participant, file.session.performed_on):
        raise Refused(bars)
    if file.evaluation is not None and file.evaluation_is_current:
        return file.evaluation
    expiry = file.expires_at
    with acting(user=by):
        return ReleaseEvaluation.objects.create(
            site_id=product.site_id,
            participant_id=product.participant_id,
            product=product,
            evaluated_at=timezone.now(),
            evaluated_by=by,
            criteria=release.as_json(file.judged),
            fingerprint=release.fingerprint(file.judged),
            expires_at=None if isinstance(expiry, NotDerivable) else expiry,
            protocol_version=protocol.current().version,
        )


def _locked(product: CellProduct) -> ProductFile:
    """The product's row is the lock: of two people who decide at once, the second sees what the first decided."""
    CellProduct.objects.select_for_update(of=("self",)).get(pk=product.pk)
    return product_file(product.pk)


@transaction.atomic
def sign_release(*, record: Release, by: User | None) -> Release:
    """Tie a decision to the evaluation that it stands on and to whoever took it. Runs with every save of it."""
    evaluation = gates.evaluation_for(record, product_file(record.product_id))
    if record.evaluation_id != (evaluation.pk if evaluation else None) or record.released_by_id != (
        by.pk if by else None
    ):
        record.evaluation, record.released_by = evaluation, by
        record.save(update_fields=["evaluation", "released_by"])
    return record


def decide(
    *,
    product: CellProduct,
    decision: str,
    by: User,
    request: Any,
    password: str,
    code: str = "",
    **stated: Any,
) -> Release:
    """Evaluate the criteria, record the decision on the product and sign it: all of it in one transaction, or nothing.

    stated: the other fields of the form `release` (released_at, conditions, exceptional_reason, exceptional_informed,
    use_by, reason_rejected, absent), and for a decision that is there already `expected_version` and `reason`. Raises what
    `crf.save` raises, and of signatures.errors NotPermitted, NotTheSigner (wrong password or code) and NotSigned.
    """
    spec = spec_for(Release)
    if request.user != by:
        raise NotPermitted("not_the_person", _("A signature is given by the person who is signed in."))
    for permission in (spec.permission, Permission.SIGN_RECORDS):
        if not by.may(permission, product.site_id):
            raise NotPermitted("permission", refusal(permission))
    # Before the transaction: a wrong password is counted, whatever else is rolled back; and a code serves once.
    method = signatures.confirmed(request=request, user=by, password=password, code=code)
    expected, reason = stated.pop("expected_version", None), stated.pop("reason", None)
    with transaction.atomic():
        file = _locked(product)
        there = file.decision
        _same_as_seen(there, expected)
        if file.infusion is None or there is None or there.evaluation_id is None:
            evaluate_release(product=product, by=by)
        record = crf.save(
            spec,
            raw={"decision": decision} | stated,
            by=by,
            parents={"product": product} if there is None else None,
            record=there,
            reason=reason,
        )
        # Nothing of the form may have changed, and the evaluation all the same.
        record = sign_release(record=record, by=by)
        signing.sign(
            spec,
            record=record,
            meaning=Meaning.RELEASED,
            by=by,
            request=request,
            method=method,
            version_seen=record.version,
        )
    return record


def _same_as_seen(there: Release | None, expected: int | None) -> None:
    """Nobody decides over a decision that was not on the page."""
    if there is None:
        return
    if expected is None:
        who = there.released_by or _("somebody")
        raise Refused(
            [
                Problem(
                    "decision",
                    "already_decided",
                    _("%(who)s decided meanwhile: %(decision)s. Read it before you change it.")
                    % {"who": who, "decision": there},
                )
            ]
        )
    if there.version != expected:
        raise StaleVersion(there)


def tell_of_growth(*, record: Microbiology, by: User | None) -> tuple[str, ...]:
    """Send `grew_late` when this save of the microbiology showed growth that was not recorded before, and too late; or
    another organism of growth that is late.

    Gives the cultures that are positive now, empty when nothing was sent.
    """
    file = product_file(record.product_id)
    late = file.grown_late
    if not late:
        return ()
    before = event_model_of(Microbiology)._default_manager.filter(pgh_obj_id=record.pk).order_by("-pgh_id")
    # The newest entry of the history is this save; its state before is the entry before it.
    earlier: Any = before[1:2].first()
    organism = record.organism or ""
    newly = tuple(one for one in late if one not in release.grown(earlier))
    if not newly and organism == ((earlier and earlier.organism) or ""):
        return ()
    grew_late.send(
        sender=Microbiology, product=file.product, organism=organism, cultures=late, newly=newly, by=by
    )
    return late
