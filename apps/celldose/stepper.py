"""What the session and product pages show: steps with their gates in words, forms one click away, doses, criteria.

Reads only what a session from `selectors.sessions` or a product from `with_records` has already fetched, and the consent
state once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import crfs, gates, selectors
from apps.celldose.models import CellSession, Component, Harvest, IdentityStep, Timepoint, Tissue
from apps.celldose.product_file import ProductFile
from apps.celldose.release import plain
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf import display
from studyportal.crf.absence import label_of
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.signature_pages import shown_on
from studyportal.crf.signing import may_sign
from studyportal.crf.spec import CrfSpec
from studyportal.ui.parts import Cell, Column, Row, Step, TimelineEvent

COMPONENT_OF = {Tissue.BONE_MARROW: Component.BM_MNC, Tissue.ADIPOSE: Component.SVF}
SHORT = {Component.BM_MNC: "BM-MNC", Component.SVF: "SVF"}

# The forms of a product, step by step: (step, spec, attribute of the ProductFile).
PROCESSING_FORMS = (
    (crfs.HAND_OVER, "to_laboratory"),
    (crfs.PROCESSING, "processing"),
    (crfs.CELL_COUNTS, "counts"),
    (crfs.PHENOTYPE, "phenotype"),
    (crfs.VIABILITY, "viability"),
    (crfs.MICROBIOLOGY, "microbiology"),
)


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
        "tests_url": _form_url(crfs.DONOR_TESTS, tests, participant, session=session.pk),
        "form_columns": form_columns(),
        "criteria_columns": criteria_columns(),
        "may_enter": user.may(Permission.ENTER_DATA, session.site_id),
    }


def form_columns() -> list[Column]:
    return [Column(_("Form")), Column(_("State"))]


def criteria_columns() -> list[Column]:
    return [Column(_("Criterion")), Column(_("Specification")), Column(_("Result")), Column(_("Outcome"))]


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
        "steps": _steps(file.session, file.harvest, file, consent_now, user),
        "events": _events(file),
        "out_of_order": file.life.out_of_order,
        "identity": _identity(file),
        "doses": _doses(file),
        "criteria": _criteria(file),
        "criteria_columns": criteria_columns(),
        "evaluation": file.evaluation,
        "evaluation_current": file.evaluation_is_current,
        "decision": file.decision,
        "signatures": shown_on(crfs.RELEASE, file.decision) if file.decision else [],
        "may_sign": file.decision is not None
        and file.decision.is_complete
        and bool(may_sign(user, crfs.RELEASE, product.site_id)),
        "forms": _forms(file.session, file.harvest, file),
        "form_columns": form_columns(),
        "identity_columns": [Column(_("Step")), Column(_("Checked")), Column(_("By")), Column(_("Match"))],
        "observations": _observations(file),
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
        "new_observation_url": _form_url(
            crfs.OBSERVATIONS, None, product.participant, infusion=file.infusion.pk
        )
        if file.infusion
        else "",
        "new_identity_url": _form_url(crfs.IDENTITY_CHECK, None, product.participant, product=product.pk),
        "new_reagent_url": _form_url(crfs.REAGENT_LOT, None, product.participant, product=product.pk),
        "discard_url": _form_url(crfs.DISCARD, file.discard, product.participant, product=product.pk),
        "history": gates.is_history(product.participant, file.session.performed_on),
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
        steps=_steps(session, harvest, file, consent_now, user, tissue),
        forms=_forms(session, harvest, file),
        doses=_doses(file) if file else (),
        criteria=_criteria(file) if file else (),
        may_evaluate=bool(file) and user.may(Permission.RELEASE_PRODUCTS, session.site_id),
    )


# --- steps ----------------------------------------------------------------------------------------------


def _steps(
    session: CellSession,
    harvest: Harvest | None,
    file: ProductFile | None,
    consent_now: str | None,
    user: User,
    tissue: Tissue | None = None,
) -> list[Step]:
    return [
        _harvest_step(session, harvest, file, consent_now),
        _processing_step(file),
        _release_step(file, user),
        _infusion_step(file, consent_now),
    ]


def _harvest_step(
    session: CellSession, harvest: Harvest | None, file: ProductFile | None, consent_now: str | None
) -> Step:
    participant = session.participant
    url = _form_url(crfs.HARVEST, harvest, participant, session=session.pk)
    if harvest is None:
        history = gates.is_history(participant, session.performed_on)
        if consent_now and not history:
            return Step(_("Harvest"), "blocked", consent_now, url)
        return Step(_("Harvest"), "current", _("Record the harvest."), url)
    volume = _quantity(harvest.volume_ml, "mL") or harvest.volume_as_stated or _("volume not recorded")
    if file is None:
        return Step(_("Harvest"), "current", _("Create the product with its donation number."), url, volume)
    return Step(_("Harvest"), "done", "", url, volume)


def _processing_step(file: ProductFile | None) -> Step:
    if file is None:
        return Step(_("Processing"), "blocked", _("Record the harvest and create the product first."))
    participant = file.product.participant
    url = _form_url(crfs.PROCESSING, file.processing, participant, product=file.product.pk)
    missing = [
        _("%s: not recorded yet.") % spec.title
        for spec, name in PROCESSING_FORMS
        if getattr(file, name) is None and name != "phenotype"
    ]
    expiry = file.expires_at
    detail = (
        _("expiry unknown: %s") % expiry.why
        if isinstance(expiry, NotDerivable)
        else _("expires %s") % _moment(expiry)
    )
    if file.processing is None:
        return Step(_("Processing"), "current", missing, url, detail)
    return Step(_("Processing"), "current" if missing and not file.infusion else "done", missing, url, detail)


def _release_step(file: ProductFile | None, user: User) -> Step:
    if file is None or file.processing is None:
        return Step(_("Release"), "blocked", _("Record the processing first."))
    participant = file.product.participant
    url = _form_url(crfs.RELEASE, file.decision, participant, product=file.product.pk)
    if file.decision is not None and file.decision.decision:
        detail = dict(crfs.RELEASE.fields["decision"].code_labels)[file.decision.decision]
        if file.decision.decision == "rejected":
            return Step(_("Release"), "blocked", file.decision.reason_rejected or "", url, detail)
        return Step(_("Release"), "done", _awaited(file), url, detail)
    if file.evaluation is None or not file.evaluation_is_current:
        asked = (
            _("A result changed since the criteria were evaluated: evaluate them again.")
            if file.evaluation
            else _("The release criteria are not evaluated yet.")
        )
        return Step(_("Release"), "blocked", [asked, *_open_criteria(file)], "")
    if not user.may(Permission.RELEASE_PRODUCTS, file.product.site_id):
        return Step(_("Release"), "current", [_("The investigator decides."), *_open_criteria(file)], "")
    return Step(_("Release"), "current", [_("Record the decision."), *_open_criteria(file)], url)


def _open_criteria(file: ProductFile) -> list[str]:
    words = {
        "fail": _("out of specification"),
        "pending": _("pending"),
        "not_evaluable": _("cannot be evaluated"),
    }
    return [
        f"{one.label}: {words[one.outcome]}{f' ({one.why})' if one.why else ''}."
        for one in file.judged
        if one.outcome != "pass"
    ]


def _awaited(file: ProductFile) -> list[str]:
    return [
        f"{one.label}: {one.why or one.outcome}." for one in file.judged if one.outcome in ("pending", "fail")
    ]


def _infusion_step(file: ProductFile | None, consent_now: str | None) -> Step:
    if file is None:
        return Step(_("Infusion"), "blocked", _("There is no product yet."))
    participant = file.product.participant
    url = _form_url(crfs.INFUSION, file.infusion, participant, product=file.product.pk)
    if file.infusion is not None:
        return Step(_("Infusion"), "done", "", url, _dose_words(file))
    if gates.is_history(participant, file.session.performed_on):
        return Step(_("Infusion"), "current", _("Transcribed history: record what the source states."), url)
    bars = gates.bars_now(file, consent_now)
    if bars:
        return Step(_("Infusion"), "blocked", [bar.message for bar in bars])
    return Step(_("Infusion"), "current", _("Nothing bars the infusion."), url)


def _dose_words(file: ProductFile) -> str:
    infusion = file.infusion
    if infusion is None:
        return ""
    if infusion.total_dose is not None:
        return f"{plain(infusion.total_dose)} ×10⁶"
    return infusion.dose_as_stated or _("dose not recorded")


# --- forms, doses, criteria, events ---------------------------------------------------------------------


def _form_url(spec: CrfSpec, record: Any, participant: Any, **parents: int) -> str:
    if record is not None:
        return str(record.get_absolute_url())
    query = "&".join(f"{name}={pk}" for name, pk in parents.items())
    return f"{reverse('crf:new', args=[participant.code, spec.key])}?{query}"


def _forms(session: CellSession, harvest: Harvest | None, file: ProductFile | None) -> list[Row]:
    """Every form of the lane with its state; those that need a product appear once there is one."""
    participant = session.participant
    rows = [_form_row(crfs.HARVEST, harvest, participant, session=session.pk)]
    if harvest is None:
        return rows
    product = file.product if file else None
    rows.append(_form_row(crfs.CELL_PRODUCT, product, participant, harvest=harvest.pk))
    if file is None:
        return rows
    pk = file.product.pk
    rows += [_identity_row(file, step) for step in (IdentityStep.COLLECTION, IdentityStep.RECEIPT)]
    rows += [_form_row(spec, getattr(file, name), participant, product=pk) for spec, name in PROCESSING_FORMS]
    rows.append(_form_row(crfs.RELEASE, file.decision, participant, product=pk))
    rows += [_identity_row(file, step) for step in (IdentityStep.ISSUE, IdentityStep.BEDSIDE)]
    rows.append(_form_row(crfs.INFUSION, file.infusion, participant, product=pk))
    if file.infusion is not None:
        url = _form_url(crfs.OBSERVATIONS, None, participant, infusion=file.infusion.pk)
        done = _("%(n)d of %(all)d") % {"n": len(file.observations), "all": len(Timepoint)}
        rows.append(Row([Cell(crfs.OBSERVATIONS.title, url), done]))
    return rows


def _form_row(spec: CrfSpec, record: Any, participant: Any, **parents: int) -> Row:
    state = record.status if record is not None else "not_started"
    return Row([Cell(spec.title, _form_url(spec, record, participant, **parents)), Cell(state=state)])


def _identity_row(file: ProductFile, step: IdentityStep) -> Row:
    checks = [check for check in file.identity_checks if check.step == step]
    newest = checks[-1] if checks else None
    title = _("Identity: %s") % str(step.label)
    url = _form_url(crfs.IDENTITY_CHECK, newest, file.product.participant, product=file.product.pk)
    if newest is None:
        return Row([Cell(title, url), Cell(state="not_started")])
    if newest.matches:
        return Row([Cell(title, url), Cell(state="passed")])
    return Row([Cell(title, url), Cell(_("mismatch"), state="failed")], tone="bad")


def _doses(file: ProductFile) -> list[tuple[str, str, str]]:
    """(term, value with unit, why there is none) of every derived number of the product."""
    product, infusion, counts, micro = file.product, file.infusion, file.counts, file.microbiology
    low, high = product.planned_dose_low, product.planned_dose_high
    planned = f"{plain(low)}–{plain(high)} ×10⁶" if low is not None and high is not None else ""
    lines = [
        (
            _("Planned dose"),
            planned or "–",
            "" if planned else label_of(product.absent_reason("planned_dose_low")),
        )
    ]
    lines.append(_line(_("Yield"), counts, "cells_per_ml", "×10⁶/mL", _("cell counts not recorded")))
    lines.append(
        _line(_("Endotoxin per kg"), micro, "endotoxin_per_kg", "EU/kg", _("microbiology not recorded"))
    )
    given = _line(_("Dose given"), infusion, "total_dose", "×10⁶", _("not infused"))
    if infusion is not None and infusion.total_dose is None and infusion.dose_as_stated:
        given = (given[0], "–", _("source states: %s") % infusion.dose_as_stated)
    lines.append(given)
    for label, name, unit in (
        (_("Viable dose"), "viable_dose", "×10⁶"),
        (_("Dose per kg"), "dose_per_kg", "×10⁶/kg"),
        (_("Viable dose per kg"), "viable_dose_per_kg", "×10⁶/kg"),
    ):
        lines.append(_line(label, infusion, name, unit, _("not infused")))
    return lines


def _line(label: str, record: Any, name: str, unit: str, without: str) -> tuple[str, str, str]:
    if record is None:
        return label, "–", without
    value = getattr(record, name)
    if value is None:
        return label, "–", label_of(record.absent_reason(name)) or _("not recorded")
    return label, f"{plain(value)} {unit}", ""


OUTCOME_STATE = {"pass": "passed", "fail": "failed", "pending": "pending", "not_evaluable": "missing_result"}


def _criteria(file: ProductFile) -> list[Row]:
    tones = {"fail": "bad", "pending": "attention", "not_evaluable": "attention"}
    return [
        Row(
            [
                one.label,
                one.specification,
                Cell(one.result, detail=one.why),
                Cell(state=OUTCOME_STATE[one.outcome]),
            ],
            tones.get(one.outcome, ""),
        )
        for one in file.judged
    ]


def _events(file: ProductFile) -> list[TimelineEvent]:
    """What happened to the product, in order; a step whose time is not recorded says so."""
    bad = {"rejected", "discarded"}
    return [
        TimelineEvent(
            when=one.at or _("time not recorded"),
            title=str(_state_words()[one.step.value]),
            tone="bad" if one.step.value in bad else "good",
            text=_event_text(file, one.step.value),
        )
        for one in file.life.path
    ]


def _state_words() -> dict[str, str]:
    return {
        "harvested": _("Harvested"),
        "received": _("Received in the laboratory"),
        "processed": _("Processed"),
        "quarantined": _("Release criteria evaluated"),
        "released": _("Released"),
        "rejected": _("Rejected"),
        "issued": _("Issued to the ward"),
        "infused": _("Infused"),
        "discarded": _("Discarded"),
    }


def _event_text(file: ProductFile, step: str) -> str:
    records = {
        "harvested": (crfs.HARVEST, file.harvest),
        "received": (crfs.HAND_OVER, file.to_laboratory),
        "processed": (crfs.PROCESSING, file.processing),
        "released": (crfs.RELEASE, file.decision),
        "rejected": (crfs.RELEASE, file.decision),
        "infused": (crfs.INFUSION, file.infusion),
        "discarded": (crfs.DISCARD, file.discard),
    }
    if step not in records:
        return ""
    spec, record = records[step]
    return display.summary(spec, record)


def _identity(file: ProductFile) -> list[Row]:
    labels = dict(IdentityStep.choices)
    return [
        Row(
            [
                Cell(labels.get(check.step or "", "–"), check.get_absolute_url()),
                check.checked_at,
                f"{check.first_person or '–'}, {check.second_person or '–'}",
                Cell(state="passed") if check.matches else Cell(_("mismatch"), state="failed"),
            ],
            "" if check.matches else "bad",
        )
        for check in file.identity_checks
    ]


def _observations(file: ProductFile) -> list[Row]:
    order = list(Timepoint.values)
    labels = dict(Timepoint.choices)
    reactions = crfs.OBSERVATIONS.fields["reactions"]
    known: Iterable[Any] = sorted(
        file.observations, key=lambda one: order.index(one.timepoint) if one.timepoint in order else 99
    )
    return [
        Row(
            [
                Cell(labels.get(one.timepoint or "", "–"), one.get_absolute_url()),
                one.temperature,
                one.pulse,
                f"{one.systolic or '–'}/{one.diastolic or '–'}",
                one.oxygen_saturation,
                reactions.for_people(one.reactions) or "–",
            ]
        )
        for one in known
    ]


def _quantity(value: Decimal | None, unit: str) -> str:
    return "" if value is None else f"{plain(value)} {unit}"


def _moment(value: Any) -> str:
    return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
