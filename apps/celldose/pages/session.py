"""The page of a session: two products side by side, and what was planned and given together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import crfs, gates, rules, selectors, stated
from apps.celldose.models import CellSession, Component, DosePlan, Harvest, Tissue
from apps.celldose.pages import around
from apps.celldose.pages.blocks import Block, Line
from apps.celldose.pages.doses import SHORT, plan_block, session_doses
from apps.celldose.pages.forms import form_columns, form_url, forms_of
from apps.celldose.pages.life import criteria_columns, criteria_of
from apps.celldose.pages.steps import steps_of
from apps.celldose.product_file import ProductFile
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.absence import label_of
from studyportal.ui.parts import Row, Step
from studyportal.ui.templatetags.ui_tags import human_date_text

COMPONENT_OF = {Tissue.BONE_MARROW: Component.BM_MNC, Tissue.ADIPOSE: Component.SVF}


@dataclass(frozen=True)
class Lane:
    """One component of a session: its steps side by side with those of the other."""

    key: str
    title: str
    file: ProductFile | None
    state: str
    steps: Sequence[Step]
    forms: Sequence[Row]
    plan: Block
    criteria: Sequence[Row]
    may_evaluate: bool = False


def session_page(session: CellSession, user: User) -> dict[str, Any]:
    """Context of `celldose/session.html`."""
    participant = session.participant
    may_enter = user.may(Permission.HANDLE_PRODUCTS, session.site_id)
    consent_now = gates.consent_bar(participant, session, timezone.now())
    by_tissue = {harvest.tissue: harvest for harvest in session.harvests.all()}
    files = selectors.files_of_session(session)
    by_harvest = {file.harvest.pk: file for file in files}
    plans = {plan.component or "": plan for plan in session.dose_plans.all()}
    tests = next(iter(session.donor_tests.all()), None)
    lanes = [
        _lane(session, tissue, by_tissue.get(tissue), by_harvest, plans, consent_now, user)
        for tissue in (Tissue.BONE_MARROW, Tissue.ADIPOSE)
    ]
    return {
        "participant": participant,
        "synthetic": participant.synthetic,
        "session": session,
        "lanes": lanes,
        "doses": session_doses(files, plans),
        "interval": interval_line(session),
        "consent_now": consent_now,
        "history": gates.is_history(participant, session.performed_on),
        "performed": session.performed_on,
        "performed_absent": label_of(session.absent_reason("performed_on")),
        "session_url": reverse("crf:edit", args=[crfs.CELL_SESSION.key, session.pk]),
        "tests": tests,
        "tests_url": form_url(crfs.DONOR_TESTS, tests, participant, session=session.pk),
        "deviations": around.deviations_block(around.session_records(session, files))
        if user.may(Permission.VIEW_SAFETY, session.site_id)
        else None,
        "form_columns": form_columns(),
        "criteria_columns": criteria_columns(),
        "may_enter": may_enter,
    }


def interval_line(session: CellSession) -> Line | None:
    """Days since the session before, against the protocol; None for the first."""
    before = selectors.session_before(session)
    if before is None:
        return None
    asked = stated.interval()
    days = rules.days_between(before.performed_on, session.performed_on)
    label = _("Since session %s") % before.number
    if days is None:
        earliest = before.performed_on.earliest if before.performed_on else None
        why = (
            _("the protocol asks for %s") % asked
            if earliest is None
            else _("the protocol asks for %(asked)s after %(day)s")
            % {"asked": asked, "day": human_date_text(before.performed_on)}
        )
        return label, "–", why
    fewest, most = days
    said = f"{fewest}" if fewest == most else f"{fewest}–{most}"
    state = {
        "within": _("within the protocol's %s"),
        "outside": _("outside the protocol's %s"),
        "unknown": _("the protocol asks for %s; the dates do not say more"),
    }[rules.interval_state(days, asked)]
    return label, _("%s days") % said, state % asked


def _lane(
    session: CellSession,
    tissue: Tissue,
    harvest: Harvest | None,
    files: dict[int, ProductFile],
    plans: dict[str, DosePlan],
    consent_now: str | None,
    user: User,
) -> Lane:
    component = COMPONENT_OF[tissue]
    may_enter = user.may(Permission.HANDLE_PRODUCTS, session.site_id)
    file = files.get(harvest.pk) if harvest else None
    return Lane(
        key=component.value,
        title=SHORT[component],
        file=file,
        state=str(file.life.state) if file and file.life.state else "not_started",
        steps=steps_of(session, harvest, file, consent_now, user),
        forms=forms_of(session, harvest, file, may_enter=may_enter),
        plan=plan_block(session, component.value, plans.get(component.value), may_enter=may_enter),
        criteria=criteria_of(file) if file else (),
        may_evaluate=bool(file) and user.may(Permission.RELEASE_PRODUCTS, session.site_id),
    )
