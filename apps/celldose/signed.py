"""Whether the decision on a product bears a signature that stands: only then it counts."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, Max, OuterRef, QuerySet, Subquery

from apps.celldose.models import Release, ReleaseEvaluation
from studyportal.audit.selectors import event_model_of
from studyportal.crf import signing
from studyportal.signatures.models import Meaning, Signature
from studyportal.signatures.selectors import SignatureState, state_of

FORM = "release"


def with_signature(releases: QuerySet[Release]) -> QuerySet[Release]:
    """Releases with `is_signed`: in the query of a list itself, by the history, which triggers write.

    It says the same as `stands` unless somebody rewrote rows past the triggers: that only the hash finds, so the gate
    of the infusion asks `stands`.
    """
    newest = (
        event_model_of(Release)
        ._default_manager.filter(pgh_obj_id=OuterRef(OuterRef("pk")))
        .order_by()
        .values("pgh_obj_id")
        .annotate(newest=Max("pgh_id"))
        .values("newest")
    )
    # An evaluation is evidence and never edited: any change of it breaks what stands on it.
    evidence_changed = event_model_of(ReleaseEvaluation)._default_manager.filter(
        pgh_obj_id=OuterRef(OuterRef("evaluation_id")), pgh_label="update"
    )
    standing = Signature.objects.filter(
        ~Exists(evidence_changed),
        form=FORM,
        object_id=OuterRef("pk"),
        meaning=Meaning.RELEASED,
        history_entry=Subquery(newest),
    )
    return releases.annotate(is_signed=Exists(standing))


def stands(decision: Release) -> bool:
    """Whether a signature of release stands on the decision and on the evaluation that it was taken on, by their hash."""
    given = list(Signature.objects.filter(form=FORM, object_id=decision.pk, meaning=Meaning.RELEASED))
    if not given:
        return False
    standing, _visit = signing.standings([(FORM, decision.pk)]).get((FORM, decision.pk), (None, None))
    return any(state_of(one, standing) is SignatureState.SIGNED for one in given)


def is_signed(decision: Any) -> bool:
    """As the query found it, where it was asked there."""
    found = getattr(decision, "is_signed", None)
    return stands(decision) if found is None else bool(found)
