"""What pages show of identity and custody. Reads what a ProductFile holds, and consent to samples if any are kept.

{% include "celldose/_reading.html" with reading=reading only %}    reading_context(file, step, user)
{% include "celldose/_custody.html" with custody=custody only %}    custody_context(file, user)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import crfs, gates
from apps.celldose.custody_contexts import chain_of
from apps.celldose.models import Component, IdentityReading, IdentityStep
from apps.celldose.models.codes import AliquotPurpose, Condition, ContainerKind, Disposition, HowRead
from apps.celldose.product_file import ProductFile
from apps.celldose.rules.custody import KEPT_FOR_LATER, Link, balance
from apps.celldose.rules.identity import Verified, Waiting, same_code, same_identifier
from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from studyportal import protocol
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec, ShowIf
from studyportal.ui.parts import Cell, Column, FieldView, Row
from studyportal.ui.posted import errors_by_field
from studyportal.ui.templatetags.ui_tags import human_date_text
from studyportal.words import translated


@dataclass(frozen=True)
class ReadingState:
    """The check of one step, as a page shows it.

    state: a key of `ui.states`: passed, failed, waiting_person or not_started. text: in words what stands or is to be
    done. waiting: the first reading of another person that this user may answer. url: the page of the check, empty when
    the user may not read.
    """

    step: str
    label: str
    state: str
    text: str
    people: str
    at: dt.datetime | None
    waiting: Waiting | None
    url: str

    @property
    def is_done(self) -> bool:
        return self.state == "passed"


def reading_context(file: ProductFile, step: str, user: User) -> ReadingState:
    """What `celldose/_reading.html` shows of the check at a step."""
    held = file.verified.get(step)
    over = file.infusion is not None or file.discard is not None
    may = user.may(Permission.HANDLE_PRODUCTS, file.product.site_id) and not over
    waiting = waiting_for(held, user)
    state, text = _said(held, waiting)
    return ReadingState(
        step=step,
        label=str(IdentityStep(step).label),
        state=state,
        text=text,
        people=_(" and ").join(held.people) if held else "",
        at=held.at if held else None,
        waiting=waiting,
        url=reverse("celldose:identity", args=[file.product.pk, step]) if may else "",
    )


def what_differs(file: ProductFile, reading: IdentityReading) -> str:
    """Which of the two does not match, without the numbers: whoever reads again reads the label."""
    product = file.product
    labels = [one.identifier for one in file.containers]
    wrong = []
    if not same_identifier(reading.identifier_read, product.product_identifier, labels):
        wrong.append(_("the product is another one"))
    if not same_code(reading.participant_code_read, product.participant.code):
        wrong.append(_("the participant is another one"))
    return _(" and ").join(wrong)


def waiting_for(held: Verified | None, user: User) -> Waiting | None:
    """The newest first reading of somebody else that is still in time for a second one now."""
    if held is None:
        return None
    since = timezone.now() - dt.timedelta(minutes=protocol.current().custody.identity_minutes)
    return next((one for one in reversed(held.waiting) if one.reader != user.pk and one.at >= since), None)


def _said(held: Verified | None, waiting: Waiting | None) -> tuple[str, str]:
    if held is not None and held.matches:
        return "passed", ""
    if held is not None and held.matches is False:
        return "failed", _("Does not match: %s. Stop, find out, then two people read again.") % held.said
    if waiting is not None:
        return "waiting", _("%s has read. A second person reads now.") % waiting.name
    if held is not None and held.waiting:
        return "waiting", _("One person has read; a second has not.")
    return "not_started", _("Two people read the label and the participant’s code.")


# --- the page of a check ------------------------------------------------------------------------------------


def identity_context(
    file: ProductFile, step: str, user: User, posted: Mapping[str, str], problems: Sequence[Problem]
) -> dict[str, Any]:
    """Context of `celldose/identity.html`. posted: what was typed, which stands in the fields again; passwords do not.

    Neither number is on the page, so that it is read from the label and not from the screen.
    """
    errors = errors_by_field(problems)
    reading = reading_context(file, step, user)
    waiting = reading.waiting
    how = posted.get("how", "scanned")
    own = [
        FieldView(
            "identifier",
            _("Product, as read from the label"),
            value=posted.get("identifier", ""),
            errors=errors.get("identifier", ()),
            help=_("Scan the label, or type the whole number."),
        ),
        FieldView(
            "participant_code",
            _("Participant, as read from the wristband or the person’s papers"),
            value=posted.get("participant_code", ""),
            errors=errors.get("participant_code", ()),
        ),
        FieldView(
            "how",
            _("How it was read"),
            widget="radio",
            value=how,
            choices=HowRead.choices,
            errors=errors.get("how", ()),
        ),
        FieldView(
            "read_at",
            _("Read at"),
            widget="datetime",
            value=posted.get("read_at", ""),
            errors=errors.get("read_at", ()),
            help=_("As on the signed sheet, in the time of the site."),
            show_if=ShowIf("how", ("paper",)),
        ),
    ]
    second = [
        FieldView(
            "second_username",
            _("User name of the second person"),
            value=posted.get("second_username", ""),
            errors=errors.get("second_username", ()),
        ),
        FieldView(
            "second_identifier",
            _("Product, as the second person reads it"),
            value=posted.get("second_identifier", ""),
            errors=errors.get("second_identifier", ()),
        ),
        FieldView(
            "second_participant_code",
            _("Participant, as the second person reads it"),
            value=posted.get("second_participant_code", ""),
            errors=errors.get("second_participant_code", ()),
        ),
    ]
    moments = {
        IdentityStep.COLLECTION: _("In the theatre, before the product leaves the participant’s side."),
        IdentityStep.RECEIPT: _("In the laboratory, before the box is opened for anything else."),
        IdentityStep.ISSUE: _("In the laboratory, as the product is given out to the ward."),
        IdentityStep.BEDSIDE: _("Beside the participant, directly before the infusion is connected."),
    }
    named = str(waiting.reading) if waiting is not None else ""
    of_step = [one for one in reversed(file.readings) if one.step == step]
    mismatch = next((one for one in of_step if not one.matches), None)
    return {
        "reading": reading,
        "step_label": reading.label,
        "when": moments[IdentityStep(step)],
        "what": Component(file.product.component).label if file.product.component else _("Cell product"),
        "session": file.session,
        "product_url": reverse("celldose:product", args=[file.product.pk]),
        "bars": [one.message for one in gates.identity_bars(file, step, timezone.now())],
        "minutes": protocol.current().custody.identity_minutes,
        "witness_of": named,
        "second_here": posted.get("second") == "here",
        "own_fields": own,
        "second_fields": second,
        "password_errors": errors.get("second_password", ()),
        "differs": what_differs(file, mismatch) if mismatch is not None and reading.state == "failed" else "",
        "history": [(one.reader_name, one.read_at, one.matches) for one in of_step],
    }


# --- custody on the page of a product -----------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A container or an aliquot in the lineage of a product. warning: what must be done about it."""

    level: int
    title: str
    detail: str
    url: str
    label_url: str = ""
    new_url: str = ""
    warning: str = ""


def custody_context(file: ProductFile, user: User) -> dict[str, Any]:
    """What `celldose/_custody.html` shows: the check of each step, hand-overs, and what was made of the product."""
    product = file.product
    may = user.may(Permission.HANDLE_PRODUCTS, product.site_id)
    chain = chain_of(file)
    return {
        "checks": [reading_context(file, step, user) for step in IdentityStep.values],
        "transcribed": product.participant.retrospective,
        "chain": [_link_row(link) for link in chain.links],
        "chain_columns": [
            Column(_("Hand-over")),
            Column(_("Handed over")),
            Column(_("Received")),
            Column(_("On the way"), numeric=True),
            Column(_("Temperature")),
            Column(_("Condition")),
        ],
        "gaps": chain.gaps,
        "holder": chain.holder if not (file.infusion or file.discard) else "",
        "lineage": _lineage(file, may=may),
        "balance": _balance(file),
        "may_handle": may,
        "labels_url": reverse("celldose:labels", args=[product.pk])
        if may and product.product_identifier and file.discard is None
        else "",
        "new_hand_over_url": new_form(crfs.HAND_OVER, product.participant, product=product.pk) if may else "",
        "new_container_url": new_form(crfs.CONTAINER, product.participant, product=product.pk)
        if may and not (file.infusion or file.discard)
        else "",
    }


def new_form(spec: CrfSpec, participant: Any, **parents: int) -> str:
    """The address of an empty form under its parents."""
    query = "&".join(f"{name}={pk}" for name, pk in parents.items())
    return f"{reverse('crf:new', args=[participant.code, spec.key])}?{query}"


def _link_row(link: Link) -> Row:
    one = link.hand_over
    low, high = one.temperature_min, one.temperature_max
    span = "–" if low is None and high is None else f"{_or_dash(low)}–{_or_dash(high)} °C"
    condition = str(Condition(one.condition).label) if one.condition else "–"
    return Row(
        [
            Cell(str(one), one.get_absolute_url(), detail=" ".join(translated(gap) for gap in link.gaps)),
            Cell(_when(one.given_at), detail=_who(one.given_by, one.from_place)),
            Cell(_when(one.received_at), detail=_who(one.received_by, one.to_place)),
            _("%d min") % link.minutes if link.minutes is not None else "–",
            span,
            condition,
        ],
        "attention" if link.gaps else "",
    )


def _or_dash(value: Any) -> str:
    return "–" if value is None else f"{value.normalize():f}"


def _when(at: dt.datetime | None) -> str:
    return human_date_text(at) if at else _("time not recorded")


def _who(name: str | None, place: str | None) -> str:
    return ", ".join(part for part in (name, place) if part)


def _lineage(file: ProductFile, *, may: bool) -> list[Part]:
    """Harvest → component → containers → aliquots, each with its volume."""
    product, harvest = file.product, file.harvest
    labels = reverse("celldose:labels", args=[product.pk])
    final = file.processing.final_volume_ml if file.processing else None
    parts = [
        Part(0, str(harvest), _volume(harvest.volume_ml), harvest.get_absolute_url()),
        Part(
            1,
            str(product),
            _volume(final),
            reverse("celldose:product", args=[product.pk]),
            labels if may else "",
        ),
    ]
    ended = _samples_ended(file)
    for container in file.containers:
        kind = str(ContainerKind(container.kind).label) if container.kind else ""
        parts.append(
            Part(
                2,
                f"{kind} {container.identifier}".strip(),
                _volume(container.volume_ml),
                container.get_absolute_url(),
                f"{labels}?container={container.pk}" if may else "",
                new_form(crfs.ALIQUOT, product.participant, container=container.pk) if may else "",
            )
        )
        for aliquot in container.aliquots.all():
            purpose = str(AliquotPurpose(aliquot.purpose).label) if aliquot.purpose else ""
            kept = str(Disposition(aliquot.disposition).label) if aliquot.disposition else ""
            place = aliquot.place if aliquot.disposition == Disposition.IN_STORE else ""
            parts.append(
                Part(
                    3,
                    f"{aliquot.identifier} {purpose}".strip(),
                    " · ".join(part for part in (_volume(aliquot.volume_ml), kept, place) if part),
                    aliquot.get_absolute_url(),
                    f"{labels}?aliquot={aliquot.pk}" if may else "",
                    warning=ended if _is_kept(aliquot) else "",
                )
            )
    return parts


def _is_kept(aliquot: Any) -> bool:
    return aliquot.purpose in KEPT_FOR_LATER and aliquot.disposition == Disposition.IN_STORE


def _samples_ended(file: ProductFile) -> str:
    """What is said beside a kept aliquot when its consent has ended; asks the log only when there is one."""
    if not any(_is_kept(aliquot) for container in file.containers for aliquot in container.aliquots.all()):
        return ""
    why = engine.bar(file.product.participant, Use.SAMPLES, timezone.now())
    return _("To be destroyed: %s") % why if why else ""


def _volume(volume: Any) -> str:
    return _("volume not recorded") if volume is None else f"{volume.normalize():f} mL"


def _balance(file: ProductFile) -> str:
    """What of the product is in containers, in words."""
    if not file.containers:
        return ""
    whole = file.processing.final_volume_ml if file.processing else None
    found = balance(whole, [one.volume_ml for one in file.containers])
    if found.whole is None:
        return _("%(parts)s are in containers; the final volume is not recorded.") % {
            "parts": _volume(found.parts)
        }
    if found.rest is None:
        return _("%(parts)s of %(whole)s are in containers; one has no volume.") % {
            "parts": _volume(found.parts),
            "whole": _volume(found.whole),
        }
    return _("%(parts)s of %(whole)s are in containers; %(rest)s are in none.") % {
        "parts": _volume(found.parts),
        "whole": _volume(found.whole),
        "rest": _volume(found.rest),
    }
