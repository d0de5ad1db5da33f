"""Identity readings: one signed-in person reads a label and a participant's code; two of them are a verification."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.celldose import gates, numbering, rules
from apps.celldose.actions import near_misses
from apps.celldose.models import CellProduct, IdentityReading, IdentityStep
from apps.celldose.models.codes import HowRead
from apps.celldose.product_file import ProductFile, product_file
from apps.celldose.rules import identity
from apps.enrolment.rules import is_participant_code
from apps.enrolment.rules.codes import CODE_PATTERN
from studyportal import protocol
from studyportal.access.clock import day_at
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES, roles_with
from studyportal.audit import acting
from studyportal.crf import afterwards
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem
from studyportal.crf.parsing import text_of
from studyportal.deviations import actions as deviations
from studyportal.words import joined

FORM = "identity-reading"
# A clock that runs a little ahead is no time to come; an entry a little behind is made on the spot.
TOLERANCE = dt.timedelta(minutes=5)


class SecondInvalid(CrfInvalid):
    """It is the second person's reading that cannot be."""


def read(
    *,
    product: CellProduct,
    step: str,
    by: User,
    identifier: str,
    participant_code: str,
    how: str,
    read_at: dt.datetime | None = None,
    witness_of: IdentityReading | None = None,
) -> IdentityReading:
    """Record what one signed-in person read at one step; with witness_of it is the second reading to that first one.

    read_at: aware; only with how="paper", a signed sheet that is entered later. A reading that does not match is kept
    all the same: it bars until a newer pair matches, raises a critical deviation, and is a near miss. Raises CrfInvalid
    for what cannot be true (same person twice, a wrong check character), Refused for a product that is not at this step.
    """
    try:
        with transaction.atomic(), acting(user=by):
            made = _read(
                product=product,
                step=step,
                by=by,
                identifier=identifier,
                participant_code=participant_code,
                how=how,
                read_at=read_at,
                witness_of=witness_of,
            )
    except Refused as error:
        _tell(product, step, error.problems, said=_as_read(identifier, participant_code), by=by)
        raise
    if not made.matches:
        bar = Problem(None, f"identity_mismatch_{step}", made.said)
        _tell(product, step, [bar], said=_as_read(identifier, participant_code), by=by)
    return made


def read_together(
    *,
    product: CellProduct,
    step: str,
    by: User,
    second: User,
    identifier: str,
    participant_code: str,
    how: str,
    second_identifier: str,
    second_participant_code: str,
    second_how: str | None = None,
    read_at: dt.datetime | None = None,
    second_read_at: dt.datetime | None = None,
) -> tuple[IdentityReading, IdentityReading | None]:
    """Both readings on one device. Call it after `reauthentication.confirm` of the second person.

    Both or neither are recorded, except that after a first reading that does not match there is no second: it is None.
    """
    with transaction.atomic():
        first = read(
            product=product,
            step=step,
            by=by,
            identifier=identifier,
            participant_code=participant_code,
            how=how,
            read_at=read_at,
        )
        if not first.matches:
            return first, None
        try:
            return first, read(
                product=product,
                step=step,
                by=second,
                identifier=second_identifier,
                participant_code=second_participant_code,
                how=second_how or how,
                read_at=second_read_at or read_at,
                witness_of=first,
            )
        except CrfInvalid as error:
            raise SecondInvalid(error.problems) from None


def _tell(product: CellProduct, step: str, problems: Iterable[Problem], *, said: str, by: User) -> None:
    for one in problems:
        if one.code in identity.NEAR_MISSES:
            afterwards.run(
                lambda one=one: near_misses.note(  # type: ignore[misc]
                    product=product, step=step, code=one.code, message=one.message, said=said, by=by
                )
            )


def _as_read(identifier: str, participant_code: str) -> str:
    return f"{identifier} / {participant_code}"


def _read(
    *,
    product: CellProduct,
    step: str,
    by: User,
    identifier: str,
    participant_code: str,
    how: str,
    read_at: dt.datetime | None,
    witness_of: IdentityReading | None,
) -> IdentityReading:
    # The product's row is the lock: of two people who read at once, each sees what the other read before.
    CellProduct.objects.select_for_update(of=("self",)).get(pk=product.pk)
    file = product_file(product.pk)
    problems: list[Problem] = []
    typed = _typed(step, identifier, participant_code, how, problems)
    problems += [*_possible(typed, by, file), *_at(read_at, typed.how, file)]
    if problems:
        raise CrfInvalid(problems)
    at = read_at or timezone.now()
    if witness_of is not None:
        _fits(witness_of, file, step, by, at, how)
    if bars := gates.identity_bars(file, step, at):
        raise Refused(bars)
    said = mismatch(file, typed)
    made = IdentityReading.objects.create(
        site_id=file.product.site_id,
        participant_id=file.product.participant_id,
        product_id=file.product.pk,
        step=step,
        reader=by,
        reader_name=str(by),
        reader_role=role_at(by, file.product.site_id),
        witness_of=witness_of,
        how=how,
        identifier_read=typed.identifier,
        participant_code_read=typed.participant_code,
        matches=not said,
        said=said,
        read_at=at,
    )
    found = [
        deviations.Found(
            one.code,
            joined([one.description, said]),
            one.classification,
            kind="identity",
            occurred_on=day_at(file.product.site, at),
        )
        for one in rules.identity_breaches(made.matches, str(IdentityStep(step).label))
    ]
    if found:
        deviations.reconcile(record=made, form=FORM, found=found, by=by)
    return made


@dataclass(frozen=True)
class _Typed:
    """What a person sent of one reading, as text."""

    step: str
    identifier: str
    participant_code: str
    how: str


def _typed(step: Any, identifier: Any, participant_code: Any, how: Any, problems: list[Problem]) -> _Typed:
    read = {}
    for field, raw in (("identifier", identifier), ("participant_code", participant_code)):
        try:
            read[field] = text_of("" if raw is None else raw, max_length=80).strip()
        except ValidationError as error:
            problems.append(Problem(field, error.code or "invalid", "; ".join(error.messages)))
            continue
        if not read[field]:
            problems.append(Problem(field, "required", _("Read it from the label, or scan it.")))
    return _Typed(
        step if isinstance(step, str) else "",
        read.get("identifier", ""),
        read.get("participant_code", ""),
        how if isinstance(how, str) else "",
    )


def _possible(typed: _Typed, by: User, file: ProductFile) -> Iterable[Problem]:
    if typed.step not in IdentityStep.values:
        yield Problem(
            "step", "unknown_code", _("Identity is checked at: %s.") % ", ".join(IdentityStep.values)
        )
    if typed.how not in HowRead.values:
        yield Problem("how", "unknown_code", _("Say how it was read: %s.") % ", ".join(HowRead.values))
    # A slip of the finger is no other product: what has a wrong check character was not read but mistyped.
    label = typed.identifier.partition("/")[0]
    yield from numbering.mistyped(label, site_id=file.product.site_id, field="identifier")
    code = typed.participant_code.upper()
    if CODE_PATTERN.match(code) and not is_participant_code(code):
        yield Problem(
            "participant_code",
            "check_character",
            _("“%s” is no participant code: one character was mistyped. Read it again.")
            % typed.participant_code,
        )
    if not by.may(Permission.HANDLE_PRODUCTS, file.product.site_id):
        yield Problem(None, "permission", _("%s may not handle cell products at this site.") % by)


def _at(read_at: dt.datetime | None, how: str, file: ProductFile) -> Iterable[Problem]:
    now = timezone.now()
    if how == HowRead.PAPER and read_at is None:
        yield Problem("read_at", "required", _("Say when it was read, as on the signed sheet."))
    if read_at is None:
        return
    if read_at > now + TOLERANCE:
        yield Problem("read_at", "in_future", _("This time is still to come."))
    elif how != HowRead.PAPER and read_at < now - TOLERANCE:
        yield Problem(
            "read_at",
            "entered_later",
            _(
                "This was read a while ago. A reading is entered on the spot, or later from a signed sheet (paper)."
            ),
        )
    start = file.harvest.started_at
    if start is not None and read_at < start:
        yield Problem("read_at", "before_harvest", _("This is before the harvest began; correct the time."))


def _fits(first: IdentityReading, file: ProductFile, step: str, by: User, at: dt.datetime, how: str) -> None:
    """Whether the first reading can have this second one. Raises CrfInvalid or Refused."""
    minutes = protocol.current().custody.identity_minutes
    if first.product_id != file.product.pk or first.step != step or first.witness_of_id is not None:
        raise CrfInvalid(
            [
                Problem(
                    "witness_of",
                    "not_this_check",
                    _("This is no first reading of this check; begin it again."),
                )
            ]
        )
    if first.reader_id == by.pk:
        raise CrfInvalid(
            [Problem("witness_of", "same_person", _("An identity check takes two different people."))]
        )
    if how == HowRead.PAPER and first.how != HowRead.PAPER:
        # Else a time typed by the second person would outlast the minutes that the first waits.
        raise CrfInvalid(
            [
                Problem(
                    "how",
                    "not_on_the_spot",
                    _(
                        "The first person read on the spot, and so does the second; or both enter a signed sheet."
                    ),
                )
            ]
        )
    held = file.verified.get(step)
    if held is None or all(one.reading != first.pk for one in held.waiting):
        raise Refused(
            [
                Problem(
                    "witness_of",
                    "begin_again",
                    _("This first reading no longer waits for a second: begin the check again."),
                )
            ]
        )
    if abs(at - first.read_at) > dt.timedelta(minutes=minutes):
        raise Refused(
            [
                Problem(
                    "witness_of",
                    "too_far_apart",
                    _("The two readings are more than %(minutes)d minutes apart: begin the check again.")
                    % {"minutes": minutes},
                )
            ]
        )


def mismatch(file: ProductFile, typed: _Typed) -> str:
    """What does not match, in words; empty when both do."""
    product = file.product
    wrong = []
    if not identity.same_identifier(
        typed.identifier, product.product_identifier, [one.identifier for one in file.containers]
    ):
        wrong.append(
            _("read the product “%(read)s”, expected “%(expected)s”")
            % {"read": typed.identifier, "expected": product.product_identifier or "–"}
        )
    if not identity.same_code(typed.participant_code, product.participant.code):
        wrong.append(
            _("read the participant “%(read)s”, expected “%(expected)s”")
            % {"read": typed.participant_code, "expected": product.participant.code}
        )
    return "; ".join(wrong)


def role_at(user: User, site_id: int) -> str:
    """The roles by which the user handles products at the site, in the language of the study."""
    with translation.override(settings.LANGUAGE_CODE):
        held: list[Any] = [
            str(ROLES[key].label)
            for key in roles_with(Permission.HANDLE_PRODUCTS)
            if site_id in user.grants.get(key, ())
        ]
    return ", ".join(sorted(held))
