"""The page of a session: two products side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone

from apps.celldose import crfs, gates, selectors
from apps.celldose.models import CellSession, Component, Harvest, Tissue
from apps.celldose.pages.doses import doses_of
from apps.celldose.pages.forms import form_columns, form_url, forms_of
from apps.celldose.pages.life import criteria_columns, criteria_of
from apps.celldose.pages.steps import steps_of
from apps.celldose.product_file import ProductFile
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.absence import label_of
from studyportal.ui.parts import Row, Step

COMPONENT_OF = {Tissue.BONE_MARROW: Component.BM_MNC, Tissue.ADIPOSE: Component.SVF}
SHORT = {Component.BM_MNC: "BM-MNC", Component.SVF: "SVF"}


@dataclass(frozen=True)
class Lane:
    """One component of a session: its steps side by side with those of the other."""

    key: str
    title: str
    file: ProductFile | None
    state: str
    steps: Sequence[Step]
    forms: Sequence[Row]
    doses: Sequence[tuple[str, str, str]]
    criteria: Sequence[Row]
    may_evaluate: bool = False


def session_page(session: CellSession, user: User) -> dict[str, Any]:
    """Context of `celldose/session.html`."""
    participant = session.participant
    consent_now = gates.consent_bar(participant, session, timezone.now())
    by_tissue = {harvest.tissue: harvest for harvest in session.harvests.all()}
    files = {file.harvest.pk: file for file in selectors.files_of_session(session)}
    lanes = [
        _lane(session, tissue, by_tissue.get(tissue), files, consent_now, user)
        for tissue in (Tissue.BONE_MARROW, Tissue.ADIPOSE)
    ]
    tests = next(iter(session.donor_tests.all()), None)
    return {
        "participant": participant,
        "synthetic": participant.synthetic,
        "session": session,
        "lanes": lanes,
        "consent_now": consent_now,
        "history": gates.is_history(participant, session.performed_on),
        "performed": session.performed_on,
        "performed_absent": label_of(session.absent_reason("performed_on")),
        "session_url": reverse("crf:edit", args=[crfs.CELL_SESSION.key, session.pk]),
        "tests": tests,
        "tests_url": form_url(crfs.DONOR_TESTS, tests, participant, session=session.pk),
        "form_columns": form_columns(),
        "criteria_columns": criteria_columns(),
        "may_enter": user.may(Permission.ENTER_DATA, session.site_id),
    }


def _lane(
    session: CellSession,
    tissue: Tissue,
    harvest: Harvest | None,
    files: dict[int, ProductFile],
    consent_now: str | None,
    user: User,
) -> Lane:
    component = COMPONENT_OF[tissue]
    file = files.get(harvest.pk) if harvest else None
    return Lane(
        key=component.value,
        title=SHORT[component],
        file=file,
        state=str(file.life.state) if file and file.life.state else "not_started",
        steps=steps_of(session, harvest, file, consent_now, user, tissue),
        forms=forms_of(session, harvest, file),
        doses=doses_of(file) if file else (),
        criteria=criteria_of(file) if file else (),
        may_evaluate=bool(file) and user.may(Permission.RELEASE_PRODUCTS, session.site_id),
    )
