"""Judging the release criteria, and tying a decision to what it stands on."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import release
from apps.celldose.models import (
    CellProduct,
    Release,
    ReleaseEvaluation,
)
from apps.celldose.product_file import product_file
from studyportal import protocol
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf import actions as crf
from studyportal.crf import signing
from studyportal.crf.errors import Refused
from studyportal.crf.outcomes import Problem
from studyportal.crf.registry import spec_for
from studyportal.signatures import actions as signatures
from studyportal.signatures.models import Meaning


@transaction.atomic
def evaluate_release(*, product: CellProduct, by: User) -> ReleaseEvaluation:
    """Judge the release criteria by the results recorded now, and keep the judgement as evidence.

    Evaluating again without a changed result gives the evaluation that is there: one fact, one row.
    """
    CellProduct.objects.select_for_update(of=("self",)).get(pk=product.pk)
    file = product_file(product.pk)
    if file.discard is not None:
        raise Refused([Problem("product", "discarded", _("This product has been discarded."))])
    if file.evaluation is not None and file.evaluation_is_current:
        return file.evaluation
    with acting(user=by):
        return ReleaseEvaluation.objects.create(
            site_id=product.site_id,
            participant_id=product.participant_id,
            product=product,
            evaluated_at=timezone.now(),
            evaluated_by=by,
            criteria=release.as_json(file.judged),
            fingerprint=release.fingerprint(file.judged),
            protocol_version=protocol.current().version,
        )


@transaction.atomic
def sign_release(*, record: Release, by: User | None) -> Release:
    """Tie a decision to the evaluation that it stands on and to whoever took it. Runs with every save of it."""
    evaluation = ReleaseEvaluation.objects.filter(product_id=record.product_id).order_by("-id").first()
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
    reason_rejected, absent), and for a decision that is there already `expected_version` and `reason`. Raises what
    `crf.save` raises, and of signatures.errors NotPermitted, NotTheSigner (wrong password or code) and NotSigned.
    """
    spec = spec_for(Release)
    # Before the transaction: a wrong password is counted, whatever else is rolled back; and a code serves once.
    method = signatures.confirmed(request=request, user=by, password=password, code=code)
    kernel = {name: stated.pop(name) for name in ("expected_version", "reason") if name in stated}
    with transaction.atomic():
        evaluate_release(product=product, by=by)
        record = crf.save(
            spec,
            raw={"decision": decision} | stated,
            by=by,
            parents={"product": product},
            record=Release.objects.filter(product=product).first(),
            **kernel,
        )
        signing.sign(
            spec,
            record=record,
            meaning=Meaning.RELEASED,
            by=by,
            request=request,
            method=method,
            version_seen=record.version,
        )
    return record  # type: ignore[no-any-return]
