"""The form of the release decision."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.celldose import checks, contexts, gates, locks, release, rules
from apps.celldose.crfs.groups import TREATED
from apps.celldose.models import (
    Release,
    ReleaseEvaluation,
)
from studyportal.access.permissions import Permission
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, ShowIf, SignedRows
from studyportal.signatures.models import Meaning

VERDICTS = {
    release.PASS: _("Passed"),
    release.FAIL: _("Failed"),
    release.PENDING: _("Pending"),
    release.NOT_EVALUABLE: _("Could not be evaluated"),
}


def criteria_table(evaluations: list[ReleaseEvaluation]) -> tuple[list[Any], list[list[Any]]]:
    """The criteria that the decision stands on, as they were evaluated."""
    return (
        [_("Criterion"), _("Specification"), _("Result"), _("Verdict")],
        [
            [one["label"], one["specification"], one["result"], VERDICTS.get(one["outcome"], one["outcome"])]
            for evaluation in evaluations
            for one in evaluation.criteria
        ],
    )


RELEASE = register(
    CrfSpec(
        model=Release,
        key="release",
        about=About.ALWAYS,
        title=_("Release"),
        description=_("The decision stands on the newest evaluation of the criteria, which is kept with it."),
        parents=("product",),
        sections=(
            Section(
                _("Decision"),
                (
                    "decision",
                    "released_at",
                    "grounds",
                    "conditions",
                    "exceptional_reason",
                    "exceptional_informed",
                    "use_by",
                    "reason_rejected",
                ),
            ),
            Section(
                _("Criteria, as evaluated"),
                (
                    "culture_due_on",
                    "criteria_passed",
                    "criteria_failed",
                    "criteria_pending",
                    "criteria_not_evaluable",
                ),
            ),
        ),
        show_if={
            "grounds": ShowIf("decision", ("released",)),
            "conditions": ShowIf("decision", ("conditional",)),
            "exceptional_reason": ShowIf("decision", ("exceptional",)),
            "exceptional_informed": ShowIf("decision", ("exceptional",)),
            "use_by": ShowIf("decision", ("exceptional",)),
            "reason_rejected": ShowIf("decision", ("rejected",)),
        },
        rules=(rules.not_before_harvest("released_at"), rules.physician_told),
        checks=(checks.history, checks.exceptional_release, checks.culture_due_unknown),
        derive=rules.derive_release,
        context=contexts.release_context,
        gates=(gates.release_gate,),
        lock=locks.product_of_record,
        permission=Permission.RELEASE_PRODUCTS,
        groups=TREATED,
        meanings=(Meaning.RELEASED, Meaning.REVIEWED),
        signed_rows=(SignedRows(ReleaseEvaluation, "releases", _("Criteria, as evaluated"), criteria_table),),
    )
)
